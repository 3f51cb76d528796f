// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The database server goes away under load: killed, restarted, paused. Nothing that was answered as
// done is missing, nothing happens twice, and writes go on soon after the server is back. It starts
// a PostgreSQL of its own, because it treats it badly.
// backend: sqlite
// CAMPUSD_PAUSE_S: how long it is paused (13: longer than a statement is waited for, 10 s).
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { Postgres } from '../lib/postgres.mjs';
import { Server } from '../lib/server.mjs';
import * as lib from './lib_writers.mjs';

const PAUSE_S = Number(process.env.CAMPUSD_PAUSE_S ?? 13);
let pg, server, token;

before(async () => {
  // slow commits: it is most often a commit that is cut off, the one thing nobody may guess about
  pg = Postgres.start(['commit_delay=20000', 'commit_siblings=0']);
  server = await Server.start({ init: ['--storage', pg.url] });
  token = (await server.bearer('t.lead', ['admissions.lead'])).token;
});
after(() => { server?.killNow(); pg?.stop(); });

const during = (what) => lib.during(server, token, what);

test('a killed server that starts again loses nothing acknowledged', async () => {
  for (let i = 0; i < 3; i++) await during(async () => { pg.kill9(); await sleep(200); pg.up(); });
});

test('a restarted server is connected to again', async () => {
  await during(() => { pg.down(); pg.up(); });
});

test('sessions that the server ends are opened anew', async () => {
  for (let i = 0; i < 5; i++)
    await during(() => pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='campusd'"));
});

test('a paused server is answered for with 504, and nothing is claimed', async () => {
  const state = await during(async () => {
    pg.signal('SIGSTOP');
    await sleep(PAUSE_S * 1000);
    pg.signal('SIGCONT');
  });
  assert.ok(state.answers[504] > 0, JSON.stringify(state.answers));
});
