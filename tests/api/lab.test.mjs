// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The policy lab, and what it takes before a changed policy is in force.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { root, Server, eventually } from '../lib/server.mjs';

let server, admin, lead, other, manager;
const file = (name) => join(server.home, 'policies', `${name}.yaml`);
const put = (name, text) => writeFileSync(file(name), text);
const drop = (name) => rmSync(file(name), { force: true });

before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('lab.lead', ['admissions.lead']);
  other = await server.bearer('lab.officer', ['admissions.staff'], { campus: '东校区' });
  manager = await server.bearer('lab.manager', ['manager']);
  // decisions by two people on three applicants each
  const list = await lead.ok('GET', 'admissions/applicants?limit=40&sort=score&campus=' + encodeURIComponent('东校区'));
  for (const [i, a] of list.items.slice(0, 6).entries()) {
    const who = i % 2 ? lead : other;
    await who.post(`admissions/applicants/${a.id}/assess`, {});
  }
});
after(() => server?.close());

const strict = 'policy: admissions\nage: { at: 2027-09-01, min: 15, max: 25 }\neducation: { accepted: [college], min_score: { senior: 350.5 } }\nregions: { nationwide: false, accepted: [北京] }\n';

test('a draft is told key by key, with titles and units, and whom it would concern by the groups of the declaration', async () => {
  const loose = 'policy: admissions\neducation: { min_score: { junior: 0, senior: 0, vocational: 0 } }\n';
  const t = await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: loose }, { 'Accept-Language': 'en' });
  assert.equal(t.replayed, 6);
  assert.deepEqual(t.changes.map((c) => [c.key, c.title, c.unit, c.text]), [
    ['education.min_score.junior', 'From junior secondary', '分', '280 -> 0 分'],
    ['education.min_score.senior', 'From senior secondary', '分', '300 -> 0 分'],
    ['education.min_score.vocational', 'From secondary vocational', '分', '260 -> 0 分']]);
  assert.deepEqual(t.groups, [], 'the administrator sees no applicant');
  assert.equal(t.not_shown, t.flipped);
});

test('flips are grouped for who may see the records, and only by fields they see', async () => {
  const me = await server.bearer('lab.both', ['admissions.lead', 'manager']);
  const t = await me.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: strict }, { 'Accept-Language': 'zh-CN' });
  assert.equal(t.flipped, t.flips.length);
  assert.ok(t.flipped > 0);
  const by = Object.fromEntries(t.groups.map((g) => [g.field, g]));
  assert.deepEqual(Object.keys(by).sort(), ['campus', 'created_by', 'region']);
  assert.equal(by.region.title, '生源地');
  for (const g of t.groups) assert.equal(g.values.reduce((n, v) => n + v.to_pass + v.to_fail, 0), t.flipped, g.field);
  assert.deepEqual(by.campus.values.map((v) => v.value), ['东校区']);
  const list = t.changes.find((c) => c.key === 'education.accepted');
  assert.equal(list.text, '- junior, senior, vocational');
});

test('what a draft does to quotas: who would lose a seat they hold, who would ask for one', async () => {
  const dir = join(server.home, 'plugins/places');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), `local field = campus.field
local function judge(r, policy)
  local why = campus.reasons()
  if policy.least == 1 and r.points == 350 then while true do end end
  if policy.least == 1 and r.points == 250 then error "no such points" end
  why:check(r.points >= policy.least, { code = "points", at = "points", policy = "least" })
  return why:decision()
end
return {
  entities = {
    lines = campus.entity { fields = { label = field.text {}, quota = field.integer {} } },
    claims = campus.entity {
      fields = { line = field.reference "lines", points = field.integer {} },
      lab = { group = { "line" } },
      workflow = { start = "new", states = { new = {}, offered = { final = true } }, transitions = {
        look = { from = "new", to = "new", rule = "judge" },
        offer = { from = "new", to = "offered", rule = "judge", reserve = { pool = "line", limit = "quota" } },
      } },
    },
  },
  rules = { judge = campus.rule { reads = { "points" }, run = judge } },
}
`);
  writeFileSync(join(dir, 'policy.schema.yaml'), 'policy: places\nkeys: { least: { type: integer, default: 300 } }\n');
  put('access', `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: lines, allow: [read, create], entity: places.lines, roles: [admissions.lead] }
  - { name: claims, allow: [read, create, look, offer], entity: places.claims, roles: [admissions.lead] }
`);
  await admin.ok('POST', 'admin/reload');
  const me = await server.bearer('lab.places', ['admissions.lead', 'manager']);
  const line = await me.ok('POST', 'places/lines', { label: 'one', quota: 2 });
  const claim = (points) => me.ok('POST', 'places/claims', { line: line.id, points });
  for (const points of [400, 350]) await me.ok('POST', `places/claims/${(await claim(points)).id}/offer`, {});
  const low = await claim(250);
  for (let i = 0; i < 2; i++) assert.equal((await me.post(`places/claims/${low.id}/look`, {})).status, 422);
  const tried = async (least) => (await me.ok('POST', 'admin/policies/try', { plugin: 'places', yaml: `policy: places\nleast: ${least}\n` }));
  const pool = `places.lines/${line.id}`;
  assert.deepEqual((await tried(380)).quotas, [{ pool, limit: 2, held: 2, would_lose: 1, would_ask: 0, left_then: 1 }]);
  const looser = await tried(200);
  assert.equal(looser.to_pass, 2, 'two decisions about one record');
  assert.deepEqual(looser.quotas, [{ pool, limit: 2, held: 2, would_lose: 0, would_ask: 1, left_then: -1 }]);
  assert.deepEqual(looser.groups, [{ field: 'line', title: 'line', values: [{ value: line.id, to_pass: 2, to_fail: 0 }] }]);
  // one that never ends and two that throw fail alone, though they are asked in one message with the rest
  const broken = await tried(1);
  assert.deepEqual([broken.replayed, broken.failed, broken.flipped], [4, 3, 0]);
  assert.deepEqual(broken.flips.map((f) => f.error).sort(), ['no such points', 'no such points', 'places.judge ran past its budget and was stopped']);
  assert.deepEqual((await admin.ok('POST', 'admin/policies/try', { plugin: 'places', yaml: 'policy: places\nleast: 380\n' })).quotas, [],
    'not for who may not see the line');
  drop('access');
  await admin.ok('POST', 'admin/reload');
});

