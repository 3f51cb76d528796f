// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Deadlines and obligations while time passes: reminded, missed, escalated, lapsed, at the moments that
// the calendar gives, also when the service was down at the time or the policy has changed since.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';

const PLUGIN = `local field = campus.field
local cases = campus.entity {
  title = { zh = "来件", en = "Cases" },
  fields = { label = field.text { required = true }, officer = field.person {}, reply_by = field.date {} },
  indexes = { { "state", "due_at" } },
  workflow = { start = "new",
    states = {
      new = { title = { zh = "待受理", en = "New" }, deadline = "10wd" },
      working = { title = { zh = "办理中", en = "Working" }, deadline = { within = "policy:deadlines.work", owner = "officer", remind = { "1wd" },
        escalate = { { after = "0h", to = "supervisor" }, { after = "2wd", to = "role:admissions.lead" }, { after = "3wd", to = "duty" } } } },
      asked = { title = { zh = "待答复", en = "Asked" }, deadline = { within = "field:reply_by", lapse = "expire" } },
      done = { final = true }, expired = { final = true },
    },
    transitions = {
      take = { from = "new", to = "working" }, again = { from = "working", to = "working" },
      ask = { from = "working", to = "asked" }, answer = { from = "asked", to = "working" },
      finish = { from = { "new", "working", "asked" }, to = "done" }, expire = { from = "asked", to = "expired" },
    } },
}
local told = campus.entity { title = { zh = "台账", en = "Told" }, fields = { case = field.text {}, what = field.text {} } }
local function tell(ctx, e)
  if not e.type:find("deadline", 1, true) then return end
  local row, err = ctx:create("told", { case = e.record, what = e.type .. " " .. e.state })
  if not row then return nil, err end
end
return { version = "1.0.0", title = { zh = "来件", en = "Cases" }, entities = { cases = cases, told = told },
  on = { ["desk_cases.cases.*"] = campus.on { run = tell } },
  obligations = {
    monthly_count = campus.obligation { title = { zh = "月报", en = "Monthly count" }, serves = { "ADM-8" }, period = "policy:period",
      within = "5wd", owner = "role:admissions.lead", remind = { "1wd" }, escalate = { { after = "1wd", to = "role:principal" } } },
    summary = campus.obligation { title = { zh = "年度总结", en = "Yearly summary" }, period = "yearly", within = "10wd",
      owner = "role:admissions.lead", evidence = "record of desk_cases.cases" },
    minutes = campus.obligation { title = { zh = "会议纪要", en = "Minutes" }, period = "cron 0 9 2 1 *", within = "4h",
      owner = "role:finance", evidence = "document" },
  } }
`;
const SCHEMA = `policy: desk_cases
keys:
  deadlines: { keys: { work: { type: duration, default: 3wd } } }
  period: { type: choice, choices: [monthly, quarterly], default: monthly }
`;
const bin = process.env.CAMPUSD_TEST || join(root, 'build/campusd-test');
const PATH = 'desk_cases/cases';
let server, admin, lead, officer, boss, principal, money, clock, at = 0;
const nap = (ms) => new Promise((done) => setTimeout(done, ms));
// The school's clock at this local time (it only ever goes forward). The service looks every 10 ms.
async function goto(local) {
  const to = Date.parse(`${local}+08:00`);
  assert.ok(to >= at, 'time does not run back');
  writeFileSync(clock, String((at = to) - Date.now()));
  await nap(25);
}
const local = (t) => new Date(Date.parse(t) + 8 * 3600000).toISOString().slice(0, 19);
// Of ours: the shipped plugins owe things too.
async function inbox(who, kind = 'deadline') {
  const { items } = await who.ok('GET', `inbox?kind=${kind}&limit=500`);
  if (kind !== 'obligation') return items;
  const ours = new Set((await who.ok('GET', 'obligations?limit=500')).items.filter((o) => o.name.startsWith('desk_cases.')).map((o) => o.id));
  return items.filter((i) => [...ours].some((id) => JSON.stringify(i).includes(id)));
}
async function add(label, fields = {}) {
  return lead.ok('POST', PATH, { label, officer: officer.id, ...fields });
}
const act = (r, verb, body = {}) => lead.ok('POST', `${PATH}/${r.id}/${verb}`, body);
const get = (r, who = lead) => who.ok('GET', `${PATH}/${r.id}`);
// Steps that the core put on record about this object.
async function steps(object, action) {
  const rows = (await admin.ok('GET', `admin/audit?object=${object}&actor=core&limit=100`)).items;
  return rows.map((r) => r.action).filter((a) => !action || a === action).reverse();
}

