// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What there is for who writes a plugin: plugin new, check, test, doc, stubs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const binary = process.env.CAMPUSD || join(root, 'build/campusd');
const folder = mkdtempSync(join(tmpdir(), 'campusd-authors-')), home = join(folder, 'home');
const run = (...words) => spawnSync(binary, ['--home', home, ...words],
  { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8', CAMPUSD_SHARE: root }, timeout: 120000 });
const write = (file, text) => {
  mkdirSync(dirname(join(home, 'plugins', file)), { recursive: true });
  writeFileSync(join(home, 'plugins', file), text);
};

before(() => {
  mkdirSync(join(home, 'policies'), { recursive: true });
  writeFileSync(join(home, 'campusd.yaml'), 'storage: sqlite:campusd.db\n');
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('a new plugin passes its check and its tests as it is', () => {
  assert.equal(run('plugin', 'new', 'kitchen').status, 0);
  assert.deepEqual(readdirSync(join(home, 'plugins/kitchen')).sort(),
    ['README.md', 'items.lua', 'locale', 'plugin.lua', 'policy.schema.yaml', 'rules.lua', 'tests']);
  assert.equal(run('plugin', 'check', 'kitchen').status, 0);
  const r = run('plugin', 'test', 'kitchen');
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /^1\.\.3$/m);
  assert.match(r.stdout, /^# transitions: 1 of 1 tested$/m);
  assert.match(r.stdout, /^# outcomes of reasons: 2 of 2 tested$/m);
});

test('a test that fails says where and what, and the command ends with 1', () => {
  write('kitchen/tests/wrong.lua', [
    'test("equal", function()', '  expect.equal({ a = 1 }, { a = 2 })', 'end)',
    'test("refused", function()', '  expect.refused("forbidden", function() as "staff":create("items", {}) end)', 'end)',
    'test("done", function()', '  expect.refused("forbidden", function() end)', 'end)',
    'test("not caught", function()', '  as "guest":create("items", { name = "x", amount = "1.00" })', 'end)',
    'test("a mistake in Lua", function()', '  local x', '  return x.y', 'end)',
    'test("a role that is not there", function()', '  as "stuff"', 'end)',
    'test("the way back", function()', '  clock.set "2026-01-01"', 'end)',
    'test("without end", function()', '  while true do end', 'end)',
    'test("after all that", function()', '  expect.yes(true)', 'end)'].join('\n'));
  const r = run('plugin', 'test', 'kitchen', 'wrong');
  assert.equal(r.status, 1);
  const at = 'plugins/kitchen/tests/wrong.lua';
  for (const line of [
    `# ${at}:2:1: expected: { a = 2 }, not { a = 1 }`,
    `# ${at}:5:1: expected: a refusal "forbidden", not 422 invalid:`,
    `# ${at}:8:1: expected: a refusal "forbidden", but it was done`,
    `# ${at}:11:1: forbidden: 403 forbidden`,
    `# ${at}:15:1: lua: attempt to index a nil value (local 'x')`,
    `# ${at}:18:1: usage: there is no role "stuff"; did you mean staff?`,
    `# ${at}:21:1: usage: the clock of a test goes forward only`,
    `# ${at}:23:1: plugin_budget: kitchen ran past its budget and was stopped`]) assert.ok(r.stdout.includes(line), `${line}\n${r.stdout}`);
  assert.match(r.stdout, /^ok \d+ - after all that$/m);
  const j = JSON.parse(run('plugin', 'test', 'kitchen', 'wrong', '--json').stdout);
  assert.equal(j.failed, 8);
  assert.equal(j.passed, 1);
  assert.deepEqual({ ...j.tests[0] }, { name: 'equal', ok: false, file: at, line: 2, code: 'expected', detail: '{ a = 2 }, not { a = 1 }' });
  rmSync(join(home, 'plugins/kitchen/tests/wrong.lua'));
});

test('no test sees what another has done, and each begins at the same moment', () => {
  const body = (n) => [`test("${n}", function()`, '  expect.equal(clock.today(), "2027-03-01")', '  local staff = as "staff"',
    '  expect.equal(#staff:find("items"), 0)', '  expect.equal(#events(), 0)', '  policy { limit = 1 }', '  clock.advance "3d"',
    '  expect.equal(clock.today(), "2027-03-04")',
    '  local made = staff:create("items", { name = "x", amount = "1.00" })', '  expect.equal(made.created_at:sub(1, 10), "2027-03-04")',
    '  expect.equal(events()[1].type, "kitchen.items.created")',
    '  leaked = nil', 'end)'].join('\n');
  write('kitchen/tests/apart.lua', ['one', 'two'].map(body).join('\n').replaceAll('  leaked = nil\n', ''));
  const r = run('plugin', 'test', 'kitchen', 'apart');
  assert.equal(r.status, 0, r.stdout + r.stderr);
  rmSync(join(home, 'plugins/kitchen/tests/apart.lua'));
});

test('a test moves the clock past a deadline, sees what handlers did and which messages would go', () => {
  write('watch/plugin.lua', `local field = campus.field
return {
  entities = {
    tasks = campus.entity {
      fields = { name = field.text {}, phone = field.text { class = "confidential", check = "mobile", mask = "mobile" } },
      workflow = {
        start = "open",
        states = { open = { deadline = { within = "3d", owner = "$actor", lapse = "lapse" } }, done = { final = true }, late = { final = true } },
        transitions = { finish = { from = "open", to = "done", message = "finished" }, lapse = { from = "open", to = "late" } },
      },
    },
    notes = campus.entity { fields = { about = field.reference "tasks" } },
  },
  messages = { finished = campus.message { title = "Done", entity = "tasks", to = { "phone" }, channels = { "sms" }, text = "done: {name}" } },
  on = { ["watch.tasks.late"] = campus.on { run = function(ctx, event) return ctx:create("notes", { about = event.record }) end } },
}
`);
  write('watch/tests/access.yaml', `policy: access
roles: { staff: {}, plugin.watch: {} }
rules:
  - { name: staff work, allow: [read, create, finish], entity: watch.tasks, roles: [staff] }
  - { name: staff read notes, allow: [read], entity: watch.notes, roles: [staff] }
  - { name: the plugin reads tasks, allow: [read], entity: watch.tasks, roles: [plugin.watch] }
  - { name: the plugin notes, allow: [read, create], entity: watch.notes, roles: [plugin.watch] }
`);
  write('watch/tests/late.lua', `test("too late", function()
  local staff = as "staff"
  local one, two = staff:create("tasks", { name = "a" }), staff:create("tasks", { name = "b", phone = "14500000001" })
  staff:transition("tasks", two.id, "finish")
  expect.equal(#messages "finished", 1)
  clock.advance "2d"
  expect.equal(staff:get("tasks", one.id).state, "open")
  clock.advance "3d"
  expect.equal(staff:get("tasks", one.id).state, "late")
  expect.equal(#events "tasks.late", 1)
  expect.equal(staff:find("notes")[1].about, one.id)
end)
`);
  const r = run('plugin', 'test', 'watch');
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /# transitions: 2 of 2 tested$/m, 'what a deadline does counts too');
  rmSync(join(home, 'plugins/watch'), { recursive: true });
});

test("a school's own policy does not fail a plugin's tests", () => {
  writeFileSync(join(home, 'policies/kitchen.yaml'), 'policy: kitchen\nlimit: 1\n');
  assert.equal(run('plugin', 'test', 'kitchen').status, 0);
  rmSync(join(home, 'policies/kitchen.yaml'));
});

test('tests of a plugin that does not check are not run; the check is told', () => {
  const file = join(home, 'plugins/kitchen/rules.lua'), text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('reads =', 'raeds ='));
  const r = run('plugin', 'test', 'kitchen');
  assert.equal(r.status, 1);
  assert.match(r.stderr, /plugins\/kitchen\/rules\.lua:9:\d+: unknown_option: campus\.rule has no option "raeds"; did you mean reads\?/);
  writeFileSync(file, text);
  assert.match(run('plugin', 'test', 'kitchn').stderr, /there is no plugin kitchn/);
});

test('a rule that reads what it does not declare is told at its line', () => {
  const file = join(home, 'plugins/kitchen/rules.lua'), text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('reads = { "amount" }', 'reads = { "name" }'));
  write('kitchen/tests/reads.lua', 'test("reads", function() decide("within_limit", { name = "x" }) end)\n');
  const r = run('plugin', 'test', 'kitchen', 'reads');
  assert.match(r.stdout, /# plugins\/kitchen\/rules\.lua:4:1: lua: the rule does not declare that it reads "amount": add it to reads = \{ … \}/);
  writeFileSync(file, text);
  rmSync(join(home, 'plugins/kitchen/tests/reads.lua'));
});

test('the reference page names entities, clauses, rules, events and the policy', () => {
  const { stdout } = run('plugin', 'doc', 'admissions');
  for (const line of ['| `id_number` * | text | secret, personal | Identity number |', 'ADM-5', '| `by_region_state` |',
    '- `admissions.applicants.created`', 'age.min = 15']) assert.ok(stdout.includes(line), line);
});

test('the stubs name everything that a plugin can say, and are Lua', () => {
  const to = join(folder, 'stubs');
  assert.equal(run('plugin', 'stubs', to).status, 0);
  const stubs = readFileSync(join(to, 'campus.lua'), 'utf8');
  assert.equal(spawnSync('luac5.4', ['-p', join(to, 'campus.lua')]).status, 0);
  assert.ok(existsSync(join(to, '.luarc.json')));
  JSON.parse(readFileSync(join(to, '.luarc.json'), 'utf8'));
  // the host's own tables, read from its source
  const prelude = readFileSync(join(root, 'core/host/prelude.lua'), 'utf8'), tables = readFileSync(join(root, 'core/host/shapes.lua'), 'utf8');
  const shapes = /local SHAPES = \{(.*?)\n\}/s.exec(tables)[1], types = /local TYPES = \{(.*?)\n\}/s.exec(tables)[1];
  const words = (t) => [...t.matchAll(/(\w+) =/g)].map((m) => m[1]);
  for (const w of [...words(shapes), ...words(types)]) assert.match(stubs, new RegExp(`\\b${w}\\b`), w);
  for (const m of prelude.matchAll(/^campus\.(\w+) =|^function campus\.(\w+)/gm))
    assert.match(stubs, new RegExp(`campus\\.${m[1] ?? m[2]}\\b`), m[0]);
  const calls = /for _, k in ipairs \{ ("get".*?) \} do calls/.exec(prelude)[1];
  for (const m of calls.matchAll(/"(\w+)"/g)) assert.match(stubs, new RegExp(`---@field ${m[1]} fun`), m[1]);
});

test('the calendar has a schema for an editor: it takes the shipped one and the keys that the core takes, and no others', async () => {
  const { default: Ajv } = await import('ajv/dist/2020.js');
  const { parse } = await import('yaml');
  const is = new Ajv({ strict: false }).compile(JSON.parse(run('policy', 'schema', 'calendar').stdout));
  const file = parse(readFileSync(join(root, 'policies/calendar.yaml'), 'utf8'), { schema: 'failsafe' });
  assert.ok(is(file), JSON.stringify(is.errors));
  const keys = /KEYS\[\] = \{(.*?)\}/s.exec(readFileSync(join(root, 'core/base/calendar.c'), 'utf8'))[1].match(/"(\w+)"/g).map((k) => k.slice(1, -1));
  assert.deepEqual(Object.keys(is.schema.$defs.calendar.properties).sort(), keys.sort());
  for (const wrong of [{ hours: { mon: ['8:30-12:00'] } }, { hours: { monday: [] } }, { holidays: ['2026-13-01'] }, { seasons: [{ from: '07-01' }] },
    { duty: [{ days: '2026-10-01' }] }, { closed: true }]) assert.ok(!is({ calendars: { school: wrong } }), JSON.stringify(wrong));
});

test('the report on clauses names a plugin\'s own tests, and what else serves beside its entities', () => {
  const { items } = JSON.parse(run('coverage', '--json').stdout);
  for (let n = 1; n <= 8; n++) {
    const one = items.find((i) => i.clause === `ADM-${n}`);
    assert.match(one.tests, /tests\/api\/admissions\.test\.mjs/);
    assert.match(one.tests, /plugins\/admissions\/tests\/\w+\.lua/);
  }
  assert.match(items.find((i) => i.clause === 'ADM-6').served_by, /admissions\.notice\b/);
});

test('reload --test asks the plugins\' own tests first, and changes nothing when one fails', () => {
  const own = join(folder, 'tested'), key = join(folder, 'passphrase');
  writeFileSync(key, 'a sentence to open the vault\n', { mode: 0o600 });
  const at = (...words) => spawnSync(binary, ['--home', own, ...words], { encoding: 'utf8', timeout: 120000,
    env: { ...process.env, LC_ALL: 'C.UTF-8', CAMPUSD_SHARE: root, CAMPUSD_PASSPHRASE_FILE: key } });
  const put = (file, text) => { mkdirSync(dirname(join(own, file)), { recursive: true }); writeFileSync(join(own, file), text); };
  const made = at('init', '--school', 'tested', '--name', '测试', '--admin', 'root', '--passphrase-file', key);
  assert.equal(made.status, 0, made.stderr);
  put('campusd.yaml', `${readFileSync(join(own, 'campusd.yaml'), 'utf8').replace(/^plugins:.*$/m, '')}\nplugins: { path: [plugins], enabled: [tiny] }\n`);
  put('plugins/tiny/plugin.lua', 'return { version = "1.0.0", title = { zh = "小", en = "Tiny" } }\n');
  for (const file of ['policies/access.yaml', 'plugins/tiny/tests/access.yaml']) put(file, 'policy: access\nroles: { clerk: {}, public: {} }\nrules: []\n');
  const releases = () => JSON.parse(at('release', 'list', '--json').stdout).items.length, before = releases();
  put('plugins/tiny/tests/first.lua', 'test("what holds", function() expect.yes(false) end)\n');
  const no = at('reload', '--test');
  assert.equal(no.status, 1, no.stderr);
  assert.match(no.stderr, /not ok 1 - what holds/);
  assert.match(no.stderr, /the tests of tiny fail: nothing has changed/);
  assert.equal(releases(), before);
  put('plugins/tiny/tests/first.lua', 'test("what holds", function() expect.yes(true) end)\n');
  const yes = at('reload', '--test');
  assert.equal(yes.status, 0, yes.stderr);
  assert.equal(releases(), before + 1);
});
