// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Ledgers: what one account gives another gets, in the transaction that says so; balances never pass
// their floor, also when many draw on them at once; and what is posted stays.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, onlySqlite, root } from '../lib/server.mjs';

const PLUGIN = `local field = campus.field
local goods = campus.entity { title = { zh = "物品", en = "Goods" }, fields = { label = field.text { required = true } } }
local stock = campus.ledger { title = { zh = "库存账", en = "Stock" }, unit = "integer", item = "goods", place = { "east", "west" },
  accounts = { { name = "stock", title = { zh = "库存", en = "Stock" }, floor = 0 }, { name = "held", floor = 0 }, "supplier", "used" } }
local books = campus.ledger { title = { zh = "总账", en = "Books" }, number = "JV{year}-{seq:4}",
  accounts = { "hotel", "meals", { name = "bank", title = { zh = "银行存款", en = "Bank" }, floor = "-1000.00" }, "capital" } }
local PLACES = { "east", "west" }
local moves = campus.entity { title = { zh = "出入库", en = "Moves" },
  fields = { thing = field.reference { to = "goods" }, count = field.integer { min = 0 }, here = field.choice { choices = PLACES }, there = field.choice { choices = PLACES } },
  workflow = { start = "new", states = { new = {}, here = {}, held = {}, used = { final = true } },
    transitions = {
      receive = { from = "new", to = "here", post = { ledger = "stock", { account = "stock", item = "thing", place = "field:here", amount = "count" },
        { account = "supplier", item = "thing", amount = "-count" } } },
      carry = { from = "here", to = "here", post = { ledger = "stock", { account = "stock", item = "thing", place = "field:here", amount = "-count" },
        { account = "stock", item = "thing", place = "field:there", amount = "count" } } },
      hold = { from = { "new", "here" }, to = "held", post = { ledger = "stock", { account = "stock", item = "thing", place = "east", amount = "-count" },
        { account = "held", item = "thing", place = "east", amount = "count" } } },
      issue = { from = "held", to = "used", post = { ledger = "stock", { account = "held", item = "thing", place = "east", amount = "-count" },
        { account = "used", item = "thing", amount = "count" } } },
      free = { from = "held", to = "here", post = { ledger = "stock", reverse = "hold" } },
    } } }
local bills = campus.entity { title = { zh = "付款单", en = "Bills" },
  fields = {
    lines = field.list { fields = { kind = field.choice { choices = { "hotel", "meals" } }, amount = field.money {} } },
    sum = field.money { derived = "sum(lines.amount)" }, given = field.money {}, paid_on = field.date {}, memo = field.text {} },
  workflow = { start = "open", states = { open = { title = { zh = "待付", en = "Open" } }, paid = {} },
    transitions = {
      pay = { title = { zh = "付款", en = "Pay" }, from = "open", to = "paid",
        post = { ledger = "books", day = "paid_on", text = "memo", { each = "lines", account = "field:kind", amount = "amount" }, { account = "bank", amount = "-sum" } } },
      bounce = { from = "paid", to = "open", post = { ledger = "books", reverse = "pay" } },
      lopsided = { from = "open", to = "paid", post = { ledger = "books", { account = "bank", amount = "-given" }, { account = "meals", amount = "sum" } } },
    } } }
return { version = "1.0.0", title = { zh = "账", en = "Stores" }, entities = { goods = goods, stock = stock, books = books, moves = moves, bills = bills },
  on = { ["stores.books.posted"] = campus.on { run = function(ctx, e)
    local entry = ctx:get("books", e.record)
    if entry.text ~= "期初" or entry.reverses then return end
    for _, x in ipairs(ctx:find("books", { number = entry.number }).items) do
      if x.account == "capital" then return ctx:create("goods", { label = x.account }) end
    end
  end } },
  actions = { voucher = campus.action { run = function(ctx, input) return ctx:post("books", input) end },
    stocktake = campus.action { run = function(ctx, input) return ctx:post("stock", input) end } } }
`;
const access = readFileSync(join(root, 'policies/access.yaml'), 'utf8').replace(/^roles:\n/m, 'roles:\n  plugin.stores: { title: { zh: 账, en: Stores } }\n');
const RULES = `
  - { name: goods, allow: [read, create], entity: stores.goods, roles: [finance, plugin.stores] }
  - { name: all of the ledgers, allow: ["*"], entity: [stores.books, stores.stock], roles: [finance] }
  - { name: moves, allow: ["*"], entity: [stores.moves, stores.bills], roles: [finance, cashier] }
  - { name: the cashier reads the books, allow: [read], entity: stores.books, roles: [cashier, plugin.stores] }
  - { name: vouchers, permissions: [stores.actions.voucher, stores.actions.stocktake], roles: [finance, cashier] }
`;
let server, who, cashier;
function reload(rules = RULES) {
  writeFileSync(join(server.home, 'policies/access.yaml'), access + rules);
  return server.run(['reload']);
}
before(async () => {
  server = await Server.start();
  const dir = join(server.home, 'plugins/stores');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), PLUGIN);
  const done = reload();
  assert.equal(done.status, 0, done.stderr);
  who = await server.bearer('l.finance', ['finance']);
  cashier = await server.bearer('l.cashier', ['cashier']);
});
after(async () => { assert.deepEqual(await server?.close(), { code: 0, signal: null }); });