function install(policy) {
  const dir = join(server.home, 'plugins/desk_cases');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), PLUGIN);
  writeFileSync(join(dir, 'policy.schema.yaml'), SCHEMA);
  if (policy) writeFileSync(join(server.home, 'policies/desk_cases.yaml'), policy);
  const access = readFileSync(join(root, 'policies/access.yaml'), 'utf8');
  writeFileSync(join(server.home, 'policies/access.yaml'), `${access.replace(/^roles:\n/m, 'roles:\n  plugin.desk_cases: { title: { zh: 来件程序, en: Cases } }\n')}
  - { name: what was told, allow: [read, create], entity: desk_cases.told, roles: [admissions.lead, plugin.desk_cases] }
  - { name: cases, allow: [read, create, update, delete, take, again, ask, answer, finish, history], entity: desk_cases.cases, roles: [admissions.lead, finance, principal, marketing] }
  - { name: the handler sees cases, allow: [read], entity: desk_cases.cases, roles: [plugin.desk_cases] }
`);
  writeFileSync(join(server.home, 'policies/calendar.yaml'), `policy: calendar
calendars: { school: { duty: [{ days: 2027-02-05..2027-02-12, people: [d.money] }] } }
`);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
}

before(async () => {
  server = await Server.start({ bin });
  await server.stop();
  clock = join(server.folder, 'clock');
  await goto('2027-01-04T10:00:00'); // a Monday
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  admin = await server.bearer('d.admin', ['admin', 'principal']);
  lead = await server.bearer('d.lead', ['admissions.lead']);
  boss = await server.bearer('d.boss', ['marketing']);
  officer = await server.bearer('d.officer', ['marketing']);
  principal = await server.bearer('d.principal', ['principal']);
  money = await server.bearer('d.money', ['finance']);
  await admin.ok('PATCH', `admin/users/${officer.id}`, { supervisor: 'd.boss' });
  install();
});
after(async () => { assert.deepEqual(await server?.close(), { code: 0, signal: null }); });

test('a record says when it is due, and lists find what is overdue', async () => {
  const r = await add('one');
  assert.equal(local(r.due_at), '2027-01-18T17:30:00');
  assert.deepEqual(r.deadline, { due_at: r.due_at, overdue: false });
  const working = await act(r, 'take');
  assert.equal(local(working.due_at), '2027-01-07T17:30:00');
  const found = await lead.ok('GET', `${PATH}?due_at[lt]=2027-01-08T00:00:00%2B08:00&sort=due_at`);
  assert.deepEqual(found.items.map((i) => i.label), ['one']);
  assert.deepEqual((await lead.ok('GET', `${PATH}?due_at[lt]=2027-01-07T00:00:00%2B08:00`)).items, []);
  const write = await lead.api('PATCH', `${PATH}/${r.id}`, { due_at: '2030-01-01T00:00:00Z' });
  assert.equal(write.status, 422);
  const done = await act(r, 'finish');
  assert.equal(done.due_at, null);
  assert.equal(done.deadline, undefined);
  const meta = await lead.ok('GET', 'meta');
  const e = meta.plugins.find((p) => p.name === 'desk_cases').entities[0];
  assert.ok(e.fields.find((f) => f.name === 'due_at').readonly);
  assert.equal(e.workflow.states.find((s) => s.name === 'working').deadline, true);
});

let two;
test('a transition back into the same state does not start the clock again', async () => {
  await goto('2027-01-05T10:00:00');
  two = await act(await add('two'), 'take');
  await goto('2027-01-06T10:00:00');
  assert.equal((await act(two, 'again')).due_at, two.due_at);
});

test('a changed policy moves no clock that is running, only those that start', async () => {
  install('policy: desk_cases\ndeadlines: { work: 1wd }\n');
  assert.equal((await get(two)).due_at, two.due_at);
  assert.equal(local(two.due_at), '2027-01-08T17:30:00');
  const three = await act(await add('three'), 'take');
  assert.equal(local(three.due_at), '2027-01-07T17:30:00');
  await act(three, 'finish');
});

