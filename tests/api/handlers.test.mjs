// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Handlers of events and schedules: plugin code that nobody asked for runs once for each event, in
// order, as the plugin, within its budget, and what fails is told.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';

// Parcels arrive; each thing that happens to one leaves a line in the ledger, and a bell may ring.
const PLUGIN = `local field = campus.field
local parcels = campus.entity {
  title = { zh = "包裹", en = "Parcels" },
  fields = { label = field.text { required = true }, secret = field.text { class = "confidential", mask = "last4" } },
  workflow = { start = "new", states = { new = {}, sent = {}, lost = { final = true } },
    transitions = { send = { from = "new", to = "sent" }, lose = { from = { "new", "sent" }, to = "lost" } } },
}
local ledger = campus.entity {
  title = { zh = "台账", en = "Ledger" },
  fields = { parcel = field.text {}, what = field.text {}, by = field.text {}, seen = field.text {}, no = field.integer {}, event = field.text {}, denied = field.text {} },
  indexes = { { "parcel" } },
}
local bells = campus.entity { title = { zh = "铃", en = "Bells" }, fields = { no = field.integer {} } }
local function note(ctx, e)
  local p, err = ctx:get("parcels", e.record)
  if not p then return nil, err end
  if p.label == "stuck" then while true do end end
  local _, denied = ctx:update("parcels", e.record, { label = "taken" })      -- which nobody allows it
  local line, wrong = ctx:create("ledger", { parcel = e.record, what = WHAT .. e.type, by = ctx.actor.name, seen = p.secret, no = e.rev, event = e.id, denied = denied and denied.code })
  if not line then return nil, wrong end
  if p.label == "torn" then error("torn: " .. p.label) end
  if p.label == "refused" then return nil, { code = "not_today" } end
end
local function ring(ctx, e) return ctx:create("bells", { no = 1 }) end
local function nightly(ctx, run)
  local at = run.cursor and run.cursor.at or 0
  ctx:create("ledger", { what = "nightly", by = run.due, no = run.slice })
  if at < 2 then return { cursor = { at = at + 1 } } end
end
return { version = "1.0.0", title = { zh = "收发室", en = "Mail room" },
  entities = { parcels = parcels, ledger = ledger, bells = bells },
  on = { ["room.parcels.*"] = campus.on { run = note }, ["room.bells.created"] = campus.on { run = ring } },
  every = { nightly = campus.every { cron = "0 3 * * *", missed = "once", run = nightly } } }
`;
const ACCESS = `
  - { name: the room, allow: [read, create, update, send, lose], entity: room.parcels, roles: [admissions.lead] }
  - { name: the ledger is read, allow: [read], entity: room.ledger, roles: [admissions.lead] }
  - { name: bells are rung, allow: [read, create], entity: room.bells, roles: [admissions.lead] }
  - { name: handlers look at parcels, allow: [read], entity: room.parcels, roles: [plugin.room] }
  - { name: handlers write, allow: [create, read], entity: room.ledger, roles: [plugin.room] }
  - { name: handlers ring, allow: [create, read], entity: room.bells, roles: [plugin.room] }
`;
const bin = process.env.CAMPUSD_TEST || join(root, 'build/campusd-test');
let server, admin, lead, clock, role = true;

function install(plugin, reload = true) {
  const dir = join(server.home, 'plugins/room');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), plugin);
  const access = readFileSync(join(root, 'policies/access.yaml'), 'utf8');
  writeFileSync(join(server.home, 'policies/access.yaml'),
    (role ? access.replace(/^roles:\n/m, 'roles:\n  plugin.room: { title: { zh: 收发室程序, en: Mail room handlers } }\n') : access) + (role ? ACCESS : ''));
  return reload ? server.run(['reload']) : undefined;
}
let ahead = 0;
const forward = (ms) => writeFileSync(clock, String(ahead += ms));

before(async () => {
  server = await Server.start({ bin });
  await server.stop();
  clock = join(server.folder, 'clock');
  forward(0);
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  admin = await server.bearer('r.admin', ['admin']);               // a token: the clock will run on for days
  lead = await server.bearer('r.lead', ['admissions.lead']);
});
after(async () => { assert.deepEqual(await server?.close(), { code: 0, signal: null }); });

const parcel = (label, more) => lead.ok('POST', 'room/parcels', { label, ...more });
const lines = async (filter) => (await lead.ok('GET', `room/ledger?limit=500&${filter}`)).items;
const dead = async () => (await admin.ok('GET', 'admin/dead')).items;
// Time passes and something happens, so that what waits for its time is looked at.
const later = async (ms) => { forward(ms); await parcel('tick'); await new Promise((r) => setTimeout(r, 150)); };

