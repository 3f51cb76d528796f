// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Documents through the front door (ADM-6): numbered without a gap, sealed, drawn with their fonts
// inside, void and replaced, one by one and many at once.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dump } from '../lib/postgres.mjs';
import { Server, eventually, root } from '../lib/server.mjs';

const PLUGIN = `
local field = campus.field
return { version = "1.0.0", title = { zh = "文书", en = "Papers" }, entities = {
  majors = campus.entity { title = { zh = "专业", en = "Majors" }, fields = { title = field.text { required = true } } },
  people = campus.entity { title = { zh = "学生", en = "People" }, subject = "self",
    fields = {
      name = field.text { required = true, personal = true },
      major = field.reference "majors",
      born = field.date {},
      campus = field.text {},
      level = field.choice { choices = { { name = "a", title = { zh = "甲", en = "First" } }, "b" } },
      boards = field.boolean {},
      fee = field.money {},
      phone = field.text { class = "confidential", mask = "mobile" },
      items = field.list { fields = { what = field.text {}, price = field.money {} } },
      note = field.text {},
    },
    workflow = { start = "new", states = { new = {}, admitted = {}, gone = { final = true } }, transitions = {
      admit = { from = "new", to = "admitted" }, leave = { from = "admitted", to = "gone" } } } },
},
actions = {
  hand_over = campus.action { run = function(ctx, input)
    local one, err = ctx:document("slip", "people", input.id, { replaces = input.replaces })
    if not one then return nil, err end
    if input.fail then return nil, { code = "no", text = "changed my mind" } end
    return one
  end },
},
documents = {
  notice = { title = { zh = "录取通知书", en = "Admission notice" }, entity = "people",
    template = { zh = "templates/notice.html", en = "templates/notice.en.html" }, number = "{year}招字第{seq:4}号",
    seal = { zh = "清河职业学校", en = "Seal" }, qr = "{id} {number}", states = { "admitted" } },
  slip = { title = "单据", entity = "people", template = "templates/slip.html", number = "S{year}{seq:2}" },
  card = { title = "卡片", entity = "people", template = "templates/card.html", number = "C{seq}", many = true },
} }
`;
const NOTICE = `<header align="right">编号：{{document.number}}</header>
<h1>录取通知书</h1>
<p indent="0"><b>{{name}}</b> 同学（{{level}}）：</p>
<p>你已被我校 <b>{{major.title}}</b> 专业录取，学费 {{fee}} 元，出生日期 {{born}}。{{#boards}}已登记住宿。{{/boards}}{{^boards}}走读。{{/boards}}{{note}}</p>
<table>{{#items}}<tr><td width="60%">{{what}}</td><td align="right">{{price}}</td></tr>{{/items}}</table>
<table border="0"><tr><td><qr/></td><td align="right"><seal/></td></tr><tr><td></td><td align="right">{{school.name}}<br/>{{document.date}}</td></tr></table>
<footer>{{document.title}}</footer>
`;
const EN = '<h1>Admission notice</h1><p>{{document.number}}: dear {{name}}, level {{level}}, born {{born}}, boards: {{boards}}.</p>\n';
const SLIP = '<h2>{{document.number}}</h2><p>{{name}}</p>\n';
const CARD = '<h2>{{document.number}}</h2><p>{{name}} {{phone}}</p>\n';
const RULES = `
  - { name: leads keep papers, allow: [read, create, update, admit, leave, reveal], entity: papers.people, roles: [admissions.lead] }
  - { name: leads keep majors, allow: [read, create], entity: papers.majors, roles: [admissions.lead, admissions.staff, finance] }
  - { name: leads issue, permissions: [papers.documents.notice, papers.documents.card, papers.documents.slip, papers.actions.hand_over], roles: [admissions.lead] }
  - { name: finance acts, permissions: [papers.actions.hand_over], roles: [finance] }
  - { name: clerks see their campus, allow: [read], entity: papers.people, roles: [admissions.staff], when: { campus: $actor.campus }, fields: { mask: [note] } }
  - { name: clerks issue, permissions: [papers.documents.notice, papers.documents.card], roles: [admissions.staff] }
  - { name: finance reads, allow: [read], entity: papers.people, roles: [finance] }
`;
const PATH = 'papers/people';
let server, admin, lead, clerk, finance, major;
const write = (name, text) => writeFileSync(join(server.home, 'plugins/papers', name), text);
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/papers/templates'), { recursive: true });
  write('plugin.lua', PLUGIN);
  write('templates/notice.html', NOTICE);
  write('templates/notice.en.html', EN);
  write('templates/card.html', CARD);
  write('templates/slip.html', SLIP);
  writeFileSync(join(server.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + RULES);
  const r = server.run(['reload']);
  assert.equal(r.status, 0, r.stderr);
  admin = await server.admin();
  lead = await server.bearer('d.lead', ['admissions.lead']);
  clerk = await server.bearer('d.clerk', ['admissions.staff'], { campus: '东校区' });
  finance = await server.bearer('d.finance', ['finance']);
  major = await lead.ok('POST', 'papers/majors', { title: '护理与<助产>&康复' });
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

let serial = 0;
async function admitted(more = {}) {
  const p = await lead.ok('POST', PATH, { name: `考生${++serial}`, major: major.id, born: '2010-03-05', level: 'a', boards: true, fee: '3500.00', campus: '东校区',
    phone: '13800138000', items: [{ what: '书本费', price: '120.50' }, { what: '校服', price: '300.00' }], ...more });
  await lead.ok('POST', `${PATH}/${p.id}/admit`, {});
  return p;
}
const issue = (who, id, body = {}, doc = 'notice') => who.api('POST', `${PATH}/${id}/documents/${doc}`, body);
async function bytes(who, path, method = 'GET', body) {
  const a = await fetch(`${server.url}/api/v1/${path}`, { method, body, headers: { Authorization: `Bearer ${who.token}`, 'Content-Type': 'application/json' } });
  return { status: a.status, type: a.headers.get('content-type'), csp: a.headers.get('content-security-policy'), data: Buffer.from(await a.arrayBuffer()) };
}
function tool(name, args, input) {
  const r = spawnSync(name, args, { input, maxBuffer: 1 << 28 });
  assert.equal(r.status, 0, `${name}: ${r.error ?? r.stderr}`);
  return r.stdout.toString();
}
const textOf = (pdf) => tool('pdftotext', ['-layout', '-', '-'], pdf).replace(/\s+/g, '');
const year = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 4);
const number = (n) => `${year}招字第${String(n).padStart(4, '0')}号`;

