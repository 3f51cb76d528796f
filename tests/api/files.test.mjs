// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Attachments through the front door: sealed wherever they lie, read by whoever may read the record
// and the field that hold them, gone with the person, whole or refused.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dump, sql } from '../lib/postgres.mjs';
import { Server, eventually, onlySqlite, root } from '../lib/server.mjs';
import { bin, faulty, status } from '../fault/lib_faulty.mjs';

const PLUGIN = `
local field = campus.field
return { version = "1.0.0", title = { zh = "材料", en = "Papers" }, entities = {
  people = campus.entity { title = { zh = "人员", en = "People" }, subject = "self", fields = {
    name = field.text { required = true },
    campus = field.text {},
    photo = field.file { types = { "png", "jpeg" }, max_bytes = 200000 },
    papers = field.file { many = true },
    health = field.file { class = "confidential", many = true },
    hidden = field.file {},
    lines = field.list { fields = { what = field.text {}, paper = field.file {} } },
  } } } }
`;
const RULES = `
  - { name: leads keep people, allow: [read, create, update, delete, history, reveal], entity: papers.people, roles: [admissions.lead] }
  - name: officers see those of their campus
    allow: [read, create, update]
    entity: papers.people
    roles: [admissions.staff]
    when: { campus: $actor.campus }
    fields: { hide: [hidden] }
  - name: finance sees no papers
    allow: [read]
    entity: papers.people
    roles: [finance]
    fields: { mask: [papers] }
`;
const SECRET = '绝密材料正文甲乙丙丁-';
const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from(SECRET.repeat(20))]);
const PDF = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.from(SECRET.repeat(9))]);
const PATH = 'papers/people';

