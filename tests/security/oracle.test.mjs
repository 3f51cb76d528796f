// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What one may not see must not be told by any other way. Two records alike but for one field are
// asked about in every way there is by people who do not see that field in the clear: their answers
// may not differ. And what is forbidden answers as what is absent does, byte for byte.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applicant, citizenId } from '../lib/applicant.mjs';
import { approvedPlan } from '../lib/season.mjs';
import { Server } from '../lib/server.mjs';

const PATH = 'admissions/applicants', HOME = '东校区';
// For each field: two values between which the masks that may be seen do not differ, and one between.
const FIELDS = {
  score: ['301.5', '602.5', '450.0'],
  note: ['甲甲甲', '乙乙乙', '丙'],
  birth_date: ['2008-03-15', '2009-03-15', '2008-10-01'],
  education: ['junior', 'vocational', 'senior'],
  documents: [['photo'], ['diploma'], ['id_card']],
  health_note: ['轻微近视', '色弱', '无'],
  phone: ['13800001234', '13899991234', '13855551234'],
  guardian_phone: ['13900001234', '13999991234', '13955551234'],
};
const VIEWERS = { // who, and what they do not see in the clear (their search is by equality, on record)
  customer_service: ['score', 'note', 'birth_date', 'health_note', 'guardian_phone'],
  student_affairs: ['score', 'note', 'guardian_phone'],
  finance: ['score', 'note', 'birth_date', 'education', 'documents', 'health_note', 'phone', 'guardian_phone'],
  'admissions.staff': ['health_note', 'guardian_phone'],
  principal: ['health_note', 'guardian_phone'],
  auditor: ['health_note', 'phone', 'guardian_phone'],
  admin: ['health_note', 'phone', 'guardian_phone'],
};
let server, viewers = {}, lead, decider, line, serial = 0;
before(async () => {
  server = await Server.start();
  lead = await server.bearer('t.lead', ['admissions.lead']);
  decider = await server.bearer('t.decider', ['admissions.lead']);
  [line] = await approvedPlan(server, [{ quota: 500 }]);
  for (const role of Object.keys(VIEWERS)) viewers[role] = await server.bearer(`o.${role}`, [role], { campus: HOME });
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

// One of the two: admitted, with a history of the field, in a region of its own.
async function world(field, at) {
  const n = serial++, place = `域${String(n).padStart(4, '0')}`;
  const same = { name: '王小明', region: place, campus: HOME, phone: '13700001234', guardian_phone: '13600001234', health_note: '无', note: '无', score: '400.0', documents: ['photo'] };
  const { id } = await lead.ok('POST', PATH, applicant(n, { ...same, [field]: FIELDS[field][2] }));
  await lead.ok('PATCH', `${PATH}/${id}`, { [field]: FIELDS[field][at] });
  for (const t of ['assess', 'qualify', 'admit']) await decider.ok('POST', `${PATH}/${id}/${t}`, t === 'admit' ? { plan_line: line.id } : {});
  return { id, place };
}

// Every question about one record that could tell something of the field.
function questions({ id, place }, field) {
  const list = (q) => `${PATH}?region=${encodeURIComponent(place)}&total=true${q && `&${q}`}`;
  const [a, b, between] = FIELDS[field].map((v) => encodeURIComponent([v].flat().join(',')));
  const filters = ['', `=${a}`, `=${b}`, `[gte]=${between}`, `[lte]=${between}`, `[gt]=${between}`, `[lt]=${between}`, `[in]=${a},${between}`,
    `[has]=${a}`, '[empty]=true', '[empty]=false', `[ne]=${a}`, `=${encodeURIComponent([FIELDS[field][0]].flat()[0].slice(-4))}`];
  const words = [a, b, between, encodeURIComponent([FIELDS[field][0]].flat()[0].slice(-4))];
  const reports = ['by_region_state', 'by_region_state_scan', 'by_education'];
  return [
    `${PATH}/${id}`, `${PATH}/${id}?fields=${field}`, `${PATH}/${id}?expand=${field}`, `${PATH}/${id}/history`,
    list(''), list(`fields=${field}`), list(`fields=id,${field},name`), list(`sort=${field}`), list(`sort=-${field}`), list(`sort=name,${field}&limit=1`),
    ...filters.filter(Boolean).map((f) => list(`${field}${f}`)),
    ...filters.filter(Boolean).map((f) => list(`${field}${f}&sort=-created_at&fields=id`)),
    ...words.flatMap((v) => [list(`q=${v}`), list(`q=${v}&sort=-created_at`), list(`q=${encodeURIComponent('王小明')}%20${v}`)]),
    ...[a, b].map((v) => `search?q=${v}&limit=20`),
    ...['csv', 'xlsx', 'json'].map((f) => list(`format=${f}`)), list(`format=csv&fields=${field}`), list(`format=csv&sort=${field}`),
    ...reports.flatMap((r) => ['', ...filters.slice(0, 6).filter(Boolean).map((f) => `&${field}${f}`)].map((f) => `admissions/reports/${r}?region=${encodeURIComponent(place)}${f}`)),
    ...reports.map((r) => `admissions/reports/${r}?format=csv&region=${encodeURIComponent(place)}`),
  ];
}

// What an answer says, less what must differ between the two records.
function bare(answer, { id, place }) {
  return JSON.stringify([answer.status, answer.headers.get('content-type'), answer.headers.get('etag'), answer.text])
    .replaceAll(id, 'ID').replaceAll(place, 'PLACE')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replace(/\\"request_id\\":\\"[^"]+\\"/, '')
    .replace(/\\"id_number\\":\\"[^"]*\\"/g, 'IDNO').replace(/\\"next\\":\\"[^"]+\\"/, 'MORE');
}

for (const [role, unseen] of Object.entries(VIEWERS))
  test(`${role} cannot tell two records apart by ${unseen.join(', ')}`, async () => {
    let asked = 0;
    for (const field of unseen) {
      const one = await world(field, 0), other = await world(field, 1);
      const here = questions(one, field), there = questions(other, field);
      for (let i = 0; i < here.length; i++) {
        const [x, y] = await Promise.all([viewers[role].get(here[i]), viewers[role].get(there[i])]);
        assert.equal(bare(x, one), bare(y, other), `${role}: ${decodeURIComponent(here[i])}`);
        asked += x.status === 200;
      }
    }
    assert.ok(asked >= unseen.length, 'everything was refused: this tests nothing');
  });

test('a hidden number cannot be guessed: the right one answers as a wrong one does', async () => {
  for (const role of ['customer_service', 'finance', 'auditor', 'admin'])
    for (const [field, wrong] of [['id_number', citizenId(999, '20010101')], ['phone', '13011112222']]) {
      const who = viewers[role], one = await world('note', 0), real = await lead.ok('GET', `${PATH}/${one.id}?reveal=${field}&purpose=x`);
      if (role === 'customer_service' && field === 'phone') continue; // they do see telephone numbers, masked, and may search
      const tail = (v) => [`${field}=${v}`, `${field}=${v.slice(-4)}`, `${field}[in]=${v},${wrong.slice(0, -1)}0`];
      const ways = (q) => [`${PATH}?${q}&total=true`, `${PATH}?${q}&format=csv`, `admissions/reports/by_region_state_scan?${q}`, `admissions/reports/by_education?${q}`];
      const right = tail(real[field]).flatMap(ways), other = tail(wrong).flatMap(ways);
      for (let i = 0; i < right.length; i++) {
        const [x, y] = [await who.get(right[i]), await who.get(other[i])];
        assert.equal(bare(x, one), bare(y, one), `${role}: ${right[i]}`);
      }
    }
});

test('whoever sees the field can tell them apart by these questions', async () => {
  for (const field of ['score', 'note', 'birth_date', 'education']) {
    const one = await world(field, 0), other = await world(field, 1);
    const here = questions(one, field), there = questions(other, field);
    let told = 0;
    for (let i = 0; i < here.length; i++) told += bare(await lead.get(here[i]), one) !== bare(await lead.get(there[i]), other);
    assert.ok(told >= 5, `${field}: ${told}`);
  }
});

test('what is forbidden answers as what is absent does, byte for byte', async () => {
  const far = await lead.ok('POST', PATH, applicant(serial++, { campus: '西校区', region: '远' }));
  const decision = await decider.ok('POST', `${PATH}/${far.id}/assess`, {});
  const staff = viewers['admissions.staff'], absent = '0190f3a0-0000-7000-8000-000000000000';
  const decision_id = decision.decision.id ?? decision.decision;
  const ways = [['GET', ''], ['GET', '/history'], ['GET', '?reveal=phone&purpose=x'], ['GET', '?reveal=health_note&purpose=x'], ['GET', '?fields=phone'],
    ['PATCH', '', '{"note":"x"}'], ['PATCH', '', '{"note":"x"}', 'If-Match: "1"\r\n'], ['DELETE', ''], ['DELETE', '', '', 'If-Match: "7"\r\n'],
    ...['review', 'assess', 'qualify', 'refuse', 'admit', 'withdraw', 'no_such'].map((t) => ['POST', `/${t}`, '{}']),
    ['POST', '/assess', '{}', 'Idempotency-Key: k-of-nobody\r\n']];
  const ask = async (method, path, body = '', more = '') => (await server.raw(
    `${method} /api/v1/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${staff.token}\r\nConnection: close\r\n${more}` +
    `${body ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` : ''}\r\n${body}`)).toString('latin1')
    .replace(/^Date: .*\r\n/m, '').replace(/^X-Request-Id: .*\r\n/mi, '').replace(/"request_id":"[^"]+"/, '');
  for (const [method, end, body, more] of ways) {
    const there = await ask(method, `${PATH}/${far.id}${end}`, body, more), nowhere = await ask(method, `${PATH}/${absent}${end}`, body, more);
    assert.match(there, /^HTTP\/1\.1 404 /, `${method} ${end}: ${there}`);
    assert.equal(there.replaceAll(far.id, absent), nowhere, `${method} ${end}`);
    assert.ok(!there.includes(far.id), 'the answer repeats no id');
  }
  assert.equal((await decider.get(`decisions/${decision_id}`)).status, 200);
  const hidden = await ask('GET', `decisions/${decision_id}`), none = await ask('GET', `decisions/${absent}`);
  assert.match(hidden, /^HTTP\/1\.1 404 /);
  assert.equal(hidden, none);
});
