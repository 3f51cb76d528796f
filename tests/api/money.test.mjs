// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What money of a budget needs beside seats: settled and refunded, exceeded with a mark, shown in fields of
// its line, invoices once over all claims, numbers without a gap (FIN-1, FIN-2, FIN-6).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';

const PLUGIN = `local field = campus.field
local lines = campus.entity { title = { zh = "预算行", en = "Budget lines" },
  fields = { name = field.text {}, kind = field.choice { choices = { "travel", "office" } }, fund = field.money { min = 0 },
    held = field.money { derived = "reserved(fund)" }, sure = field.money { derived = "committed(fund)" },
    paid = field.money { derived = "settled(fund)" }, rest = field.money { derived = "left(fund)" } },
  indexes = { { "rest" } } }
local claims = campus.entity { title = { zh = "报销单", en = "Claims" },
  fields = { no = field.text { number = "BX{year}-{seq:5}" }, line = field.reference "lines", person = field.text { personal = true },
    lines = field.list { fields = { invoice_no = field.text { unique = true, max_length = 40 }, amount = field.money { required = true, min = 0 } } },
    tickets = field.list { fields = { ticket = field.text { unique = true, personal = true } } },
    sum = field.money { derived = "sum(lines.amount)" }, came_to = field.text {} },
  workflow = { start = "draft",
    states = { draft = { frees = true }, submitted = {}, approved = {}, paid = {}, refunded = { final = true, frees = true }, rejected = { final = true, frees = true } },
    transitions = {
      submit = { from = "draft", to = "submitted", reserve = { pool = "line", limit = "fund", amount = "sum", exceed = "policy:exceed" } },
      approve = { from = "submitted", to = "approved", commit = true, approvals = { "manager", "principal" }, never_by = { "$created_by" },
        otherwise = "wait", back = "send_back" },
      send_back = { from = "submitted", to = "draft", release = true },
      pay = { from = "approved", to = "paid", settle = true },
      refund = { from = "paid", to = "refunded", release = true },
      reject = { from = "submitted", to = "rejected", release = true },
    } } }
return { version = "1.0.0", title = { zh = "经费", en = "Funds" }, entities = { lines = lines, claims = claims },
  reports = { by_kind = campus.report { title = { zh = "执行", en = "Execution" }, entity = "lines", group = { "kind" },
    sum = { "fund", "held", "sure", "paid", "rest" }, kept = true } } }
`;
const SCHEMA = `policy: funds
keys:
  exceed: { type: text, default: refuse }
`;
const RULES = `
  - { name: lines are kept, allow: [read, create, update, delete], entity: funds.lines, roles: [finance] }
  - { name: claims are made, allow: [read, create, update, delete, submit, send_back, pay, refund, reject, history], entity: funds.claims, roles: [finance] }
  - { name: claims are signed, allow: [read, approve, send_back], entity: funds.claims, roles: [manager, principal, hr] }
  - { name: signers see lines, allow: [read], entity: funds.lines, roles: [manager, principal, hr] }
`;
let server, clerk, manager, principal, hr, serial = 0;
const write = (name, text) => writeFileSync(join(server.home, name), text);
function policy(exceed) {
  write('policies/funds.yaml', `policy: funds\nexceed: ${exceed}\n`);
  return server.run(['reload']);
}