test('a release whose handlers have no role is refused at the line of the handler', () => {
  role = false;
  const r = install(PLUGIN.replaceAll('WHAT', '""'));
  role = true;
  assert.equal(r.status, 1);
  assert.match(r.stderr, /plugins\/room\/plugin\.lua:\d+:1: role_missing: .*plugin\.room/);
});

test('an event is handled once, by the plugin as itself, with the rights of its role', async () => {
  const r = install(PLUGIN.replaceAll('WHAT', '""'));
  assert.equal(r.status, 0, r.stderr);
  const p = await parcel('one', { secret: 'abcdefgh' });
  const [line] = await eventually(async () => { const l = await lines(`parcel=${p.id}`); assert.equal(l.length, 1); return l; });
  assert.equal(line.what, 'room.parcels.created');
  assert.equal(line.by, 'plugin:room');
  assert.equal(line.denied, 'forbidden');
  assert.equal(line.seen, '****efgh');                      // masked for handlers as for people
  const rows = (await admin.ok('GET', `admin/audit?object=room.ledger/${line.id}`)).items;
  assert.equal(rows.at(-1).actor, 'plugin:room');
});

test('nobody can be given the role of a plugin', async () => {
  const a = await admin.post('admin/users', { name: 'r.robot', roles: ['plugin.room'] });
  assert.equal(a.status, 422);
  assert.equal(a.body.errors[0].code, 'role_reserved');
});

test('under load each event is handled once and those of one record in order', async () => {
  const made = await Promise.all(Array.from({ length: 60 }, (_, i) => parcel(`load ${i}`)));
  await Promise.all(made.map(async (p) => {
    await lead.ok('PATCH', `room/parcels/${p.id}`, { label: 'again' });
    await lead.ok('POST', `room/parcels/${p.id}/send`, {});
    await lead.ok('POST', `room/parcels/${p.id}/lose`, {});
  }));
  await eventually(async () => {
    for (const p of made) assert.equal((await lines(`parcel=${p.id}`)).length, 4);
  }, 60000);
  for (const p of made) {
    const l = (await lines(`parcel=${p.id}&sort=created_at`)).sort((a, b) => (a.id < b.id ? -1 : 1));
    assert.deepEqual(l.map((x) => x.no), [1, 2, 3, 4]);
  }
});

test('a failing handler leaves nothing behind, is tried again, then is a dead letter, and can be replayed', async () => {
  const torn = await parcel('torn'), refused = await parcel('refused');
  await lead.ok('POST', `room/parcels/${torn.id}/send`, {});        // waits behind the first
  for (let i = 0; i < 60 && (await dead()).length < 2; i++) await later(24 * 3600 * 1000);
  const letters = await eventually(async () => { const d = await dead(); assert.ok(d.length >= 2); return d; }, 20000);
  const one = letters.find((l) => l.record === torn.id && l.type === 'room.parcels.created');
  assert.equal(one.consumer, 'plugin:room');
  assert.equal(one.attempts, 10);
  assert.match(one.error, /^plugins\/room\/plugin\.lua:\d+: lua$/);  // where, not what it said
  assert.equal(letters.find((l) => l.record === refused.id).error, 'refused: not_today');
  assert.equal((await lines(`parcel=${torn.id}`)).length, 0);
  assert.equal((await lines(`parcel=${refused.id}`)).length, 0);
  await lead.ok('PATCH', `room/parcels/${torn.id}`, { label: 'mended' });
  const r = server.run(['events', 'dead']);
  assert.match(r.stdout, /room\.parcels\.created/);
  assert.equal(server.run(['events', 'replay', one.id]).status, 0);
  await eventually(async () => assert.ok((await lines(`parcel=${torn.id}`)).some((l) => l.what === 'room.parcels.created')), 10000);
  assert.equal(server.run(['events', 'discard', letters.find((l) => l.record === refused.id).id]).status, 0);
  assert.ok(!(await dead()).some((l) => l.record === refused.id));
});

test('records whose handlers fail do not hold up those of other records', async () => {
  await Promise.all(Array.from({ length: 12 }, () => parcel('torn')));
  await eventually(async () => assert.ok(Number(/deliveries_total\{end="failed"\} (\d+)/.exec((await server.anonymous.get('/metrics')).text)[1]) >= 12), 20000);
  const p = await parcel('whole');
  await eventually(async () => assert.equal((await lines(`parcel=${p.id}`)).length, 1), 20000);
});

