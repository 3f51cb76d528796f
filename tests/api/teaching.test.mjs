// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Teaching support through the front door: nothing rests on a plan that is not signed, the budget and the stock never go below
// what there is, two at the same instant never get the same room, and students answer without a name (TCH-1 to TCH-7).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Money, today } from '../lib/finance.mjs';
import { Client, Server, eventually } from '../lib/server.mjs';

const T = 'teaching', B = 'basics';
const day = (n) => today(-n);
let server, m, lead, staff, teacher, other, keeper, manager, course, s = {};
const act = (who, entity, r, verb, body = {}) => who.api('POST', `${T}/${entity}/${r.id}/${verb}`, body);
const done = async (who, entity, r, verb, body = {}) => who.ok('POST', `${T}/${entity}/${r.id}/${verb}`, body);
const action = (who, name, body) => who.api('POST', `${T}/actions/${name}`, body);

before(async () => {
  server = await Server.start();
  m = await Money.open(server, [['teaching', '教材', '10000'], ['staff', '培训', '500']]);
  for (const [name, roles] of Object.entries({ lead: ['teaching.lead'], staff: ['teaching.staff'], teacher: ['teacher'], other: ['teacher'], keeper: ['storekeeper'], manager: ['manager'] }))
    s[name] = await server.bearer(`t.${name}`, roles);
  ({ lead, staff, teacher, other, keeper, manager } = s);
  const year = await lead.ok('POST', `${B}/school_years`, { name: '2000-2001', starts_on: day(-30), ends_on: day(300) });
  s.year = year.id;
  s.term = (await lead.ok('POST', `${B}/terms`, { school_year: year.id, name: '2000-2001-1', number: 1, starts_on: day(-7), ends_on: day(120) })).id;
  s.major = (await lead.ok('POST', `${B}/majors`, { code: '510203', name: '软件技术', years: 3 })).id;
  const campus = await lead.ok('POST', `${B}/campuses`, { name: '东校区' });
  s.classes = [], s.rooms = [];
  for (let i = 1; i <= 8; i++) {
    s.classes.push((await lead.ok('POST', `${B}/classes`, { name: `软件260${i}`, major: s.major, school_year: year.id, capacity: 40 })).id);
    s.rooms.push((await lead.ok('POST', `${B}/rooms`, { campus: campus.id, name: `教室 ${i}`, seats: 48 })).id);
  }
}, { timeout: 120000 });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('TCH-1: a plan is unusable before the school leader signs; then its courses and weeks are there', async () => {
  const progress = Array.from({ length: 16 }, (_, i) => ({ course: 'Java 程序设计', week: i + 1, topic: `项目 ${i + 1}` }));
  const plan = await staff.ok('POST', `${T}/plans`, { name: '软件技术 26 级', term: s.term, major: s.major, cohort: s.year, basis: '人才培养方案', methods: '理实一体', progress, courses: [
    { name: 'Java 程序设计', nature: 'major', teacher: teacher.id, weekly: 4, first: 1, last: 16, hours: 63, textbook: 'Java 教程' }] });
  const short = await act(staff, 'plans', plan, 'submit');
  assert.deepEqual([short.status, short.body.errors.map((e) => [e.pointer, e.code])], [422, [['/courses/0/hours', 'hours']]], short.text);
  plan.courses[0].hours = 64;
  await staff.ok('PATCH', `${T}/plans/${plan.id}`, { courses: plan.courses });
  await done(staff, 'plans', plan, 'submit');
  for (const who of [staff, lead, manager]) assert.equal((await act(who, 'plans', plan, 'approve', { approval: { note: '同意' } })).status, 403);
  assert.deepEqual((await staff.ok('GET', `${T}/courses`)).items, []);
  assert.equal((await teacher.get(`${T}/plans/${plan.id}`)).status, 404);
  assert.equal((await staff.api('POST', `${T}/courses`, { ...plan.courses[0], plan: plan.id, key: 'x', term: s.term, major: s.major, cohort: s.year })).status, 403, 'nobody makes one by hand');
  await done(m.leader, 'plans', plan, 'approve', { approval: { note: '同意' } });
  await eventually(async () => assert.equal((await teacher.ok('GET', `${T}/weeks?limit=100`)).items.length, 16));
  [course] = (await teacher.ok('GET', `${T}/courses`)).items;
  const [week] = (await teacher.ok('GET', `${T}/weeks?sort=number`)).items;
  assert.equal((await act(teacher, 'weeks', week, 'keep', { taught: 4 })).body.state, 'taught');
  const [row] = (await lead.ok('GET', `${T}/reports/progress`)).rows;
  assert.deepEqual([row.course_name, row.sum_taught, row.target], ['Java 程序设计', 4, 64]);
  const paper = await staff.ok('POST', `${T}/plans/${plan.id}/documents/plan`, {});
  const { text } = await staff.get(`documents/${paper.id}?format=html`);
  for (const said of ['Java 程序设计', '项目 16', '人才培养方案', '同意']) assert.ok(text.includes(said), said);
});