let first;
test('a notice is issued, numbered, and says what the record said', async () => {
  const p = await admitted({ name: '𠮷田明' });
  const a = await issue(lead, p.id);
  assert.equal(a.status, 201, a.text);
  first = { ...a.body, record: p.id };
  assert.deepEqual([a.body.number, a.body.state, a.body.document, a.body.lang], [number(1), 'issued', 'notice', 'zh']);
  await lead.ok('PATCH', `${PATH}/${p.id}`, { name: '改了名字' }); // the document does not change with its record
  const pdf = await bytes(lead, `documents/${a.body.id}`);
  assert.deepEqual([pdf.status, pdf.type], [200, 'application/pdf']);
  const text = textOf(pdf.data);
  for (const part of [number(1), '录取通知书', '𠮷田明', '（甲）', '护理与<助产>&康复', '3500.00元', '2010年3月5日', '已登记住宿', '书本费', '120.50', '校服', '清河职业学校', `${year}年`])
    assert.ok(text.includes(part), `${part}: ${text}`);
  assert.ok(!text.includes('走读'));
  const fonts = tool('pdffonts', ['-'], pdf.data).split('\n').slice(2).filter(Boolean);
  assert.ok(fonts.length >= 1);
  for (const f of fonts) assert.match(f, /\syes\s+yes\s+yes\s/, `embedded, a part, with its text: ${f}`);
  const html = await bytes(lead, `documents/${a.body.id}?format=html`);
  assert.match(html.csp, /default-src 'none'.*sandbox/);
  assert.ok(html.data.toString().includes('护理与&lt;助产&gt;&amp;康复'));
  assert.ok(html.data.toString().includes('<svg class="qr"'));
  const list = await lead.ok('GET', `${PATH}/${p.id}/documents`);
  assert.deepEqual(list.items.map((d) => [d.id, d.number, d.state]), [[a.body.id, number(1), 'issued']]);
  const rows = (await admin.ok('GET', `admin/audit?object=papers.people/${p.id}&action=document.issue`)).items;
  assert.deepEqual(rows.map((r) => [r.outcome, r.reason]), [['ok', `notice ${number(1)}`]]);
});

