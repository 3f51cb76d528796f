// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The hostile plugins of tests/jail in a running service: each attack is stopped within its budget,
// others get their answers meanwhile, the breaker opens for the attacked rule alone, and a plugin
// that attacks while it is declared is never taken in.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { applicant } from '../lib/applicant.mjs';
import { root, Server } from '../lib/server.mjs';

const PATH = 'admissions/applicants';
const corpus = readdirSync(`${root}/tests/jail`).filter((f) => f.endsWith('.lua')).map((f) => {
  const text = readFileSync(`${root}/tests/jail/${f}`, 'utf8');
  return { name: f.slice(0, -4), text, expect: /^-- expect: (.*)$/m.exec(text)[1] };
});
const attacks = corpus.filter((c) => !c.expect.startsWith('declare'));
let server, lead, admin, serial = 0;

// One plugin with every attack as a rule of a transition of its own.
function plugin(folder, all) {
  mkdirSync(folder, { recursive: true });
  for (const a of all) writeFileSync(join(folder, `${a.name}.lua`), a.text);
  const title = (s) => `title = { zh = "${s}", en = "${s}" }`;
  writeFileSync(join(folder, 'plugin.lua'), `local rules, go = {}, {}
for _, name in ipairs { ${all.map((a) => `"${a.name}"`).join(', ')} } do
  local it = require(name)
  rules[name] = campus.rule { reads = { "name" }, run = it.rules.attack.run }
  go["try_" .. name] = { ${title('try')}, from = "new", to = "new", rule = name }
end
rules.tell = campus.rule { reads = { "name" }, run = function(r) error("its name is " .. r.name) end }
go.try_tell = { ${title('tell')}, from = "new", to = "new", rule = "tell" }
rules.calm = campus.rule { reads = { "name" }, run = function() return campus.reasons():decision() end }
go.try_calm = { ${title('calm')}, from = "new", to = "new", rule = "calm" }
return { ${title('hostile')}, version = "1", rules = rules, entities = { things = campus.entity { ${title('thing')},
  fields = { name = campus.field.text { ${title('name')}, max_length = 20 } },
  workflow = { start = "new", states = { new = { ${title('new')} } }, transitions = go } } } }
`);
}

before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('t.lead', ['admissions.lead']);
  mkdirSync(join(server.home, 'policies'), { recursive: true });
  const verbs = ['read', 'create', 'try_calm', 'try_tell', ...attacks.map((a) => `try_${a.name}`)];
  plugin(join(server.home, 'plugins/hostile'), attacks);
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(`${root}/policies/access.yaml`, 'utf8')}
  - { name: whoever wants to be attacked, allow: [${verbs.join(', ')}], entity: hostile.things, roles: [admissions.lead] }
