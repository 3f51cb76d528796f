// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Two processes with a home each serve one school from one PostgreSQL, on one clock: what one knows the
// other knows, what nobody asked for is done once, and one of them may hang or die at any moment.
// It starts a PostgreSQL of its own.
// backend: sqlite
// CAMPUSD_HANG_S: how long one hangs (20: longer than the server is silent with it, 15 s).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Postgres } from '../lib/postgres.mjs';
import { install, totals } from '../lib/seats.mjs';
import { Client, Server, eventually, root } from '../lib/server.mjs';

// Each thing that happens to a parcel leaves a line, and so does each night.
const PLUGIN = `local field = campus.field
local parcels = campus.entity { title = { zh = "包裹", en = "Parcels" }, fields = { label = field.text { required = true } } }
local ledger = campus.entity { title = { zh = "台账", en = "Ledger" },
  fields = { parcel = field.text {}, what = field.text {}, no = field.integer {} }, indexes = { { "parcel" } } }
local function note(ctx, e) ctx:create("ledger", { parcel = e.record, what = e.type, no = e.rev }) end
local function nightly(ctx, run)
  ctx:create("ledger", { what = "nightly " .. run.due, no = run.slice })
  if run.slice < 3 then return { again = true } end
end
return { version = "1.0.0", title = { zh = "收发室", en = "Mail room" }, entities = { parcels = parcels, ledger = ledger },
  on = { ["room.parcels.*"] = campus.on { run = note } },
  every = { nightly = campus.every { cron = "0 3 * * *", missed = "once", run = nightly } } }
`;
const ACCESS = `
  - { name: the room, allow: [read, create, update], entity: room.parcels, roles: [admissions.lead] }
  - { name: the ledger is read, allow: [read], entity: room.ledger, roles: [admissions.lead] }
  - { name: handlers write, allow: [create], entity: room.ledger, roles: [plugin.room] }
`;
const HANG_S = Number(process.env.CAMPUSD_HANG_S ?? 20), PEOPLE = 'admissions/applicants';
const bin = process.env.CAMPUSD_TEST || join(root, 'build/campusd-test');
let pg, a, b, lead, admin, clock, ahead = 0;

