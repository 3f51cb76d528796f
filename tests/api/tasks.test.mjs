// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Tasks with owner and due date, checklists that hold a transition back, cases whose clocks go by how
// grave they are.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';

const PLUGIN = `local field = campus.field
local projects = campus.entity { title = { zh = "工程", en = "Projects" },
  fields = { label = field.text { required = true }, officer = field.person {} },
  tasks = { remind = { "1wd" }, escalate = { { after = "0h", to = "supervisor" }, { after = "policy:ladder", to = "role:principal" } } },
  workflow = { start = "draft",
    states = {
      draft = {},
      ready = { checklist = { { name = "plan", title = { zh = "写方案", en = "Write the plan" }, owner = "officer", within = "2wd" },
        { name = "budget", title = "核预算", owner = "role:finance" }, { name = "look", title = "自查", owner = "$actor" } } },
      running = { checklist = "policy:steps" }, done = { final = true }, dropped = { final = true },
    },
    transitions = {
      prepare = { from = "draft", to = "ready" }, start = { from = "ready", to = "running", checked = true },
      finish = { from = "running", to = "done", checked = true }, drop = { from = { "draft", "ready", "running" }, to = "dropped" },
    } } }
local faults = campus.case { title = { zh = "异常", en = "Faults" }, severities = { "low", { name = "high", title = { zh = "严重", en = "Grave" } } },
  clock = "policy:faults", team = "role:finance", about = "projects", fields = { hint = field.text {} },
  escalate = { { after = "policy:ladder", to = "supervisor" }, { after = "policy:ladder", to = "role:principal" } } }
local hires = campus.entity { title = { zh = "录用", en = "Hires" }, fields = { label = field.text {} }, tasks = true,
  workflow = { start = "offered", states = { offered = { checklist = { { name = "nda", title = "签保密协议" } } }, hired = { final = true } },
    transitions = { hire = { from = "offered", to = "hired", checked = true, approvals = { { role = "finance" }, { role = "principal" } },
      never_by = { "$created_by" }, otherwise = "wait" } } } }
return { version = "1.0.0", title = { zh = "工程", en = "Works" }, entities = { projects = projects, faults = faults, hires = hires } }
`;
const SCHEMA = `policy: works
keys:
  ladder: { type: duration, default: 1wd }
  steps:
    type: list
    of: { keys: { name: { type: text, required: true }, title: { type: text, required: true }, owner: { type: text }, within: { type: duration } } }
    default: [{ name: inspect, title: 验收, owner: "role:finance", within: 1wd }]
  faults:
    keys:
      respond: { keys: { low: { type: duration, default: 2wd }, high: { type: duration, default: 4h } } }
      resolve: { keys: { low: { type: duration, default: 10wd }, high: { type: duration, default: 2wd } } }
`;
const bin = process.env.CAMPUSD_TEST || join(root, 'build/campusd-test');
const access = readFileSync(join(root, 'policies/access.yaml'), 'utf8');
let server, clock, admin, lead, officer, boss, money, principal, at = 0;
async function goto(local) {
  const to = Date.parse(`${local}+08:00`);
  assert.ok(to >= at, 'time does not run back');
  writeFileSync(clock, String((at = to) - Date.now()));
  await new Promise((done) => setTimeout(done, 25));
}
const local = (t) => t && new Date(Date.parse(t) + 8 * 3600000).toISOString().slice(0, 19);
const inbox = async (client, kind = 'task') => (await client.ok('GET', `inbox?kind=${kind}&limit=500`)).items.filter((i) => i.entity?.startsWith('works.'));
const act = (path, r, verb, body = {}, client = lead) => client.api('POST', `works/${path}/${r.id}/${verb}`, body, { 'Accept-Language': 'zh-CN' });
async function done(path, r, verb, body, client) {
  const a = await act(path, r, verb, body, client);
  assert.equal(a.status, 200, a.text);
  return a.body;
}
const tasks = async (job) => (await lead.ok('GET', `works/projects_tasks?record=${job.id}&sort=created_at`)).items;
function install(policy) {
  writeFileSync(join(server.home, 'policies/works.yaml'), policy ?? 'policy: works\n');
  return server.run(['reload']);
}

before(async () => {
  server = await Server.start({ bin });
  await server.stop();
  clock = join(server.folder, 'clock');
  await goto('2027-01-04T10:00:00'); // a Monday
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  admin = await server.bearer('t.admin', ['admin']);
  lead = await server.bearer('t.lead', ['manager']);
  officer = await server.bearer('t.officer', ['marketing']);
  boss = await server.bearer('t.boss', ['teacher']);
  money = await server.bearer('t.money', ['finance']);
  principal = await server.bearer('t.principal', ['principal']);
  await admin.ok('PATCH', `admin/users/${officer.id}`, { supervisor: 't.boss' });
  const dir = join(server.home, 'plugins/works');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), PLUGIN);
  writeFileSync(join(dir, 'policy.schema.yaml'), SCHEMA);
  writeFileSync(join(server.home, 'policies/access.yaml'), `${access}
  - { name: works, allow: ["*"], entity: [works.projects, works.projects_tasks, works.faults], roles: [manager, finance] }
  - { name: hires, allow: ["*"], entity: [works.hires, works.hires_tasks], roles: [manager, finance, principal] }
  - { name: whose task it is, allow: [read, update, complete], entity: works.projects_tasks, roles: [everyone], when: { assignee: $actor } }
  - { name: whom it climbs to, allow: [read], entity: [works.projects_tasks, works.faults], roles: [teacher, principal] }
`);
  const ready = install();
  assert.equal(ready.status, 0, ready.stderr);
});
after(async () => { assert.deepEqual(await server?.close(), { code: 0, signal: null }); });

