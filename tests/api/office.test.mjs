// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The office from outside: numbers without a gap, also of many at once; a seal that is used on an approved
// request alone, by who keeps it, on a day that nobody types; files that are looked at for a purpose.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from '../lib/server.mjs';

let server, keeper, head, leader, teacher, other, seal;
before(async () => {
  server = await Server.start();
  keeper = await server.bearer('f.keeper', ['confidentiality']);
  head = await server.bearer('f.head', ['manager']);
  leader = await server.bearer('f.leader', ['principal']);
  teacher = await server.bearer('f.teacher', ['teacher']);
  other = await server.bearer('f.other', ['teacher']);
  seal = await keeper.ok('POST', 'office/seals', { name: '公章', kind: 'official', keeper: keeper.id });
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const PDF = '%PDF-1.4\n%%EOF\n';
const file = async (who) => (await who.ok('POST', 'files?name=paper.pdf', PDF, { 'Content-Type': 'application/pdf' })).id;
const ask = async (who) => who.ok('POST', 'office/seal_requests', { seal: seal.id, subject: '合作协议', copies: 2, used_for: '与企业签约', file: await file(who) });
const act = (who, r, verb, body = {}) => who.api('POST', `office/seal_requests/${r.id}/${verb}`, body);

test('numbers of papers go on without a gap, also when many are entered at once', async () => {
  const year = new Date().getFullYear();
  const made = await Promise.all(Array.from({ length: 24 }, (_, i) => keeper.ok('POST', 'office/incoming', { title: `来文${i}`, sender: '教育局' })));
  assert.deepEqual(made.map((p) => p.number).sort(), Array.from({ length: 24 }, (_, i) => `收${year}-${String(i + 1).padStart(4, '0')}`));
  const given = await keeper.api('POST', 'office/incoming', { title: 'x', sender: 'y', number: '收1-1' });
  assert.equal(given.status, 422, 'nobody chooses a number');
});

test('a seal is used only on an approved request, and the register says by whom', async () => {
  const r = await ask(teacher);
  const early = await keeper.api('POST', 'office/actions/stamp', { request: r.id });
  assert.deepEqual([early.status, early.body.errors[0].code], [422, 'conflict'], early.text);
  assert.equal((await act(teacher, r, 'submit')).status, 200);
  assert.equal((await teacher.api('PATCH', `office/seal_requests/${r.id}`, { copies: 200 })).status, 409, 'what is being approved stays as it is');
  assert.equal((await act(head, r, 'approve')).body.state, 'in_approval');
  assert.equal((await act(leader, r, 'approve')).body.state, 'approved');
  assert.equal((await teacher.api('POST', 'office/actions/stamp', { request: r.id })).status, 403);
  assert.equal((await teacher.api('PATCH', `office/seal_requests/${r.id}`, { copies: 200 })).status, 403, 'nor is it changed afterwards');
  assert.equal((await keeper.api('POST', 'office/actions/stamp', { request: r.id })).status, 200);
  const stamped = await teacher.ok('GET', `office/seal_requests/${r.id}`);
  assert.deepEqual([stamped.state, stamped.stamped_by, stamped.applicant], ['stamped', keeper.id, teacher.id]);
  assert.equal((await act(teacher, r, 'close')).status, 422, 'without the scan it is not over');
  assert.equal((await other.get(`office/seal_requests/${r.id}`)).status, 404);
  const scan = await file(teacher);
  assert.equal((await act(teacher, r, 'close', { scan })).body.state, 'closed');
  const book = await keeper.get('office/exports/register_of_use?format=csv');
  assert.equal(book.status, 200);
  assert.match(book.text, new RegExp(`${r.number}.*合作协议.*2`));
  assert.equal((await teacher.get('office/exports/register_of_use?format=csv')).status, 403);
  assert.equal((await leader.get(`files/${scan}`)).status, 422, 'a look has a purpose');
  assert.equal((await leader.get(`files/${scan}?purpose=check`)).status, 200);
});

test('one\'s own request is another\'s to approve', async () => {
  const r = await ask(head);
  assert.equal((await act(head, r, 'submit')).status, 200);
  assert.equal((await act(head, r, 'approve')).status, 403);
  assert.equal((await act(head, r, 'take_back')).body.state, 'draft');
});