// The same person at another node.
const at = (node, who) => new Client(node, who.token);
const forward = (ms) => writeFileSync(clock, String(ahead += ms));
const lines = async (filter, who = lead) => (await who.ok('GET', `room/ledger?limit=500&${filter}`)).items;
const verified = (node) => { const r = node.run(['audit', 'verify']); assert.equal(r.status, 0, r.stdout + r.stderr); };
// The home of another node: the first one's settings, key and what was signed, under a name of its own.
function neighbour(name) {
  const s = Object.assign(new Server(), { bin, args: [], env: a.env, log: '', folder: join(a.folder, name), home: join(a.folder, name, 'home') });
  s.anonymous = new Client(s);
  cpSync(a.home, s.home, { recursive: true, filter: (f) => !/control\.sock|\/lock$/.test(f) });
  const file = join(s.home, 'campusd.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}\nnode: ${name}\n`);
  return s;
}

before(async () => {
  pg = Postgres.start();
  a = await Server.start({ bin, init: ['--storage', pg.url] });
  admin = await a.bearer('n.admin', ['admin']); // tokens: the clock will run on for days
  lead = await a.bearer('n.lead', ['admissions.lead']);
  await a.stop();
  clock = join(a.folder, 'clock');
  forward(0);
  a.env.CAMPUSD_CLOCK_FILE = clock;
  b = neighbour('n2');
  await Promise.all([a.serve(), b.serve()]);
});
after(async () => {
  const ends = await Promise.all([a?.stop(), b?.stop()]);
  b?.killNow(), a?.killNow(), pg?.stop();
  assert.deepEqual(ends, [{ code: 0, signal: null }, { code: 0, signal: null }]);
});

test('what one writes the other reads, and each sees what became of a key the other was given', async () => {
  const made = await lead.ok('POST', PEOPLE, applicant(1));
  assert.equal((await at(b, lead).ok('GET', `${PEOPLE}/${made.id}`)).name, made.name);
  const changed = await at(b, lead).ok('PATCH', `${PEOPLE}/${made.id}`, { score: '600.5' });
  assert.equal((await lead.ok('GET', `${PEOPLE}/${made.id}?reveal=phone&purpose=test`)).rev, changed.rev);
  const key = randomUUID(), both = await Promise.all([a, b].map((n) => at(n, lead).api('POST', PEOPLE, applicant(2), { 'Idempotency-Key': key })));
  assert.deepEqual(both.map((x) => x.status), [201, 201], both.map((x) => x.text).join());
  assert.equal(both[0].body.id, both[1].body.id);
});

test('a session of one is good at the other, ends at both, and who guesses is locked out at both', async () => {
  const who = await a.person('n.two', ['admissions.lead']), there = at(b, who);
  await there.ok('GET', 'session');
  await who.ok('DELETE', 'session');
  await eventually(async () => assert.equal((await there.get('session')).status, 401), 5000);
  const other = await b.anonymous.ok('POST', 'session', { user: 'n.two', password: who.password });
  const here = new Client(a, other.token);
  await here.ok('GET', PEOPLE);
  await at(b, here).ok('GET', PEOPLE);
  await admin.ok('PUT', `admin/users/${who.id}/roles`, { roles: [] }); // which ends sessions too
  await eventually(async () => assert.equal((await at(b, here).get(PEOPLE)).status, 401), 5000);
  for (let i = 0; i < 6; i++) await a.anonymous.post('session', { user: 'n.two', password: `guess ${i} at it` });
  assert.equal((await b.anonymous.post('session', { user: 'n.two', password: who.password })).status, 429);
});

test('a second one of the same name, a move of the database and new keys are refused while both serve', async () => {
  const twin = neighbour('n3'), settings = join(twin.home, 'campusd.yaml');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('node: n3', 'node: n2'));
  await assert.rejects(twin.serve(), /another campusd.* called n2/);
  twin.killNow();
  const idle = neighbour('n4');
  assert.match(idle.run(['migrate', '--to', 'sqlite:campusd.db']).stderr, /another campusd writes to it/);
  idle.killNow();
  for (const who of [admin, at(b, admin)]) assert.equal((await who.post('admin/keys/rotate', {})).status, 409);
});

test('a release that one activates is in force at the other within seconds', async () => {
  install(a); // the seats of below
  mkdirSync(join(a.home, 'plugins/room'), { recursive: true });
  writeFileSync(join(a.home, 'plugins/room/plugin.lua'), PLUGIN);
  const access = readFileSync(join(a.home, 'policies/access.yaml'), 'utf8');
  writeFileSync(join(a.home, 'policies/access.yaml'), access.replace(/^roles:\n/m, 'roles:\n  plugin.room: { title: { zh: 收发室程序, en: Mail room } }\n') + ACCESS);
  assert.equal((await at(b, lead).get('room/parcels')).status, 404);
  const r = a.run(['reload']);
  assert.equal(r.status, 0, r.stderr);
  await eventually(async () => assert.equal((await at(b, lead).get('room/parcels')).status, 200), 5000);
  const active = async (n) => (await at(n, admin).ok('GET', 'admin/releases')).items.find((x) => x.active).number;
  assert.equal(await active(b), await active(a));
  const back = b.run(['release', 'rollback']);
  assert.equal(back.status, 0, back.stderr);
  await eventually(async () => assert.equal((await lead.get('room/parcels')).status, 404), 5000);
  assert.equal(b.run(['release', 'rollback']).status, 0);
  await eventually(async () => assert.equal((await lead.get('room/parcels')).status, 200), 5000);
});