`);
  const a = await admin.post('admin/reload');
  assert.equal(a.status, 200, a.text.slice(0, 2000));
});
after(() => server.killNow());

function load() {
  const seen = { times: [], failed: [], stopped: false };
  seen.done = Promise.all(Array.from({ length: 4 }, async (_, c) => {
    const mine = await lead.ok('POST', PATH, applicant(20000 + serial++));
    for (let i = c; !seen.stopped; i++) {
      const at = performance.now();
      const a = await [() => lead.get(`${PATH}/${mine.id}`), () => lead.api('PATCH', `${PATH}/${mine.id}`, { note: `${i}` }),
        () => lead.get(`${PATH}?limit=10`), () => lead.post(`${PATH}/${mine.id}/assess`, {})][i % 4]().catch((e) => ({ status: 0, text: String(e.cause ?? e) }));
      seen.times.push(performance.now() - at);
      if (a.status !== 200) seen.failed.push(`${i % 4}: ${a.status} ${a.text}`);
      await sleep(3);
    }
  }));
  seen.stop = async () => { seen.stopped = true; await seen.done; return seen.times.sort((x, y) => x - y); };
  return seen;
}
const p = (times, q) => times[Math.floor(times.length * q)].toFixed(0);

test(`${attacks.length} attacks are stopped while others get their answers`, async () => {
  const thing = await lead.ok('POST', 'hostile/things', { name: 'x' }), running = load();
  let slowest = 0, stopped = 0;
  for (const a of attacks) {
    const at = performance.now();
    const got = await lead.post(`hostile/things/${thing.id}/try_${a.name}`, {});
    const took = performance.now() - at;
    slowest = Math.max(slowest, took);
    stopped += got.status === 503;
    if (a.expect === 'budget') assert.deepEqual([got.status, got.body.code], [503, 'plugin_budget'], `${a.name}: ${got.text}`);
    else if (a.expect !== 'fine') assert.deepEqual([got.status, got.body.errors], [503, undefined], `${a.name} (${a.expect}): ${got.text}`);
    else assert.ok([200, 422, 503].includes(got.status), `${a.name}: ${got.text}`);
    assert.equal((await lead.post(`hostile/things/${thing.id}/try_calm`, {})).status, 200, `after ${a.name}`);
  }
  const times = await running.stop();
  assert.deepEqual(running.failed, []);
  console.log(`${stopped} of ${attacks.length} stopped, the slowest after ${slowest.toFixed(0)} ms; ${times.length} other requests: p50 ${p(times, 0.5)} ms, p99 ${p(times, 0.99)} ms`);
  assert.ok(times.length > attacks.length, 'others were answered while the attacks ran');
});

test('a rule that fails cannot tell by its error what it was given to read', async () => {
  const thing = await lead.ok('POST', 'hostile/things', { name: 'SealedValue' });
  const got = await lead.post(`hostile/things/${thing.id}/try_tell`, {});
  assert.deepEqual([got.status, got.body.code], [503, 'plugin_failed']);
  assert.match(got.body.detail, /hostile\.tell failed at plugins\/hostile\/plugin\.lua:\d+/);
  assert.ok(!got.text.includes('SealedValue') && !server.log.includes('SealedValue'));
});

test('the breaker opens for the attacked rule after three kills, and for it alone', async () => {
  const thing = await lead.ok('POST', 'hostile/things', { name: 'x' });
  for (let i = 0; i < 3; i++) await lead.post(`hostile/things/${thing.id}/try_pattern_bomb`, {});
  const kills = async () => Number(/host_kills_total (\d+)/.exec((await server.anonymous.get('/metrics')).text)[1]);
  const before_it = await kills(), refused = await lead.post(`hostile/things/${thing.id}/try_pattern_bomb`, {});
  assert.deepEqual([refused.status, refused.body.code], [503, 'plugin_budget']);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal(await kills(), before_it, 'it did not run again');
  assert.match((await server.anonymous.get('/metrics')).text, /host_breakers_open [1-9]/);
  assert.equal((await lead.post(`hostile/things/${thing.id}/try_calm`, {})).status, 200);
  const other = await lead.ok('POST', PATH, applicant(20000 + serial++));
  assert.equal((await lead.post(`${PATH}/${other.id}/assess`, {})).status, 200);
});

test('a plugin that attacks while it is declared is refused, and nothing else is touched', async () => {
  const was = (await lead.get('session')).headers.get('x-release'), folder = join(server.home, 'plugins/worse');
  for (const a of corpus.filter((c) => c.expect.startsWith('declare') && c.expect !== 'declare fine')) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    writeFileSync(join(folder, 'plugin.lua'), a.text);
    const got = await admin.post('admin/reload');
    assert.ok(got.status >= 400, `${a.name} (${a.expect}): ${got.text}`);
    const now = await lead.get(`${PATH}?limit=1`);
    assert.deepEqual([now.status, now.headers.get('x-release')], [200, was], a.name);
  }
  rmSync(folder, { recursive: true, force: true });
  assert.deepEqual(await server.close(), { code: 0, signal: null });
});