test('it reminds, is missed, and climbs the ladder, each once and at its time', async () => {
  const object = `desk_cases.cases/${two.id}`;
  await goto('2027-01-07T08:29:00');
  assert.deepEqual(await inbox(officer), []);
  await goto('2027-01-07T08:30:01'); // the beginning of the working day before
  await eventually(async () => assert.equal((await inbox(officer)).length, 1));
  assert.match((await inbox(officer))[0].title.zh, /^将到期/);
  assert.deepEqual(await inbox(boss), []);
  await goto('2027-01-08T17:30:01');
  await eventually(async () => assert.equal((await inbox(boss)).length, 1));
  assert.equal((await get(two)).deadline.overdue, true);
  const late = async (query) => (await lead.ok('GET', `${PATH}?${query}&sort=label`)).items.map((i) => i.label);
  assert.deepEqual(await late('overdue=true'), ['two']);
  assert.deepEqual(await late('overdue=false'), ['one', 'three']);
  assert.equal((await lead.api('GET', `${PATH}?overdue=yes`)).status, 422);
  assert.equal((await inbox(boss))[0].overdue, true);
  assert.deepEqual(await inbox(lead), []);
  await goto('2027-01-12T17:30:01');
  await eventually(async () => assert.equal((await inbox(lead)).length, 1));
  assert.deepEqual(await steps(object), ['deadline.remind', 'deadline.missed', 'deadline.escalate', 'deadline.escalate']);
  await act(two, 'finish');
  for (const who of [officer, boss, lead]) assert.deepEqual(await inbox(who), []);
  await goto('2027-01-20T12:00:00');
  await nap(300);
  assert.equal((await steps(object)).length, 4, 'what is done climbs no more');
});

test('nobody is on duty, or somebody is: then it is theirs', async () => {
  const r = await act(await add('four'), 'take'); // due on the 21st, duty is 3wd later: the 26th
  await goto('2027-02-01T12:00:00');
  await eventually(async () => assert.equal((await steps(`desk_cases.cases/${r.id}`)).length, 4));
  assert.equal((await inbox(officer)).length, 1, 'the owner, for nobody was on duty');
  assert.deepEqual(await inbox(money), []);
  await act(r, 'finish');
  const s = await act(await add('five'), 'take'); // due on the 2nd; three days later d.money is on duty
  await goto('2027-02-05T17:30:01');
  await eventually(async () => assert.equal((await inbox(money)).length, 1));
  await act(s, 'finish');
});

test('a deadline of a date lapses by itself at the end of that day, and one without a date never', async () => {
  const r = await act(await act(await add('six', { reply_by: '2027-02-08' }), 'take'), 'ask');
  const none = await act(await act(await add('seven'), 'take'), 'ask');
  assert.equal(local(r.due_at), '2027-02-08T23:59:59');
  assert.equal(none.due_at, null);
  await goto('2027-02-08T23:59:50');
  await nap(200);
  assert.equal((await get(r)).state, 'asked');
  await goto('2027-02-09T00:00:00');
  await eventually(async () => assert.equal((await get(r)).state, 'expired'));
  assert.equal((await get(none)).state, 'asked');
  const history = (await lead.ok('GET', `${PATH}/${r.id}/history`)).items;
  assert.equal(history.at(-1).actor, 'core');
  assert.equal(history.at(-1).verb, 'expire');
  const twice = await lead.api('POST', `${PATH}/${r.id}/expire`, {});
  assert.equal(twice.status, 403, 'others may not make it lapse');
});

test('what came due while the service was down or was killed is done once it is back, and once', async () => {
  const r = await act(await act(await add('eight', { reply_by: '2027-02-15' }), 'take'), 'ask');
  const late = await act(await add('nine'), 'take');
  await server.kill9();
  await goto('2027-03-08T12:00:00');
  await server.serve();
  for (const c of [admin, lead, officer, boss, principal, money]) c.server = server;
  await eventually(async () => assert.equal((await get(r)).state, 'expired'));
  // too late to remind: it is missed already
  await eventually(async () => assert.equal((await steps(`desk_cases.cases/${late.id}`)).length, 4));
  await server.kill9();
  await server.serve();
  await nap(300);
  assert.equal((await steps(`desk_cases.cases/${late.id}`)).length, 4);
  await act(late, 'finish');
});

test('each step is an event of the record, which handlers hear', async () => {
  await eventually(async () => assert.deepEqual((await lead.ok('GET', `desk_cases/told?case=${two.id}&sort=created_at`)).items.map((t) => t.what), [
    'desk_cases.cases.deadline.reminded working', 'desk_cases.cases.deadline.missed working',
    'desk_cases.cases.deadline.escalated working', 'desk_cases.cases.deadline.escalated working']));
});

test('a deleted record has no deadline any more', async () => {
  const r = await act(await add('ten'), 'take');
  await lead.ok('DELETE', `${PATH}/${r.id}`, undefined, { 'If-Match': `"${r.rev}"` });
  await goto('2027-03-20T12:00:00');
  await nap(300);
  assert.deepEqual(await steps(`desk_cases.cases/${r.id}`), []);
});