const year = new Date(Date.now() + 8 * 3600000).getUTCFullYear();
const balance = async (ledger, query = '') => {
  const { rows } = await who.ok('GET', `stores/reports/${ledger}_balance${query}`);
  return Object.fromEntries(rows.map((r) => [[r.account, r.place].filter(Boolean).join('@') + (r.item ? ` ${r.item}` : ''), r.sum_amount]));
};
const entries = async (ledger, source) => (await who.ok('GET', `stores/${ledger}?source=${source}&sort=created_at&limit=500`)).items;
const bill = (fields) => who.ok('POST', 'stores/bills', fields);
const act = (path, r, verb, body = {}) => who.api('POST', `stores/${path}/${r.id}/${verb}`, body);
const LINES = [{ kind: 'hotel', amount: '300.00' }, { kind: 'meals', amount: '80.50' }, { kind: 'hotel', amount: '19.50' }];
function refused(answer, status, code, pointer) {
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual(answer.body.errors.map((e) => [e.code, e.pointer]), [[code, pointer]]);
}

// What ctx refuses, an action hands on.
function handed(answer, code, detail) {
  assert.equal(answer.status, 422, answer.text);
  assert.deepEqual(answer.body.errors.map((e) => [e.code, e.detail]), [[code, detail]]);
}
const voucher = (client, body) => client.api('POST', 'stores/actions/voucher', body, { 'Accept-Language': 'en' });

const pair = [{ account: 'bank', amount: '5000.00' }, { account: 'capital', amount: '-5000.00' }];

let first;
test('a transition posts, line by line, and the posting is in balance', async () => {
  first = await bill({ lines: LINES, paid_on: '2027-03-02', memo: '出差' });
  const paid = await act('bills', first, 'pay');
  assert.equal(paid.status, 200, paid.text);
  const list = await entries('books', `stores.bills/${first.id}`);
  assert.deepEqual(list.map((e) => [e.account, e.amount]).sort(), [['bank', '-400.00'], ['hotel', '19.50'], ['hotel', '300.00'], ['meals', '80.50']]);
  for (const e of list) assert.deepEqual([e.number, e.day, e.act, e.text, e.reverses, e.rev], [`JV${year}-0001`, '2027-03-02', 'pay', '出差', null, 1]);
  assert.deepEqual(await balance('books'), { bank: '-400.00', hotel: '319.50', meals: '80.50' });
  const plain = await bill({ lines: [{ kind: 'meals', amount: '1.00' }] });
  assert.equal((await act('bills', plain, 'pay')).status, 200);
  const [one] = await entries('books', `stores.bills/${plain.id}`);
  assert.deepEqual([one.text, one.number], ['付款单 · 付款', `JV${year}-0002`]);
  const nothing = await bill({});
  assert.equal((await act('bills', nothing, 'pay')).status, 200, 'nothing is posted where there is nothing');
  assert.deepEqual(await entries('books', `stores.bills/${nothing.id}`), []);
  const meta = (await who.ok('GET', 'meta')).plugins.find((p) => p.name === 'stores');
  const ledger = meta.entities.find((e) => e.name === 'books');
  assert.deepEqual([ledger.ledger, ledger.may.create, ledger.may.update, ledger.may.delete, ledger.may.import], [true, false, false, false, false]);
  assert.equal(meta.entities.find((e) => e.name === 'bills').workflow.transitions.find((t) => t.name === 'pay').post, 'stores.books');
});

