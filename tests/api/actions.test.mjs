// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Actions: plugin code that changes records runs in one transaction, with the caller's rights, and
// reaches nothing it did not declare.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, root } from '../lib/server.mjs';
import { applicant } from '../lib/applicant.mjs';

const MANIFEST = `-- a shelf of parcels that action code moves about
local field = campus.field
local parcels = campus.entity {
  title = { zh = "包裹", en = "Parcels" },
  fields = { label = field.text { required = true, unique = true }, count = field.integer { min = 0, default = 1 } },
}
local function double(ctx, input)
  local p, err = ctx:get("parcels", input.id)
  if not p then return nil, err end
  return ctx:update("parcels", p.id, { count = p.count * 2 })
end
local function both(ctx, input)
  local a = ctx:create("parcels", { label = input.first })
  local b, err = ctx:create("parcels", { label = input.second })
  if not b then return nil, err end
  ctx:emit("packed", "parcels", a.id)
  return { first = a.id, second = b.id, today = ctx:now().today, who = ctx.actor.name, found = #ctx:find("parcels", { sort = "label" }).items }
end
local function greedy(ctx, input) return ctx:get("admissions.applicants", input.id) end
local function needy(ctx, input) return ctx:transition("admissions.applicants", input.id, "assess", {}) end
local function stuck() while true do end end
local function pack(ctx, input)
  local p, err = ctx:update("parcels", input.parcel, { label = input.label, count = input.count })
  if not p then return nil, err end
  return { label = p.label, sent = input.on_day or "never" }
end
return { version = "1.0.0", title = { zh = "仓库", en = "Store" }, entities = { parcels = parcels },
  needs = { NEEDS },
  actions = { double = campus.action { run = double }, both = campus.action { run = both }, greedy = campus.action { run = greedy },
    needy = campus.action { run = needy }, stuck = campus.action { run = stuck },
    pack = campus.action { title = { zh = "打包", en = "Pack" }, run = pack, on = "parcel",
      input = { parcel = field.reference { to = "parcels", required = true }, label = field.text { title = { zh = "标签", en = "Label" }, required = true, max_length = 8 },
        count = field.integer { min = 1 }, on_day = field.date { default = "$today" } } } } }
`;
let server, keeper, lead, helper;
before(async () => {
  server = await Server.start();
  const dir = join(server.home, 'plugins/shelf');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), MANIFEST.replace('NEEDS', '"admissions.applicants"'));
  const poor = join(server.home, 'plugins/poor');
  cpSync(dir, poor, { recursive: true });
  writeFileSync(join(poor, 'plugin.lua'), MANIFEST.replace('NEEDS', ''));
  const access = readFileSync(join(root, 'policies/access.yaml'), 'utf8');
  writeFileSync(join(server.home, 'policies/access.yaml'), `${access}
  - { name: shelves are kept, allow: [read, create, update], entity: shelf.parcels, roles: [admissions.lead, finance] }
  - { name: poor shelves are kept, allow: [read, create, update], entity: poor.parcels, roles: [admissions.lead] }
  - { name: shelf actions, permissions: [shelf.actions.double, shelf.actions.both, shelf.actions.greedy, shelf.actions.needy, shelf.actions.stuck, shelf.actions.pack, poor.actions.greedy], roles: [admissions.lead, finance] }
`);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  keeper = await server.admin();
  lead = await server.bearer('a.lead', ['admissions.lead']);
  helper = await server.bearer('a.finance', ['finance']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const act = (who, name, body, plugin = 'shelf') => who.api('POST', `${plugin}/actions/${name}`, body);

test('an action reads and writes through the gate, audited and told like any other change', async () => {
  const p = await lead.ok('POST', 'shelf/parcels', { label: 'one', count: 21 });
  const a = await act(lead, 'double', { id: p.id });
  assert.equal(a.status, 200, a.text);
  assert.equal(a.body.result.count, 42);
  assert.equal((await lead.ok('GET', `shelf/parcels/${p.id}`)).rev, 2);
  const rows = (await keeper.ok('GET', `admin/audit?object=shelf.parcels/${p.id}&action=update`)).items;
  assert.equal(rows.length, 1);
});

test('all of an action happens, or none of it', async () => {
  const good = await act(lead, 'both', { first: 'a', second: 'b' });
  assert.equal(good.status, 200, good.text);
  assert.equal(good.body.result.who, 'a.lead');
  assert.ok(good.body.result.found >= 2);
  const bad = await act(lead, 'both', { first: 'c', second: 'b' });      // b exists
  assert.equal(bad.status, 422, bad.text);
  assert.equal((await lead.ok('GET', 'shelf/parcels?label=c')).items.length, 0);
});

test('an action reaches what its plugin declares to need, with the rights of its caller', async () => {
  const r = await lead.ok('POST', 'admissions/applicants', applicant(901));
  const seen = await act(lead, 'greedy', { id: r.id });
  assert.equal(seen.status, 200, seen.text);
  assert.equal(seen.body.result.phone, '138****0901');         // masked for code as for people
  assert.equal((await act(helper, 'greedy', { id: r.id })).status, 422);      // finance sees nobody under review
  const poor = await act(lead, 'greedy', { id: r.id }, 'poor');
  assert.equal(poor.status, 503, poor.text);
  assert.match(poor.text, /does not declare/);
  const moved = await act(lead, 'needy', { id: r.id });
  assert.equal(moved.body.result.state, 'reviewing');
});

test('an action without the permission, or without a name, is not there to be run', async () => {
  const nobody = await server.bearer('a.nobody', ['marketing']);
  assert.equal((await act(nobody, 'double', {})).status, 403);
  assert.equal((await act(lead, 'tripel', {})).status, 404);
});

test('an action that does not end is ended, and the others go on writing', async () => {
  const p = await lead.ok('POST', 'shelf/parcels', { label: 'slow' });
  const [stuck, ...others] = await Promise.all([act(lead, 'stuck', {}), ...[1, 2, 3].map((i) => act(lead, 'double', { id: p.id, i }))]);
  assert.equal(stuck.status, 503);
  assert.equal(stuck.body.code, 'plugin_budget');
  assert.ok(others.every((a) => a.status === 200));
  assert.equal((await lead.ok('GET', `shelf/parcels/${p.id}`)).count, 8);
});

test('an action that says what it takes is told of in meta and OpenAPI, and runs with nothing else', async () => {
  const { actions } = (await lead.ok('GET', 'meta')).plugins.find((p) => p.name === 'shelf');
  const pack = actions.find((a) => a.name === 'pack');
  assert.deepEqual([pack.title.zh, pack.on, pack.input.map((f) => `${f.name} ${f.type} ${f.required}`)],
    ['打包', 'parcel', ['parcel reference true', 'label text true', 'count integer false', 'on_day date false']]);
  assert.equal(pack.input[0].to, 'shelf.parcels');
  assert.deepEqual([actions.find((a) => a.name === 'both').input, actions.find((a) => a.name === 'both').on], [undefined, undefined]);
  const schema = (await lead.ok('GET', 'openapi.json')).paths['/api/v1/shelf/actions/pack'].post.requestBody.content['application/json'].schema;
  assert.deepEqual([schema.required, schema.properties.label.anyOf[0].maxLength], [['parcel', 'label'], 8]);
  const p = await lead.ok('POST', 'shelf/parcels', { label: 'loose' });
  const bad = await act(lead, 'pack', { parcel: p.id, label: 'much too long', count: 0, on_day: 'soon', colour: 'red' });
  assert.equal(bad.status, 422, bad.text);
  assert.deepEqual(bad.body.errors.map((x) => `${x.pointer} ${x.code}`).sort(), ['/colour unknown_field', '/count out_of_range', '/label too_long', '/on_day date']);
  assert.deepEqual((await act(lead, 'pack', {})).body.errors.map((x) => `${x.pointer} ${x.code}`), ['/parcel required', '/label required']);
  assert.equal((await act(lead, 'pack', [])).status, 422);
  assert.equal((await lead.ok('GET', `shelf/parcels/${p.id}`)).rev, 1, 'the plugin was not asked');
  const done = await act(lead, 'pack', { parcel: p.id, label: 'packed' });
  assert.deepEqual(done.body?.result, { label: 'packed', sent: 'never' }, done.text);
});