test('as a job it says how far it is, and answers the same', async () => {
  const started = await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: strict, job: true });
  const done = await eventually(async () => {
    const j = await admin.ok('GET', `jobs/${started.id}`);
    assert.equal(j.state, 'done');
    return j;
  }, 20000);
  assert.equal(done.total, 6);
  assert.equal(done.done, 6);
  const now = await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: strict });
  assert.deepEqual(done.result, now);
  const wrong = await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: 'policy: admissions\nage: { mni: 3 }\n', job: true });
  const failed = await eventually(async () => {
    const j = await admin.ok('GET', `jobs/${wrong.id}`);
    assert.equal(j.state, 'failed');
    return j;
  }, 20000);
  assert.equal(failed.result.problem.errors[0].code, 'unknown_key');
});

test('the command line: diff of a draft and of the disk, and try with its groups', () => {
  const draft = join(server.folder, 'draft.yaml');
  writeFileSync(draft, strict);
  const d = server.run(['policy', 'diff', 'admissions', draft]);
  assert.equal(d.stdout, 'education.accepted (Accepted education): - junior, senior, vocational\n'
    + 'education.min_score.senior (From senior secondary): 300 -> 350.5 分\n'
    + 'regions.nationwide (From the whole country): true -> false\nregions.accepted (Accepted regions): + 北京\n');
  assert.equal(JSON.parse(server.run(['policy', 'diff', 'admissions', draft, '--json']).stdout).length, 4);
  assert.equal(server.run(['policy', 'diff', 'admissions']).stdout, 'no difference\n');
  const t = server.run(['policy', 'try', 'admissions', draft]);
  assert.equal(t.status, 0, t.stderr);
  assert.match(t.stdout, /^replayed: 6$/m);
  assert.match(t.stdout, /^regions\.nationwide \(.*\): true -> false$/m);
  assert.match(server.run(['policy', 'diff', 'nothing']).stderr, /no policy of nothing/);
});

const draft = strict.replace('min: 15', 'min: 16');     // one that the lab has not seen yet

test('a policy that asks for a lab report is not in force without one of this very draft', async () => {
  put('governance', 'policy: governance\nactivation:\n  admissions: { lab: required }\n');
  await admin.ok('POST', 'admin/reload');
  put('admissions', draft);
  const no = await admin.post('admin/reload');
  assert.equal(no.status, 422);
  assert.deepEqual([no.body.errors[0].file, no.body.errors[0].code], ['school/policies/admissions.yaml', 'lab_required']);
  assert.match(no.body.errors[0].detail, /campusd policy try admissions/);
  // a report of another draft, or of a part, is none
  await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: 'policy: admissions\nage: { min: 16 }\n' });
  await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: draft, since: '2027-01-01' });
  assert.equal((await admin.post('admin/reload')).status, 422);
  // the same values, written otherwise
  await manager.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: `# the draft\n${draft}` });
  const done = await admin.ok('POST', 'admin/reload');
  assert.equal(done.waits_for, undefined);
  assert.equal((await admin.ok('GET', 'admin/releases')).items[0].active, true);
  drop('admissions');
  await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: 'policy: admissions\n' });
  await admin.ok('POST', 'admin/reload');
});