test('a reversal is a posting of its own, once', async () => {
  const before = await balance('books');
  assert.equal((await act('bills', first, 'bounce')).status, 200);
  const list = await entries('books', `stores.bills/${first.id}`);
  assert.equal(list.length, 8);
  assert.equal(list.filter((e) => e.reverses === `JV${year}-0001` && e.number === `JV${year}-0003` && e.act === 'bounce').length, 4);
  assert.equal((await balance('books')).bank, '-1.00');
  assert.notDeepEqual(before, await balance('books'));
  handed(await voucher(who, { reverses: `JV${year}-0001` }), 'conflict', 'it is reversed already');
  handed(await voucher(who, { reverses: 'JV1999-0001' }), 'conflict', 'there is no such posting');
  assert.equal((await act('bills', first, 'pay')).status, 200, 'paid again');
  assert.equal((await act('bills', first, 'bounce')).status, 200, 'the second payment is what comes back');
  assert.equal((await entries('books', `stores.bills/${first.id}`)).filter((e) => e.reverses === `JV${year}-0004`).length, 4);
  assert.equal((await balance('books')).bank, '-1.00');
  const never = await bill({});
  assert.equal((await act('bills', never, 'pay')).status, 200);
  refused(await act('bills', never, 'bounce'), 409, 'nothing_posted', '/state');
});

test('what does not sum to nothing is refused, whole, and takes no number', async () => {
  const r = await bill({ lines: [{ kind: 'meals', amount: '10.00' }], given: '9.99' });
  refused(await act('bills', r, 'lopsided'), 422, 'unbalanced', '/given');
  assert.equal((await who.ok('GET', `stores/bills/${r.id}`)).state, 'open');
  const blank = await bill({ lines: [{ amount: '10.00' }] });
  refused(await act('bills', blank, 'pay'), 422, 'required', '/lines/0/kind');
  assert.equal((await act('bills', r, 'lopsided', { given: '10.00' })).status, 200);
  assert.deepEqual((await entries('books', `stores.bills/${r.id}`)).map((e) => e.number), [`JV${year}-0006`, `JV${year}-0006`]);
});

test('nobody writes an entry, whatever they may; a rule that says so is an error', async () => {
  const [e] = await entries('books', `stores.bills/${first.id}`);
  const body = { number: 'x', account: 'bank', amount: '1.00' };
  assert.equal((await who.api('POST', 'stores/books', body)).status, 403);
  assert.equal((await who.api('PATCH', `stores/books/${e.id}`, { amount: '1.00' })).status, 403);
  assert.equal((await who.api('DELETE', `stores/books/${e.id}`)).status, 403);
  assert.equal((await who.api('POST', 'stores/books/import', 'account,amount\nbank,1.00\n', { 'Content-Type': 'text/csv' })).status, 403);
  const csv = join(server.folder, 'books.csv');
  writeFileSync(csv, 'account,amount\nbank,1.00\n');
  const imported = server.run(['import', 'stores.books', csv]);
  assert.equal(imported.status, 1, imported.stdout);
  assert.equal((await who.ok('GET', 'stores/books?amount=1.00&account=bank')).items.length, 0);
  const done = reload(`${RULES}  - { name: hands off, allow: [create], entity: stores.books, roles: [finance] }\n`);
  assert.equal(done.status, 1);
  assert.match(done.stderr, /verb_unknown: "create" is no verb/);
});

