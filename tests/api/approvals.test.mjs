// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Approvals through the front door: every verb of a case, whose own case it is, delegation, quorum,
// races, pinned policy, paper (ADM-1, FIN-5, ORG-1).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, Server, root } from '../lib/server.mjs';

const PLUGIN = `-- papers that people sign
local field = campus.field
local plans = campus.entity {
  title = { zh = "计划", en = "Plans" },
  fields = { name = field.text { required = true }, amount = field.money {}, owner_person = field.person { default = "$actor" },
    remark = field.text {}, ok = field.boolean { default = true } },
  workflow = { start = "draft",
    states = { draft = {}, in_approval = {}, returned = {}, approved = { final = true }, rejected = { final = true } },
    transitions = {
      submit = { from = { "draft", "returned" }, to = "in_approval" },
      approve = { title = { zh = "审批", en = "Approve" }, from = "in_approval", to = "approved", rule = "is_ok", approvals = "policy:approval.plans",
        who = { vice = { role = "vice", title = { zh = "副校长", en = "Vice" } } },
        never_by = { "$created_by", "owner_person" }, otherwise = "climb", back = "send_back", recall = "take_back", paper = "5d" },
      send_back = { from = "in_approval", to = "returned" },
      take_back = { from = "in_approval", to = "draft" },
      reject = { from = "in_approval", to = "rejected", needs = { "remark" } },
    } } }
local letters = campus.entity {
  title = { zh = "公文", en = "Letters" },
  fields = { name = field.text { required = true }, writer = field.person { default = "$actor" }, dept = field.text {}, check = field.person {} },
  workflow = { start = "open", states = { open = {}, sent = { final = true } }, transitions = {
    send = { from = "open", to = "sent", never_by = { "$submitter" }, otherwise = "wait",
      approvals = { { role = "clerk", quorum = 2 }, { head_of = "dept" }, { person_field = "check" } } } } } }
local leaves = campus.entity {
  title = { zh = "请假", en = "Leaves" },
  fields = { name = field.text { required = true }, claimant = field.person { default = "$actor" } },
  workflow = { start = "open", states = { open = {}, granted = { final = true } }, transitions = {
    grant = { from = "open", to = "granted", never_by = { "claimant" }, otherwise = "climb",
      approvals = { { head_of = "claimant" }, { role = "vice" } } } } } }
local function is_ok(plan)
  local why = campus.reasons()
  why:check(plan.ok, { code = "not_ok", at = "ok" })
  return why:decision()
end
return { version = "1.0.0", title = { zh = "公文", en = "Papers" }, entities = { plans = plans, letters = letters, leaves = leaves },
  rules = { is_ok = campus.rule { reads = { "ok" }, run = is_ok } },
  actions = { sign = campus.action { run = function(ctx, input) return ctx:transition("plans", input.id, "approve", { approval = { note = "by code" } }) end } } }
`;
const SCHEMA = `policy: papers
keys:
  approval: { keys: { plans: { type: approval, title: { zh: 计划审批, en: Approval of plans } } } }
`;
const POLICY = `policy: papers
approval:
  plans:
    steps: [manager, principal]
    add: [ { above: 5000, field: amount, step: vice, before: principal } ]
`;
const RULES = `
  - { name: papers are written, allow: [read, create, update, delete, submit, take_back, history], entity: papers.plans, roles: [everyone] }
  - { name: papers are signed, allow: [approve, send_back, reject], entity: papers.plans, roles: [manager, principal, vice, clerk] }
  - { name: letters, allow: [read, create, update, send, history], entity: papers.letters, roles: [everyone] }
  - { name: leaves are asked, allow: [read, create], entity: papers.leaves, roles: [everyone] }
  - { name: leaves are granted, allow: [grant], entity: papers.leaves, roles: [manager, vice] }
  - { name: the office keeps approvals, permissions: [core.approvals, core.paper], roles: [office] }
  - { name: code signs, permissions: [papers.actions.sign], roles: [manager] }
`;
let server, clock, keeper, writer, manager, manager2, principal, vice, office, clerks;
const access = (rules = RULES) => readFileSync(join(root, 'policies/access.yaml'), 'utf8')
  .replace(/^.*core\.(approvals|paper)\].*\n/gm, '').replace('\nroles:\n', '\nroles:\n  vice: { title: { zh: 副校长, en: Vice } }\n  clerk: {}\n  office: {}\n') + rules;
const write = (name, text) => writeFileSync(join(server.home, name), text);
const reload = () => server.run(['reload']);

