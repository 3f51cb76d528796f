// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A bad network between the service and its PostgreSQL: answers that are late, cut off in their
// middle, or lost. Nothing acknowledged is missing and nothing has happened twice. Lost packets are
// real: in a network namespace, which needs root and nft (or tc with netem); without, that is skipped.
// backend: sqlite
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Postgres } from '../lib/postgres.mjs';
import { Server } from '../lib/server.mjs';
import { open } from './lib_proxy.mjs';
import { during } from './lib_writers.mjs';

const SECONDS = Number(process.env.CAMPUSD_NETWORK_S ?? 3), PORT = 54329, INSIDE = process.env.CAMPUSD_NETNS;
const at = (port) => `postgresql://postgres@127.0.0.1:${port}/postgres`;

// Runs `what` with a service on this PostgreSQL, reached at url; whatever becomes of it, nothing is left.
async function served(pg, url, what) {
  let server;
  try {
    server = await Server.start({ init: ['--storage', url] });
    await what(server, (await server.bearer('t.lead', ['admissions.lead'])).token);
  } finally {
    server?.killNow();
    pg.stop();
  }
}

test('answers that are late and connections that are cut do nothing twice', { skip: INSIDE && 'inside' }, async () => {
  const pg = Postgres.start(), line = await open(`${pg.folder}/.s.PGSQL.5432`);
  await served(pg, at(line.port), async (server, token) => {
    const state = await during(server, token, async () => {
      await line.set({ wait: 20, cut: 30 });
      await sleep(SECONDS * 1000);
      for (const end = Date.now() + 20000; (await line.set({})).cuts < 8 && Date.now() < end;) await sleep(100);
      await line.set({ wait: 0, cut: 0 });
    });
    const { cuts } = await line.set({});
    assert.ok(cuts > 5, `${cuts} cuts`);
    assert.ok(state.done.size > 8 && (state.answers[503] ?? 0) + (state.answers[504] ?? 0) > 0, JSON.stringify(state.answers));
  }).finally(() => line.close());
});

const run = (...words) => spawnSync(words[0], words.slice(1), { encoding: 'utf8' });
// Half of what is lost is on its way there, half on its way back.
const RULES = `table ip lossy {
  chain in {
    type filter hook input priority 0
    tcp dport ${PORT} numgen random mod 100 < 5 counter drop
    tcp sport ${PORT} numgen random mod 100 < 5 counter drop
  }
}`;
const NETEM = 'tc qdisc replace dev lo root netem loss 5% delay 2ms 5ms 2>&-', NFT = `nft '${RULES}'`;

// Once more, in a namespace of its own, where only these two and their clients are.
const possible = () => (process.getuid() ? 'needs root'
  : run('unshare', '-n', 'sh', '-c', `ip link set lo up && (${NETEM} || ${NFT})`).status ? 'needs a network namespace with netem or nft' : false);
test('5 % of the packets between them are lost: nothing is done twice', { skip: INSIDE ? false : possible() }, async () => {
  if (!INSIDE) {
    const env = { ...process.env, CAMPUSD_NETNS: '1' };
    delete env.NODE_TEST_CONTEXT; // it speaks to us as a program of its own
    const inner = spawnSync('unshare', ['-n', process.execPath, '--test', fileURLToPath(import.meta.url)],
      { encoding: 'utf8', timeout: 120000, env });
    assert.equal(inner.status, 0, inner.stdout + inner.stderr);
    assert.match(inner.stdout, /# pass 1/, inner.stdout);
    return;
  }
  assert.equal(run('ip', 'link', 'set', 'lo', 'up').status, 0);
  const pg = Postgres.start(['fsync=off', `port=${PORT}`, 'listen_addresses=127.0.0.1']);
  await served(pg, at(PORT), async (server, token) => {
    let lost = 0;
    const state = await during(server, token, async () => {
      const netem = !run('sh', '-c', NETEM).status;
      if (!netem) assert.equal(run('sh', '-c', NFT).status, 0);
      for (const end = Date.now() + 20000; lost < 12 && Date.now() < end;) {
        await sleep(SECONDS * 1000);
        const seen = netem ? run('tc', '-s', 'qdisc', 'show', 'dev', 'lo').stdout : run('nft', 'list', 'ruleset').stdout;
        lost = [...seen.matchAll(netem ? /dropped (\d+)/g : /packets (\d+)/g)].reduce((t, m) => t + Number(m[1]), 0);
      }
      run(...(netem ? ['tc', 'qdisc', 'del', 'dev', 'lo', 'root'] : ['nft', 'delete', 'table', 'ip', 'lossy']));
    });
    assert.ok(lost > 10 && state.done.size > 8, `${lost} packets lost, ${JSON.stringify(state.answers)}`);
  });
});