before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/funds'), { recursive: true });
  write('plugins/funds/plugin.lua', PLUGIN);
  write('plugins/funds/policy.schema.yaml', SCHEMA);
  write('policies/access.yaml', readFileSync(join(root, 'policies/access.yaml'), 'utf8') + RULES);
  const r = policy('refuse');
  assert.equal(r.status, 0, r.stderr);
  clerk = await server.bearer('f.clerk', ['finance']);
  manager = await server.bearer('f.manager', ['manager']);
  principal = await server.bearer('f.principal', ['principal']);
  hr = await server.bearer('f.hr', ['hr']);
});
after(async () => { if (server) assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const line = (fund, more = {}) => clerk.ok('POST', 'funds/lines', { name: 'l', fund, ...more });
const claim = (l, amount, more = {}) => clerk.ok('POST', 'funds/claims', { line: l.id, lines: [{ invoice_no: `i${++serial}`, amount }], ...more });
const act = (c, verb, body = {}, who = clerk) => who.api('POST', `funds/claims/${c.id}/${verb}`, body);
async function does(c, verb, body, who) {
  const a = await act(c, verb, body, who);
  assert.equal(a.status, 200, a.text);
  return a.body;
}
const approved = async (c) => { await does(c, 'approve', {}, manager); return does(c, 'approve', {}, principal); };
const fields = async (l) => {
  const { held, sure, paid, rest, rev } = await clerk.ok('GET', `funds/lines/${l.id}`);
  assert.equal(rev, l.rev, 'what others take of it is no revision of it');
  const { fund } = (await clerk.ok('GET', `funds/lines/${l.id}/reservations`)).pool;
  assert.deepEqual([held, sure, paid, rest], [fund.reserved, fund.committed, fund.settled, fund.left]);
  return [held, sure, paid, rest].map(Number);
};
function refused(answer, items) {
  assert.equal(answer.status, 409, answer.text);
  assert.deepEqual(answer.body.errors.map((e) => [e.code, e.pointer]), items);
}

// FIN-1: a line reserves at application, commits at approval, settles at payment
test('a claim is reserved, committed, settled and refunded, and its line shows it in fields', async () => {
  const l = await line('100.00', { kind: 'travel' }), c = await claim(l, '60.00');
  assert.deepEqual(await fields(l), [0, 0, 0, 100]);
  await does(c, 'submit');
  assert.deepEqual(await fields(l), [60, 0, 0, 40]);
  await approved(c);
  assert.deepEqual(await fields(l), [0, 60, 0, 40]);
  await does(c, 'pay', { lines: [{ invoice_no: 'other', amount: '58.50' }] });
  assert.deepEqual(await fields(l), [0, 0, 58.5, 41.5]);
  refused(await act(await claim(l, '41.51'), 'submit'), [['pool_full', '/line']]);
  refused(await clerk.api('DELETE', `funds/claims/${c.id}`), [['reserved', '/line']]);
  assert.equal((await clerk.ok('GET', `funds/claims/${c.id}/reservations`)).items[0].state, 'settled');
  await does(c, 'refund');
  assert.deepEqual(await fields(l), [0, 0, 0, 100]);
  const meta = (await clerk.ok('GET', 'meta')).plugins.find((p) => p.name === 'funds').entities.find((e) => e.name === 'claims');
  assert.equal(meta.workflow.transitions.find((t) => t.name === 'pay').settle, true);
});

test('fields of a line are filtered, sorted and added up, and follow its limit; nobody writes them', async () => {
  const l = await line('10.00', { kind: 'office' }), m = await line('30.00', { kind: 'office' });
  await does(await claim(m, '25.00'), 'submit');
  const poor = await clerk.ok('GET', 'funds/lines?kind=office&rest[lt]=8&sort=rest');
  assert.deepEqual(poor.items.map((i) => i.id), [m.id]);
  const changed = await clerk.ok('PATCH', `funds/lines/${l.id}`, { fund: '12.50' });
  assert.equal(changed.rest, '12.50');
  assert.equal((await clerk.api('PATCH', `funds/lines/${l.id}`, { rest: '1.00' })).body.errors[0].code, 'readonly');
  refused(await clerk.api('PATCH', `funds/lines/${m.id}`, { fund: '24.00' }), [['reserved', '/fund']]);
  const sums = async (more) => {
    const row = (await clerk.ok('GET', `funds/reports/by_kind${more}`)).rows.find((r) => r.kind === 'office');
    return [row.sum_fund, row.sum_held, row.sum_rest].map(Number);
  };
  const kept = await sums('');
  assert.deepEqual(kept, [42.5, 25, 17.5]);
  assert.deepEqual(await sums('?name=l'), kept, 'as counted anew');
});

// FIN-2: above what is left
test('by policy more than is left is taken all the same, and said', async () => {
  assert.equal(policy('warn').status, 0);
  const l = await line('100.00'), a = await claim(l, '80.00'), b = await claim(l, '50.00');
  assert.equal((await does(a, 'submit')).warnings, undefined);
  const said = await act(b, 'submit', {}, clerk);
  assert.equal(said.status, 200, said.text);
  assert.deepEqual(said.body.warnings.map((w) => [w.code, w.pointer]), [['pool_exceeded', '/line']]);
  assert.deepEqual(await fields(l), [130, 0, 0, -30]);
  const items = (await clerk.ok('GET', `funds/lines/${l.id}/reservations`)).items;
  assert.deepEqual(Object.fromEntries(items.map((i) => [i.holder.split('/')[1], i.exceeded])), { [a.id]: undefined, [b.id]: '30.00' });
  assert.equal((await clerk.api('PATCH', `funds/lines/${l.id}`, { fund: '110.00' })).status, 200, 'nearer to it');
  const audit = server.run(['audit', 'search', '--object', `funds.claims/${b.id}`, '--json']);
  assert.match(audit.stdout, /pool_exceeded/);
});

test('by policy another role signs for what goes beyond what is left, and the case says why', async () => {
  const r = policy('"ask:hr"');
  assert.equal(r.status, 0, r.stderr);
  const l = await line('100.00'), a = await claim(l, '80.00'), b = await claim(l, '50.00');
  await does(a, 'submit');
  const steps = async (c) => (await clerk.ok('GET', `funds/claims/${c.id}/approvals`)).items[0].steps.map((s) => s.name);
  assert.deepEqual(await steps(a), ['manager', 'principal']);
  assert.equal((await does(b, 'submit')).warnings[0].code, 'pool_exceeded');
  assert.deepEqual(await steps(b), ['manager', 'exceeded', 'principal']);
  const step = (await clerk.ok('GET', `funds/claims/${b.id}/approvals`)).items[0].steps[1];
  assert.match(JSON.stringify(step), /超出额度/);
  assert.equal((await clerk.ok('GET', `funds/claims/${b.id}/reservations`)).items[0].asks, 'hr');
  await does(b, 'approve', {}, manager);
  assert.equal((await act(b, 'approve', {}, principal)).status, 403);
  await does(b, 'approve', {}, hr);
  assert.equal((await does(b, 'approve', {}, principal)).state, 'approved');
  refused(await act(b, 'pay', { lines: [{ invoice_no: 'more', amount: '50.01' }] }), [['pool_full', '/line']]);
  // a claim that comes back smaller asks nobody
  const d = await claim(l, '40.00');
  await does(d, 'submit');
  await does(d, 'send_back', { approval: { note: 'less' } }, manager);
  await does(b, 'pay', { lines: [{ invoice_no: 'less', amount: '10.00' }] });
  await clerk.ok('PATCH', `funds/claims/${d.id}`, { lines: [{ invoice_no: 'd', amount: '5.00' }] });
  await does(d, 'submit');
  assert.deepEqual(await steps(d), ['manager', 'principal']);
  assert.equal(policy('refuse').status, 0);
});

test('a policy that asks nobody who may sign is refused at its line', async () => {
  const wrong = policy('"ask:teacher"');
  assert.notEqual(wrong.status, 0);
  assert.match(wrong.stderr, /plugin\.lua:\d+:\d+: step_impossible: transition submit: access\.yaml lets teacher never approve/);
  assert.match(policy('maybe').stderr, /exceed: transition submit: "maybe" is no refuse, warn or ask:ROLE/);
  assert.equal(policy('refuse').status, 0);
});

test('of 32 at once in a line that warns, those that exceed are exactly those that are marked', async () => {
  assert.equal(policy('warn').status, 0);
  const l = await line('30.00'), all = await Promise.all(Array.from({ length: 32 }, () => claim(l, '3.00')));
  const answers = await Promise.all(all.map((c) => act(c, 'submit')));
  assert.ok(answers.every((a) => a.status === 200));
  assert.equal(answers.filter((a) => !a.body.warnings).length, 10);
  const items = (await clerk.ok('GET', `funds/lines/${l.id}/reservations?limit=100`)).items;
  assert.equal(items.filter((i) => i.exceeded).length, 22);
  assert.deepEqual(await fields(l), [96, 0, 0, -66]);
  assert.equal(policy('refuse').status, 0);
});

// FIN-6: an invoice is used once
test('an invoice stands once in all claims that count, and once in each', async () => {
  const l = await line('1000.00'), lines = (...nos) => ({ lines: nos.map((invoice_no) => ({ invoice_no, amount: '1.00' })) });
  const a = await claim(l, '1', lines('INV-001', 'INV-002')), b = await claim(l, '1', lines('x1', 'inv 002', 'INV001'));
  await does(a, 'submit');
  refused(await act(b, 'submit'), [['unique', '/lines/2/invoice_no'], ['unique', '/lines/1/invoice_no']]);
  refused(await clerk.api('POST', 'funds/claims', { line: l.id, ...lines('y', 'Y') }), [['unique', '/lines/1/invoice_no']]);
  await does(a, 'reject');
  await does(b, 'submit');
  await does(b, 'send_back', { approval: { note: 'again' } }, manager);
  const c = await claim(l, '1', lines('INV-002'));
  await does(c, 'submit');
  refused(await act(b, 'submit'), [['unique', '/lines/1/invoice_no']]);
  await clerk.ok('PATCH', `funds/claims/${b.id}`, lines('x1'));
  await does(b, 'submit');
  // two at the same instant, many times
  for (let i = 0; i < 10; i++) {
    const pair = await Promise.all(Array.from({ length: 8 }, () => claim(l, '1', lines(`same${i}`))));
    const won = (await Promise.all(pair.map((p) => act(p, 'submit')))).filter((p) => p.status === 200);
    assert.equal(won.length, 1);
  }
});

test('what is erased or deleted frees its values, and history still tells of the lines', async () => {
  const l = await line('10.00'), ticket = { tickets: [{ ticket: 'T-1' }], person: '王小明' };
  const a = await claim(l, '1.00', ticket);
  await does(a, 'submit');
  refused(await act(await claim(l, '1.00', ticket), 'submit'), [['unique', '/tickets/0/ticket']]);
  await does(a, 'reject');
  const b = await claim(l, '1.00', ticket);
  await does(b, 'submit');
  const erased = server.run(['key', 'erase', b.id, '--yes']);
  assert.equal(erased.status, 0, erased.stderr);
  await does(await claim(l, '1.00', ticket), 'submit');
  const history = await clerk.ok('GET', `funds/claims/${a.id}/history`);
  assert.ok(history.items.length >= 2);
});

// FIN-6: no form is missing from the row
test('numbers are given with the record, in one row and without a gap, and nobody writes them', async () => {
  const l = await line('10.00'), year = new Date(Date.now() + 8 * 3600000).getUTCFullYear();
  const first = Number((await claim(l, '1.00')).no.match(new RegExp(`^BX${year}-(\\d{5})$`))[1]);
  const made = await Promise.all(Array.from({ length: 20 }, (_, i) =>
    // half are refused after their number was taken: it goes back
    clerk.api('POST', 'funds/claims', { line: l.id, lines: i % 2 ? [{ invoice_no: 'p', amount: '1' }, { invoice_no: 'p', amount: '1' }] : [] })));
  const got = made.filter((m) => m.status === 201).map((m) => Number(m.body.no.slice(-5))).sort((x, y) => x - y);
  assert.deepEqual(got, Array.from({ length: 10 }, (_, i) => first + 1 + i));
  const wrote = await clerk.api('POST', 'funds/claims', { line: l.id, no: 'BX2026-00001' });
  assert.equal(wrote.body.errors[0].code, 'readonly');
  assert.equal((await clerk.ok('GET', `funds/claims?no=BX${year}-${String(first).padStart(5, '0')}`)).items.length, 1);
});

test('a claim that is asked in a release that begins to ask, where invoices stand twice already, is not', async () => {
  write('plugins/funds/plugin.lua', PLUGIN.replace('ticket = field.text { unique = true, personal = true }', 'ticket = field.text { unique = true, personal = true }, seat = field.text {}'));
  assert.equal(server.run(['reload']).status, 0);
  const l = await line('10.00');
  for (let i = 0; i < 2; i++) await does(await claim(l, '1.00', { tickets: [{ seat: '7A' }] }), 'submit');
  write('plugins/funds/plugin.lua', PLUGIN.replace('ticket = field.text { unique = true, personal = true }', 'ticket = field.text { unique = true, personal = true }, seat = field.text { unique = true }'));
  const r = server.run(['reload']);
  assert.notEqual(r.status, 0);
  assert.match(r.stderr, /funds\.claims: 1 values that are to be unique .* are there more than once/);
  write('plugins/funds/plugin.lua', PLUGIN);
  assert.equal(server.run(['reload']).status, 0);
});

test('doctor finds the pools as they are held, and says where a field shows something else', async () => {
  await eventually(async () => {
    const d = server.run(['doctor']);
    assert.equal(d.status, 0, d.stdout + d.stderr);
  });
  if (server.database) return; // its file is looked into below
  await server.stop();
  spawnSync('sqlite3', [join(server.home, 'campusd.db'), 'UPDATE r_funds_lines SET f_held=f_held+1 WHERE n=1']);
  assert.match(server.run(['doctor']).stdout, /1 fields show something else than what is held/);
  await server.serve();
  await eventually(async () => assert.equal(server.run(['doctor']).status, 0)); // a start mends it
});