before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST });
  mkdirSync(join(server.home, 'plugins/papers'), { recursive: true });
  write('plugins/papers/plugin.lua', PLUGIN);
  write('plugins/papers/policy.schema.yaml', SCHEMA);
  write('policies/papers.yaml', POLICY);
  write('policies/access.yaml', access());
  clock = join(server.folder, 'clock');
  writeFileSync(clock, '0');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.restart();
  const r = reload();
  assert.equal(r.status, 0, r.stderr);
  keeper = await server.admin();
  writer = await server.person('p.writer');
  manager = await server.bearer('p.manager', ['manager']);
  manager2 = await server.bearer('p.manager2', ['manager']);
  principal = await server.bearer('p.principal', ['principal']);
  vice = await server.bearer('p.vice', ['vice']);
  office = await server.bearer('p.office', ['office']);
  clerks = [await server.bearer('p.clerk1', ['clerk']), await server.bearer('p.clerk2', ['clerk']), await server.bearer('p.clerk3', ['clerk'])];
});
after(async () => { if (server) assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const plan = async (who = writer, more = {}) => {
  const p = await who.ok('POST', 'papers/plans', { name: 'a plan', ...more });
  return who.ok('POST', `papers/plans/${p.id}/submit`);
};
const approve = (who, p, note, more = {}) => who.post(`papers/plans/${p.id}/approve`, note ? { approval: { note }, ...more } : more);
const cases = async (p, who = keeperOf(p)) => (await who.ok('GET', `papers/plans/${p.id}/approvals`)).items;
const keeperOf = () => writer;
const only = async (p, who) => (await cases(p, who))[0];
const act = (who, c, verb, body = {}) => who.post(`approvals/${c.id}/${verb}`, body);
const inbox = async (who, more = '') => (await who.ok('GET', `inbox?limit=500${more}`)).items;
const waits = async (who, p, kind = 'approval') => (await inbox(who)).some((t) => t.record === p.id && t.kind === kind);
const refused = (a, status, code) => {
  assert.equal(a.status, status, a.text);
  if (code) assert.ok([a.body.code, ...(a.body.errors ?? []).map((e) => e.code)].includes(code), a.text);
};

test('each step is signed in its turn, and the last signature makes the transition (ADM-1, FIN-5)', async () => {
  const p = await plan();
  assert.ok(await waits(manager, p) && !(await waits(principal, p)) && !(await waits(writer, p)));
  refused(await approve(principal, p), 403, 'not_your_step');
  const first = await approve(manager, p, '同意');
  assert.equal(first.status, 200, first.text);
  assert.equal(first.body.state, 'in_approval');
  assert.equal(first.body.rev, p.rev + 1);
  assert.deepEqual(first.body.approval.steps.map((s) => [s.name, s.status]), [['manager', 'signed'], ['principal', 'open']]);
  assert.equal(first.body.approval.steps[0].signatures[0].note, '同意');
  assert.equal(first.body.approval.steps[0].signatures[0].person, manager.id);
  assert.equal(first.body.decision, undefined);                 // the rule is for the last one
  assert.ok(!(await waits(manager, p)) && !(await waits(manager2, p)) && await waits(principal, p));
  refused(await approve(manager2, p), 409, 'step_signed');
  refused(await approve(manager, p), 403, 'signed');
  const last = await approve(principal, p);
  assert.equal(last.status, 200, last.text);
  assert.equal(last.body.state, 'approved');
  assert.equal(last.body.decision.pass, true);
  const c = await only(p);
  assert.equal(c.outcome, 'approved');
  assert.ok(!(await waits(principal, p)));
  const verbs = (await writer.ok('GET', `papers/plans/${p.id}/history`)).items.map((h) => [h.verb, h.actor]);
  assert.deepEqual(verbs.slice(-2), [['approve', manager.id], ['approve', principal.id]]);
  const rows = (await keeper.ok('GET', `admin/audit?object=papers.plans/${p.id}&action=approve&outcome=ok`)).items;
  assert.equal(rows.length, 2);
});

test('a rule that refuses the last signature leaves the case as it was', async () => {
  const p = await plan(writer, { ok: false });
  assert.equal((await approve(manager, p)).status, 200);
  refused(await approve(principal, p), 422, 'rule_refused');
  const c = await only(p);
  assert.equal(c.outcome, null);
  assert.equal(c.steps[1].signatures.length, 0);
});

test('what is being approved is not changed under those who sign it', async () => {
  const p = await plan();
  refused(await writer.api('PATCH', `papers/plans/${p.id}`, { name: 'another' }), 409, 'in_approval');
  refused(await writer.api('DELETE', `papers/plans/${p.id}`), 409, 'in_approval');
  const a = await approve(manager, p, 'with a remark', { remark: 'seen' });      // a signer may, where access lets them
  assert.equal(a.status, 200, a.text);
  assert.equal(a.body.remark, 'seen');
});

test('a signature on an older revision than it was read at is refused', async () => {
  const p = await plan();
  const stale = await manager.api('POST', `papers/plans/${p.id}/approve`, {}, { 'If-Match': `"${p.rev - 1}"` });
  refused(stale, 412);
  assert.equal((await manager.api('POST', `papers/plans/${p.id}/approve`, {}, { 'If-Match': `"${p.rev}"` })).status, 200);
});

test('amounts add signers (FIN-5)', async () => {
  const small = await plan(writer, { amount: '5000.00' }), large = await plan(writer, { amount: '5000.01' });
  assert.deepEqual((await only(small)).steps.map((s) => s.name), ['manager', 'principal']);
  assert.deepEqual((await only(large)).steps.map((s) => s.name), ['manager', 'vice', 'principal']);
});

test('an open case keeps its steps when the policy changes, until it is moved by hand', async () => {
  const before = await plan();
  write('policies/papers.yaml', POLICY.replace('[manager, principal]', '[manager, vice, principal]').replace(/    add:.*\n/, ''));
  assert.equal(reload().status, 0);
  const later = await plan();
  assert.deepEqual((await only(before)).steps.map((s) => s.name), ['manager', 'principal']);
  assert.deepEqual((await only(later)).steps.map((s) => s.name), ['manager', 'vice', 'principal']);
  await manager.ok('POST', `papers/plans/${before.id}/approve`);
  refused(await act(manager, await only(before), 'migrate'), 403);
  const moved = await act(office, await only(before), 'migrate', { note: '新制度' });
  assert.equal(moved.status, 200, moved.text);
  assert.deepEqual(moved.body.steps.map((s) => [s.name, s.status]), [['manager', 'signed'], ['vice', 'open'], ['principal', 'ahead']]);
  assert.notEqual(moved.body.policy, (await only(before)).log[0].policy);
  await vice.ok('POST', `papers/plans/${before.id}/approve`);
  assert.equal((await principal.ok('POST', `papers/plans/${before.id}/approve`)).state, 'approved');
  write('policies/papers.yaml', POLICY);
  assert.equal(reload().status, 0);
});

test('nobody signs their own case: it climbs to the supervisor, or is left to the next step (FIN-5)', async () => {
  const own = await plan(manager);                              // there is another manager
  refused(await approve(manager, own), 403, 'own_case');
  assert.ok(!(await waits(manager, own)) && await waits(manager2, own));
  const theirs = await plan(writer, { owner_person: manager2.id });
  refused(await approve(manager2, theirs), 403, 'own_case');
  // a claimant without a supervisor: the step is left to the next one
  const l = await writer.ok('POST', 'papers/leaves', { name: 'a day' });
  let c = (await writer.ok('GET', `papers/leaves/${l.id}/approvals`)).items[0];
  assert.deepEqual(c.steps.map((s) => s.status), ['passed', 'open']);
  // the only one of the last step: their supervisor is asked
  await keeper.ok('PATCH', `admin/users/${vice.id}`, { supervisor: manager2.name });
  const p = await vice.ok('POST', 'papers/leaves', { name: 'a week' });
  c = (await writer.ok('GET', `papers/leaves/${p.id}/approvals`)).items[0];
  assert.equal(c.steps[0].status, 'open');                      // manager2 supervises the claimant
  await manager2.ok('POST', `papers/leaves/${p.id}/grant`);
  c = (await writer.ok('GET', `papers/leaves/${p.id}/approvals`)).items[0];
  assert.equal(c.steps[1].status, 'waiting');                   // manager2 has signed, nobody is left
  await keeper.ok('PATCH', `admin/users/${vice.id}`, { supervisor: null });
  const alerts = (await inbox(office)).filter((t) => t.kind === 'alert' && t.record === p.id);
  assert.equal(alerts.length, 1);
  // whoever keeps approvals names somebody
  refused(await act(office, c, 'transfer', { to: vice.name }), 422, 'cannot_sign');
  assert.equal((await act(office, c, 'transfer', { to: manager.name })).status, 200);
  assert.ok(await waits(manager, p));
  assert.equal((await manager.ok('POST', `papers/leaves/${p.id}/grant`)).state, 'granted');
});

test('a step that needs two has two, and each of them once (ORG-1)', async () => {
  const l = await writer.ok('POST', 'papers/letters', { name: 'to all', dept: 'office', check: vice.id });
  const send = (who) => who.post(`papers/letters/${l.id}/send`);
  refused(await send(writer), 403, 'own_case');
  assert.equal((await send(clerks[0])).status, 200);
  refused(await send(clerks[0]), 403, 'signed');
  assert.ok(!(await waits(clerks[0], l)) && await waits(clerks[1], l));
  // the head of a group is a post, and an acting one counts
  for (const [who, from, until] of [[vice, '2020-01-01', '2020-12-31'], [manager2, '2099-01-01']])   // of another time
    assert.equal((await keeper.api('PUT', `admin/users/${who.id}/posts/head`, { group: 'office', from, until })).status, 204);
  assert.equal(server.run(['user', 'post', manager.name, 'head', '--group', 'office', '--acting']).status, 0);
  assert.deepEqual((await keeper.ok('GET', 'admin/posts/head')).items.filter((x) => x.acting).map((x) => [x.person, x.group]), [[manager.id, 'office']]);
  const two = await send(clerks[1]);
  assert.equal(two.status, 200, two.text);
  assert.deepEqual(two.body.approval.steps.map((s) => s.status), ['signed', 'open', 'ahead']);
  assert.deepEqual(two.body.approval.steps[1].asked, [manager.id]);
  refused(await send(clerks[2]), 409, 'step_signed');
  assert.equal((await send(manager)).status, 200);
  assert.equal((await send(vice)).body.state, 'sent');
  for (const who of [manager, manager2, vice]) assert.equal((await keeper.api('DELETE', `admin/users/${who.id}/posts/head?group=office`)).status, 204);
});

test('two who sign the same step at once: one signature, and the other is told', async () => {
  for (let i = 0; i < 10; i++) {
    const p = await plan();
    const both = await Promise.all([approve(manager, p), approve(manager2, p)]);
    assert.deepEqual(both.map((a) => a.status).sort(), [200, 409]);
    assert.equal((await only(p)).steps[0].signatures.length, 1);
    const last = await Promise.all([approve(principal, p), approve(principal, p)]);
    assert.equal(last.filter((a) => a.status === 200).length, 1);
  }
});

test('a delegate signs for the one who lent, on record as such, and not for their own case (ORG-1)', async () => {
  const stand = await server.bearer('p.stand');
  const day = (n) => new Date(Date.now() + n * 864e5).toISOString().slice(0, 10);
  await keeper.ok('POST', 'admin/delegations', { person: vice.name, to: stand.name, from: day(-1), until: day(3) });
  const p = await plan(writer, { amount: '9000.00' });
  await manager.ok('POST', `papers/plans/${p.id}/approve`);
  assert.ok(await waits(stand, p));
  const a = await approve(stand, p);
  assert.equal(a.status, 200, a.text);
  const s = a.body.approval.steps[1].signatures[0];
  assert.deepEqual([s.person, s.by], [vice.id, stand.id]);
  refused(await approve(vice, p), 403, 'signed');
  const own = await plan(stand, { amount: '9000.00' });
  await manager.ok('POST', `papers/plans/${own.id}/approve`);
  refused(await approve(stand, own), 403, 'own_case');
  assert.ok(!(await waits(stand, own)));
  // and rights do not go round in a circle
  refused(await keeper.api('POST', 'admin/delegations', { person: stand.name, to: vice.name, from: day(0), until: day(1) }), 409, 'delegation_loop');
});

test('it is withdrawn by who submitted it, before anybody has signed', async () => {
  const p = await plan();
  let c = await only(p);
  assert.ok(c.may.includes('withdraw') && c.may.includes('urge'));
  refused(await act(manager, c, 'withdraw'), 403, 'not_submitter');
  const w = await act(writer, c, 'withdraw', { note: '填错了' });
  assert.equal(w.status, 200, w.text);
  assert.equal(w.body.state, 'draft');
  c = await only(p);
  assert.equal(c.outcome, 'recalled');
  assert.equal(c.log.at(-1).note, '填错了');
  assert.ok(!(await waits(manager, p)));
  await writer.ok('POST', `papers/plans/${p.id}/submit`);
  c = await only(p);
  assert.equal(c.round, 2);
  await manager.ok('POST', `papers/plans/${p.id}/approve`);
  refused(await act(writer, c, 'withdraw'), 409, 'signed_on');
});

test('it is returned to the submitter or to an earlier step, with a reason (FIN-5)', async () => {
  const p = await plan(writer, { amount: '6000.00' });
  for (const who of [manager, vice]) await who.ok('POST', `papers/plans/${p.id}/approve`);
  let c = await only(p, principal);
  assert.ok(c.may.includes('return'));
  refused(await act(principal, c, 'return', { to: 2 }), 422, 'required');
  refused(await act(principal, c, 'return', { to: 3, note: 'no' }), 422, 'step_unknown');
  refused(await act(manager, c, 'return', { to: 1, note: 'no' }), 403);
  const back = await act(principal, c, 'return', { to: 2, note: '金额不清' });
  assert.equal(back.status, 200, back.text);
  assert.deepEqual(back.body.steps.map((s) => s.status), ['signed', 'open', 'ahead']);
  assert.ok(await waits(vice, p) && !(await waits(principal, p)));
  await vice.ok('POST', `papers/plans/${p.id}/approve`);
  refused(await principal.post(`papers/plans/${p.id}/send_back`), 422, 'required');      // the transition itself asks the same
  refused(await clerks[0].post(`papers/plans/${p.id}/send_back`, { approval: { note: 'no' } }), 403, 'not_your_step');
  const home = await act(principal, c, 'return', { to: 'submitter', note: '请补充依据' });
  assert.equal(home.status, 200, home.text);
  assert.equal(home.body.state, 'returned');
  c = await only(p);
  assert.equal(c.outcome, 'returned');
  await writer.ok('PATCH', `papers/plans/${p.id}`, { name: 'better' });
});

test('a rejection is an ordinary transition that ends the case', async () => {
  const p = await plan();
  refused(await manager.post(`papers/plans/${p.id}/reject`), 422);
  assert.equal((await manager.ok('POST', `papers/plans/${p.id}/reject`, { remark: 'no' })).state, 'rejected');
  assert.equal((await only(p)).outcome, 'reject');
  assert.ok(!(await waits(manager2, p)));
});

test('a step is handed to somebody else who may sign', async () => {
  const p = await plan();
  const c = await only(p);
  refused(await act(manager, c, 'transfer', { to: writer.name }), 422, 'cannot_sign');
  refused(await act(writer, c, 'transfer', { to: vice.name }), 403);
  assert.equal((await act(manager, c, 'transfer', { to: vice.name, note: '出差' })).status, 200);
  refused(await approve(manager, p), 403, 'not_your_step');
  assert.ok(await waits(vice, p) && !(await waits(manager, p)));
  assert.equal((await approve(vice, p)).status, 200);
});

test('a signer is added before or after the step', async () => {
  const p = await plan();
  const c = await only(p);
  assert.equal((await act(manager, c, 'add', { person: clerks[0].name, where: 'before' })).status, 200);
  const after = await act(principal, c, 'add', { person: clerks[1].name, where: 'after' });
  refused(after, 403);
  refused(await approve(manager, p), 403, 'not_your_step');
  assert.equal((await approve(clerks[0], p)).status, 200);
  assert.ok(await waits(manager, p));
  assert.equal((await act(manager, c, 'add', { person: clerks[1].name, where: 'after' })).status, 200);
  for (const who of [manager, clerks[1]]) assert.equal((await approve(who, p)).body.state, 'in_approval');
  assert.equal((await approve(principal, p)).body.state, 'approved');
  assert.deepEqual((await only(p)).steps.map((s) => s.name), ['added', 'manager', 'added', 'principal']);
});

test('notes, signers and members of a body have their limits', async () => {
  const p = await plan();
  const c = await only(p);
  refused(await approve(manager, p, '字'.repeat(2001)), 422, 'too_long');
  refused(await manager.post(`papers/plans/${p.id}/approve`, { approval: { nota: 'x' } }), 422, 'unknown_field');
  refused(await manager.post(`papers/plans/${p.id}/approve`, { approval: 'x' }), 422, 'type');
  refused(await act(writer, c, 'urge', { much: true }), 422, 'unknown_field');
  refused(await act(writer, c, 'dance'), 404);
  const add = (person) => act(manager, c, 'add', { person, where: 'after' });
  for (let i = 2; i < 20; i++) {
    await keeper.ok('POST', 'admin/users', { name: `p.extra${i}`, roles: ['clerk'] });
    assert.equal((await add(`p.extra${i}`)).status, 200);
  }
  refused(await add('p.extra2'), 422, 'asked_already');
  refused(await add(clerks[0].name), 422, 'too_many');
  assert.equal((await approve(manager, p, '字'.repeat(2000))).status, 200);
});

test('a copy goes to who may see the record, and leaves their inbox once read', async () => {
  const p = await plan();
  const c = await only(p);
  assert.equal((await act(writer, c, 'copy', { to: clerks[2].name })).status, 200);
  const item = (await inbox(clerks[2])).find((t) => t.kind === 'copy' && t.record === p.id);
  assert.ok(item);
  assert.equal((await clerks[1].post(`inbox/${item.id}/done`)).status, 404);
  assert.equal((await clerks[2].post(`inbox/${item.id}/done`)).status, 204);
  assert.ok(!(await waits(clerks[2], p, 'copy')));
  refused(await act(clerks[2], c, 'copy', { to: manager.name }), 403);
});

test('it is urged once in four hours', async () => {
  const p = await plan();
  const c = await only(p);
  refused(await act(manager, c, 'urge'), 403);
  assert.equal((await act(writer, c, 'urge')).status, 200);
  const again = await act(writer, c, 'urge');
  assert.equal(again.status, 429);
  assert.ok(Number(again.headers.get('retry-after')) > 14000);
  assert.ok((await inbox(manager)).find((t) => t.record === p.id).urged_at);
});

test('when somebody leaves, whoever keeps approvals is told what waited for them, and names another', async () => {
  const leaver = await server.bearer('p.leaver', ['clerk']);
  const p = await plan();
  const c = await only(p);
  await manager.ok('POST', `approvals/${c.id}/transfer`, { to: leaver.name });
  await keeper.ok('POST', `admin/users/${leaver.id}/disable`);
  assert.ok(await waits(office, p, 'alert'));
  assert.equal((await act(office, c, 'transfer', { to: vice.name })).status, 200);
  assert.ok(!(await waits(office, p, 'alert')));
  assert.equal((await approve(vice, p)).status, 200);
});

test('whoever keeps approvals does not help their own case on', async () => {
  const p = await plan(office);
  const c = await only(p);
  assert.deepEqual((await office.ok('GET', `approvals/${c.id}`)).may, ['withdraw', 'copy', 'urge']);
  refused(await act(office, c, 'transfer', { to: vice.name }), 403, 'own_case');
  refused(await act(office, c, 'migrate'), 403);
});

test('a token with scopes reaches no further into approvals than they say', async () => {
  const p = await plan();
  const c = await only(p);
  const scoped = async (scopes) => {
    const t = await keeper.ok('POST', 'admin/tokens', { user: manager.id, label: 'scoped', scopes });
    return Object.assign(Object.create(Object.getPrototypeOf(manager)), manager, { token: t.token });
  };
  const reader = await scoped(['papers.plans:read']);
  assert.equal((await reader.get(`approvals/${c.id}`)).status, 200);
  assert.equal((await inbox(reader)).length, 0);                   // nothing it could sign
  refused(await approve(reader, p), 403);
  refused(await act(reader, c, 'transfer', { to: vice.name }), 403);
  refused(await reader.api('PUT', 'phrases', { items: [] }), 403);
  const half = await scoped(['papers.plans:read', 'approvals']);
  refused(await act(half, c, 'sign'), 403);
  refused(await act(half, c, 'transfer', { to: vice.name }), 403);
  const whole = await scoped(['papers.plans:read', 'papers.plans:approve', 'approvals']);
  assert.equal((await act(whole, c, 'sign', { note: 'ok' })).status, 200);
});

test('everybody keeps their own views of a list, beside their phrases', async () => {
  const at = 'views/admissions.plans', items = ['{"name":"今年","query":"season=2027"}'];
  assert.deepEqual((await manager.ok('GET', at)).items, []);
  assert.deepEqual((await manager.ok('PUT', at, { items })).items, items);
  assert.deepEqual((await manager.ok('GET', at)).items, items);
  assert.deepEqual((await writer.ok('GET', at)).items, []);
  refused(await manager.api('PUT', at, { items: ['字'.repeat(501)] }), 422);
  refused(await manager.api('PUT', 'views/admissions.nothing', { items }), 404);
  refused(await manager.api('GET', 'views/admissions.nothing'), 404);
});

test('everybody has their own phrases', async () => {
  assert.ok((await manager.ok('GET', 'phrases', undefined, { 'Accept-Language': 'zh-CN' })).items.includes('同意'));
  assert.deepEqual((await manager.ok('PUT', 'phrases', { items: ['照办', '请财务核对'] })).items, ['照办', '请财务核对']);
  assert.deepEqual((await manager.ok('GET', 'phrases')).items, ['照办', '请财务核对']);
  refused(await manager.api('PUT', 'phrases', { items: Array(51).fill('x') }), 422);
  refused(await manager.api('PUT', 'phrases', { items: ['字'.repeat(501)] }), 422);
  assert.equal((await manager.api('PUT', 'phrases', { items: ['字'.repeat(500)] })).status, 200);
});

test('what was signed on paper counts for the next step, and is confirmed before the transition', async () => {
  const p = await plan();
  const c = await only(p);
  refused(await act(manager, c, 'paper', { approver: manager2.name }), 403);
  refused(await act(office, c, 'paper', { approver: principal.name }), 422, 'cannot_sign');
  const own = await plan(office);
  refused(await act(office, await only(own), 'paper', { approver: manager.name }), 403, 'own_case');
  const a = await act(office, c, 'paper', { approver: manager.name, note: '手写签字' });
  assert.equal(a.status, 200, a.text);
  const s = a.body.steps[0].signatures[0];
  assert.deepEqual([s.person, s.by, s.paper, s.confirmed_at], [manager.id, office.id, true, null]);
  assert.equal((await approve(principal, p)).body.state, 'in_approval');      // not before the manager has confirmed
  assert.ok(await waits(manager, p, 'confirm'));
  refused(await act(office, c, 'confirm', { accept: false }), 409);
  const done = await act(manager, c, 'confirm', { accept: true });
  assert.equal(done.status, 200, done.text);
  assert.equal(done.body.state, 'approved');
  assert.ok(!(await waits(manager, p, 'confirm')));
});

test('the photo of a paper approval is kept with it, for whoever may see the record', async () => {
  const p = await plan();
  const c = await only(p);
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  const up = await fetch(`${server.url}/api/v1/files?name=sign.png`, { method: 'POST', body: png, headers: { 'Content-Type': 'image/png', Authorization: `Bearer ${office.token}` } });
  const file = (await up.json()).id;
  assert.equal(up.status, 201);
  refused(await act(office, c, 'paper', { approver: manager.name, file: 'f-1' }), 422, 'file_unknown');
  refused(await manager.get(`files/${file}`), 404);
  assert.equal((await act(office, c, 'paper', { approver: manager.name, file })).status, 200);
  assert.equal((await manager.get(`files/${file}`)).status, 200);
});

test('paper that its approver denies opens the step again', async () => {
  const p = await plan();
  const c = await only(p);
  await office.ok('POST', `approvals/${c.id}/paper`, { approver: manager.name });
  const no = await act(manager, c, 'confirm', { accept: false });
  assert.equal(no.status, 200, no.text);
  assert.deepEqual(no.body.steps.map((s) => s.status), ['open', 'ahead']);
  assert.ok(await waits(manager, p) && !(await waits(principal, p)));
});

test('code signs on the same way as people', async () => {
  const p = await plan();
  const one = await manager.post('papers/actions/sign', { id: p.id });
  assert.equal(one.status, 200, one.text);
  assert.equal((await only(p)).steps[0].signatures[0].note, 'by code');
  refused(await manager.post('papers/actions/sign', { id: p.id }), 422);
  const own = await plan(manager);
  refused(await manager.post('papers/actions/sign', { id: own.id }), 422);
});

test('many are signed at once, each as if by itself', async () => {
  const name = `batch ${Date.now()}`, list = [];
  for (let i = 0; i < 3; i++) list.push(await plan(i === 2 ? manager : writer, { name }));
  const a = await manager.post(`papers/plans/bulk/approve?name=${encodeURIComponent(name)}`, { approval: { note: '批量' } });
  assert.equal(a.status, 202, a.text);
  let job;
  for (let i = 0; i < 200 && job?.state !== 'done'; i++) {
    job = await manager.ok('GET', `jobs/${a.body.id}`);
    await new Promise((r) => setTimeout(r, 20));
  }
  assert.deepEqual([job.result.done, job.result.failed], [2, 1], JSON.stringify(job));
  assert.equal(job.result.report[0].errors[0].code, 'own_case');
  assert.deepEqual(await Promise.all(list.map(async (p) => (await only(p)).steps[0].signatures.length)), [1, 1, 0]);
});

test('meta and explanations say what an approval takes', async () => {
  const meta = await manager.ok('GET', 'meta');
  const t = meta.plugins.find((p) => p.name === 'papers').entities.find((e) => e.name === 'plans').workflow.transitions.find((x) => x.name === 'approve');
  assert.equal(t.approvals, true);
  assert.deepEqual(t.approval.steps.map((s) => s.name), ['manager', 'principal']);
  assert.equal(t.approval.back, 'send_back');
  const p = await plan(manager2);
  const why = async (user) => (await keeper.ok('POST', 'access/explain', { user, verb: 'approve', record: `papers.plans/${p.id}` })).approval;
  assert.deepEqual(await why(manager2.name), { step: 1, may: false, why: 'own_case' });
  assert.deepEqual(await why(manager.name), { step: 1, may: true, why: null });
  assert.deepEqual(await why(principal.name), { step: 1, may: false, why: 'not_your_step' });
});

test('a case is shown to whoever may see its record, and to nobody else', async () => {
  const p = await plan();
  const c = await only(p);
  write('policies/access.yaml', access(RULES.replace('- { name: papers are written', '- { name: nobody else, deny: [read], entity: papers.plans, roles: [clerk] }\n  - { name: papers are written')));
  assert.equal(reload().status, 0);
  refused(await clerks[0].get(`approvals/${c.id}`), 404);
  refused(await act(clerks[0], c, 'urge'), 404);
  refused(await act(manager, c, 'copy', { to: clerks[0].name }), 422, 'cannot_read');
  write('policies/access.yaml', access());
  assert.equal(reload().status, 0);
});

test('a release whose approvals cannot work is refused, with the place', async () => {
  const wrong = async (from, to, pattern, file = 'plugins/papers/plugin.lua', text = PLUGIN) => {
    assert.ok(text.includes(from), from);
    write(file, text.replace(from, to));
    const r = reload();
    write(file, text);
    assert.equal(r.status, 1, `${to}: ${r.stdout}`);
    assert.match(r.stderr, pattern);
  };
  const at = 'plugins/papers/plugin\\.lua:\\d+:\\d+: ';
  await wrong('never_by = { "$submitter" }, ', '', new RegExp(`${at}never_by_missing`));
  await wrong('otherwise = "wait",', '', new RegExp(`${at}otherwise_missing`));
  await wrong('role = "clerk"', 'role = "clark"', new RegExp(`${at}role_unknown.*clerk`));
  await wrong('{ role = "clerk", quorum = 2 }', '{ role = "clerk", quorum = 0 }', new RegExp(`${at}quorum_invalid`));
  await wrong('head_of = "dept"', 'head_of = "dep"', new RegExp(`${at}field_unknown.*dept`));
  await wrong('back = "send_back"', 'back = "send_bac"', new RegExp(`${at}transition_unknown`));
  await wrong('policy:approval.plans', 'policy:approval.plan', new RegExp(`${at}policy_unknown`));
  await wrong('[manager, principal]', '[manager, principle]', /policies\/papers\.yaml:4:\d+: .*role_unknown.*principal/, 'policies/papers.yaml', POLICY);
  await wrong('field: amount', 'field: name', /policies\/papers\.yaml:5:\d+: .*field_unsuitable/, 'policies/papers.yaml', POLICY);
  await wrong('before: principal', 'before: nobody', /policies\/papers\.yaml:5:\d+: .*step_unknown/, 'policies/papers.yaml', POLICY);
  await wrong('roles: [manager, principal, vice, clerk] }', 'roles: [manager, vice, clerk] }', /policies\/papers\.yaml:4:\d+: .*step_impossible/, 'policies/access.yaml', access());
  assert.equal(reload().status, 0);
});

test('a release that leaves open approvals without their people is refused', async () => {
  const p = await plan(writer, { amount: '7000.00' });
  const without = access(RULES.replaceAll(', vice', '')).replace(/^ {2}vice:.*\n/m, '');
  write('plugins/papers/plugin.lua', PLUGIN.replaceAll('role = "vice"', 'role = "manager"'));
  write('policies/access.yaml', without);
  const r = reload();
  assert.equal(r.status, 1, r.stdout);
  assert.match(r.stderr, /papers\.plans\/approve: role_in_use: .*vice/);
  write('plugins/papers/plugin.lua', PLUGIN.replace('approve = {', 'endorse = {'));
  write('policies/access.yaml', access(RULES.replaceAll('approve', 'endorse')));
  const gone = reload();
  assert.equal(gone.status, 1, gone.stdout);
  assert.match(gone.stderr, /approvals_open/);
  write('plugins/papers/plugin.lua', PLUGIN);
  write('policies/access.yaml', access());
  assert.equal(reload().status, 0);
  assert.equal((await approve(manager, p)).status, 200);
});

test('an approval makes its events known, without a word of what it is about', async () => {
  const p = await plan();
  await manager.ok('POST', `papers/plans/${p.id}/approve`, { approval: { note: 'secret words' } });
  await principal.ok('POST', `papers/plans/${p.id}/approve`);
  const wanted = ['approval.opened', 'approval.signed', 'approval.closed', 'approval.returned', 'approval.recalled', 'approval.transferred',
    'approval.added', 'approval.copied', 'approval.urged', 'approval.paper', 'approval.confirmed', 'approval.lapsed', 'approval.migrated', 'approved'];
  const stop = new AbortController(), late = setTimeout(() => stop.abort(), 30000);
  let text = '', missing = wanted;
  const stream = await fetch(`${server.url}/api/v1/events`, { headers: { Authorization: `Bearer ${manager.token}`, 'Last-Event-ID': '0' }, signal: stop.signal });
  try {
    for await (const part of stream.body) {
      text += Buffer.from(part).toString();
      missing = wanted.filter((t) => !text.includes(`"papers.plans.${t}"`));
      if (!missing.length && text.includes(p.id)) break;
    }
  } catch { /* too late */ }
  clearTimeout(late);
  stop.abort();
  assert.deepEqual(missing, []);
  assert.ok(!text.includes('secret words'));
});

test('paper that nobody confirms in time no longer counts, and its step is open again', async () => {
  const p = await plan();
  const c = await only(p);
  await office.ok('POST', `approvals/${c.id}/paper`, { approver: manager.name });
  assert.equal((await approve(principal, p)).body.state, 'in_approval');
  writeFileSync(clock, String(5 * 864e5 + 120000));                // the school's clock, five days on
  await eventually(async () => {
    const now = await office.ok('GET', `approvals/${c.id}`);
    assert.deepEqual(now.steps.map((s) => s.status), ['open', 'signed']);
    assert.equal(now.log.at(-1).kind, 'lapse');
  }, 10000);
  assert.ok(await waits(manager, p) && !(await waits(manager, p, 'confirm')));
  assert.equal((await approve(manager, p)).body.state, 'approved');   // the later signature still counts
});