const job = (label) => lead.ok('POST', 'works/projects', { label, officer: officer.id });

test('a task is a to-do of its owner until it is done, and moves with its owner and date', async () => {
  const j = await job('one');
  const t = await lead.ok('POST', 'works/projects_tasks', { record: j.id, title: '买材料', assignee: officer.id, due_on: '2027-01-08' });
  assert.equal(local(t.due_at), '2027-01-08T23:59:59');
  const [item] = await inbox(officer);
  assert.deepEqual([item.record, item.entity, item.title.zh, item.due_at], [t.id, 'works.projects_tasks', '工程：任务 · 待办', t.due_at]);
  const moved = await lead.ok('PATCH', `works/projects_tasks/${t.id}`, { due_on: '2027-01-06' });
  assert.equal(local(moved.due_at), '2027-01-06T23:59:59');
  assert.equal((await inbox(officer))[0].due_at, moved.due_at);
  await lead.ok('PATCH', `works/projects_tasks/${t.id}`, { assignee: null, role: 'finance' });
  assert.deepEqual(await inbox(officer), []);
  assert.equal((await inbox(money)).length, 1);
  await lead.ok('PATCH', `works/projects_tasks/${t.id}`, { assignee: officer.id });
  assert.deepEqual(await inbox(money), []);
  assert.equal((await act('projects_tasks', t, 'cancel')).status, 422, 'what is cancelled says why');
  await done('projects_tasks', t, 'complete', {}, officer);
  assert.deepEqual(await inbox(officer), []);
  const undated = await lead.ok('POST', 'works/projects_tasks', { record: j.id, title: '归档', assignee: officer.id });
  assert.equal(undated.due_at, null);
  assert.equal((await inbox(officer))[0].due_at, null);
  const dated = await lead.ok('PATCH', `works/projects_tasks/${undated.id}`, { due_on: '2027-01-07' });
  assert.equal(local(dated.due_at), '2027-01-07T23:59:59');
  assert.equal((await lead.api('DELETE', `works/projects_tasks/${undated.id}`)).status, 204);
  assert.deepEqual(await inbox(officer), []);
  const meta = (await lead.ok('GET', 'meta')).plugins.find((p) => p.name === 'works');
  assert.equal(meta.entities.find((e) => e.name === 'projects_tasks').part_of[0], 'record');
});

test('a task that nobody does climbs to whom the policy says, when it says', async () => {
  const t = await lead.ok('POST', 'works/projects_tasks', { record: (await job('late')).id, title: '验电', assignee: officer.id, due_on: '2027-01-06' });
  await goto('2027-01-05T08:30:01');
  await eventually(async () => assert.equal((await inbox(officer, 'deadline')).length, 1));
  await goto('2027-01-07T00:00:01');
  await eventually(async () => assert.equal((await inbox(boss, 'deadline')).length, 1));
  assert.deepEqual(await inbox(principal, 'deadline'), []);
  await goto('2027-01-07T17:30:01');
  await eventually(async () => assert.equal((await inbox(principal, 'deadline')).length, 1));
  await done('projects_tasks', t, 'complete', {}, officer);
  for (const client of [officer, boss, principal]) assert.deepEqual(await inbox(client, 'deadline'), []);
});

// HR-5: an onboarding checklist; SEC-6: a hand-over
test('a checklist makes its tasks, and a checked transition waits for each of them', async () => {
  const j = await done('projects', await job('two'), 'prepare');
  const made = await tasks(j);
  assert.deepEqual(made.map((t) => [t.step, t.title, t.assignee, t.role, t.due_on, t.state]), [
    ['plan', '写方案', officer.id, null, '2027-01-11', 'open'], ['budget', '核预算', null, 'finance', null, 'open'], ['look', '自查', lead.id, null, null, 'open']]);
  assert.equal((await inbox(money)).length, 1);
  await lead.ok('POST', 'works/projects_tasks', { record: j.id, title: '另外的事' }); // gates nothing
  const early = await act('projects', j, 'start');
  assert.equal(early.status, 409, early.text);
  assert.deepEqual(early.body.errors.map((e) => e.code), ['task_open', 'task_open', 'task_open']);
  assert.equal(early.body.errors[0].detail, '尚未完成：写方案');
  await done('projects_tasks', made[0], 'complete', {}, officer);
  await done('projects_tasks', made[1], 'complete', {}, money);
  assert.deepEqual((await act('projects', j, 'start')).body.errors.map((e) => e.detail), ['尚未完成：自查']);
  await done('projects_tasks', made[2], 'cancel', { note: '不需要' });
  assert.equal((await done('projects', j, 'start')).state, 'running');
  const more = (await tasks(j)).filter((t) => t.step === 'inspect');
  assert.deepEqual(more.map((t) => [t.title, t.role, t.due_on]), [['验收', 'finance', '2027-01-08']]);
  assert.equal((await lead.api('PATCH', `works/projects_tasks/${more[0].id}`, { step: null })).status, 422, 'it stays of the checklist');
});