test('TCH-2, FIN-2: a purchase is stopped where the budget ends; signed, ordered, taken in by another, it is on the ledger', async () => {
  s.book = (await keeper.ok('POST', `${T}/goods`, { name: 'Java 教程', kind: 'textbook', unit: '册', price: '45.00' })).id;
  s.store = (await lead.ok('POST', `${T}/stores`, { name: '教材库', keeper: keeper.id })).id;
  const ask = (count) => staff.ok('POST', `${T}/purchases`, { name: 'Java 教程', kind: 'textbook', course: course.id, line: m.lines['教材'], needed_on: day(10),
    amount: `${count * 45}.00`, lines: [{ goods: s.book, count, price: '45.00' }] });
  const many = await Promise.all(Array.from({ length: 6 }, () => ask(60)));          // 2,700 each: three fit into 10,000
  const at_once = await Promise.all(many.map((p) => act(staff, 'purchases', p, 'submit')));
  assert.deepEqual(at_once.map((a) => a.status).sort(), [200, 200, 200, 409, 409, 409]);
  assert.deepEqual(at_once.find((a) => a.status === 409).body.errors.map((e) => [e.code, e.pointer]), [['pool_full', '/line']]);
  const [p, q, r] = many.filter((_, i) => at_once[i].status === 200);
  for (const x of [q, r]) await done(staff, 'purchases', x, 'take_back');
  assert.equal((await m.line('教材')).reserved, '2700.00');
  assert.equal((await act(staff, 'purchases', p, 'order', { supplier: '新华书店' })).status, 409, 'not before it is approved');
  for (const who of [lead, manager, m.finance]) await done(who, 'purchases', p, 'approve', { approval: { note: '同意' } });
  await done(staff, 'purchases', p, 'order', { supplier: '新华书店' });
  assert.equal((await m.line('教材')).committed, '2700.00');
  assert.equal((await action(staff, 'receive', { purchase: p.id, store: s.store })).status, 403);
  const more = await action(keeper, 'receive', { purchase: p.id, store: s.store, arrivals: [{ goods: s.book, arrived: 61 }] });
  assert.equal(more.status, 422, more.text);
  assert.deepEqual((await keeper.ok('POST', `${T}/actions/receive`, { purchase: p.id, store: s.store, arrivals: [{ goods: s.book, arrived: 50 }] })).result, { amount: '2250.00' });
  const line = await m.line('教材');
  assert.deepEqual([line.settled, line.left], ['2250.00', '7750.00']);
  const { items } = await keeper.ok('GET', `${T}/stock?source=${T}.purchases/${p.id}&account=stock`);
  assert.deepEqual(items.map((e) => [e.amount, e.act, e.place]), [[50, 'receive', s.store]]);
  assert.equal((await other.get(`${T}/purchases/${p.id}`)).status, 404);
});

test('TCH-3: fifty are handed out by fives, one with its slip; of eleven that want the rest at the same instant nine get it', async () => {
  const wants = await Promise.all(Array.from({ length: 12 }, (_, i) => keeper.ok('POST', `${T}/moves`, { store: s.store, used_for: '教材发放', to_class: s.classes[i % 8],
    lines: [{ goods: s.book, count: 5 }] })));
  const [first, ...rest] = wants;
  assert.equal((await action(keeper, 'hand_out', { move: first.id })).status, 200);
  const got = await Promise.all(rest.map((w) => act(keeper, 'moves', w, 'hand_out')));
  assert.equal(got.filter((a) => a.status === 200).length, 9, got.find((a) => a.status !== 200)?.text);
  assert.ok(got.filter((a) => a.status === 409).every((a) => a.body.errors[0].code === 'below_floor'));
  const { rows } = await keeper.ok('GET', `${T}/reports/stock_balance?item=${s.book}`);
  assert.deepEqual(Object.fromEntries(rows.map((r) => [r.account, r.sum_amount])), { stock: 0, used: 50, supplier: -50 });
  const slip = await keeper.ok('POST', `${T}/moves/${first.id}/documents/slip`, {});
  const { text } = await keeper.get(`documents/${slip.id}?format=html`);
  assert.ok(text.includes('Java 教程') && text.includes('软件2601'));
  for (const verb of ['POST', 'PATCH', 'DELETE']) {
    const entry = (await keeper.ok('GET', `${T}/stock?limit=1`)).items[0];
    assert.equal((await keeper.api(verb, verb === 'POST' ? `${T}/stock` : `${T}/stock/${entry.id}`, verb === 'DELETE' ? undefined : { amount: 1 })).status >= 400, true, verb);
  }
});

