// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Finding by words: Chinese, pinyin, the digits of a telephone; with filters, over everything, and
// never by what the asker does not see.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant, citizenId } from '../lib/applicant.mjs';
import { Server, root } from '../lib/server.mjs';

const PLUGIN = (more) => `-- families, and what was said with them
local field = campus.field
local families = campus.entity { title = { zh = "家庭", en = "Families" }, fields = {
  parent = field.text { search = "name" }, address = field.text { ${more} },
  mobile = field.text { class = "confidential", searchable = true, check = "mobile", mask = "mobile" } } }
local calls = campus.entity { title = { zh = "通话", en = "Calls" }, fields = { about = field.longtext { search = true }, grade = field.integer {} } }
return { title = { zh = "家校", en = "Families" }, version = "1.0.0", entities = { families = families, calls = calls } }
`;
let server, lead, staff, clerk;
const home = () => join(server.home, 'plugins/kin');
before(async () => {
  server = await Server.start();
  mkdirSync(home(), { recursive: true });
  writeFileSync(join(home(), 'plugin.lua'), PLUGIN(''));
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: the lead keeps families, allow: [read, create, update, delete, search, export], entity: kin.families, roles: [admissions.lead] }
  - { name: and calls, allow: [read, create, update, delete], entity: kin.calls, roles: [admissions.lead] }
  - { name: clerks see no addresses, allow: [read], entity: kin.families, roles: [marketing], fields: { hide: [address] } }
`);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  lead = await server.bearer('s.lead', ['admissions.lead']);
  staff = await server.bearer('s.staff', ['admissions.staff'], { campus: '东校区' });
  clerk = await server.bearer('s.clerk', ['marketing']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });
const names = (list) => list.items.map((r) => r.name ?? r.parent);
const find = (who, q, more = '') => who.ok('GET', `admissions/applicants?q=${encodeURIComponent(q)}${more}`);

test('applicants are found by parts of their names and by pinyin, with filters, the best first', async () => {
  for (const [i, [name, campus, score]] of [['欧阳若曦', '东校区', '501.0'], ['欧阳若', '西校区', '502.0'], ['若曦', '东校区', '503.0'], ['曦若', '东校区', '504.0']].entries())
    await lead.ok('POST', 'admissions/applicants', applicant(90000 + i, { name, campus, score, phone: `1450000700${i}`, region: '域甲' }));
  assert.deepEqual(names(await find(lead, '若曦', '&region=域甲')), ['若曦', '欧阳若曦']);
  assert.deepEqual(names(await find(lead, '欧阳若')), ['欧阳若', '欧阳若曦']);
  assert.deepEqual(names(await find(lead, 'ouyangr', '&sort=-score')), ['欧阳若', '欧阳若曦']);
  assert.deepEqual(names(await find(lead, 'oyrx')), ['欧阳若曦']);
  assert.deepEqual(names(await find(lead, '若 曦', '&region=域甲&sort=name')), ['曦若', '欧阳若曦', '若曦'].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  assert.deepEqual(names(await find(lead, '若', '&score[gte]=503&region=域甲')), ['若曦', '曦若']);
  const page = await find(lead, '若', '&region=域甲&sort=score&limit=3&total=true');
  assert.deepEqual([names(page), page.total], [['欧阳若曦', '欧阳若', '若曦'], 4]);
  const rest = await lead.ok('GET', `admissions/applicants?q=若&region=域甲&sort=score&limit=3&cursor=${page.next}`);
  assert.deepEqual([names(rest), rest.next], [['曦若'], null]);
  assert.equal((await lead.get(`admissions/applicants?q=曦&region=域甲&sort=score&limit=3&cursor=${page.next}`)).status, 422);
  const csv = (await lead.get('admissions/applicants/export?q=oyrx&fields=name')).text;
  assert.equal(csv.trim().split('\r\n').length, 2);
  assert.deepEqual(names(await find(staff, 'ouyang', '&region=域甲')), ['欧阳若曦'], 'of their own campus only');
});

test('what is written is found at once, what is changed or archived is not', async () => {
  const made = await lead.ok('POST', 'admissions/applicants', applicant(90010, { name: '司徒测', phone: '14500007010' }));
  assert.equal((await find(lead, 'stc')).items.length, 1);
  await lead.ok('PATCH', `admissions/applicants/${made.id}`, { name: '上官测' });
  assert.equal((await find(lead, 'stc')).items.length, 0);
  assert.equal((await find(lead, '上官测')).items.length, 1);
  assert.equal((await lead.post('admissions/applicants', applicant(90010, { name: '司徒二' }))).status, 409); // undone
  assert.equal((await find(lead, '司徒二')).items.length, 0);
  await lead.ok('DELETE', `admissions/applicants/${made.id}`);
  assert.equal((await find(lead, '上官测')).items.length, 0);
});

test('type a telephone number and find the family; that is on record', async () => {
  const a = await lead.ok('POST', 'kin/families', { parent: '令狐冲', address: '华山路 8 号', mobile: '14500008888' });
  await lead.ok('POST', 'admissions/applicants', applicant(90020, { name: '令狐小', phone: '14500008888' }));
  const all = await lead.ok('GET', 'search?q=14500008888');
  assert.deepEqual(all.items.map((x) => [x.entity, x.found]), [['admissions.applicants', 1], ['kin.families', 1]]);
  assert.equal(all.items[1].list.items[0].id, a.id);
  assert.equal(all.items[1].list.items[0].mobile, '145****8888');
  assert.deepEqual(names(await lead.ok('GET', 'kin/families?q=8888')), ['令狐冲']);
  assert.deepEqual(names(await lead.ok('GET', 'kin/families?q=145-0000-8888')), ['令狐冲']);
  assert.deepEqual(names(await lead.ok('GET', 'kin/families?q=8887')), []);
  assert.deepEqual(names(await clerk.ok('GET', 'kin/families?q=8888')), [], 'who may not search by it finds nothing');
  const id = citizenId(90021, '20080315');
  await lead.ok('POST', 'admissions/applicants', applicant(90021, { name: '身份', id_number: id, phone: '14500008889' }));
  assert.deepEqual(names(await find(lead, id)), ['身份']);
  const log = server.run(['audit', 'search', '--object', 'kin.families', '--json']);
  assert.match(log.stdout, /"action":"search"[^}]*"fields":"mobile"/);
  assert.ok(!log.stdout.includes('8888'));
});

test('a search over everything has a few of each kind, and nothing of what one may not read', async () => {
  for (let i = 0; i < 7; i++) await lead.ok('POST', 'kin/calls', { about: `慕容复 第 ${i} 次来电：询问 Scholarship` });
  await lead.ok('POST', 'kin/families', { parent: '慕容复' });
  const all = await lead.ok('GET', 'search?q=慕容复');
  assert.deepEqual(all.items.map((x) => [x.entity, x.found, x.list.items.length]), [['kin.families', 1, 1], ['kin.calls', 7, 5]].sort((a, b) => all.items.findIndex((x) => x.entity === a[0]) - all.items.findIndex((x) => x.entity === b[0])));
  assert.equal((await lead.ok('GET', 'search?q=scholar&limit=2')).items[0].list.items.length, 2);
  assert.deepEqual((await clerk.ok('GET', 'search?q=慕容复')).items.map((x) => x.entity), ['kin.families']);
  assert.deepEqual((await (await server.bearer('s.none')).ok('GET', 'search?q=慕容复')).items, []);
  for (const wrong of ['search', 'search?q=', 'search?q=%20%22*', 'search?q=a&limit=0', 'search?q=a&limit=21', `search?q=${'长'.repeat(101)}`])
    assert.equal((await lead.get(wrong)).status, 422, wrong);
  assert.equal((await server.anonymous.get('search?q=a')).status, 401);
});

test('a release with another search field fills its index as a job; a hidden field stays unfound', async () => {
  assert.deepEqual(names(await lead.ok('GET', 'kin/families?q=华山')), []);
  writeFileSync(join(home(), 'plugin.lua'), PLUGIN('search = true'));
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  let job;
  for (let i = 0; i < 200 && job?.state !== 'done'; i++) {
    job = (await server.keeper.ok('GET', 'jobs')).items.find((x) => x.kind === 'search.index');
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.equal(job?.state, 'done', JSON.stringify(job));
  assert.deepEqual(names(await lead.ok('GET', 'kin/families?q=华山')), ['令狐冲']);
  assert.deepEqual(names(await clerk.ok('GET', 'kin/families?q=华山')), []);
  assert.deepEqual(names(await clerk.ok('GET', 'kin/families?q=令狐 华山')), []);
  assert.deepEqual(names(await clerk.ok('GET', 'kin/families?q=linghu')), ['令狐冲']);
  const meta = await lead.ok('GET', 'meta');
  const e = meta.plugins.find((p) => p.name === 'kin').entities.find((x) => x.name === 'families');
  assert.equal(e.may.find, true);
  assert.deepEqual(e.fields.map((f) => f.search), ['name', 'text', undefined]);
  const doc = await lead.ok('GET', 'openapi.json');
  assert.ok(doc.paths['/api/v1/kin/families'].get.parameters.some((p) => p.$ref === '#/components/parameters/q'));
  assert.ok(doc.paths['/api/v1/search']);
});