test('in the other language it reads as that', async () => {
  const p = await admitted({ name: 'Ann', boards: false });
  const a = await issue(lead, p.id, { lang: 'en' });
  assert.equal(a.status, 201, a.text);
  const text = tool('pdftotext', ['-', '-'], (await bytes(lead, `documents/${a.body.id}`)).data).replace(/\s+/g, ' ');
  assert.match(text, /dear Ann, level First, born 5 March 2010, boards: no\./);
});

test('a refusal takes no number, whatever it is', async () => {
  const fresh = await lead.ok('POST', PATH, { name: '未录取', major: major.id });
  const early = await issue(lead, fresh.id);
  assert.deepEqual([early.status, early.body.errors[0].code], [409, 'document_state']);
  const again = await issue(lead, first.record);
  assert.deepEqual([again.status, again.body.errors[0].code], [409, 'document_issued']);
  const p = await admitted({ note: '内部' });
  const hidden = await issue(clerk, p.id);
  assert.deepEqual([hidden.status, hidden.body.errors.map((e) => e.pointer)], [403, ['/note']]);
  assert.equal((await issue(finance, p.id)).status, 403);
  const rare = await admitted({ name: '\u{f0000}某' }); // no font has it
  const missing = await issue(lead, rare.id);
  assert.deepEqual([missing.status, missing.body.errors[0].code], [422, 'glyph_missing']);
  for (const [id, doc, status] of [[p.id, 'nothing', 404], ['0190f3a0-0000-7000-8000-000000000000', 'notice', 404]])
    assert.equal((await issue(lead, id, {}, doc)).status, status);
  assert.equal((await issue(lead, p.id, { surprise: 1 })).status, 422);
  assert.equal((await issue(lead, p.id)).body.number, number(3));
});

test('a void one and a replaced one stay, marked, and their numbers are not given again', async () => {
  const p = await admitted();
  const a = (await issue(lead, p.id)).body;
  assert.equal((await lead.api('POST', `documents/${a.id}/void`, {})).status, 422, 'a reason is needed');
  assert.equal((await finance.api('POST', `documents/${a.id}/void`, { reason: 'x' })).status, 404);
  const gone = await lead.ok('POST', `documents/${a.id}/void`, { reason: '姓名有误' });
  assert.deepEqual([gone.state, gone.reason], ['void', '姓名有误']);
  assert.equal((await lead.api('POST', `documents/${a.id}/void`, { reason: 'x' })).status, 409);
  assert.ok((await bytes(lead, `documents/${a.id}?format=html`)).data.toString().includes('<div class="mark">作废 VOID</div>'));
  if (process.env.DOCUMENT_TO) writeFileSync(process.env.DOCUMENT_TO, (await bytes(lead, `documents/${a.id}`)).data);
  const b = (await issue(lead, p.id)).body;
  const c = (await issue(lead, p.id, { replaces: b.id })).body;
  assert.deepEqual([a.number, b.number, c.number], [number(4), number(5), number(6)]);
  const states = (await lead.ok('GET', `${PATH}/${p.id}/documents`)).items.map((d) => [d.number, d.state, d.replaced_by ?? '']);
  assert.deepEqual(states, [[c.number, 'issued', ''], [b.number, 'replaced', c.id], [a.number, 'void', '']]);
  assert.equal((await issue(lead, p.id, { replaces: a.id })).status, 409);
});

test('a document with protected fields is a reveal: for a purpose, on record, when issued and when fetched', async () => {
  const p = await admitted();
  const bare = await issue(lead, p.id, {}, 'card');
  assert.deepEqual([bare.status, bare.body.errors[0].pointer], [422, '/purpose']);
  assert.equal((await issue(clerk, p.id, { purpose: 'x' }, 'card')).status, 403, 'may not reveal');
  const a = await issue(lead, p.id, { purpose: 'print the card' }, 'card');
  assert.equal(a.status, 201, a.text);
  assert.equal(a.body.looks, true);
  assert.equal((await issue(lead, p.id, { purpose: 'another' }, 'card')).status, 201, 'many may be in force');
  assert.equal((await lead.get(`documents/${a.body.id}`)).status, 422);
  const pdf = await bytes(lead, `documents/${a.body.id}?purpose=hand+it+out`);
  assert.ok(textOf(pdf.data).includes('13800138000'));
  const rows = (await admin.ok('GET', `admin/audit?object=papers.people/${p.id}&action=reveal&outcome=ok`)).items;
  assert.deepEqual(rows.map((r) => [r.purpose, r.fields]).sort(), [['another', 'phone'], ['hand it out', 'phone'], ['print the card', 'phone']]);
});