test('TCH-4: while a store is counted nothing moves; what is not there is posted when it is approved', async () => {
  const move = (verb, count) => keeper.ok('POST', `${T}/moves`, { store: s.store, used_for: verb, to_class: s.classes[0], lines: [{ goods: s.book, count }] });
  await done(keeper, 'moves', await move('捐赠', 10), 'take_in');
  const t = await keeper.ok('POST', `${T}/stocktakes`, { store: s.store, witness: staff.id });
  const sheet = await eventually(async () => {
    const now = await keeper.ok('GET', `${T}/stocktakes/${t.id}`);
    assert.equal(now.state, 'counting');
    return now;
  });
  assert.deepEqual(sheet.sheet, [{ goods: s.book, book: 10 }]);
  const frozen = await act(keeper, 'moves', await move('发放', 1), 'hand_out');
  assert.deepEqual([frozen.status, frozen.body.errors[0].code], [422, 'counting'], frozen.text);
  const lied = await act(keeper, 'stocktakes', t, 'submit', { findings: '一致', lines: [{ goods: s.book, book: 7, counted: 7 }] });
  assert.ok(lied.body.errors.some((e) => e.code === 'book_changed'), lied.text);
  await done(keeper, 'stocktakes', t, 'submit', { findings: '三册未找到', lines: [{ goods: s.book, book: 10, counted: 7, missing: 2, damaged: 1 }] });
  assert.equal((await act(keeper, 'stocktakes', t, 'approve', { approval: { note: '同意' } })).status, 403);
  for (const who of [lead, manager]) await done(who, 'stocktakes', t, 'approve', { approval: { note: '同意' } });
  const { rows } = await keeper.ok('GET', `${T}/reports/stock_balance?item=${s.book}`), left = Object.fromEntries(rows.map((r) => [r.account, r.sum_amount]));
  assert.deepEqual([left.stock, left.missing, left.damaged], [7, 2, 1]);
  await eventually(async () => assert.equal((await lead.ok('GET', `${T}/stores/${s.store}`)).counting, false));
});

test('TCH-5: of many that want the room, the teacher or the class in a period at the same instant, one gets it', async () => {
  const plan = (more) => staff.ok('POST', `${T}/activities`, { kind: 'class', course: course.id, class: s.classes[0], teacher: teacher.id, room: s.rooms[0], day: day(9), first: 1, last: 2, ...more });
  const persons = [teacher.id, other.id, lead.id, staff.id, manager.id, keeper.id, m.leader.id, m.head.id];
  const race = async (of) => {
    const made = await Promise.all(Array.from({ length: 8 }, (_, i) => plan({ class: s.classes[i], teacher: persons[i], room: s.rooms[i], first: 1 + i % 2, ...of })));
    const all = await Promise.all(made.map((a) => action(i2(a), 'schedule', { activity: a.id })));
    assert.equal(all.filter((a) => a.status === 200).length, 1, JSON.stringify([of, all.map((a) => a.text)]));
    assert.ok(all.filter((a) => a.status !== 200).every((a) => a.body.errors[0].code === 'conflict'));
    const kept = (await staff.ok('GET', `${T}/activities?day=${day(9)}&state=scheduled`)).items;
    for (const a of kept) await done(staff, 'activities', a, 'cancel', { change_note: '清场' });
    return all.find((a) => a.status !== 200);
  };
  let turn = 0;
  const i2 = () => (turn++ % 2 ? lead : staff);
  const lost = await race({ room: s.rooms[0] });
  assert.match(lost.body.errors[0].detail, /room is taken|教室已被占用/, lost.text);
  await race({ teacher: teacher.id });
  await race({ class: s.classes[0] });
  const one = await plan({});
  await action(staff, 'schedule', { activity: one.id });
  const seen = await other.ok('GET', `${T}/activities/${one.id}`);
  assert.deepEqual([seen.name, seen.slots], ['Java 程序设计', undefined]);
  const term = await action(lead, 'timetable', { course: course.id, class: s.classes[1], kind: 'class', weekday: 'friday', first: 5, last: 6, weeks: 'all', room: s.rooms[1] });
  assert.equal(term.status, 200, term.text);
  assert.ok(term.body.result.made >= 14, term.text);
  const twice = await action(lead, 'timetable', { course: course.id, class: s.classes[2], kind: 'class', weekday: 'friday', first: 6, last: 7, weeks: 'even', room: s.rooms[1], teacher: other.id });
  assert.equal(twice.status, 422, twice.text);
  assert.equal((await staff.ok('GET', `${T}/activities?class=${s.classes[2]}&last=7`)).items.length, 0, 'all of them or none');
});

