// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Files in and out: what people call a record becomes its id, columns are what the sender says, and
// what leaves says who took it, when and what for.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, root } from '../lib/server.mjs';
import { XLSX, sheetOf, unzip } from '../lib/sheet.mjs';

const PLUGIN = `-- plan lines and who registered for them
local field = campus.field
local lines = campus.entity { title = { zh = "计划", en = "Lines" }, fields = { code = field.text { required = true, unique = true }, secret_code = field.text { unique = true } } }
local forms = campus.entity { title = { zh = "登记", en = "Forms" }, fields = {
  name = field.text { title = { zh = "姓名", en = "Name" }, required = true }, line = field.reference "lines", officer = field.person { title = { zh = "负责人", en = "Officer" } },
  phone = field.text { title = { zh = "手机", en = "Phone" }, class = "confidential", check = "mobile", mask = "mobile" }, group = field.text {} } }
return { title = { zh = "登记", en = "Forms" }, version = "1.0.0", entities = { lines = lines, forms = forms },
  exports = { roster = campus.export { title = { zh = "名册", en = "Roster" }, entity = "forms", fields = { "name", "phone" }, reveal = { "phone" }, where = { group = "A" },
    purpose = "报送教育局 & 备案" } } }
`;
let server, head, clerk, taker;
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/desk1'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/desk1/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: heads do all, allow: [read, create, update, import, export, reveal], entity: desk1.forms, roles: [manager] }
  - { name: heads keep lines, allow: [read, create], entity: desk1.lines, roles: [manager] }
  - { name: clerks enter, allow: [read, create, import], entity: desk1.forms, roles: [marketing] }
  - { name: clerks see no secret codes, allow: [read], entity: desk1.lines, roles: [marketing], fields: { hide: [secret_code] } }
  - { name: takers read and reveal, allow: [read, reveal], entity: desk1.forms, roles: [finance] }
  - { name: takers take the roster, permissions: [desk1.exports.roster], roles: [finance, hr] }