test('the policy says what is on a list; a way out that is not checked cancels what is left', async () => {
  const bad = install('policy: works\nsteps: [{ name: a, title: 甲, owner: "role:nobody" }, { title: 乙, within: soon, who: x }]\n');
  assert.equal(bad.status, 1);
  for (const what of ['steps[1].name: required', 'steps[1].within: type', 'steps[1].who: unknown_key']) assert.ok(bad.stderr.includes(what), `${what}: ${bad.stderr}`);
  const role = install('policy: works\nsteps: [{ name: a, title: 甲, owner: "role:nobody" }]\n');
  assert.match(role.stderr, /plugin\.lua:.*role_unknown/);
  assert.equal(install('policy: works\nsteps: [{ name: a, title: 甲, owner: officer }, { name: b, title: 乙 }]\n').status, 0);
  const j = await done('projects', await job('three'), 'prepare');
  assert.equal((await done('projects', j, 'drop')).state, 'dropped');
  const left = await tasks(j);
  assert.deepEqual(left.map((t) => [t.state, t.due_at]), Array(3).fill(['cancelled', null]));
  assert.ok(!(await inbox(officer)).some((i) => left.some((t) => t.id === i.record)));
  const k = await done('projects', await job('four'), 'prepare');
  for (const t of await tasks(k)) await done('projects_tasks', t, 'complete');
  await done('projects', k, 'start');
  assert.deepEqual((await tasks(k)).filter((t) => t.state === 'open').map((t) => [t.step, t.title, t.assignee]), [['a', '甲', officer.id], ['b', '乙', null]]);
});

test('of several signatures the last one waits for the checklist, and is not given before', async () => {
  const h = await lead.ok('POST', 'works/hires', { label: '新人' });
  assert.equal((await done('hires', h, 'hire', {}, money)).state, 'offered');
  const early = await act('hires', h, 'hire', {}, principal);
  assert.deepEqual([early.status, early.body.errors[0].code], [409, 'task_open'], early.text);
  assert.equal((await inbox(principal, 'approval')).filter((i) => i.record === h.id).length, 1, 'it still waits for the principal');
  const [task] = (await lead.ok('GET', `works/hires_tasks?record=${h.id}`)).items;
  await done('hires_tasks', task, 'complete');
  assert.equal((await done('hires', h, 'hire', {}, principal)).state, 'hired');
});

// FIN-7: anomalies are looked into in time
test('a case is due by how grave it is, goes to its team, then to its owner', async () => {
  await goto('2027-01-11T10:00:00');
  const c = await money.ok('POST', 'works/faults', { title: '发票连号', severity: 'low', found: '三张', hint: 'x' });
  assert.deepEqual([c.state, local(c.due_at)], ['open', '2027-01-13T17:30:00']);
  assert.equal((await inbox(money)).filter((i) => i.record === c.id).length, 1);
  const grave = await lead.ok('PATCH', `works/faults/${c.id}`, { severity: 'high' });
  assert.equal(local(grave.due_at), '2027-01-11T16:00:00', 'from when it was opened');
  assert.equal((await act('faults', c, 'investigate')).status, 422, 'somebody takes it on');
  const taken = await done('faults', c, 'investigate', { assignee: officer.id });
  assert.equal(local(taken.due_at), '2027-01-13T17:30:00');
  assert.deepEqual((await inbox(money)).filter((i) => i.record === c.id), []);
  await goto('2027-01-12T12:00:00');
  const mild = await lead.ok('PATCH', `works/faults/${c.id}`, { severity: 'low' });
  assert.equal(local(mild.due_at), '2027-01-25T17:30:00');
  await lead.ok('PATCH', `works/faults/${c.id}`, { severity: 'high' });
  await goto('2027-01-14T17:30:01');
  await eventually(async () => assert.equal((await inbox(boss, 'deadline')).filter((i) => i.record === c.id).length, 1));
  assert.equal((await inbox(principal, 'deadline')).filter((i) => i.record === c.id).length, 1);
  const short = await act('faults', c, 'resolve', { outcome: '属实' });
  assert.deepEqual([short.status, short.body.errors[0].pointer], [422, '/measure']);
  const end = await done('faults', c, 'resolve', { outcome: '属实', measure: '追回' });
  assert.deepEqual([end.state, end.due_at], ['resolved', null]);
  assert.equal((await done('faults', c, 'reopen')).state, 'investigating');
  assert.equal((await done('faults', c, 'dismiss', { outcome: '误报' })).state, 'dismissed');
});
