// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Finance through the front door: the budget is never overspent, an invoice is used once, every refusal names its line of
// the policy, and what was approved is paid, printed and booked (FIN-1 to FIN-7). Its rules have tests of their own.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';
import { Money, OURS, invoice, today } from '../lib/finance.mjs';

const F = 'finance';
let server, m, anna, clock;
before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST || join(root, 'build/campusd-test') });
  await server.stop();
  clock = join(server.folder, 'clock');
  writeFileSync(clock, '0');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  m = await Money.open(server, [['teaching', '耗材', '1000'], ['teaching', '竞争', '3200'], ['admissions', '差旅', '20000'], ['staff', '培训', '5000']]);
  anna = await m.teacher('anna');
}, { timeout: 120000 });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('FIN-4, FIN-6: each criterion that is not met is an item with its pointer, the policy key and the line of its file', async () => {
  const line = { kind: 'hotel', day: today(3), city: '北京', days: 1, amount: '600.00', ...invoice({ invoice_date: today(120), buyer: '王小明' }) };
  const c = await m.claim(anna, '差旅', [line], { kind: 'travel', stated: '601.00' });
  const refused = await m.submit(anna, c);
  assert.equal(refused.status, 422, refused.text);
  const by = Object.fromEntries(refused.body.errors.map((e) => [e.code, e]));
  assert.deepEqual(Object.keys(by).filter((k) => k !== 'invoice_year').sort(), ['buyer', 'invoice_old', 'over_limit', 'sum']);
  const shipped = readFileSync(join(root, 'policies/finance.yaml'), 'utf8').split('\n');
  for (const [code, pointer, key, text] of [['over_limit', '/lines/0/amount', 'limits.hotel.staff.first', 'staff: { first: 450'], ['invoice_old', '/lines/0/invoice_date', 'invoice.window', 'window: 90'],
    ['buyer', '/lines/0/buyer', 'invoice.buyer', 'buyer: ']]) {
    const e = by[code];
    assert.deepEqual([e.pointer, e.policy], [pointer, key], code);
    assert.match(e.file, /policies\/finance\.yaml$/);
    assert.ok(shipped[e.line - 1].includes(text), `${code}: line ${e.line} is ${shipped[e.line - 1]}`);
  }
  assert.match(by.over_limit.detail, /600\.00 yuan, above the limit of 450\.00/);
  const zh = await anna.api('POST', `${F}/claims/${c.id}/submit`, {}, { 'Accept-Language': 'zh-CN' });
  assert.ok(zh.body.errors.some((e) => e.detail === '600.00 元，超过标准 450.00 元'), zh.text);
  assert.equal((await m.line('差旅')).reserved, '0.00', 'nothing is reserved by what is refused');
});

test('FIN-2: thirty-two at once spend what there is, to the last yuan and no further', async () => {
  const people = await Promise.all(Array.from({ length: 8 }, (_, i) => m.teacher(`crowd${i}`)));
  const claims = [];
  for (let i = 0; i < 64; i++) claims.push([people[i % 8], await m.claim(people[i % 8], '竞争', [m.goods('100.00')])]);
  const answers = await Promise.all([0, 1].map(async (half) => Promise.all(claims.slice(half * 32, half * 32 + 32).map(([who, c]) => m.submit(who, c)))));
  const done = answers.flat().filter((a) => a.status === 200), full = answers.flat().filter((a) => a.status === 409);
  assert.equal(done.length, 32, answers.flat().find((a) => a.status !== 200 && a.status !== 409)?.text);
  assert.equal(full.length, 32);
  for (const a of full) assert.deepEqual(a.body.errors?.map((e) => [e.code, e.pointer]), [['pool_full', '/line']], a.text);
  const line = await m.line('竞争');
  assert.deepEqual([line.reserved, line.committed, line.settled, line.left], ['3200.00', '0.00', '0.00', '0.00']);
});

test('FIN-6: an invoice is used once, also by two at the same instant; what is rejected frees it', async () => {
  const same = m.goods('10.00'), both = await Promise.all([m.teacher('once1'), m.teacher('once2')]);
  const claims = await Promise.all(both.map((who) => m.claim(who, '培训', [m.goods('1.00'), same], { kind: 'training' })));
  const two = await Promise.all(claims.map((c, i) => m.submit(both[i], c)));
  assert.deepEqual(two.map((a) => a.status).sort(), [200, 409]);
  const lost = two.findIndex((a) => a.status === 409);
  assert.deepEqual(two[lost].body.errors.map((e) => [e.code, e.pointer]), [['unique', '/lines/1/invoice_no']]);
  await m.head.ok('POST', `${F}/claims/${claims[1 - lost].id}/reject`, {});
  assert.equal((await m.submit(both[lost], claims[lost])).status, 200);
});

