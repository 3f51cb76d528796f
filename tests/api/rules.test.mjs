// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A rule is asked before the lane is entered; what has moved by then is asked again (FIN-4).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, root } from '../lib/server.mjs';

// The rule thinks for some tens of milliseconds, so that a change falls into its time.
const MANIFEST = `local field = campus.field
local function within(claim)
  local n = 0
  for i = 1, 3000000 do n = n + i % 7 end
  local why = campus.reasons()
  why:check(claim.amount <= 100, { code = "over_limit", at = "amount", have = claim.amount, want = 100 })
  return why:decision()
end
return { version = "1.0.0", title = { zh = "慢", en = "Slow" },
  entities = { claims = campus.entity { title = { zh = "单", en = "Claims" }, fields = { amount = field.integer { required = true } },
    workflow = { start = "draft", states = { draft = {}, sent = { final = true } },
      transitions = { send = { from = "draft", to = "sent", rule = "within" } } } } },
  rules = { within = campus.rule { reads = { "amount" }, run = within } } }
`;
const QUICK = MANIFEST.replace('for i = 1, 3000000 do n = n + i % 7 end', 'while claim.amount == 7777 do n = n + 1 end')
  .replace('have = claim.amount, want = 100 }', 'have = claim.amount, want = 100, text = "it is " .. claim.amount }').replace('Slow', 'Quick');
let server, who;
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/slow'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/slow/plugin.lua'), MANIFEST);
  mkdirSync(join(server.home, 'plugins/quick'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/quick/plugin.lua'), QUICK);
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: slow claims, allow: [read, create, update, send], entity: slow.claims, roles: [finance] }
  - { name: quick claims, allow: [read, create, update, send], entity: quick.claims, roles: [finance] }
`);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  who = await server.bearer('s.finance', ['finance']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('a claim that changes while its rule thinks is judged by what it has become', async () => {
  let between = 0;
  for (let i = 0; i < 6; i++) {
    const { id } = await who.ok('POST', 'slow/claims', { amount: 50 });
    const sending = who.api('POST', `slow/claims/${id}/send`, {});
    await sleep(8);
    const change = await who.api('PATCH', `slow/claims/${id}`, { amount: 500 });
    const sent = await sending, now = await who.ok('GET', `slow/claims/${id}`);
    if (change.status === 200 && sent.status === 422) {
      between++;
      assert.equal(sent.body.errors[0].code, 'over_limit');
      assert.equal(now.state, 'draft');
    } else assert.ok(sent.status === 200 && sent.body.amount === 50, `${sent.status} ${sent.text}`); // sent before the change
  }
  assert.ok(between > 0, 'no change fell into the time of the rule');
});

test('rules that wait together are each decided by their own record', async () => {
  const amounts = Array.from({ length: 48 }, (_, i) => (i % 3 ? 20 + i : 200 + i));
  const ids = await Promise.all(amounts.map(async (amount) => (await who.ok('POST', 'quick/claims', { amount })).id));
  const sent = await Promise.all(ids.map((id) => who.api('POST', `quick/claims/${id}/send`, {})));
  for (const [i, s] of sent.entries()) {
    if (amounts[i] <= 100) {
      assert.equal(s.status, 200, s.text);
      assert.equal(s.body.amount, amounts[i]);
    } else {
      assert.equal(s.status, 422, s.text);
      assert.match(s.body.errors[0].detail, new RegExp(`\\b${amounts[i]}\\b`));
    }
  }
});

test('one that never ends takes nobody along who waits with it', async () => {
  const bad = await Promise.all([1, 2].map(async () => (await who.ok('POST', 'quick/claims', { amount: 7777 })).id));
  const good = await Promise.all(Array.from({ length: 20 }, async () => (await who.ok('POST', 'quick/claims', { amount: 50 })).id));
  const all = await Promise.all([...bad, ...good].map((id) => who.api('POST', `quick/claims/${id}/send`, {})));
  for (const s of all.slice(0, 2)) assert.equal(s.body.code, 'plugin_budget', s.text);
  for (const s of all.slice(2)) assert.equal(s.status, 200, s.text);
});