test('an action issues one in its own transaction, with its caller\'s rights', async () => {
  const p = await admitted(), act = (who, body) => who.api('POST', 'papers/actions/hand_over', body);
  const undone = await act(lead, { id: p.id, fail: true });
  assert.equal(undone.status, 422, undone.text);
  assert.deepEqual((await lead.ok('GET', `${PATH}/${p.id}/documents`)).items, []);
  const a = await act(lead, { id: p.id });
  assert.equal(a.status, 200, a.text);
  assert.equal(a.body.result.number, `S${year}01`);
  assert.ok(textOf((await bytes(lead, `documents/${a.body.result.id}`)).data).includes(p.name));
  const again = await act(lead, { id: p.id });
  assert.deepEqual([again.status, again.body.code], [422, 'rule_refused'], again.text);
  assert.equal((await act(lead, { id: p.id, replaces: a.body.result.id })).body.result.number, `S${year}02`);
  assert.ok((await act(finance, { id: p.id })).status >= 400, 'may act, but not issue');
});

test('a preview has no number and leaves nothing behind', async () => {
  const p = await admitted();
  const a = await bytes(lead, `${PATH}/${p.id}/documents/notice?preview=true`, 'POST', '{}');
  assert.deepEqual([a.status, a.type], [200, 'application/pdf'], a.data.toString().slice(0, 200));
  const text = textOf(a.data);
  assert.ok(text.includes('（预览）') && text.includes('预览'), text);
  assert.ok(!text.includes('招字第'));
  assert.deepEqual((await lead.ok('GET', `${PATH}/${p.id}/documents`)).items, []);
  assert.equal((await issue(lead, p.id)).body.number, number(7));
});

test('64 at once get 64 numbers in a row', async () => {
  const people = [];
  for (let i = 0; i < 64; i++) people.push(await admitted());
  const got = await Promise.all(people.map((p) => issue(lead, p.id)));
  assert.deepEqual([...new Set(got.map((a) => a.status))], [201], got.find((a) => a.status !== 201)?.text);
  assert.deepEqual(got.map((a) => a.body.number).sort(), Array.from({ length: 64 }, (_, i) => number(8 + i)).sort());
});

async function over(id) {
  for (;;) {
    const job = await lead.ok('GET', `jobs/${id}`);
    if (!['queued', 'running'].includes(job.state)) return job;
    await new Promise((done) => setTimeout(done, 20));
  }
}
test('many are issued as a job with progress, those refused are told, and all print as one', async () => {
  const names = [];
  for (let i = 0; i < 60; i++) names.push(await admitted({ name: `批量${i}`, note: 'batch' }));
  const odd = await admitted({ name: '\u{f0000}', note: 'batch' });
  const { id } = await lead.ok('POST', `${PATH}/documents/notice?note=batch&sort=name`, {});
  const job = await over(id);
  assert.equal(job.state, 'done', JSON.stringify(job));
  assert.deepEqual([job.total, job.result.found, job.result.issued, job.result.failed], [61, 61, 60, 1]);
  assert.deepEqual(job.result.report.map((r) => [r.id, r.errors[0].code]), [[odd.id, 'glyph_missing']]);
  const pdf = await bytes(lead, `files/${job.result.file}`);
  assert.equal(pdf.status, 200);
  assert.match(tool('pdfinfo', ['-'], pdf.data), /Pages:\s+60/);
  const text = textOf(pdf.data);
  for (let n = 72; n < 132; n++) assert.ok(text.includes(number(n)), number(n));
  assert.equal((await bytes(clerk, `files/${job.result.file}`)).status, 404);
  const mute = await admitted({ name: '不印', note: 'mute' });
  const unprinted = await over((await lead.ok('POST', `${PATH}/documents/notice?note=mute`, { print: false })).id);
  assert.deepEqual([unprinted.result.issued, unprinted.result.file], [1, undefined]);
  assert.equal((await lead.ok('GET', `${PATH}/${mute.id}/documents`)).items[0].number, number(132));
  assert.equal((await lead.post(`${PATH}/documents/notice`, { print: 'no' })).status, 422);
  const again = await over((await lead.ok('POST', `${PATH}/documents/notice`, { ids: [names[0].id, names[1].id] })).id);
  assert.deepEqual([again.result.issued, again.result.failed, again.result.file], [0, 2, undefined]);
  assert.equal((await finance.api('POST', `${PATH}/documents/notice`, {})).status, 403);
});