`);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  head = await server.bearer('x.head', ['manager']);
  clerk = await server.bearer('x.clerk', ['marketing'], { display: '林一梅' });
  taker = await server.bearer('x.taker', ['finance']);
  for (const [code, secret_code] of [['01', 'S1'], ['02', 'S2']]) await head.ok('POST', 'desk1/lines', { code, secret_code });
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

async function send(who, text, more = '') {
  const answer = await who.api('POST', `desk1/forms/import?${more}`, text, { 'Content-Type': 'text/csv' });
  if (answer.status !== 202) return answer;
  for (;;) {
    const job = await who.ok('GET', `jobs/${answer.body.id}`);
    if (!['queued', 'running'].includes(job.state)) return job.result;
    await new Promise((done) => setTimeout(done, 20));
  }
}
async function download(who, path) {
  const answer = await fetch(`${server.url}/api/v1/${path}`, { headers: { Authorization: `Bearer ${who.token}`, 'Accept-Language': 'zh' } });
  return { status: answer.status, data: Buffer.from(await answer.arrayBuffer()) };
}

test('a reference is imported by what its record is called, a person by name; what is unknown is refused', async () => {
  const r = await send(clerk, '姓名,line,负责人,group\n甲,01,林一梅,A\n乙,02,x.head,B\n丙,99,林一梅,A\n丁,S1,,A\n戊,,nobody,A\n己,01,林一梅,A\n');
  assert.deepEqual([r.rows, r.created, r.failed], [6, 3, 3], JSON.stringify(r));
  assert.deepEqual(r.report.map((x) => [x.line, x.errors[0].pointer, x.errors[0].code]).sort(),
    [[4, 'line', 'reference_unknown'], [5, 'line', 'reference_unknown'], [6, 'officer', 'reference_unknown']]);
  const lines = Object.fromEntries((await head.ok('GET', 'desk1/lines')).items.map((x) => [x.id, x.code]));
  const items = (await head.ok('GET', 'desk1/forms?sort=name')).items;
  assert.deepEqual(items.map((x) => [x.name, lines[x.line], x.officer]).sort(), [['乙', '02', head.id], ['己', '01', clerk.id], ['甲', '01', clerk.id]].sort());
  const byId = await send(head, `name,line,group\n庚,${Object.keys(lines)[0]},B\n`, 'dry_run=true');
  assert.deepEqual([byId.created, byId.failed], [1, 0]);
  const seen = await send(head, 'name,line\n辛,S1\n', 'dry_run=true'); // who sees that field may name by it
  assert.deepEqual([seen.created, seen.failed], [1, 0]);
});

test('columns are what the sender says they are', async () => {
  const columns = (x) => `dry_run=true&columns=${encodeURIComponent(JSON.stringify(x))}`;
  const text = '学生,电话,备用\n壬,14500000001,x\n';
  assert.equal((await send(head, text, 'dry_run=true')).problem.errors[0].code, 'unknown_column');
  assert.equal((await send(head, text, columns({ 学生: 'name', 电话: 'phone', 备用: null }))).created, 1);
  assert.equal((await send(head, text, columns({ 学生: 'name', 电话: 'phon' }))).status, 422);
  assert.equal((await send(head, text, 'columns=x')).status, 422);
});

test('a standing export has its columns, its purpose and its mark, and is on record with how many it was', async () => {
  await send(head, 'name,手机,group\n=甲,14500000001,A\n乙乙,14500000002,B\n丙丙,14500000003,A\n');
  const roster = (await download(taker, 'desk1/exports/roster')).data.toString().replace(/^\ufeff/, '').trim().split('\r\n');
  assert.equal(roster[0], 'id,name,phone');
  const rows = roster.slice(1, -1).map((l) => l.replaceAll('"', '').split(',').slice(1)).filter((r) => r[1]);
  assert.deepEqual(rows.sort(), [["'=甲", '14500000001'], ['丙丙', '14500000003']].sort());
  assert.match(roster.at(-1), /^导出：x\.taker，\d{4}-\d\d-\d\d \d\d:\d\d，用途：报送教育局 & 备案/);
  const parts = unzip((await download(taker, 'desk1/exports/roster?format=xlsx&name=丙丙')).data);
  const sheet = parts['xl/worksheets/sheet1.xml'];
  assert.match(sheet, /<row r="1"><c r="A1"[^>]*><is><t>导出：x\.taker，[^<]*用途：报送教育局 &amp; 备案<\/t>/);
  assert.match(sheet, /<oddFooter>&amp;C导出：x\.taker[^<]*报送教育局 {3}备案<\/oddFooter>/);
  assert.deepEqual(sheetOf(parts).map((r) => r.at(-1).v), ['手机', '14500000003']);
  // by the permission alone one neither reads nor reveals
  const hr = await server.bearer('x.hr', ['hr']);
  assert.equal((await download(hr, 'desk1/exports/roster')).data.toString().trim().split('\r\n').length, 2);
  assert.equal((await download(clerk, 'desk1/exports/roster')).status, 403);
  assert.equal((await download(taker, 'desk1/forms/export')).status, 403);
  assert.equal((await download(taker, 'desk1/exports/roster?fields=name')).status, 422);
  assert.equal((await download(taker, 'desk1/exports/none')).status, 404);
  const log = JSON.parse(server.run(['audit', 'search', '--object', 'desk1.exports.roster', '--json']).stdout);
  const ok = log.items.filter((x) => x.outcome === 'ok');
  assert.deepEqual(ok.map((x) => x.reason).sort(), ['records=0', 'records=1', 'records=4']);
  assert.ok(ok.every((x) => x.fields === 'phone' && x.purpose === '报送教育局 & 备案'));
  const meta = await taker.ok('GET', 'meta');
  assert.equal(meta.plugins.find((p) => p.name === 'desk1').exports[0].path, '/api/v1/desk1/exports/roster');
  assert.ok((await taker.ok('GET', 'openapi.json')).paths['/api/v1/desk1/exports/roster']);
});

test('an export comes back as an import: its mark and title row are left out', async () => {
  const file = await download(head, `desk1/forms/export?format=xlsx&fields=name,group&reveal=phone&purpose=${encodeURIComponent('核对')}`);
  assert.equal(file.status, 200);
  const answer = await fetch(`${server.url}/api/v1/desk1/forms/import?dry_run=true&columns=${encodeURIComponent('{"id":null}')}`,
    { method: 'POST', body: file.data, headers: { Authorization: `Bearer ${head.token}`, 'Content-Type': XLSX } });
  const { id } = await answer.json();
  let job;
  do job = await head.ok('GET', `jobs/${id}`); while (['queued', 'running'].includes(job.state));
  assert.deepEqual([job.result.failed, job.result.created > 3], [0, true], JSON.stringify(job));
  const csv = (await download(head, `desk1/forms/export?fields=name&reveal=phone&purpose=x`)).data.toString();
  assert.match(csv, /导出：x\.head/);
  assert.equal((await send(head, csv, `dry_run=true&columns=${encodeURIComponent('{"id":null}')}`)).failed, 0);
});