// Parcels at both until `what` is over; those that were acknowledged.
async function posting(what) {
  const made = [], state = { stop: false };
  const one = async (node, i) => {
    for (let n = 0; !state.stop; n++) {
      const x = await at(node, lead).api('POST', 'room/parcels', { label: `${i} ${n}` }).catch(() => undefined);
      if (x?.status === 201) made.push(x.body.id);
      await sleep(x?.status === 201 ? 5 : 50);
    }
  };
  const all = Array.from({ length: 8 }, (_, i) => one(i % 2 ? b : a, i));
  try { await what(); } finally { state.stop = true; }
  await Promise.all(all);
  return made;
}
// All that was acknowledged is there; each has its one line, and none has two.
async function handled(made) {
  assert.ok(made.length > 20, `${made.length}`);
  const there = new Set(pg.sql('SELECT id FROM r_room_parcels').split('\n'));
  assert.deepEqual(made.filter((id) => !there.has(id)), []);
  await eventually(() => assert.equal(pg.sql(`SELECT count(*) FROM r_room_parcels p WHERE NOT EXISTS
    (SELECT 1 FROM r_room_ledger l WHERE l.f_parcel=p.id)`), '0'), 60000);
  assert.equal(pg.sql("SELECT count(*)-count(DISTINCT (f_parcel,f_no)) FROM r_room_ledger WHERE f_what NOT LIKE 'nightly%'"), '0');
}
const shares = () => pg.sql("SELECT writer FROM core_audit WHERE actor='plugin:room' GROUP BY writer ORDER BY writer").split('\n');

test('each event is handled once, by one node or the other', async () => {
  await handled(await posting(() => sleep(3000)));
  await eventually(async () => {
    if (shares().length < 2) await posting(() => sleep(200));
    assert.deepEqual(shares(), ['n1', 'n2'], 'both had a share of it');
  });
});

test('one is killed in the middle of it, and then the other: nothing is lost or done twice', async () => {
  for (const node of [b, a]) {
    await handled(await posting(async () => { await sleep(400); await node.kill9(); await sleep(1500); }));
    await node.serve();
  }
});

test('one that hangs keeps nobody from working, and does nothing twice when it goes on', async () => {
  let late;
  const made = await posting(async () => {
    await sleep(300);
    b.child.kill('SIGSTOP');
    const p = await eventually(async () => lead.ok('POST', 'room/parcels', { label: 'meanwhile' }), HANG_S * 1000);
    late = p.id;
    await sleep(HANG_S * 1000);
    await eventually(async () => assert.equal((await lines(`parcel=${late}`)).length, 1), 20000); // all shares are here now
    b.child.kill('SIGCONT');
    await eventually(async () => assert.equal((await at(b, lead).post('room/parcels', { label: 'back' })).status, 201));
  });
  await handled([...made, late]);
});

test('a schedule runs once, whoever keeps the clock', async () => {
  await Promise.all([a.stop(), b.stop()]);
  const before_ = Number(pg.sql("SELECT count(*) FROM r_room_ledger WHERE f_what LIKE 'nightly%'"));
  forward(3 * 24 * 3600 * 1000);
  await Promise.all([a.serve(), b.serve()]);
  const nights = () => pg.sql("SELECT f_what||' '||f_no FROM r_room_ledger WHERE f_what LIKE 'nightly%' ORDER BY n").split('\n').filter(Boolean).slice(before_);
  await eventually(() => assert.equal(nights().length, 3));
  await sleep(1500);
  assert.equal(nights().length, 3, nights().join());
  assert.deepEqual(new Set(nights()).size, 3);
  // two names and eight shares
  await eventually(() => assert.equal(pg.sql("SELECT count(*) FROM pg_locks WHERE locktype='advisory' AND mode='ExclusiveLock' AND granted"), '10'));
});