test('an account never goes below its floor, and nothing has happened then', async () => {
  const r = await bill({ lines: [{ kind: 'hotel', amount: '989.01' }] });
  refused(await act('bills', r, 'pay'), 409, 'below_floor', '/sum');
  assert.equal((await who.ok('GET', `stores/bills/${r.id}`)).state, 'open');
  const just = await bill({ lines: [{ kind: 'hotel', amount: '989.00' }] });
  assert.equal((await act('bills', just, 'pay')).status, 200);
  assert.equal((await balance('books')).bank, '-1000.00');
  const answer = await who.api('POST', `stores/bills/${r.id}/pay`, {}, { 'Accept-Language': 'zh-CN' });
  assert.equal(answer.body.errors[0].detail, '银行存款余额不足');
});

test('an action posts for whom the rights let', async () => {
  const made = await voucher(who, { day: '2027-01-01', text: '期初', source: ['bills', first.id], entries: pair });
  assert.equal(made.status, 200, made.text);
  const list = await entries('books', `stores.bills/${first.id}&act=post`);
  assert.deepEqual(list.map((e) => [e.number, e.text, e.day]), Array(2).fill([made.body.result.number, '期初', '2027-01-01']));
  assert.equal((await voucher(cashier, { entries: pair })).body.errors[0].code, 'forbidden');
  handed(await voucher(who, { entries: [pair[0]] }), 'invalid', 'what it posts does not sum to nothing');
  handed(await voucher(who, { entries: [] }), 'invalid', 'there is nothing to post');
  handed(await voucher(who, { day: 'soon', entries: pair }), 'invalid', 'must be a date');
  assert.equal((await voucher(who, { entries: [{ account: 'till', amount: '1.00' }] })).body.errors[0].code, 'invalid');
  assert.equal((await voucher(who, { source: ['bills', 'nobody'], entries: pair })).body.errors[0].code, 'not_found');
  const most = '92233720368547758.07', less = `-${most}`;
  handed(await voucher(who, { entries: [{ account: 'meals', amount: most }, { account: 'hotel', amount: '0.01' }, { account: 'capital', amount: less }] }),
    'invalid', 'what it posts does not sum to nothing');
  handed(await voucher(who, { entries: [{ account: 'meals', amount: most }, { account: 'capital', amount: less }] }), 'invalid', 'books_balance is too much to add up');
  const back = await voucher(who, { reverses: made.body.result.number });
  assert.equal(back.status, 200, back.text);
});

test('a posting has 200 entries at most', async () => {
  const many = (n) => Array.from({ length: n }, (_, i) => ({ kind: i % 2 ? 'meals' : 'hotel', amount: '0.01' }));
  const just = await bill({ lines: many(199) }), more = await bill({ lines: many(200) });
  assert.equal((await voucher(who, { entries: pair })).status, 200);
  assert.equal((await act('bills', just, 'pay')).status, 200);
  refused(await act('bills', more, 'pay'), 422, 'too_many', '/sum');
  assert.equal((await act('bills', just, 'bounce')).status, 200);
});

test('stock is counted by thing and place, held, given back, issued', async () => {
  const paper = await who.ok('POST', 'stores/goods', { label: '纸' }), ink = await who.ok('POST', 'stores/goods', { label: '墨' });
  const move = (fields) => who.ok('POST', 'stores/moves', fields);
  const got = await move({ thing: paper.id, count: 10, here: 'west', there: 'east' });
  assert.equal((await act('moves', got, 'receive')).status, 200);
  const want = await move({ thing: paper.id, count: 4 });
  refused(await act('moves', want, 'hold'), 409, 'below_floor', '/count');
  assert.equal((await act('moves', got, 'carry')).status, 200);
  refused(await act('moves', got, 'carry'), 409, 'below_floor', '/count'); // west has none any more
  assert.equal((await act('moves', want, 'hold')).status, 200);
  const other = await move({ thing: ink.id, count: 1 });
  refused(await act('moves', other, 'hold'), 409, 'below_floor', '/count');
  assert.deepEqual(await balance('stock'), { [`stock@east ${paper.id}`]: 6, [`stock@west ${paper.id}`]: 0, [`held@east ${paper.id}`]: 4, [`supplier ${paper.id}`]: -10 });
  assert.equal((await act('moves', want, 'free')).status, 200);
  assert.equal((await act('moves', want, 'hold')).status, 200);
  assert.equal((await act('moves', want, 'issue')).status, 200);
  assert.equal((await balance('stock'))[`used ${paper.id}`], 4);
  // written as it is: no number of this language is so small
  const least = `{"entries":[{"account":"used","item":"${ink.id}","amount":-9223372036854775808},{"account":"supplier","item":"${ink.id}","amount":9223372036854775807},{"account":"supplier","item":"${ink.id}","amount":1}]}`;
  handed(await who.api('POST', 'stores/actions/stocktake', least, { 'Content-Type': 'application/json', 'Accept-Language': 'en' }), 'invalid', 'too much');
  const blank = await move({ count: 4 });
  const none = await act('moves', blank, 'receive');
  assert.deepEqual([none.status, none.body.errors[0].pointer], [422, '/thing']);
});

