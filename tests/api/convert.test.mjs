// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Spreadsheets through the front door: what schools keep is read as the CSV of it would be, what is
// hostile is refused and disturbs nobody.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applicant, citizenId } from '../lib/applicant.mjs';
import { Client, Server } from '../lib/server.mjs';
import { XLSX, sheetOf, unzip, xlsx, zip } from '../lib/sheet.mjs';

let server, lead;
before(async () => {
  server = await Server.start();
  lead = await server.bearer('convert.lead', ['admissions.lead']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const HEAD = ['name', 'id_number', 'birth_date', 'education', 'phone', 'region', 'score'];
const TITLES = ['姓名', '身份证号', '出生日期', '学历', '联系电话', '生源地', '成绩'];
function person(n) { // the first thousands share no number
  const birth = `2008${String(1 + (Math.floor(n / 28000) % 12)).padStart(2, '0')}${String(1 + (Math.floor(n / 1000) % 28)).padStart(2, '0')}`;
  const a = applicant(n, { id_number: citizenId(n, birth, '110105'), birth_date: `${birth.slice(0, 4)}-${birth.slice(4, 6)}-${birth.slice(6)}` });
  return HEAD.map((k) => a[k]);
}
const csv = (rows) => rows.map((r) => r.join(',')).join('\r\n') + '\r\n';

async function send(data, { type = XLSX, dry = true, who = lead, more = '' } = {}) {
  const answer = await fetch(`${server.url}/api/v1/admissions/applicants/import?dry_run=${dry}${more}`,
    { method: 'POST', body: data, headers: { Authorization: `Bearer ${who.token}`, 'Content-Type': type, 'Accept-Language': 'zh' } });
  const body = await answer.json();
  if (answer.status !== 202) return { status: answer.status, body };
  for (;;) {
    const job = (await who.get(`jobs/${body.id}`)).body;
    if (!['queued', 'running'].includes(job.state)) return { status: 202, id: body.id, job, ...job.result };
    await new Promise((done) => setTimeout(done, 20));
  }
}
const words = (r) => (r.report ?? []).map((row) => [row.line, ...row.errors.map((e) => `${e.pointer}:${e.code}`)].join(' '));
const refusal = (r) => r.problem?.errors?.[0]?.code;

test('20,000 rows of a spreadsheet come in as those of the same CSV do', async () => {
  const rows = [HEAD], wrong = [];
  for (let n = 0; n < 20000; n++) rows.push(person(n));
  for (let n = 100; n < 20000; n += 1999) {
    rows[n] = [...rows[n]];
    rows[n][n % 2 ? 3 : 6] = n % 2 ? 'nowhere' : '751';
    wrong.push(n + 1);
  }
  const a = await send(csv(rows), { type: 'text/csv' }), b = await send(xlsx(rows));
  assert.equal(a.job.state, 'done', JSON.stringify(a.job));
  assert.equal(b.job.state, 'done', JSON.stringify(b.job));
  assert.equal(a.rows, 20000);
  assert.equal(a.failed, wrong.length);
  assert.deepEqual(a.report.map((r) => r.line).sort((x, y) => x - y), wrong);
  const plain = ({ rows: n, created, failed, dry_run, report }) => ({ n, created, failed, dry_run, report: report.map((r) => JSON.stringify(r)).sort() });
  assert.deepEqual(plain(b), plain(a));
  assert.equal(b.job.total, 20000);
});

test('a sheet as schools keep it: title, merged and two-row header, dots, wide digits, total', async () => {
  const p = person(30001);
  const r = await send(xlsx([
    ['2026 年报名登记表'],
    [],
    ['姓名*', '身份证号', '出生日期', '学历', '联系方式', '', '备注'],
    ['', '', '', '', '联系电话', '监护人电话', ''],
    [p[0], p[1].replace(/\d/g, (d) => String.fromCharCode(0xff10 + Number(d))), '2008.3.5', '初中', 13800000001, 13900000001, "'=SUM(A1)"],
    ['　李四　', person(30002)[1], { date: 39512 }, '高中', '', '', ''],
    ['', '', ''],
    ['合计', '', '2 人'],
  ]), { dry: false });
  assert.equal(r.job.state, 'done', JSON.stringify(r.job));
  assert.deepEqual([r.rows, r.created, r.failed], [2, 2, 0], JSON.stringify(r.report));
  const found = (await lead.ok('GET', 'admissions/applicants?birth_date=2008-03-05&limit=500')).items;
  assert.ok(found.some((x) => x.note === '=SUM(A1)' && x.education === 'junior'), JSON.stringify(found));
  assert.ok(found.some((x) => x.education === 'senior' && /^李/.test(x.name)), JSON.stringify(found));
});

test('digits that the spreadsheet lost are refused, in a sheet and in its CSV', async () => {
  const p = person(31000), head = TITLES;
  const r = await send(xlsx([head, [p[0], 110105200803151234, ...p.slice(2)], [p[0], 1.1010519491231e17, ...p.slice(2)], [p[0], '#N/A', ...p.slice(2)]]));
  assert.deepEqual(words(r), ['2 id_number:digits_lost', '3 id_number:digits_lost', '4 id_number:formula_error']);
  const c = await send(csv([head, [p[0], '1.10105E+17', ...p.slice(2)]]), { type: 'text/csv' });
  assert.deepEqual(words(c), ['2 id_number:digits_lost']);
});

test('GB18030, UTF-16 and tabs are read; what is no text at all is refused', async () => {
  const rows = [TITLES.slice(0, 4), ['考生', citizenId(7, '20080401'), '2008/4/1', '初中']];
  // what iconv writes for this header and row in GB18030
  const gb = Buffer.concat([Buffer.from('d0d5c3fb2cc9edb7ddd6a4bac52cb3f6c9fac8d5c6da2cd1a7c0fa0d0a', 'hex'),
    Buffer.from('bfbcc9fa', 'hex'), Buffer.from(`,${rows[1][1]},2008/4/1,`), Buffer.from('b3f5d6d0', 'hex'), Buffer.from('\r\n')]);
  const utf16 = Buffer.from(`\ufeff${rows.map((r) => r.join('\t')).join('\r\n')}\r\n`, 'utf16le');
  for (const data of [csv(rows), `\ufeff${csv(rows)}`, gb, utf16, Buffer.from(utf16).swap16(), rows.map((r) => r.join('\t')).join('\n')]) {
    const r = await send(data, { type: 'text/csv' });
    assert.deepEqual([r.job.state, r.rows, r.failed], ['done', 1, 0], JSON.stringify(r.job));
  }
  const bad = await send(Buffer.from([0x61, 0xff, 0xff, 0x0a]), { type: 'text/csv' });
  assert.equal(refusal(bad), 'not_utf8');
});

test('a file that is wrong as a whole writes nothing', async () => {
  const count = async () => (await lead.get('admissions/applicants?total=true&limit=1')).body.total;
  const before = await count(), rows = [HEAD];
  for (let n = 40000; n < 41000; n++) rows.push(person(n));
  const whole = xlsx(rows);
  const broken = [
    [whole.subarray(0, whole.length - 300), 'sheet_broken'],
    [Buffer.from('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old', 'latin1'), 'sheet_old'],
    [zip({ 'word/document.xml': '<x/>' }), 'sheet_broken'],
    [zip({ ...unzip(whole), 'xl/worksheets/sheet1.xml': `<worksheet>${'<row/>'.repeat(1 << 20)}</worksheet>` }), 'sheet_too_large'],
    [zip({ ...unzip(whole), 'xl/sharedStrings.xml': '<!DOCTYPE x [<!ENTITY a "b">]><sst><si><t>&a;</t></si></sst>' }), 'sheet_broken'],
    [zip({ ...unzip(whole), 'xl/worksheets/sheet1.xml': unzip(whole)['xl/worksheets/sheet1.xml'].slice(0, -40) }), 'sheet_broken'],
  ];
  for (const [data, word] of broken) {
    const r = await send(data, { dry: false });
    assert.equal(r.job?.state, 'failed', JSON.stringify(r));
    assert.equal(refusal(r), word, JSON.stringify(r.problem));
  }
  const quote = await send(`${csv(rows)}"never closed`, { type: 'text/csv', dry: false });
  assert.equal(refusal(quote), 'quote');
  const none = await send(xlsx([['什么', '也不是'], ['1', '2']]), { dry: false });
  assert.equal(refusal(none), 'unknown_column');
  assert.equal(await count(), before);
  assert.equal((await send('x', { type: 'image/png' })).status, 415);
  const other = await send(whole, { more: '&sheet=none' });
  assert.equal(refusal(other), 'sheet_missing');
});

async function download(path, who = lead) {
  const answer = await fetch(`${server.url}/api/v1/${path}`, { headers: { Authorization: `Bearer ${who.token}`, 'Accept-Language': 'zh' } });
  return { status: answer.status, type: answer.headers.get('content-type'), data: Buffer.from(await answer.arrayBuffer()) };
}

test('rejected rows come back as the spreadsheet they were, errors marked; mended, they are taken', async () => {
  const good = person(50001), odd = person(50002), worse = person(50003);
  const r = await send(xlsx([['报名登记表'], TITLES, good, [odd[0], odd[1], odd[2], '博士', odd[4], '=cmd()', odd[6]],
    [worse[0], '123', '2008-13-01', ...worse.slice(3)]]), { dry: false });
  assert.deepEqual([r.created, r.failed], [1, 2], JSON.stringify(r.report));
  const x = await download(`jobs/${r.id}/rejected.xlsx`);
  assert.deepEqual([x.status, x.type], [200, XLSX], x.data.toString().slice(0, 300) + server.log);
  const rows = sheetOf(unzip(x.data));
  assert.deepEqual(rows[0].map((c) => c.v), [...TITLES, '导入错误']);
  const byName = Object.fromEntries(rows.slice(1).map((row) => [row[0].v, row]));
  assert.deepEqual(byName[odd[0]].filter((c) => c.style === 5).map((c) => c.column), ['D']);
  assert.deepEqual(byName[worse[0]].filter((c) => c.style === 5).map((c) => c.column), ['B', 'C']);
  assert.match(byName[odd[0]].at(-1).v, /学历：/);
  assert.equal(byName[odd[0]][5].v, '=cmd()'); // a text, not a formula
  const c = await download(`jobs/${r.id}/rejected.csv`);
  assert.equal(c.status, 200);
  assert.equal(c.data.toString().split('\r\n')[0], `\ufeff${TITLES.join(',')},导入错误`);
  assert.match(c.data.toString(), /'=cmd\(\)/);
  const mended = sheetOf(unzip(x.data)).map((row) => row.map((cell) => cell.v));
  for (const row of mended) if (row[0] === odd[0]) row[3] = '大专';
  const again = await send(xlsx(mended.filter((row) => row[0] !== worse[0])), { dry: false });
  assert.deepEqual([again.created, again.failed], [1, 0], JSON.stringify(again.report));
  // nobody else's, the administrator's neither; and nothing of it lies about in the clear
  assert.equal((await download(`jobs/${r.id}/rejected.xlsx`, server.keeper)).status, 404);
  assert.equal((await download(`jobs/${again.id}/rejected.csv`)).status, 404);
});

test('an export and a report as a spreadsheet: titles, dates as dates, nothing a formula', async () => {
  const p = person(60001);
  const made = await lead.api('POST', 'admissions/applicants', { ...Object.fromEntries(HEAD.map((k, i) => [k, p[i]])), name: '=HYPERLINK("x")', region: '导出省' });
  assert.equal(made.status, 201, made.text);
  const fetched = await download('admissions/applicants/export?format=xlsx&region=导出省');
  assert.deepEqual([fetched.status, fetched.type], [200, XLSX], fetched.data.toString().slice(0, 300));
  const parts = unzip(fetched.data), [head, row] = sheetOf(parts);
  assert.ok(!/<f[ >]/.test(parts['xl/worksheets/sheet1.xml']));
  assert.match(parts['xl/worksheets/sheet1.xml'], /state="frozen"/);
  const at = (title) => row.find((c) => c.column === head.find((h) => h.v === title).column);
  assert.equal(typeof at('出生日期').v, 'number', JSON.stringify([head, row]));
  assert.equal(at('学历').v, '初中');
  assert.equal(at('状态').v, '已报名');
  assert.equal(at('成绩').v, 512.5);
  const id = at('身份证号').v; // masked, as in the list
  assert.match(id, /\*\*\*/);
  const csvText = (await download('admissions/reports/by_education?format=csv')).data.toString();
  const report = await download('admissions/reports/by_education?format=xlsx');
  assert.equal(report.status, 200, report.data.toString());
  const sheet = sheetOf(unzip(report.data));
  assert.deepEqual(sheet[0].map((c) => c.v), ['学历', '数量', '成绩合计']);
  const counts = csvText.trim().split('\r\n').slice(1).map((l) => Number(l.split(',')[1]));
  assert.deepEqual(sheet.slice(1).map((r) => r[1].v), [...counts, counts.reduce((a, b) => a + b)]);
  assert.equal(sheet.at(-1)[0].v, '合计');
  assert.equal((await download('admissions/reports/by_education?format=pdf')).status, 422);
  assert.equal((await download('admissions/applicants/export?format=pdf')).status, 422);
  const staff = await server.bearer('convert.staff', ['admissions.staff']);
  assert.equal((await download('admissions/applicants/export?format=xlsx', staff)).status, 403);
});
