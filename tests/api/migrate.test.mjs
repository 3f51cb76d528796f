// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A home moves from SQLite to PostgreSQL and back: killed on the way, gone on with, compared, and
// everything a person had is still there. It starts a PostgreSQL of its own, since a move is between two.
// backend: sqlite
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { dropDatabase, newDatabase, Postgres, sql } from '../lib/postgres.mjs';
import { install, totals } from '../lib/seats.mjs';
import { Client, Server, eventually, root } from '../lib/server.mjs';

const PEOPLE = 'admissions/applicants', PAPERS = 'papers/people';
const SCAN = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(700000, '材料')]); // two parts
const PLUGIN = `local field = campus.field
return { version = "1.0.0", title = { zh = "材料", en = "Papers" }, entities = { people = campus.entity {
  title = { zh = "人员", en = "People" }, subject = "self", fields = { name = field.text { required = true, personal = true }, scan = field.file {} } } } }
`;
let pg, server, lead, admin, known, target;
before(async () => {
  // each commit takes a while, as over a network: a kill falls into the middle of something
  pg = Postgres.start(['commit_delay=20000', 'commit_siblings=0']);
  server = await Server.start();
  install(server);
  mkdirSync(join(server.home, 'plugins/papers'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/papers/plugin.lua'), PLUGIN);
  const access = readFileSync(join(server.home, 'policies/access.yaml'), 'utf8');
  writeFileSync(join(server.home, 'policies/access.yaml'), `${access}
  - { name: papers, allow: [read, create, update, delete], entity: papers.people, roles: [admissions.lead] }\n`);
  assert.equal(server.run(['reload']).status, 0);
  admin = await server.admin();
  lead = await server.bearer('m.lead', ['admissions.lead']);
});
after(() => { server?.killNow(); pg?.stop(); });

const download = async (id) => Buffer.from(await (await fetch(`${server.url}/api/v1/files/${id}`, { headers: { Authorization: `Bearer ${lead.token}` } })).arrayBuffer());

// One of everything that a table holds.
async function live() {
  const key = randomUUID(), l = await lead.ok('POST', 'seats/lines', { quota: 3, fund: '50.00' });
  const body = applicant(41001, { name: '欧阳晓' });
  const created = await lead.ok('POST', PEOPLE, body, { 'Idempotency-Key': key });
  await lead.ok('POST', `${PEOPLE}/${created.id}/assess`, {});
  const claims = [];
  for (let i = 0; i < 3; i++) claims.push(await lead.ok('POST', 'seats/claims', { label: `m${i}`, line: l.id, sum: '7.50', papers: [{ invoice: `i${i}` }] }));
  await lead.ok('POST', `seats/claims/${claims[0].id}/offer`, {});
  await lead.ok('POST', `seats/claims/${claims[1].id}/spend`, {});
  const sent = await fetch(`${server.url}/api/v1/files?name=scan.png`, { method: 'POST', body: SCAN, headers: { Authorization: `Bearer ${lead.token}`, 'Content-Type': 'image/png' } });
  assert.equal(sent.status, 201, await sent.clone().text());
  const file = (await sent.json()).id, paper = await lead.ok('POST', PAPERS, { name: '欧阳晓', scan: file });
  const gone = await lead.ok('POST', PAPERS, { name: '要删除的人' });
  await admin.ok('POST', 'admin/keys/erase', { subject: gone.id });
  return { key, body, id: created.id, line: l.id, claims, file, paper: paper.id, gone: gone.id };
}

// All of it as the interface shows it.
async function seen() {
  const replay = await lead.api('POST', PEOPLE, known.body, { 'Idempotency-Key': known.key });
  assert.equal(replay.status, 201, replay.text);
  assert.deepEqual(await download(known.file), SCAN);
  const opened = await lead.ok('GET', `${PEOPLE}/${known.id}?reveal=phone,id_number&purpose=test`);
  const history = await lead.ok('GET', `${PEOPLE}/${known.id}/history`);
  return {
    replay: replay.body.id, phone: opened.phone, number: opened.id_number, state: opened.state, rev: opened.rev, history: history.items.length,
    decision: (await lead.ok('GET', `${PEOPLE}/${known.id}`)).decision,
    byNumber: (await lead.ok('GET', `${PEOPLE}?id_number=${known.body.id_number}`)).items.map((r) => r.id),
    byName: (await lead.ok('GET', `${PEOPLE}?q=ouyang&total=true`)).total,
    byWord: (await lead.ok('GET', `${PEOPLE}?q=${encodeURIComponent('阳晓')}`)).items.map((r) => r.id),
    total: (await lead.ok('GET', `${PEOPLE}?total=true&limit=1&sort=name`)).total,
    first: (await lead.ok('GET', `${PEOPLE}?limit=20&sort=-score,name`)).items.map((r) => r.id),
    pool: await totals(lead, known.line), gone: (await lead.ok('GET', `${PAPERS}/${known.gone}`)).name,
    report: await lead.ok('GET', 'admissions/reports/by_region'), me: (await admin.ok('GET', 'session')).user.name,
  };
}
const migrate = (to, words = []) => server.run(['migrate', '--to', to, ...words]);
function good(ran) {
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout;
}
const begun = (url) => sql(url, "SELECT count(*) FROM pg_tables WHERE schemaname=current_schema() AND tablename='core_moving'") === '1';

let before_it;
test('a home in use, a target that holds something, and a wrong address are refused', async () => {
  known = await live();
  before_it = await seen();
  assert.deepEqual([before_it.byWord, before_it.gone, before_it.byName > 0], [[known.id], null, true]);
  target = newDatabase(pg.url);
  assert.match(migrate(target).stderr, /in use by process/);
  await server.stop();
  const other = newDatabase(pg.url), settings = readFileSync(join(server.home, 'campusd.yaml'), 'utf8');
  sql(other, 'CREATE TABLE accounts(n int)');
  const refused = migrate(other, ['--json']);
  assert.equal(refused.status, 1);
  assert.match(JSON.parse(refused.stderr).detail, /not empty.*accounts/);
  assert.equal(sql(other, 'SELECT count(*) FROM pg_tables WHERE schemaname=current_schema()'), '1');
  for (const to of ['mysql://x', 'postgresql://postgres@/none?host=/nowhere']) assert.equal(migrate(to).status, 1, to);
  assert.equal(migrate('').status, 1);
  assert.equal(server.run(['migrate']).status, 2);
  assert.match(server.run(['migrate', '--help'], { env: { ...server.env, LC_ALL: 'zh_CN.UTF-8' } }).stdout, /更换数据库/);
  assert.equal(readFileSync(join(server.home, 'campusd.yaml'), 'utf8'), settings);
});

test('killed again and again on its way, and served in between, it arrives whole', async () => {
  let kills = 0, halves = 0, rows = 0;
  const arrived = () => (begun(target) && sql(target, "SELECT to_regclass('core_history')")
    ? Number(sql(target, 'SELECT (SELECT count(*) FROM core_audit)+(SELECT count(*) FROM core_history)')) : 0);
  for (let i = 0; i < 4; i++) {
    const child = spawn(server.bin, ['--home', server.home, 'migrate', '--to', target], { env: server.env, cwd: root, stdio: 'ignore' });
    const ended = new Promise((done) => child.once('exit', (code, signal) => done(signal)));
    // on a busy machine all of these may have come before it was seen: then it dies while it compares
    const started = Date.now();
    await eventually(() => assert.ok(arrived() > rows || (rows && Date.now() - started > 100)), 20000);
    child.kill('SIGKILL');
    if (await ended === 'SIGKILL') kills++;
    halves += begun(target);
    rows = arrived();
    assert.match(readFileSync(join(server.home, 'campusd.yaml'), 'utf8'), /storage: "?sqlite:/);
  }
  assert.ok(kills === 4 && halves === 4, `${kills} kills, ${halves} in the middle`);
  // nobody serves half a home
  const half = Object.assign(new Server(), { bin: server.bin, args: [], env: server.env, log: '', home: join(server.folder, 'half') });
  mkdirSync(half.home);
  writeFileSync(join(half.home, 'campusd.yaml'), readFileSync(join(server.home, 'campusd.yaml'), 'utf8').replace(/storage: .*/, `storage: ${JSON.stringify(target)}`));
  await assert.rejects(half.serve(), /no keyring/);
  // what has gone already is changed where it comes from
  await server.serve();
  const changed = await lead.ok('GET', `${PEOPLE}?limit=1&sort=created_at`);
  const patched = await lead.api('PATCH', `${PEOPLE}/${changed.items[0].id}`, { score: '601.5' });
  assert.equal(patched.status, 200, patched.text);
  before_it = await seen();
  await server.stop();
  const result = JSON.parse(good(migrate(target, ['--json'])));
  assert.equal(result.resumed, true);
  assert.deepEqual([result.files, result.rows > 9000, result.tables > 40], [1, true, true], JSON.stringify(result));
  assert.equal(begun(target), false);
  assert.match(readFileSync(join(server.home, 'campusd.yaml'), 'utf8'), /storage: "postgresql:/);
  assert.deepEqual(JSON.parse(good(migrate(target, ['--json']))).tables, 0, 'once more does nothing');
  assert.equal(sql(target, `SELECT f_score FROM r_admissions_applicants WHERE id='${changed.items[0].id}'`), '6015');
  assert.equal(sql(target, `SELECT count(*) FROM core_file_part WHERE file='${known.file}'`), '2');
});

test('all that people had is there, and life goes on', async () => {
  rmSync(join(server.home, 'campusd.db'));
  rmSync(join(server.home, 'files'), { recursive: true });
  await server.serve();
  assert.deepEqual(await seen(), before_it);
  const made = await lead.ok('POST', PEOPLE, applicant(41002, { name: '欧阳新' }));
  assert.equal((await lead.ok('GET', `${PEOPLE}?q=ouyang&total=true`)).total, before_it.byName + 1);
  await lead.ok('POST', `seats/claims/${known.claims[2].id}/offer`, {});
  assert.equal((await totals(lead, known.line)).quota.left, 1);
  assert.equal((await lead.ok('GET', `seats/lines/${known.line}`)).places, 1);
  assert.equal((await lead.api('POST', 'seats/claims', { line: known.line, papers: [{ invoice: 'I-1' }] })).body.errors[0].pointer, '/papers/0/invoice');
  assert.match(good(server.run(['audit', 'verify'])), /good/);
  known.made = made.id;
  before_it = await seen();
  // a key that waits for its outcome there is answered from there
  assert.equal((await lead.api('POST', PEOPLE, applicant(41003), { 'Idempotency-Key': known.key })).status, 422);
});

test('and back: into a file, with the same comparison', async () => {
  assert.equal(await server.stop().then((how) => how.code), 0);
  writeFileSync(join(server.home, 'taken.db'), '');
  const result = JSON.parse(good(migrate('sqlite:campusd.db', ['--json'])));
  assert.deepEqual([result.resumed, result.files], [false, 1]);
  assert.ok(existsSync(join(server.home, 'campusd.db')) && readdirSync(join(server.home, 'files')).length === 1);
  dropDatabase(target);
  await server.serve();
  assert.deepEqual(await seen(), before_it);
  assert.equal((await lead.get(`${PEOPLE}/${known.made}`)).status, 200);
  const events = await lead.ok('POST', PEOPLE, applicant(41004));
  assert.equal(events.rev, 1);
  const sound = server.run(['doctor']);
  assert.equal(sound.status, 0, sound.stdout + sound.stderr);
  await eventually(async () => assert.match(good(server.run(['audit', 'verify'])), /good/));
});