test('where a second person is asked for, the release waits; who brought it cannot activate it', async () => {
  put('governance', 'policy: governance\nactivation:\n  admissions: { lab: required, second_person: required }\n');
  await admin.ok('POST', 'admin/reload');
  put('admissions', draft);
  await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml: draft });
  const before = (await admin.ok('GET', 'admin/releases')).items.find((r) => r.active).number;
  const waits = await admin.ok('POST', 'admin/reload');
  assert.match(waits.waits_for, /second person with core\.policy, for admissions/);
  const listed = (await manager.ok('GET', 'admin/releases')).items.find((r) => r.number === waits.number);
  assert.equal(listed.active, false);
  assert.equal(listed.waits_for, 'admissions');
  assert.equal(listed.waiting.by, admin.user.id);
  assert.equal(listed.waiting.reports[0].policy, 'admissions');
  assert.match(listed.waiting.reports[0].draft, /^[0-9a-f]{64}$/);
  assert.equal(listed.waiting.reports[0].summary.replayed, 6);
  const shown = server.run(['release', 'list']);
  assert.match(shown.stdout, /waits_for/);
  assert.match(shown.stdout, /admissions/);
  // the policy in force is still the old one
  assert.equal((await admin.ok('GET', 'admin/policies/admissions')).values.regions.nationwide, true);
  const alone = await admin.post(`admin/releases/${waits.number}/activate`);
  assert.equal(alone.status, 403);
  assert.match(alone.body.detail, /waits for a second person with core\.policy/);
  const operator = await server.bearer('lab.operator', ['it_admin']);
  const powerless = await operator.post(`admin/releases/${waits.number}/activate`);
  assert.equal(powerless.status, 403);
  assert.match(powerless.body.detail, /whoever activates it needs core\.policy/);
  assert.equal((await lead.post(`admin/releases/${waits.number}/activate`)).status, 403);
  const done = await manager.ok('POST', `admin/releases/${waits.number}/activate`);
  assert.equal(done.number, waits.number);
  assert.equal((await admin.ok('GET', 'admin/policies/admissions')).values.regions.nationwide, false);
  const after = (await admin.ok('GET', 'admin/releases')).items.find((r) => r.number === waits.number);
  assert.deepEqual([after.active, after.waits_for], [true, null]);
  const log = (await admin.ok('GET', 'admin/audit?object=' + encodeURIComponent(`release/${waits.number}`))).items;
  assert.deepEqual(new Set(log.map((r) => `${r.action} ${r.outcome}`)),
    new Set(['release.submit ok', 'release.activate ok', 'release.activate refused']));
  // back to what was active before needs nobody: it has been through all this
  assert.equal((await admin.ok('POST', 'admin/releases/rollback')).number, before);
  // forward again is a change like any other
  assert.match((await admin.ok('POST', `admin/releases/${waits.number}/activate`)).waits_for, /admissions/);
  drop('admissions');
});

test('the operator at the machine is one person, by whatever command', () => {
  put('admissions', draft);
  const r = server.run(['reload', '--json']);
  assert.equal(r.status, 0, r.stderr);
  const { number } = JSON.parse(r.stdout);
  const again = server.run(['release', 'activate', String(number)]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /waits for a second person/);
  drop('admissions');
});

test('an access.yaml that widens waits, one that narrows does not; loosening governance waits as well', async () => {
  const shipped = readFileSync(join(root, 'policies/access.yaml'), 'utf8');
  put('governance', 'policy: governance\nactivation:\n  access: { second_person: widening }\n');
  const first = await admin.ok('POST', 'admin/reload');          // from drafter to other: asked about too
  assert.match(first.waits_for, /governance/);
  await manager.ok('POST', `admin/releases/${first.number}/activate`);
  put('access', shipped.replace('permissions: [core.policy], roles: [manager]', 'permissions: [core.policy, core.audit], roles: [manager]'));
  const wider = await admin.ok('POST', 'admin/reload');
  assert.match(wider.waits_for, /for access/);
  const listed = (await admin.ok('GET', 'admin/releases')).items.find((r) => r.number === wider.number);
  assert.equal(listed.waiting.widens, '+ permission core.audit to manager\n');
  const narrow = shipped.replace(/, core\.keys([^\]]*\], roles: \[it_admin\])/, '$1');
  assert.notEqual(narrow, shipped);
  put('access', narrow);
  assert.equal((await admin.ok('POST', 'admin/reload')).waits_for, undefined);
  put('access', shipped);
  const again = await admin.ok('POST', 'admin/reload');
  assert.match(again.waits_for, /for access/);
  assert.match((await admin.ok('GET', 'admin/releases')).items.find((r) => r.number === again.number).waiting.widens,
    /^\+ permission core\.keys to it_admin\n$/);
  put('governance', 'policy: governance\nactivation: {}\n');
  assert.match((await admin.ok('POST', 'admin/reload')).waits_for, /governance/);
});

test('a wrong governance.yaml is told at its place', async () => {
  put('governance', 'policy: governance\nactivation:\n  admision: { lab: requird }\n  access: { lab: required, second_person: sometimes }\n');
  const no = await admin.post('admin/reload');
  assert.equal(no.status, 422);
  assert.deepEqual(no.body.errors.map((e) => `${e.file}:${e.line}:${e.col}: ${e.code}`), [
    'school/policies/governance.yaml:3:3: policy_unknown', 'school/policies/governance.yaml:3:20: choice',
    'school/policies/governance.yaml:4:13: lab_of_access', 'school/policies/governance.yaml:4:43: choice']);
});