// ADM-8: the yearly summary is owed, not remembered
test('each period opens its obligation, those missed as well, to whoever owes it', async () => {
  const owed = async (who, state = 'open') => (await who.ok('GET', `obligations?state=${state}`)).items.filter((o) => o.name.startsWith('desk_cases.'));
  await eventually(async () => assert.equal((await owed(lead)).length, 2));
  assert.deepEqual((await owed(lead)).map((o) => [o.name, o.period, local(o.due_at)]), [
    ['desk_cases.monthly_count', '2027-02-01T00:00', '2027-02-08T17:30:00'],
    ['desk_cases.monthly_count', '2027-03-01T00:00', '2027-03-08T17:30:00']]);
  assert.deepEqual((await owed(lead))[0].serves, ['ADM-8']);
  assert.deepEqual(await owed(officer), []);
  assert.equal((await owed(principal)).length, 2, 'leaders see what others owe');
  const first = await lead.ok('GET', 'obligations?limit=1');
  assert.deepEqual([first.items.length, first.more], [1, true]);
  assert.equal((await inbox(lead, 'obligation')).length, 2);
  assert.equal((await inbox(principal, 'obligation')).length, 2, 'it climbed');
  const one = await lead.ok('GET', `obligations/${(await owed(lead))[0].id}`);
  assert.equal(one.overdue, true);
  assert.deepEqual(one.deadline.steps.map((s) => [s.kind, s.done]), [['remind', true], ['missed', true], ['escalate', true]]);
  assert.equal((await officer.api('GET', `obligations/${one.id}`)).status, 404);
  assert.equal((await officer.api('POST', `obligations/${one.id}/close`, { note: 'x' })).status, 404);
  const bad = await lead.api('POST', `obligations/${one.id}/close`, { nte: 'x' });
  assert.equal(bad.status, 422);
  assert.deepEqual(bad.body.errors.map((e) => [e.pointer, e.code]).sort(), [['/note', 'required'], ['/nte', 'unknown_field']]);
  const closed = await lead.ok('POST', `obligations/${one.id}/close`, { note: '二月共 12 人' });
  assert.equal(closed.state, 'closed');
  assert.equal((await lead.api('POST', `obligations/${one.id}/close`, { note: 'again' })).status, 409);
  assert.equal((await inbox(lead, 'obligation')).length, 1);
  assert.equal((await inbox(principal, 'obligation')).length, 1);
  assert.deepEqual((await owed(lead, 'closed')).map((o) => o.note), ['二月共 12 人']);
  const row = (await admin.ok('GET', `admin/audit?object=core.obligations/${one.id}`)).items;
  assert.deepEqual(row.map((r) => r.action), ['obligation.close']);
  assert.equal((await lead.api('GET', 'obligations?state=lost')).status, 422);
});

test('a year passes in seconds: every period once, and its evidence is looked at', async () => {
  for (const day of ['2027-06-01', '2027-09-15', '2027-12-31', '2028-01-02', '2028-01-03'])
    await goto(`${day}T12:00:00`), await nap(60);
  server.keeper = undefined; // sessions and tokens have run out
  [lead, money] = [await server.bearer('e.lead', ['admissions.lead']), await server.bearer('e.money', ['finance'])];
  const all = async (who) => (await who.ok('GET', 'obligations?limit=500')).items.filter((o) => o.name.startsWith('desk_cases.'));
  await eventually(async () => assert.equal((await all(lead)).filter((o) => o.name === 'desk_cases.summary').length, 1));
  const months = (await all(lead)).filter((o) => o.name === 'desk_cases.monthly_count').map((o) => o.period.slice(0, 7));
  assert.deepEqual(months, ['2027-03', '2027-04', '2027-05', '2027-06', '2027-07', '2027-08', '2027-09', '2027-10', '2027-11', '2027-12', '2028-01']);
  const summary = (await all(lead)).find((o) => o.name === 'desk_cases.summary');
  assert.equal(summary.entity, 'desk_cases.cases');
  const nothing = await lead.api('POST', `obligations/${summary.id}/close`, { record: summary.id });
  assert.equal(nothing.status, 422);
  assert.equal(nothing.body.errors[0].pointer, '/record');
  const r = await add('the summary');
  assert.equal((await lead.ok('POST', `obligations/${summary.id}/close`, { record: r.id, note: 'done' })).record, r.id);
  const minutes = (await all(money)).find((o) => o.name === 'desk_cases.minutes');
  assert.equal(minutes.period, '2028-01-02T09:00');
  assert.equal((await money.api('POST', `obligations/${minutes.id}/close`, { file: 'no-such-file' })).status, 422);
  assert.equal((await lead.api('GET', `obligations/${minutes.id}`)).status, 404, 'it is another department\'s');
  const sound = server.run(['audit', 'verify']);
  assert.equal(sound.status, 0, sound.stderr);
});
