// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The access matrix, every role × verb × state × campus × field, asked of the running service and of
// a second evaluator that reads policies/access.yaml by itself: they agree on every cell.
// A write is asked with a stale If-Match: 412 says that it was allowed, and changes nothing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { approvedPlan } from '../lib/season.mjs';
import { root, Server } from '../lib/server.mjs';
import { Access, SEALED } from './lib_access.mjs';

const PATH = 'admissions/applicants', ENTITY = 'admissions.applicants', HOME = '东校区', ELSEWHERE = '西校区';
const PLACE = '矩阵'; // tells ours from the sample's
const WAYS = { registered: [], reviewing: ['assess'], eligible: ['assess', 'qualify'], admitted: ['assess', 'qualify', 'admit'],
  refused: ['propose_refusal', 'refuse'], withdrawn: ['withdraw'] };
const TRANSITIONS = ['review', 'assess', 'qualify', 'refuse', 'admit', 'withdraw'];
let server, admin, access, fields, actors, records = [], serial = 0;

before(async () => {
  server = await Server.start();
  admin = await server.admin();
  const writer = await server.bearer('t.writer', ['admissions.lead']), decider = await server.bearer('t.decider', ['admissions.lead']),
    second = await server.bearer('t.second', ['admissions.lead']), [line] = await approvedPlan(server, [{ quota: 9 }]);
  const ASKED = { admit: () => ({ plan_line: line.id }), propose_refusal: () => ({ note: '无' }) };
  fields = Object.keys(applicant(0, { health_note: 0, documents: 0, note: 0 }));
  // CAMPUSD_OTHER_ACCESS: another text for the second evaluator, to see that a difference is found
  access = new Access(readFileSync(process.env.CAMPUSD_OTHER_ACCESS ?? `${root}/policies/access.yaml`, 'utf8'), ENTITY, fields);
  for (const [state, way] of Object.entries(WAYS))
    for (const campus of [HOME, ELSEWHERE]) {
      const values = applicant(serial++, { campus, region: PLACE, health_note: '健康', documents: ['photo'], note: '无' });
      const { id } = await writer.ok('POST', PATH, values);
      for (const t of way) await (t === 'refuse' ? second : decider).ok('POST', `${PATH}/${id}/${t}`, ASKED[t]?.() ?? {});
      const now = await writer.ok('GET', `${PATH}/${id}`);
      assert.equal(now.state, state);
      records.push({ ...values, id, state, is: `${state} of ${campus}` });
    }
  actors = [];
  for (const role of access.names())
    actors.push(Object.assign(await server.bearer(`m.${role}`, [role], { campus: HOME }), { role, campus: HOME }));
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const cells = { asked: 0 };
function agree(have, want, what) {
  cells.asked++;
  assert.deepEqual(have, want, what);
}

test('every role sees of every record what the second evaluator says, field by field', async () => {
  for (const a of actors)
    for (const r of records) {
      const got = await a.get(`${PATH}/${r.id}`), may = access.may(a, 'read', r);
      agree(got.status, may ? 200 : 404, `${a.role} reads ${r.is}`);
      for (const f of may ? fields : []) {
        const view = !(f in got.body) ? undefined : got.body._masked?.includes(f) ? 'masked' : 'clear';
        agree(view, access.view(a, 'read', r, f), `${a.role} sees ${f} of ${r.is}`);
        if (view === 'masked') assert.notEqual(got.body[f], r[f]);
      }
    }
});

test('lists show exactly the records that may be read', async () => {
  for (const a of actors) {
    const got = await a.ok('GET', `${PATH}?region=${encodeURIComponent(PLACE)}&limit=100&total=true`);
    const want = records.filter((r) => access.may(a, 'read', r)).map((r) => r.id).sort();
    agree(got.items.map((r) => r.id).sort(), want, a.role);
    agree(got.total, want.length, a.role);
    for (const item of got.items) {
      const r = records.find((x) => x.id === item.id);
      for (const f of fields)
        agree(!(f in item) ? undefined : item._masked?.includes(f) ? 'masked' : 'clear', access.view(a, 'read', r, f), `${a.role} lists ${f} of ${r.is}`);
    }
  }
});

test('a list that asks for nothing shows nothing more', async () => {
  for (const a of actors) {
    const seen = [];
    for (let cursor = ''; cursor !== null;) {
      const page = await a.ok('GET', `${PATH}?limit=500${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.items.map((r) => r.id));
      cursor = page.next;
    }
    const want = records.filter((r) => access.may(a, 'read', r)).map((r) => r.id).sort();
    agree(seen.filter((id) => records.some((r) => r.id === id)).sort(), want, a.role);
  }
});

test('every verb on every record is allowed and refused as the second evaluator says', async () => {
  const stale = { 'If-Match': '"999"' };
  for (const a of actors)
    for (const r of records) {
      const read = access.may(a, 'read', r), at = `${PATH}/${r.id}`;
      const want = (verb, yes) => (!read ? 404 : access.may(a, verb, r) ? yes : 403);
      agree((await a.get(`${at}/history`)).status, want('history', 200), `${a.role} history ${r.is}`);
      agree((await a.api('PATCH', at, {}, stale)).status, want('update', 412), `${a.role} update ${r.is}`);
      agree((await a.api('DELETE', at, undefined, stale)).status, want('delete', 412), `${a.role} delete ${r.is}`);
      for (const t of TRANSITIONS) agree((await a.post(`${at}/${t}`, {}, stale)).status, want(t, 412), `${a.role} ${t} ${r.is}`);
      for (const f of SEALED) {
        const may = read && access.view(a, 'reveal', r, f) !== undefined;
        const got = await a.get(`${at}?reveal=${f}&purpose=test`);
        agree(got.status, !read ? 404 : may ? 200 : 403, `${a.role} reveals ${f} of ${r.is}`);
        if (may) agree(got.body[f], r[f], `${a.role} reveals ${f} of ${r.is}`);
      }
    }
});

test('a field may be written where the second evaluator says', async () => {
  for (const a of actors)
    for (const r of records.filter((x) => access.may(a, 'read', x) && access.may(a, 'update', x)))
      for (const f of fields) {
        const got = await a.api('PATCH', `${PATH}/${r.id}`, { [f]: r[f] });
        agree(got.status, access.may_write(a, 'update', r, f) ? 200 : 403, `${a.role} writes ${f} of ${r.is}: ${got.text}`);
      }
});

test('creating is allowed where the second evaluator says', async () => {
  for (const a of actors)
    for (const campus of [HOME, ELSEWHERE]) {
      const got = await a.post(PATH, applicant(500 + serial++, { campus }));
      agree(got.status, access.may(a, 'create', { campus, state: 'registered' }) ? 201 : 403, `${a.role} creates in ${campus}`);
    }
});

test('a search by a sealed field finds what the second evaluator says', async () => {
  for (const a of actors)
    for (const r of records)
      for (const f of ['id_number', 'phone']) {
        const got = await a.get(`${PATH}?${f}=${encodeURIComponent(r[f])}&total=true`);
        const may = access.may(a, 'read', r) && access.view(a, 'read', r, f) && access.view(a, 'search', r, f);
        agree(got.status === 200 && got.body.items.some((i) => i.id === r.id), Boolean(may), `${a.role} searches ${f} of ${r.is}`);
        if (got.status === 200) agree(got.body.total, got.body.items.length, `${a.role} counts ${f} of ${r.is}`);
      }
});

test('explanations agree, too', async () => {
  const verbs = ['read', 'search', 'history', 'reveal', 'export', 'update', 'delete', ...TRANSITIONS];
  for (const a of actors)
    for (const r of records)
      for (const verb of verbs) {
        const got = await admin.ok('POST', 'access/explain', { user: a.name, verb, record: `${ENTITY}/${r.id}` });
        agree(got.allowed, access.may(a, verb, r), `${a.role} ${verb} ${r.is}`);
      }
  console.log(`${cells.asked} cells`);
});