// FIN-2 in stock: what is there is given once
test('64 at once never take more than there is, and every number is used', async () => {
  const thing = (await who.ok('POST', 'stores/goods', { label: '笔' })).id;
  const got = await who.ok('POST', 'stores/moves', { thing, count: 50, here: 'east' });
  assert.equal((await act('moves', got, 'receive')).status, 200);
  const mine = await Promise.all(Array.from({ length: 64 }, () => who.ok('POST', 'stores/moves', { thing, count: 3 })));
  const answers = await Promise.all(mine.map((m) => act('moves', m, 'hold')));
  assert.equal(answers.filter((a) => a.status === 200).length, 16); // of 50 by 3
  for (const a of answers) assert.ok(a.status === 200 || a.body.errors?.[0].code === 'below_floor', a.text);
  const b = await balance('stock', `?item=${thing}`);
  assert.deepEqual([b[`stock@east ${thing}`], b[`held@east ${thing}`]], [2, 48]);
  const numbers = new Set();
  for (let cursor = ''; cursor !== null;) {
    const page = await who.ok('GET', `stores/stock?limit=500&fields=number${cursor && `&cursor=${cursor}`}`);
    for (const e of page.items) numbers.add(e.number);
    cursor = page.next;
  }
  assert.deepEqual([...numbers].sort(), Array.from({ length: numbers.size }, (_, i) => `${year}-${String(i + 1).padStart(5, '0')}`));
});

test('balances of a day are those of the entries up to it', async () => {
  assert.equal((await balance('books', '?between=2027-01-01,2027-01-01')).bank, '5000.00');
  assert.equal((await balance('books', '?between=2027-03-02,2027-03-02')).hotel, '639.00');
  const sums = Object.values(await balance('books')).reduce((a, b) => a + Math.round(Number(b) * 100), 0);
  assert.equal(sums, 0);
});

test('a posting is told as an event and on record', async () => {
  const admin = await server.bearer('l.admin', ['admin']);
  const { paths } = await admin.ok('GET', 'openapi.json');
  assert.deepEqual([Object.keys(paths['/api/v1/stores/books']), Object.keys(paths['/api/v1/stores/books/{id}'])], [['get'], ['get']]);
  const [e] = await entries('books', `stores.bills/${first.id}`);
  const rows = (await admin.ok('GET', `admin/audit?object=stores.books/${e.id}&limit=10`)).items;
  assert.deepEqual(rows.map((r) => [r.action, r.outcome]), [['delete', 'refused'], ['update', 'refused'], ['post', 'ok']]);
  await eventually(async () => assert.equal((await who.ok('GET', 'stores/goods?label=capital')).items.length, 1, 'one event a posting'));
});

test('doctor reckons every posting, and finds one that was touched', onlySqlite, async () => {
  const found = () => JSON.parse(server.run(['--json', 'doctor']).stdout).items.filter((i) => i.check === 'ledgers' && i.detail.startsWith('stores.')).map((i) => [i.detail.slice(0, 12), i.state]).sort();
  assert.deepEqual(found(), [['stores.books', 'ok'], ['stores.stock', 'ok']]);
  await server.stop();
  const sql = spawnSync('sqlite3', [join(server.home, 'campusd.db'), "UPDATE r_stores_books SET f_amount=f_amount+1 WHERE f_number LIKE '%-0001' AND f_account='bank'"]);
  assert.equal(sql.status, 0, String(sql.stderr));
  assert.deepEqual(found(), [['stores.books', 'bad'], ['stores.stock', 'ok']]);
  await server.serve();
});
