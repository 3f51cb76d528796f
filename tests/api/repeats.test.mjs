// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Fields that repeat what a reference leads to: nobody types them, access and rules go by them, and they are as that is
// at each write.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, root } from '../lib/server.mjs';

const PLUGIN = `local field = campus.field
return { version = "1.0.0", title = { zh = "借用", en = "Loans" }, entities = {
  cards = campus.entity { title = { zh = "卡", en = "Cards" }, fields = { person = field.person { required = true }, grade = field.integer {} } },
  loans = campus.entity { title = { zh = "借用", en = "Loans" },
    fields = { card = field.reference { to = "cards", required = true }, whose = field.person { derived = "card.person" }, grade = field.integer { derived = "card.grade" }, note = field.text {} },
    workflow = { start = "new", states = { new = {}, lent = { final = true } }, transitions = { lend = { from = "new", to = "lent", rule = "may_have" } } } },
}, rules = { may_have = campus.rule { reads = { "grade" }, run = function(loan)
    local why = campus.reasons()
    why:check((loan.grade or 0) >= 3, { code = "grade", at = "grade", have = loan.grade, want = 3 })
    return why:decision()
  end } } }
`;
let server, keeper, anna, bob;
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/loans'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/loans/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: cards are kept, allow: ["*"], entity: [loans.cards, loans.loans], roles: [finance] }
  - { name: everybody borrows for themselves, allow: [read, create, update, lend], entity: loans.loans, roles: [teacher], when: { whose: $actor } }
`);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  keeper = await server.bearer('r.keeper', ['finance']);
  anna = await server.bearer('r.anna', ['teacher']);
  bob = await server.bearer('r.bob', ['teacher']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('what is repeated is nobody\'s to type, and access goes by it from the first moment', async () => {
  const [hers, his] = [await keeper.ok('POST', 'loans/cards', { person: anna.id, grade: 3 }), await keeper.ok('POST', 'loans/cards', { person: bob.id, grade: 1 })];
  const mine = await anna.ok('POST', 'loans/loans', { card: hers.id });
  assert.deepEqual([mine.whose, mine.grade], [anna.id, 3]);
  assert.equal((await anna.api('POST', 'loans/loans', { card: his.id })).status, 403, 'for somebody else');
  const typed = await anna.api('POST', 'loans/loans', { card: hers.id, grade: 9 });
  assert.equal(typed.body.errors[0].code, 'readonly', typed.text);
  assert.equal((await anna.api('PATCH', `loans/loans/${mine.id}`, { card: his.id })).status, 403, 'nor handed over');
  assert.equal((await bob.get(`loans/loans/${mine.id}`)).status, 404);
  assert.deepEqual((await keeper.ok('GET', 'loans/loans?grade[gte]=2&sort=-grade')).items.map((x) => x.id), [mine.id]);
});

test('it is as what it repeats is at each write; a rule is asked about it as it stands then', async () => {
  const card = await keeper.ok('POST', 'loans/cards', { person: bob.id, grade: 2 });
  const loan = await bob.ok('POST', 'loans/loans', { card: card.id });
  assert.equal((await bob.api('POST', `loans/loans/${loan.id}/lend`, {})).status, 422);
  await keeper.ok('PATCH', `loans/cards/${card.id}`, { grade: 4 });
  assert.equal((await bob.ok('GET', `loans/loans/${loan.id}`)).grade, 2, 'until it is written');
  assert.equal((await bob.ok('POST', `loans/loans/${loan.id}/lend`, {})).grade, 4);
  const gone = await keeper.ok('POST', 'loans/loans', { card: card.id });
  await keeper.ok('PATCH', `loans/cards/${card.id}`, { grade: null });
  assert.equal((await keeper.ok('PATCH', `loans/loans/${gone.id}`, { note: 'x' })).grade ?? null, null);
});