test('FIN-6: a line is filled in from the XML of an electronic invoice, which becomes its attachment', async () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<EInvoice><Header><EIid>26332000000099999999</EIid></Header><EInvoiceData>
    <SellerInformation><SellerIdNum>91330100MA2XXXXX0X</SellerIdNum><SellerName>杭州 A&amp;B 文具有限公司</SellerName></SellerInformation>
    <BuyerInformation><BuyerIdNum>${OURS.buyer_tax_no}</BuyerIdNum><BuyerName>${OURS.buyer}</BuyerName></BuyerInformation>
    <BasicInformation><TotalAmWithoutTax>94.34</TotalAmWithoutTax><TotalTaxAm>5.66</TotalTaxAm><TotalTax-includedAmount>100.00</TotalTax-includedAmount><RequestTime>${today(1)} 10:11:12</RequestTime></BasicInformation>
  </EInvoiceData></EInvoice>`;
  const c = await anna.ok('POST', `${F}/claims`, { staff: anna.staff, line: m.lines['耗材'], kind: 'teaching', reason: '文具' });
  const file = await m.receipt(anna, 'invoice.xml', xml, 'application/xml');
  const { result } = await anna.ok('POST', `${F}/actions/add_invoice`, { claim: c.id, file, kind: 'goods' });
  assert.deepEqual(result, { invoice_no: '26332000000099999999', amount: '100.00', total: '100.00' });
  const now = await anna.ok('GET', `${F}/claims/${c.id}`);
  assert.deepEqual(now.lines, [{ kind: 'goods', day: today(1), amount: '100.00', net: '94.34', tax: '5.66', invoice_no: '26332000000099999999', invoice_date: today(1),
    seller: '杭州 A&B 文具有限公司', ...OURS }]);
  assert.deepEqual([now.stated, now.attachments], ['100.00', [file]]);
  assert.equal((await m.submit(anna, c)).status, 200);
  const d = await anna.ok('POST', `${F}/claims`, { staff: anna.staff, line: m.lines['耗材'], kind: 'teaching', reason: '文具' });
  const again = await m.receipt(anna, 'invoice.xml', xml, 'application/xml'), twice = await anna.api('POST', `${F}/actions/add_invoice`, { claim: d.id, file: again, kind: 'goods' });
  assert.equal(twice.status, 200, 'a draft uses none');
  const used = await m.submit(anna, d);
  assert.deepEqual([used.status, used.body.errors?.[0].code], [409, 'unique'], used.text);
  const other = await m.receipt(anna, 'other.xml', '<?xml version="1.0"?>\n<Note/>', 'application/xml');
  assert.equal((await anna.api('POST', `${F}/actions/add_invoice`, { claim: d.id, file: other, kind: 'goods' })).status, 422);
  const bob = await m.teacher('bob'), hers = await m.receipt(anna, 'hers.xml', xml, 'application/xml');
  const e = await bob.ok('POST', `${F}/claims`, { staff: bob.staff, line: m.lines['耗材'], kind: 'teaching', reason: '文具' });
  const no = await bob.api('POST', `${F}/actions/add_invoice`, { claim: e.id, file: hers, kind: 'goods' });
  assert.ok(no.status >= 400 && /not_found/.test(no.text), `nobody reads the upload of somebody else: ${no.text}`);
});

test('FIN-5: approved, paid in a batch, settled; printed with its trail, booked, and nobody else sees it', async () => {
  const c = await m.claim(anna, '差旅', [m.goods('320.50'), m.goods('79.50')], { kind: 'travel' });
  await m.submit(anna, c);
  await m.head.ok('POST', `${F}/claims/${c.id}/send_back`, { approval: { note: '请补充审批单' } });
  await m.submit(anna, c);
  await m.sign(c);
  assert.equal((await m.line('差旅')).committed, '400.00');
  await eventually(async () => assert.equal((await m.cashier.ok('GET', `${F}/payments?claim=${c.id}`)).items.length, 1));
  const batch = await m.cashier.ok('POST', `${F}/batches`, { bank: '基本户' });
  assert.match(batch.number, /^FK\d{4}-0001$/);
  await m.cashier.ok('POST', `${F}/actions/fill_batch`, { batch: batch.id });
  const list = await m.cashier.get(`${F}/exports/bank_file?format=csv`);
  assert.equal(list.status, 200, list.text);
  assert.match(list.text, /6217000000000000001/);
  await m.cashier.ok('POST', `${F}/payments/bulk/pay?batch=${batch.id}`, { paid_on: today() });
  await eventually(async () => assert.equal((await anna.ok('GET', `${F}/claims/${c.id}`)).state, 'paid'));
  const line = await m.line('差旅');
  assert.deepEqual([line.settled, line.left], ['400.00', '19600.00']);
  const paper = await m.finance.ok('POST', `${F}/claims/${c.id}/documents/claim`, {});
  const { text } = await m.finance.get(`documents/${paper.id}?format=html`);
  assert.match(text, /请补充审批单/, 'what was returned is part of the trail');
  assert.equal(text.match(/同意/g).length, 3);
  for (const name of ['m.head', 'm.finance', 'm.leader']) assert.ok(text.includes(name), name);
  const vouchers = await m.finance.get(`${F}/exports/vouchers?format=csv`), [head, ...rows] = vouchers.text.trim().split('\r\n');
  assert.equal(head.replace('\ufeff', ''), 'id,number,day,account,debit,credit,text,source');
  assert.deepEqual(rows.slice(0, 4).map((r) => r.replaceAll('""', '').split(',').slice(3, 6).join()).sort(), ['100201,,400.00', '224101,,400.00', '224101,400.00,', '660201,400.00,']);
  const carl = await m.teacher('carl');
  assert.equal((await carl.get(`${F}/claims/${c.id}`)).status, 404);
  assert.deepEqual((await carl.ok('GET', `${F}/claims`)).items, []);
});

test('FIN-1: what draws on a budget before the leader signs is not there; a lower revision than is spoken for keeps the line', async () => {
  assert.equal((await m.finance.api('POST', `${F}/lines`, { key: 'x', budget: m.budget.id, year: m.year, category: 'staff', name: 'x', kind: 'annual', approved: '1', amount: '1' })).status, 403);
  assert.equal((await m.finance.api('POST', `${F}/budgets/${m.budget.id}/approve`, { approval: { note: '同意' } })).status, 403);
  await m.finance.ok('POST', `${F}/budgets/${m.budget.id}/revise`, { note: '压缩' });
  const lines = m.budget.lines.map((l) => (l.name === '竞争' ? { ...l, amount: '100.00' } : l.name === '培训' ? { ...l, amount: '6000.00' } : l));
  await m.finance.ok('PATCH', `${F}/budgets/${m.budget.id}`, { lines });
  await m.finance.ok('POST', `${F}/budgets/${m.budget.id}/submit`, {});
  await m.leader.ok('POST', `${F}/budgets/${m.budget.id}/approve`, { approval: { note: '同意' } });
  await eventually(async () => assert.deepEqual([(await m.line('培训')).amount, (await m.line('培训')).version], ['6000.00', 2]));
  assert.equal((await m.line('竞争')).amount, '3200.00', 'it is spoken for');
});

test('FIN-7: claims split under the threshold open a case with a clock', async () => {
  const dora = await m.teacher('dora');
  for (const amount of ['2600.10', '2700.20']) assert.equal((await m.submit(dora, await m.claim(dora, '差旅', [m.goods(amount)], { kind: 'office' }))).status, 200);
  const cases = await eventually(async () => {
    const { items } = await m.finance.ok('GET', `${F}/cases?claimant=${dora.id}`);
    assert.equal(items.length, 1);
    return items;
  });
  assert.deepEqual([cases[0].signal, cases[0].amount, cases[0].state], ['split', '5300.30', 'open']);
  assert.ok(cases[0].due_at);
  assert.equal((await dora.get(`${F}/cases`)).body.items.length, 0, 'not for whom it is about');
});

test('FIN-4: the lab says what another limit would have done to the claims there were, in yuan by category', async () => {
  const c = await m.claim(anna, '差旅', [{ kind: 'hotel', day: today(2), city: '上海', days: 2, amount: '800.00', ...invoice() }], { kind: 'travel' });
  assert.equal((await m.submit(anna, c)).status, 200);
  await anna.ok('POST', `${F}/claims/${c.id}/take_back`, {});
  assert.equal((await m.submit(anna, c)).status, 200, 'and once more: it is the same money');
  const me = await server.bearer('m.lab', ['finance', 'manager']);
  const t = await me.ok('POST', 'admin/policies/try', { plugin: F, yaml: 'policy: finance\nlimits: { hotel: { staff: { first: 399 } } }\n' }, { 'Accept-Language': 'en' });
  const by = t.groups.find((g) => g.field === 'category');
  assert.equal(by.sum, 'Amount');
  assert.deepEqual(by.values, [{ value: 'admissions', to_pass: 0, to_fail: 2, sum_to_pass: '0.00', sum_to_fail: '800.00' }]);
});

test('FIN-3: each quarter owes a report on the execution, which closes it', async () => {
  writeFileSync(clock, String(92 * 864e5));                      // a quarter has begun; tokens have ended
  await new Promise((done) => setTimeout(done, 200));            // the service looks now and then
  server.keeper = undefined;
  const late = await server.bearer('m.late', ['finance']);
  const owed = await eventually(async () => {
    const { items } = await late.ok('GET', 'obligations?state=open');
    assert.ok(items.some((o) => o.name === 'finance.execution'), JSON.stringify(items));
    return items.find((o) => o.name === 'finance.execution');
  });
  const { result } = await late.ok('POST', `${F}/actions/prepare_execution`, { year: m.year });
  const report = await late.ok('GET', `${F}/executions/${result.execution}`);
  const line = report.lines.find((l) => l.name === '竞争');
  assert.deepEqual([line.amount, line.bound, line.left], ['3200.00', '3200.00', '0.00']);
  assert.ok(Number(line.forecast) >= 3200);
  await late.ok('POST', `obligations/${owed.id}/close`, { record: result.execution, note: '见报告' });
  assert.equal((await late.ok('GET', `obligations/${owed.id}`)).state, 'closed');
});