test('handlers that answer one another are stopped', async () => {
  const b = await lead.ok('POST', 'room/bells', { no: 0 });
  const letter = await eventually(async () => {
    const l = (await dead()).find((x) => x.type === 'room.bells.created');
    assert.ok(l);
    return l;
  }, 20000);
  assert.match(letter.error, /too often/);
  assert.equal((await lead.ok('GET', 'room/bells?total=true')).total, 9, b.id);   // ours and eight that answer
});

test('a handler that does not end is ended, and people go on writing', async () => {
  const kills = async () => Number(/campusd_host_kills_total (\d+)/.exec((await server.anonymous.get('/metrics')).text)[1]);
  const before_ = await kills();
  const p = await parcel('stuck');
  await eventually(async () => assert.ok(await kills() > before_), 10000);
  const made = await Promise.all([1, 2, 3, 4].map((i) => lead.api('POST', 'room/parcels', { label: `free ${i}` })));
  assert.ok(made.every((a) => a.status === 201));
  // slower than the breaker, which shuts by a clock of its own: else what waits for it uses its attempts up
  for (const m of made) await eventually(async () => {
    const there = async () => (await lines(`parcel=${m.body.id}`)).length === 1;
    if (!await there()) await new Promise((r) => setTimeout(r, 1500)), await later(40000);
    assert.ok(await there());
  }, 60000);
  await lead.ok('PATCH', `room/parcels/${p.id}`, { label: 'loose' });
});

test('a new release brings its handler', async () => {
  const r = install(PLUGIN.replaceAll('WHAT', '"new "'));
  assert.equal(r.status, 0, r.stderr);
  const p = await parcel('two');
  await eventually(async () => assert.equal((await lines(`parcel=${p.id}`))[0]?.what, 'new room.parcels.created'), 10000);
});

test('a schedule runs at its time, in slices, once, and makes up for what was missed', async () => {
  const nightly = async () => (await lines('what=nightly')).sort((a, b) => (a.id < b.id ? -1 : 1));
  const lastNight = () => new Date(Math.floor((Date.now() + ahead - 19 * 3600000) / 86400000) * 86400000 + 19 * 3600000).toISOString();
  const done = () => eventually(async () => {                // 03:00 in Shanghai
    const last = (await nightly()).at(-1);
    assert.deepEqual([last?.by, last?.no], [lastNight(), 3]);
  }, 20000);
  await server.restart();                                  // the clock has been moved by days already
  await done();
  const had = (await nightly()).length;
  await server.stop();
  forward(3 * 24 * 3600 * 1000);                           // three nights without a service
  await server.serve();
  await done();
  const run = (await nightly()).slice(had);
  assert.deepEqual(run.map((l) => l.no), [1, 2, 3]);
  assert.equal(new Set(run.map((l) => l.by)).size, 1);
  await parcel('awake');
  await new Promise((r) => setTimeout(r, 500));
  assert.equal((await nightly()).length, had + 3);
});

test('a schedule that is never done is stopped after five hundred slices', async () => {
  const r = install(PLUGIN.replaceAll('WHAT', '"new "').replace('every = {', 'every = { endless = campus.every { cron = "*/5 * * * *", run = function(ctx, run) if run.slice > 499 then ctx:create("ledger", { what = "last", no = run.slice }) end return { again = true } end },'));
  assert.equal(r.status, 0, r.stderr);
  await new Promise((done) => setTimeout(done, 500));
  await server.stop();
  forward(300000);
  await server.serve();
  const letter = await eventually(async () => {
    const l = (await dead()).find((x) => x.record === 'room.endless');
    assert.ok(l);
    return l;
  }, 120000);
  assert.match(letter.error, /called again too often/);
  assert.deepEqual((await lines('what=last')).map((l) => l.no), [500]);
  assert.equal(install(PLUGIN.replaceAll('WHAT', '"new "')).status, 0);
});

test('killed at any moment, no event is lost and none is handled twice', async () => {
  const made = [];
  for (let round = 0; round < 5; round++) {
    const busy = Array.from({ length: 30 }, (_, i) => lead.api('POST', 'room/parcels', { label: `kill ${round} ${i}` }).catch(() => undefined));
    await new Promise((r) => setTimeout(r, 20 + 35 * round));
    if (round === 4) await busy[0]; // so that one at least was answered, however busy the machine
    await server.kill9();
    for (const a of await Promise.all(busy)) if (a?.status === 201) made.push(a.body.id);
    await server.serve();
  }
  assert.ok(made.length > 0);
  await eventually(async () => {
    for (const id of made) assert.equal((await lines(`parcel=${id}`)).length, 1, id);
  }, 60000);
  const all = await lines('what=new room.parcels.created');
  assert.equal(new Set(all.map((l) => l.parcel)).size, all.length);
});