test('an event is told only after all that were begun before it, and then each in its order', async () => {
  const told = [], stop = new AbortController();
  const stream = await fetch(`${b.url}/api/v1/events`, { headers: { Authorization: `Bearer ${lead.token}` }, signal: stop.signal });
  (async () => { let text = ''; for await (const part of stream.body) { text += Buffer.from(part); told.splice(0, told.length, ...[...text.matchAll(/^id: (\d+)$/mg)].map((m) => Number(m[1]))); } })().catch(() => {});
  const first = await lead.ok('POST', 'room/parcels', { label: 'first' });
  await eventually(() => assert.ok(told.length > 0));
  // somebody who does not wait for a turn takes a number and is slow to commit
  const slow = spawn('psql', ['-X', '-q', pg.url], { stdio: ['pipe', 'pipe', 'inherit'] });
  slow.stdin.write(`BEGIN; INSERT INTO core_outbox(id,type,entity,record,rev,at,actor,request,release,depth)
    SELECT 'slow',type,entity,record,9,at,actor,request,release,0 FROM core_outbox WHERE record='${first.id}' LIMIT 1; SELECT 'begun';\n`);
  await new Promise((done) => slow.stdout.once('data', done));
  const had = told.length;
  await at(b, lead).ok('POST', 'room/parcels', { label: 'second' });
  await sleep(1200);
  assert.equal(told.length, had, 'its number is higher, so it waits');
  slow.stdin.end('COMMIT;\n');
  await eventually(() => assert.ok(told.length >= had + 2, told.join()));
  stop.abort();
  assert.deepEqual(told, [...told].sort((x, y) => x - y));
  const seq = Number(pg.sql("SELECT seq FROM core_outbox WHERE id='slow'"));
  assert.ok(told.includes(seq) && told.some((s) => s > seq));
});

test('64 clients at both never take more than there is', async () => {
  const QUOTA = 15, FUND = 100, ids = [];
  for (let i = 0; i < 3; i++) ids.push((await lead.ok('POST', 'seats/lines', { quota: QUOTA, fund: `${FUND}.00` })).id);
  const verbs = { offer: 0, spend: 0 };
  await Promise.all(Array.from({ length: 64 }, async (_, i) => {
    const me = at(i % 2 ? b : a, lead), other = at(i % 2 ? a : b, lead);
    for (let n = 0; n < 3; n++) {
      const c = await me.ok('POST', 'seats/claims', { label: `c${i}`, line: ids[(i + n) % 3], sum: `${1 + i % 9}.00` });
      const verb = (i + n) % 2 ? 'offer' : 'spend', x = await other.post(`seats/claims/${c.id}/${verb}`, {});
      assert.ok([200, 409].includes(x.status), x.text);
      if (x.status === 200) verbs[verb]++;
    }
  }));
  let seats = 0;
  for (const id of ids) {
    const [x, y] = [await totals(lead, id), await totals(at(b, lead), id)];
    assert.deepEqual(x, y);
    assert.equal(x.quota.left, QUOTA - x.quota.reserved - x.quota.committed);
    assert.ok(x.quota.left >= 0 && Number(x.fund.left) >= 0, JSON.stringify(x));
    seats += x.quota.reserved;
  }
  assert.equal(seats, verbs.offer);
  assert.equal(seats, 3 * QUOTA, 'they were all taken');
});

test('what each has counted is one count, the accounts of both verify, and each home is sound', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => at(i % 2 ? b : a, lead).ok('POST', PEOPLE, applicant(100 + i))));
  assert.equal(pg.sql('SELECT count(DISTINCT node) FROM core_counter'), '2');
  assert.deepEqual(await at(b, lead).ok('GET', 'admissions/reports/by_region'), await lead.ok('GET', 'admissions/reports/by_region'));
  assert.equal(pg.sql('SELECT count(DISTINCT writer) FROM core_audit'), '2');
  for (const node of [a, b]) {
    verified(node);
    const sound = node.run(['doctor']);
    assert.equal(sound.status, 0, sound.stdout + sound.stderr);
  }
});