test('a batch that is cancelled has issued what it says, and the next number follows', async () => {
  for (let i = 0; i < 120; i++) await admitted({ note: 'cancel' });
  const { id } = await lead.ok('POST', `${PATH}/documents/notice?note=cancel`, {});
  await eventually(async () => assert.ok((await lead.ok('GET', `jobs/${id}`)).done > 0), 20000);
  await lead.api('DELETE', `jobs/${id}`);
  const job = await over(id);
  const p = await admitted(), next = (await issue(lead, p.id)).body.number;
  assert.equal(next, number(133 + job.result.issued));
  if (job.state === 'cancelled') assert.ok(job.result.issued < 120);
});

test('nothing that a document says lies in the clear, and with the person it is gone', async () => {
  const p = await admitted({ phone: '13712345678', name: '子丑寅卯' });
  const a = (await issue(lead, p.id, { purpose: 'x' }, 'card')).body;
  await bytes(lead, `documents/${a.id}?purpose=x`);
  const all = (dir) => readdirSync(dir).flatMap((n) => { const at = join(dir, n), s = statSync(at); return s.isDirectory() ? all(at) : s.isFile() ? [readFileSync(at)] : []; });
  for (const b of [...all(server.home), ...(process.env.CAMPUSD_TEST_STORAGE ? [dump(server.storage)] : [])]) assert.ok(!b.includes('13712345678'));
  await admin.ok('POST', 'admin/keys/rotate');
  await eventually(async () => assert.equal((await bytes(lead, `documents/${a.id}?purpose=x`)).status, 200));
  await admin.ok('POST', 'admin/keys/erase', { subject: p.id });
  assert.equal((await bytes(lead, `documents/${a.id}?purpose=x`)).status, 404);
  assert.equal((await lead.ok('GET', `documents/${a.id}?format=json`)).number, a.number);
});

test('a template with errors is refused, each with its place', () => {
  const check = (text, name = 'templates/card.html') => {
    write(name, text);
    const r = server.run(['check']);
    write(name, CARD);
    return r.stdout + r.stderr;
  };
  for (const [text, what] of [
    ['<p>{{nmae}}</p>', 'plugins/papers/templates/card.html:1:4: field_unknown: papers.people has no field "nmae"; did you mean name'],
    ['<p>a</p>\n<p>{{#items}}</p>', 'card.html:2:14: unbalanced'],
    ['<h1>通知{{#items}}{{what}}', 'card.html:1:7: unclosed: {{#items}} is not closed'],
    ['<p>{{name</p>', 'card.html:1:4: unclosed'],
    ['<div>a</div>', 'card.html:1:1: tag'],
    ['<p>a & b</p>', 'card.html:1:6: entity'],
    ['<p>{{items}}</p>', 'card.html:1:4: template_type'],
    ['<p>{{major}}</p>', 'card.html:1:4: template_type'],
    ['<p>{{major.nothing}}</p>', 'card.html:1:4: field_unknown'],
    ['<p>{{{name}}}</p>', 'card.html:1:4: mustache'],
    ['<p>{{policy.place}}</p>', 'card.html:1:4: policy_unknown'],
    ['<p>a</p><qr/>', 'card.html:1:9: qr_missing'],
    ['naked text', 'card.html:1:1: text'],
    ['<script>x</script>', 'card.html:1:1: tag'],
  ]) assert.ok(check(text).includes(what), `${text}\n${check(text)}`);
  write('plugin.lua', PLUGIN.replace('"templates/card.html"', '"templates/nothing.html"').replace('"C{seq}"', '"C{sequence}"').replace('states = { "admitted" }', 'states = { "admited" }'));
  const r = server.run(['check']);
  write('plugin.lua', PLUGIN);
  for (const word of ['file_missing', 'number_invalid', 'state_unknown']) assert.ok((r.stdout + r.stderr).includes(word), r.stdout + r.stderr);
});