test('TCH-6: students answer by links without a name; the result is of the course and its teacher, and not for colleagues', async () => {
  const anyone = new Client(server), r = await staff.ok('POST', `${T}/evaluation_rounds`, { title: '期中评教', about: course.id });
  await staff.ok('POST', `${T}/actions/evaluation_issue`, { round: r.id, count: 8, label: '软件2601' });
  await done(staff, 'evaluation_rounds', r, 'open');
  const codes = [...(await staff.get(`${T}/exports/evaluation_codes?format=csv&round=${r.id}`)).text.matchAll(/\b[0-9A-Z]{16}\b/g)].map((x) => x[0]);
  assert.equal(codes.length, 8);
  const say = (code, more = {}) => anyone.api('POST', `/public/${T}/evaluation`, { code, consent: true, clear: 5, prepared: 5, interest: 4, practice: 4, fair: 5, pace: 'right', ...more });
  for (const code of codes.slice(0, 6)) assert.equal((await say(code, { remark: '讲得清楚' })).status, 200);
  assert.equal((await say(codes[0])).status, 409, 'once');
  assert.deepEqual((await lead.ok('GET', `${T}/evaluation_answers?round=${r.id}`)).items, [], 'nothing to read while it is open');
  assert.deepEqual((await lead.ok('GET', `${T}/reports/evaluation_response?round=${r.id}`)).rows, [{ round: r.id, count: 8, answered: 6 }]);
  await done(staff, 'evaluation_rounds', r, 'close');
  const result = await eventually(async () => {
    const { items } = await lead.ok('GET', `${T}/results?round=${r.id}`);
    assert.equal(items.length, 1);
    return items[0];
  });
  assert.deepEqual([result.course, result.teacher, result.invited, result.answered, result.rate, result.score, result.enough], [course.id, teacher.id, 8, 6, '75.0', '91.00', true]);
  assert.equal((await teacher.get(`${T}/results/${result.id}`)).status, 200, 'of one\'s own');
  assert.equal((await other.get(`${T}/results/${result.id}`)).status, 404);
  for (const who of [teacher, other, staff]) assert.equal((await who.get(`${T}/evaluation_answers`)).body?.items?.length ?? 0, 0);
});

test('TCH-7: a student sends feedback without an account, follows it by its code, and nobody who need not know reads the name', async () => {
  const anyone = new Client(server);
  const sent = await anyone.ok('POST', `/public/${T}/feedback`, { title: '实训机卡顿', topic: 'materials', content: '三台机器无法开机', from_whom: '王小明', consent: true });
  const [f] = (await lead.ok('GET', `${T}/feedback`)).items;
  assert.equal(f.source, 'student');
  assert.notEqual(f.from_whom, '王小明', 'masked for the lead');
  assert.equal(f.code, undefined);
  await done(lead, 'feedback', f, 'assign', { assignee: teacher.id });
  const seen = await teacher.ok('GET', `${T}/feedback/${f.id}`);
  assert.deepEqual([seen.content, seen.from_whom, seen.code], ['三台机器无法开机', undefined, undefined]);
  assert.equal((await other.get(`${T}/feedback/${f.id}`)).status, 404);
  assert.ok((await teacher.ok('GET', 'inbox')).items.some((i) => JSON.stringify(i).includes(f.id)), 'it is in the inbox of who has it');
  await done(teacher, 'feedback', f, 'reply', { answer: '已报修，本周更换' });
  const status = await anyone.ok('GET', `/public/${T}/feedback_status/${sent.code}`);
  assert.equal(status.answer, '已报修，本周更换');
  assert.equal(JSON.stringify(status).includes('王小明'), false);
  await done(teacher, 'feedback', f, 'improve', { measure: '更换硬盘并加入巡检', measure_by: day(5) });
  await done(teacher, 'feedback', f, 'finish', { effect: '三台均已更换' });
  assert.equal((await act(teacher, 'feedback', f, 'verify', { verification: '好' })).status, 403);
  assert.equal((await done(lead, 'feedback', f, 'verify', { verification: '现场确认可用' })).state, 'verified');
});