function plugin(server) {
  mkdirSync(join(server.home, 'plugins/papers'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/papers/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + RULES);
  const r = server.run(['reload']);
  assert.equal(r.status, 0, r.stderr);
}
const send = (who, data, { name = '材料.png', type = 'application/octet-stream' } = {}) =>
  fetch(`${who.server.url}/api/v1/files?name=${encodeURIComponent(name)}`, { method: 'POST', body: data, headers: { Authorization: `Bearer ${who.token}`, 'Content-Type': type } });
async function put(who, data, more) {
  const a = await send(who, data, more);
  assert.equal(a.status, 201, await a.clone().text());
  return a.json();
}
async function take(who, id, query = '') {
  const a = await fetch(`${who.server.url}/api/v1/files/${id}${query}`, { headers: who.token ? { Authorization: `Bearer ${who.token}` } : {} });
  return { status: a.status, headers: a.headers, data: Buffer.from(await a.arrayBuffer()) };
}
const bytesOf = (server) => (existsSync(join(server.home, 'files')) ? readdirSync(join(server.home, 'files')).flatMap((d) => readdirSync(join(server.home, 'files', d)).map((f) => join(server.home, 'files', d, f))) : []);

let server, admin, lead, clerk, other, finance;
before(async () => {
  server = await Server.start();
  plugin(server);
  admin = await server.admin();
  lead = await server.bearer('f.lead', ['admissions.lead']);
  clerk = await server.bearer('f.clerk', ['admissions.staff'], { campus: '东校区' });
  other = await server.bearer('f.other', ['admissions.staff'], { campus: '西校区' });
  finance = await server.bearer('f.finance', ['finance']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('an upload is its sender\'s alone until a record holds it', async () => {
  const f = await put(clerk, PNG, { name: '照片 1.png' });
  assert.deepEqual([f.name, f.type, f.size], ['照片 1.png', 'image/png', PNG.length]);
  assert.ok(Date.parse(f.expires_at) > Date.now() + 23 * 3600e3);
  const mine = await take(clerk, f.id);
  assert.equal(mine.status, 200);
  assert.deepEqual(mine.data, PNG);
  for (const who of [lead, other, admin]) assert.equal((await take(who, f.id)).status, 404);
  assert.equal((await take(server.anonymous, f.id)).status, 401);
  const theirs = await lead.api('POST', PATH, { name: 'x', photo: f.id });
  assert.equal(theirs.status, 422);
  assert.deepEqual(theirs.body.errors.map((e) => [e.pointer, e.code]), [['/photo', 'file_unknown']]);
});

test('attached, it is read by whoever may read the record and sees the field', async () => {
  const photo = await put(clerk, PNG), paper = await put(clerk, PDF, { name: '证明.pdf', type: 'application/pdf' });
  const row = await put(clerk, 'a,b\n1,2\n', { name: 'a.csv', type: 'text/csv' });
  const p = await clerk.ok('POST', PATH, { name: '王', campus: '东校区', photo: photo.id, papers: [paper.id], lines: [{ what: 'x', paper: row.id }] });
  assert.deepEqual([p.photo, p.papers], [photo.id, [paper.id]]);
  for (const [who, id, want] of [[clerk, photo.id, 200], [lead, photo.id, 200], [finance, photo.id, 200], [other, photo.id, 404],
    [lead, paper.id, 200], [finance, paper.id, 404], [clerk, row.id, 200], [admin, photo.id, 404]])
    assert.equal((await take(who, id)).status, want, `${who.name ?? 'admin'} ${id}`);
  const seen = await take(lead, paper.id, '?inline=true');
  assert.deepEqual(seen.data, PDF);
  assert.equal(seen.headers.get('content-type'), 'application/pdf');
  assert.match(seen.headers.get('content-disposition'), /^inline; filename="[0-9a-f-]+\.pdf"; filename\*=UTF-8''%E8%AF%81%E6%98%8E\.pdf$/);
  assert.equal(seen.headers.get('x-content-type-options'), 'nosniff');
  assert.match(seen.headers.get('content-security-policy'), /sandbox/);
  assert.equal(Number(seen.headers.get('content-length')), PDF.length);
  assert.match((await take(lead, row.id, '?inline=true')).headers.get('content-disposition'), /^attachment/);
  const told = await lead.ok('GET', `files/${paper.id}/info`);
  assert.deepEqual([told.name, told.size, told.record, told.field], ['证明.pdf', PDF.length, `papers.people/${p.id}`, 'papers']);
  // one that is held cannot be held again, by anybody
  assert.equal((await clerk.api('POST', PATH, { name: 'y', campus: '东校区', photo: photo.id })).status, 422);
  // what the file replaced stays with the past of the record, for who may read that
  const next = await put(clerk, PNG);
  await clerk.ok('PATCH', `${PATH}/${p.id}`, { photo: next.id });
  assert.equal((await take(clerk, photo.id)).status, 404);
  assert.equal((await take(lead, photo.id)).status, 200);
  assert.equal((await take(clerk, next.id)).status, 200);
  // archived with its record
  await lead.ok('DELETE', `${PATH}/${p.id}`);
  assert.equal((await take(lead, next.id)).status, 404);
});

test('absent, forbidden and malformed are one answer, byte for byte', async () => {
  const f = await put(lead, PNG);
  await lead.ok('POST', PATH, { name: 'z', campus: '东校区', hidden: f.id });
  const answers = new Set();
  for (const id of [f.id, '0190f3a0-0000-7000-8000-000000000000', 'x', '%2e%2e', `${f.id}x`]) {
    if (id === '%2e%2e') continue; // refused before it is a path
    for (const tail of ['', '?purpose=x', '/info']) {
      const a = await clerk.get(`files/${id}${tail}`);
      answers.add(JSON.stringify([a.status, a.text.replace(/"request_id":"[^"]+"/, '')]));
    }
  }
  assert.equal(answers.size, 1, [...answers].join('\n'));
  assert.equal(JSON.parse([...answers][0])[0], 404);
});

test('a file of a confidential field is a look: for a purpose, by who may reveal, on record before it leaves', async () => {
  const f = await put(lead, PDF, { name: '病历.pdf' });
  const p = await lead.ok('POST', PATH, { name: '李', campus: '东校区', health: [f.id] });
  const bare = await lead.get(`files/${f.id}`);
  assert.equal(bare.status, 422);
  assert.equal(bare.body.errors[0].pointer, '/purpose');
  assert.equal((await take(clerk, f.id, '?purpose=x')).status, 404, 'may read the record, but not reveal');
  const seen = await take(lead, f.id, '?purpose=check+the+form');
  assert.equal(seen.status, 200);
  assert.deepEqual(seen.data, PDF);
  const rows = (await admin.ok('GET', `admin/audit?object=papers.people/${p.id}&action=reveal`)).items;
  assert.deepEqual(rows.map((r) => [r.purpose, r.fields, r.outcome]), [['check the form', 'health', 'ok']]);
  await eventually(async () => assert.ok((await admin.ok('GET', 'admin/audit?action=file&outcome=refused')).items.length > 0));
});

test('what is too large, of the wrong type or falsely declared is refused where it is wrong', async () => {
  const cases = [[PNG, { type: 'application/pdf' }, 415], [Buffer.from('MZ\x90\0\x03'), {}, 415], [PNG, { type: 'text/html' }, 415],
    [Buffer.alloc(0), {}, 422], [PNG, { name: 'a\nb' }, 422], [PNG, { name: 'x'.repeat(300) }, 422]];
  for (const [data, more, want] of cases) assert.equal((await send(lead, data, more)).status, want, JSON.stringify(more));
  assert.equal((await put(lead, PNG, { name: '../../etc/passwd' })).name, 'passwd');
  const big = await put(lead, Buffer.concat([PNG, Buffer.alloc(250000, 1)])), pdf = await put(lead, PDF);
  for (const [id, code] of [[big.id, 'file_too_large'], [pdf.id, 'file_type']]) {
    const a = await lead.api('POST', PATH, { name: 'x', photo: id });
    assert.deepEqual([a.status, a.body.errors.map((e) => e.code)], [422, [code]]);
  }
  const many = await lead.api('POST', PATH, { name: 'x', papers: Array(51).fill(pdf.id) });
  assert.deepEqual([many.status, many.body.errors[0].code], [422, 'too_long']);
  const over = await send(lead, Buffer.alloc(67108865, 0x61), { type: 'text/plain' });
  assert.equal(over.status, 413);
  const anonymous = await fetch(`${server.url}/api/v1/files`, { method: 'POST', body: PNG });
  assert.equal(anonymous.status, 401);
});

test('a large one streams both ways, and the service does not grow by it', async () => {
  const data = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(67108864 - 9)]), hash = (b) => createHash('sha256').update(b).digest('hex');
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]);
  await take(lead, (await put(lead, PDF)).id);
  const before = rss();
  const f = await put(lead, data, { name: 'big.pdf' });
  const back = await take(lead, f.id);
  assert.equal(back.status, 200);
  assert.equal(hash(back.data), hash(data));
  assert.ok(rss() - before < 24 << 10, `grew by ${rss() - before} KiB`);
  // a client that goes away in the middle leaves nothing
  const files = bytesOf(server).length;
  await new Promise((done) => {
    const rq = request(`${server.url}/api/v1/files?name=a.pdf`, { method: 'POST', headers: { Authorization: `Bearer ${lead.token}`, 'Content-Length': 1 << 20 } });
    rq.on('error', done);
    rq.write(data.subarray(0, 500000));
    setTimeout(() => rq.destroy(), 100);
  });
  assert.equal(bytesOf(server).length, files);
});

test('nothing of a file or its name lies anywhere in the clear', async () => {
  const f = await put(lead, PNG, { name: '罕见文件名子丑寅卯.png' });
  await lead.ok('POST', PATH, { name: '赵', photo: f.id });
  await take(lead, f.id);
  const words = [Buffer.from(SECRET), Buffer.from('罕见文件名子丑寅卯')];
  const all = (dir) => readdirSync(dir).flatMap((n) => { const p = join(dir, n), s = statSync(p); return s.isDirectory() ? all(p) : s.isFile() ? [readFileSync(p)] : []; });
  const places = [...all(server.home), Buffer.from(server.log), ...(process.env.CAMPUSD_TEST_STORAGE ? [dump(server.storage)] : [])];
  if (!process.env.CAMPUSD_TEST_STORAGE) assert.ok(bytesOf(server).length > 0);
  for (const w of words) for (const b of places) {
    assert.ok(!b.includes(w), w.toString());
    assert.ok(!b.includes(w.toString('hex')), w.toString());
  }
});

test('a damaged file is found and never served, and doctor names it', async () => {
  const f = await put(lead, PNG);
  await lead.ok('POST', PATH, { name: '孙', photo: f.id });
  const sound = () => JSON.parse(server.run(['--json', 'doctor']).stdout).items.filter((i) => i.check === 'attachments');
  assert.deepEqual(sound().map((i) => i.state), ['ok']);
  if (process.env.CAMPUSD_TEST_STORAGE) {
    sql(server.storage, `UPDATE core_file_part SET bytes=set_byte(bytes,100,get_byte(bytes,100)#1) WHERE file='${f.id}'`);
  } else {
    const at = bytesOf(server).find((p) => p.endsWith(f.id)), b = readFileSync(at);
    b[100] ^= 1;
    writeFileSync(at, b);
  }
  const a = await lead.get(`files/${f.id}`);
  assert.deepEqual([a.status, a.body.code], [500, 'corrupt']);
  const bad = sound().filter((i) => i.state === 'bad');
  assert.equal(bad.length, 1);
  assert.ok(bad[0].detail.includes(f.id));
  assert.match(server.log, /damaged/);
  if (process.env.CAMPUSD_TEST_STORAGE) sql(server.storage, `DELETE FROM core_file WHERE id='${f.id}'`);
});

test('a rotation of keys leaves every file readable', async () => {
  const f = await put(lead, PDF), held = await put(lead, PNG);
  await lead.ok('POST', PATH, { name: '周', photo: held.id });
  const { id } = await admin.ok('POST', 'admin/keys/rotate');
  await eventually(async () => assert.equal((await admin.ok('GET', `jobs/${id}`)).state, 'done'), 20000);
  assert.deepEqual((await take(lead, f.id)).data, PDF);
  assert.deepEqual((await take(lead, held.id)).data, PNG);
});

test('erasing a person destroys their files: nothing opens, and the bytes go', async () => {
  const f = await put(lead, PNG), p = await lead.ok('POST', PATH, { name: '吴', photo: f.id });
  await admin.ok('POST', 'admin/keys/erase', { subject: p.id });
  assert.equal((await take(lead, f.id)).status, 404);
  assert.equal((await lead.ok('GET', `${PATH}/${p.id}`)).photo, null);
  await server.restart();
  await eventually(async () => {
    assert.ok(!bytesOf(server).some((x) => x.endsWith(f.id)));
    if (process.env.CAMPUSD_TEST_STORAGE) assert.equal(sql(server.storage, `SELECT count(*) FROM core_file_part WHERE file='${f.id}'`), '0');
  }, 10000);
});

test('uploads that nobody attaches are limited', async () => {
  const hoarder = await server.bearer('f.hoarder', []);
  let last;
  for (let i = 0; i < 201; i++) last = await send(hoarder, 'x', { type: 'text/plain' });
  assert.equal(last.status, 429);
});

test('bytes that a crash left without a row go, young ones stay', onlySqlite, async () => {
  const at = (id) => join(server.home, 'files', id.slice(-2), id), old = '0190f3a0-0000-7000-8000-0000000000aa', young = '0190f3a0-0000-7000-8000-0000000000ab';
  for (const id of [old, young]) {
    mkdirSync(join(server.home, 'files', id.slice(-2)), { recursive: true });
    writeFileSync(at(id), 'x');
  }
  utimesSync(at(old), new Date(Date.now() - 2 * 3600e3), new Date(Date.now() - 2 * 3600e3));
  await server.restart();
  await eventually(async () => assert.ok(!existsSync(at(old))), 10000);
  assert.ok(existsSync(at(young)));
});

test('a backup holds the files, and a home made of it serves them', onlySqlite, async () => {
  const f = await put(lead, PNG, { name: '备份.png' }), p = await lead.ok('POST', PATH, { name: '郑', photo: f.id });
  const key = join(server.folder, 'backup.key');
  assert.equal(server.run(['backup', 'keygen', key]).status, 0);
  const { id } = await admin.ok('POST', 'admin/backups');
  let job;
  await eventually(async () => assert.equal((job = await admin.ok('GET', `jobs/${id}`)).state, 'done'), 20000);
  const s = Object.assign(new Server(), { bin: server.bin, args: [], env: server.env, log: '', folder: mkdtempSync(join(tmpdir(), 'campusd-test-')) });
  s.home = join(s.folder, 'home');
  const made = s.run(['backup', 'restore', join(server.home, 'backups', job.result.file), '--key', key]);
  assert.equal(made.status, 0, made.stderr);
  if (existsSync(join(server.home, 'keyfile'))) cpSync(join(server.home, 'keyfile'), join(s.home, 'keyfile'));
  await s.serve();
  const there = Object.assign(Object.create(Object.getPrototypeOf(lead)), lead, { server: s });
  const back = await take(there, f.id);
  assert.equal(back.status, 200);
  assert.deepEqual(back.data, PNG);
  assert.equal((await there.ok('GET', `${PATH}/${p.id}`)).photo, f.id);
  await s.close();
});

test('the n-th write, sync or read that fails leaves nothing half-written and nothing falsely served', onlySqlite, async () => {
  const s = await faulty();
  plugin(s);
  const me = await s.bearer('f.me', ['admissions.lead']);
  const data = Buffer.concat([PNG, randomBytes(300000)]);
  let strikes = 0;
  for (const [site, wrong] of [['file:write', 500], ['file:full', 507], ['file:sync', 500]])
    for (let n = 1; n < 20; n++) {
      const files = bytesOf(s).length;
      await s.arm(`${site}:${n}`);
      const got = await status(send(me, data));
      const struck = await s.struck();
      await s.arm('');
      strikes += struck;
      assert.ok(got === 201 || got === wrong || got === 0, `${site}:${n} ${got}`);
      if (struck) assert.notEqual(got, 201, `${site}:${n}`);
      assert.equal(bytesOf(s).length, files + (got === 201), `${site}:${n}`);
      if (!struck) break;
    }
  assert.ok(strikes > 8, `${strikes} strikes: this tests nothing`);
  const f = await put(me, data);
  for (let n = 1; n < 40; n++) {
    await s.arm(`file:read:${n}`);
    const a = await take(me, f.id);
    const struck = await s.struck();
    await s.arm('');
    assert.equal(a.status, struck ? 500 : 200);
    if (!struck) { assert.deepEqual(a.data, data); assert.ok(n > 3); break; }
  }
  assert.deepEqual(await s.close(), { code: 0, signal: null });
});
