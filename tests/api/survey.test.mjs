// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Surveys from outside: one answer a link, nothing that tells whose it is, nothing to see before the
// round is over or where too few have answered; scorecards; contact logs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PLUGIN, install, round } from '../lib/opinion.mjs';
import { Client, Server, root } from '../lib/server.mjs';
import { joins, tables, tells } from '../lib/tables.mjs';

let server, lead, other, anyone, course;
before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST || join(root, 'build/campusd-test') });
  lead = await server.bearer('o.lead', ['admissions.lead']);
  other = await server.bearer('o.other', ['finance']);
  anyone = new Client(server);
  const reload = install(server);
  assert.equal(reload.status, 0, reload.stderr);
  course = await lead.ok('POST', 'opinion/courses', { name: '语文' });
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const FORM = '/public/opinion/teaching';
const say = (code, more = {}) => anyone.api('POST', FORM, { code, consent: true, clear: 5, useful: 4, pace: 'right', ...more });
const close = (r, survey = 'teaching') => lead.api('POST', `opinion/${survey}_rounds/${r.id}/close`, {});
const answers = async (r, survey = 'teaching') => (await lead.ok('GET', `opinion/${survey}_answers?round=${r.id}&limit=500`)).items;
const results = async (r, name = 'teaching_results') => (await lead.ok('GET', `opinion/reports/${name}?round=${r.id}`)).rows;
const of = (r) => ({ about: course.id, ...r });

// TCH-6: student evaluation without names
test('a link answers once, and what it is asked is told by the form', async () => {
  const r = await round(lead, 'teaching', 4, of({ title: '2027 春季评教' }));
  assert.equal(r.codes.length, 4);
  const form = await anyone.ok('GET', FORM);
  assert.equal(form.kind, 'answer');
  assert.deepEqual(form.fields.map((f) => [f.name, f.type, f.required]),
    [['clear', 'integer', true], ['useful', 'integer', true], ['pace', 'choice', true], ['remark', 'longtext', false]]);
  const [a, b] = r.codes;
  assert.deepEqual(await anyone.ok('GET', `${FORM}/${a}`), { title: '2027 春季评教', state: 'open' });
  const wrong = await say(a, { clear: 6, pace: undefined, link: 'x' });
  assert.equal(wrong.status, 422);
  assert.deepEqual(wrong.body.errors.map((e) => [e.pointer, e.code]).sort(), [['/link', 'unknown_field']]);
  const unfit = await say(a, { clear: 6, pace: undefined });
  assert.deepEqual(unfit.body.errors.map((e) => [e.pointer, e.code]).sort(), [['/clear', 'out_of_range'], ['/pace', 'required']]);
  assert.equal((await say(a, { consent: false })).status, 422);
  for (const readonly of ['round', 'score']) assert.equal((await say(a, { [readonly]: r.id })).status, 422, readonly);
  const sent = await say(a);
  assert.deepEqual([sent.status, sent.body], [200, { state: 'used' }], sent.text);
  assert.equal(sent.headers.get('set-cookie'), null, 'the device is not marked');
  assert.equal((await say(a)).status, 409, 'once');
  assert.equal((await anyone.ok('GET', `${FORM}/${a}`)).state, 'used');
  assert.equal((await say('0000000000000000')).status, 404);
  assert.equal((await anyone.get(`${FORM}/0000000000000000`)).status, 404);
  assert.deepEqual(await anyone.ok('GET', FORM + '/' + b), { title: '2027 春季评教', state: 'open' });
});

test('of 24 at the same instant one answers', async () => {
  const r = await round(lead, 'teaching', 1, of()), code = r.codes[0];
  const all = await Promise.all(Array.from({ length: 24 }, (_, i) => say(code, { clear: 1 + (i % 5) })));
  assert.deepEqual(all.map((a) => a.status).sort(), [200, ...Array(23).fill(409)]);
  const s = await round(lead, 'signed', 2), ok = [];
  for (const c of s.codes) ok.push(...await Promise.all([1, 2, 3].map((mark) => anyone.api('POST', '/public/opinion/signed', { code: c, mark }))));
  assert.equal(ok.filter((a) => a.status === 200).length, 2);
  assert.equal((await close(s, 'signed')).body.answered, 2);
  assert.equal((await answers(s, 'signed')).length, 2);
});

test('nothing is to be had of a round that is open, nor where fewer answered than it takes', async () => {
  const r = await round(lead, 'teaching', 4, of());
  for (const c of r.codes.slice(0, 2)) assert.equal((await say(c)).status, 200);
  assert.deepEqual(await answers(r), []);
  assert.deepEqual(await results(r), []);
  assert.equal((await lead.ok('GET', `opinion/teaching_rounds/${r.id}`)).answered, null, 'how many is told by the links');
  assert.deepEqual((await lead.ok('GET', `opinion/reports/teaching_response?round=${r.id}`)).rows, [{ round: r.id, count: 4, answered: 2 }]);
  const closed = await close(r);
  assert.deepEqual([closed.status, closed.body.state, closed.body.answered], [200, 'closed', 2], closed.text);
  assert.deepEqual(await answers(r), [], 'two of three that it takes');
  const all = tables(server);
  assert.deepEqual(all.core_urn.filter((u) => u.urn === r.id), [], 'and they are gone');
  assert.deepEqual(all.core_key.filter((k) => k.owner.includes(r.id)), [], 'with their key');
  const late = await say(r.codes[2]);
  assert.deepEqual([late.status, late.body.errors[0].code], [409, 'closed']);
  assert.equal((await anyone.ok('GET', `${FORM}/${r.codes[2]}`)).state, 'closed');
  assert.equal((await close(r)).status, 409, 'closed once');
});

test('a round that is not open yet takes nothing', async () => {
  const made = await lead.ok('POST', 'opinion/teaching_rounds', of({ title: '未开始' }));
  await lead.ok('POST', 'opinion/actions/teaching_issue', { round: made.id, count: 1 });
  const csv = await lead.get(`opinion/exports/teaching_codes?format=csv&round=${made.id}`), code = csv.text.match(/\b[0-9A-Z]{16}\b/)[0];
  assert.equal((await anyone.ok('GET', `${FORM}/${code}`)).state, 'closed');
  assert.equal((await say(code)).status, 409);
  await lead.ok('POST', `opinion/teaching_rounds/${made.id}/open`, {});
  assert.equal((await say(code)).status, 200);
});

test('closed, each answer is a record with its score, and the reports count them', async () => {
  const r = await round(lead, 'teaching', 3, of());
  const said = [[5, 5, 'right', '好'], [3, 5, 'fast', undefined], [1, 1, 'fast', '太快']];
  for (const [i, [clear, useful, pace, remark]] of said.entries()) assert.equal((await say(r.codes[i], { clear, useful, pace, remark })).status, 200);
  assert.equal((await close(r)).body.answered, 3);
  const list = await answers(r);
  assert.deepEqual(list.map((a) => [a.clear, a.useful, a.pace, a.remark, a.score]).sort(),
    [[1, 1, 'fast', '太快', '20.00'], [3, 5, 'fast', null, '76.00'], [5, 5, 'right', '好', '100.00']]);
  assert.deepEqual([...new Set(list.map((a) => `${a.created_at} ${a.created_by} ${a.updated_at}`))].length, 1, 'all in one moment, by nobody');
  assert.deepEqual(await results(r), [{ round_about: course.id, round: r.id, count: 3, avg_clear: '3.00', avg_useful: '3.67', avg_score: '65.3333' }]);
  const pace = await lead.ok('GET', `opinion/reports/teaching_pace?round=${r.id}`);
  assert.deepEqual(pace.rows, [], 'one of a kind and two of another are each too few to show');
  assert.equal((await other.get(`opinion/teaching_answers?round=${r.id}`)).body?.items?.length ?? 0, 0);
  assert.equal((await lead.api('PATCH', `opinion/teaching_answers/${list[0].id}`, { clear: 1 })).status, 403);
  assert.equal((await lead.api('POST', 'opinion/teaching_answers', { clear: 1, useful: 1, pace: 'fast' })).status, 403);
});

// The hunt: with the whole database, and knowing who had which link and when it was used.
async function hunt(survey, body) {
  const r = await round(lead, survey, 24, survey === 'teaching' ? of() : {});
  const links = (await lead.ok('GET', `opinion/${survey}_links?round=${r.id}&limit=100&reveal=code&purpose=test`)).items;
  const order = [...r.codes].map((code, i) => ({ code, i })).sort((x, y) => x.code.localeCompare(y.code)).map((x) => x.i);
  const seeds = [];
  for (const [k, i] of order.entries()) {
    const request = await anyone.api('POST', `/public/opinion/${survey}`, { code: r.codes[i], ...body(k) }, { 'Idempotency-Key': `key-${survey}-${k}` });
    assert.equal(request.status, 200, request.text);
    seeds.push([r.codes[i], request.headers.get('x-request-id')]);
  }
  return { r, links, seeds, order };
}
test('with all of the database nobody tells whose an answer is', async () => {
  const marks = (k) => ({ consent: true, clear: 1 + (k % 5), useful: 1 + (k % 3), pace: 'right', remark: `意见第${String(k).padStart(2, '0')}号` });
  const { r, seeds } = await hunt('teaching', marks);
  const open = tables(server), everything = JSON.stringify(open);
  assert.ok(!everything.includes('意见第'), 'no answer lies open while the round is');
  assert.equal(open.r_opinion_teaching_answers.filter((a) => a.f_round === r.id).length, 0);
  assert.ok(!open.core_idempotency.some((x) => x.entity.includes('teaching')), 'a repeated request leaves no hash of what it said');
  // who used which link is known: each link's row, history, audit rows and events are its own
  const used = open.r_opinion_teaching_links.filter((l) => l.f_round === r.id);
  assert.equal(used.length, 24);
  assert.equal((await close(r)).body.answered, 24);
  const all = tables(server);
  // a link is sealed but for its id: the one of a code is found by when it was used
  const byTime = used.sort((x, y) => Number(x.updated_at) - Number(y.updated_at) || Number(x.history) - Number(y.history));
  seeds.forEach((s, k) => s.push(byTime[k].id));
  const target = 'r_opinion_teaching_answers';
  all[target] = all[target].filter((a) => a.f_round === r.id);
  assert.equal(all[target].length, 24);
  assert.deepEqual(joins(all, seeds, target), []);
  const said = all[target].map((a) => Number(a.f_remark.match(/\d+/)[0]));
  for (const column of Object.keys(all[target][0]).filter((c) => !c.startsWith('f_'))) {
    const values = all[target].map((a) => (/^\d+$/.test(a[column]) ? a[column].padStart(20, '0') : a[column].replace(/\d+/g, (d) => d.padStart(8, '0'))));
    if (new Set(values).size < 2) continue;
    const rho = tells(said, values);
    assert.ok(Math.abs(rho) < 0.8, `the order of ${column} tells the order of the answers: ${rho}`);
  }
  for (const column of ['xmin_', 'created_at', 'updated_at', 'created_by', 'updated_by', 'history', 'rev', 'policy'])
    assert.ok(new Set(all[target].map((a) => a[column])).size <= 1, `${column} tells them apart`);
  for (const table of ['core_outbox', 'core_audit', 'core_history', 'core_subject', 'core_decision', 'core_message'])
    for (const row of all[table] ?? []) assert.ok(!Object.values(row).some((v) => all[target].some((a) => v.includes(a.id))), `${table} knows of an answer`);
  assert.ok(!server.log.includes(seeds[0][0]) && !server.log.includes('意见'), 'nor does the log');
});

test('the hunt finds a join where a survey is not anonymous', async () => {
  const { r, seeds } = await hunt('signed', (k) => ({ mark: 1 + (k % 5), why: `因为${k}` }));
  assert.equal((await close(r, 'signed')).body.answered, 24);
  const all = tables(server), target = 'r_opinion_signed_answers';
  const links = all.r_opinion_signed_links.filter((l) => l.f_round === r.id)
    .sort((x, y) => Number(x.updated_at) - Number(y.updated_at) || Number(x.history) - Number(y.history));
  seeds.forEach((s, k) => s.push(links[k].id));
  all[target] = all[target].filter((a) => a.f_round === r.id);
  const found = joins(all, seeds, target);
  assert.equal(found.filter((f) => f.column === 'f_link').length, 24);
  for (const f of found.filter((x) => x.column === 'f_link')) assert.equal(all[target][f.row].f_why, `因为${f.seed}`);
});

test('an answer whose question a later release dropped still counts', async () => {
  const r = await round(lead, 'teaching', 3, of());
  for (const c of r.codes) assert.equal((await say(c, { pace: 'fast', remark: '旧' })).status, 200);
  const narrower = PLUGIN.replace('choices = { "slow", "right", "fast" }', 'choices = { "slow", "right" }').replace(/ {2}\{ name = "remark".*\n/, '');
  assert.equal(install(server, { plugin: narrower }).status, 0);
  assert.equal((await close(r)).body.answered, 3);
  assert.deepEqual((await answers(r)).map((a) => [a.clear, a.pace, a.score]), Array(3).fill([5, null, '92.00']));
  const again = install(server);
  assert.equal(again.status, 0, again.stderr);
});

test('a link is sent to whom it is for with its code, which nobody else reads', async () => {
  const made = await lead.ok('POST', 'opinion/teaching_rounds', of({ title: '短信' }));
  const link = await lead.ok('POST', 'opinion/teaching_links', { round: made.id, phone: '14500000011' });
  assert.equal(link.code, '****');
  assert.equal((await lead.api('PATCH', `opinion/teaching_links/${link.id}`, { code: 'AAAAAAAAAAAAAAAA' })).status, 422, 'nobody chooses a code');
  assert.equal((await lead.ok('POST', `opinion/teaching_links/${link.id}/send`, {})).state, 'sent');
  assert.equal((await lead.ok('POST', `opinion/teaching_links/${link.id}/send`, {})).state, 'sent', 'and reminded');
  assert.equal((await lead.ok('GET', `opinion/teaching_links/${link.id}/messages`)).items.length, 2);
});

test('a round whose day is past closes by itself', async () => {
  const r = await round(lead, 'teaching', 1, of({ closes_on: '2020-01-01' }));
  for (let i = 0; i < 200; i++) {
    const now = await lead.ok('GET', `opinion/teaching_rounds/${r.id}`);
    if (now.state === 'closed') return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail('it is still open');
});

test('what is wrong with a survey is said at its line', async () => {
  const wrong = (from, to) => {
    assert.ok(PLUGIN.includes(from), from);
    const reload = install(server, { plugin: PLUGIN.replace(from, to) });
    assert.notEqual(reload.status, 0, `${from} -> ${to}`);
    return reload.stderr;
  };
  assert.match(wrong('weight = 60', 'weight = 50'), /plugins\/opinion\/plugin\.lua:\d+:\d+: weights_invalid: score: the weights sum to 100, not 90/);
  assert.match(wrong('{ name = "skill", title', '{ name = "skil", title'), /it weighs "skill", which opinion\.interview_cards does not have/);
  assert.match(wrong('{ name = "mark" }', '{ name = "mark", type = "scael" }'), /plugin\.lua:\d+:\d+: choice: a question: there is no type "scael"; did you mean scale\?/);
  assert.match(wrong('min_respondents = "policy:least"', 'min_respondents = "policy:last"'), /policy_key_unknown: transition close: the policy of opinion has no key "last"/);
  assert.match(wrong('about = "courses", questions', 'abuot = "courses", questions'), /unknown_option: campus\.survey has no option "abuot"; did you mean about\?/);
  assert.match(wrong('signed = campus.survey {', 'signed = {'), /survey_expected: signed: write campus\.survey/);
  const back = install(server);
  assert.equal(back.status, 0, back.stderr);
});

// Scorecards
test('raters score by the weights of the policy, each once, and the result waits for enough of them', async () => {
  const raters = [];
  for (const name of ['r.one', 'r.two', 'r.three']) raters.push(await server.bearer(name, ['teacher']));
  const who = await lead.ok('POST', 'opinion/candidates', { name: '王' }), cards = 'opinion/interview_cards';
  const card = async (rater, fields) => {
    const made = await rater.ok('POST', cards, { about: who.id, ...fields });
    return rater.ok('POST', `${cards}/${made.id}/submit`, {});
  };
  const first = await card(raters[0], { skill: 8, manner: 5 });
  assert.deepEqual([first.score, first.rater, first.state], ['86.00', raters[0].id, 'submitted']);
  const twice = await raters[0].api('POST', cards, { about: who.id, skill: 1, manner: 1 });
  assert.deepEqual([twice.status, twice.body.errors?.map((e) => [e.pointer, e.code])], [409, [['/about', 'unique']]]);
  for (const [field, value] of [['score', '99.00'], ['rater', raters[1].id]]) assert.equal((await raters[1].api('POST', cards, { about: who.id, skill: 1, manner: 1, [field]: value })).status, 422, field);
  const rows = async () => (await lead.ok('GET', `opinion/reports/interview_results?about=${who.id}`)).rows;
  assert.deepEqual(await rows(), [], 'one rater is too few');
  await card(raters[1], { skill: 10, manner: 0 });
  assert.deepEqual(await rows(), [{ about: who.id, count: 2, avg_skill: '9.00', avg_manner: '2.50', avg_score: '78.0000' }]);
  const draft = await raters[2].ok('POST', cards, { about: who.id, skill: 0, manner: 0 });
  assert.equal((await rows())[0].count, 2, 'a draft does not count');
  assert.equal((await raters[2].ok('PATCH', `${cards}/${draft.id}`, { skill: 5 })).score, '35.00');
  assert.equal((await raters[0].get(`${cards}/${draft.id}`)).status, 404, 'nobody sees the card of another');
  assert.equal(install(server, { policy: 'policy: opinion\ninterview: { skill: 50, manner: 50 }\n' }).status, 0);
  assert.equal((await raters[2].ok('PATCH', `${cards}/${draft.id}`, { manner: 5 })).score, '75.00', 'by the weights in force');
  const lone = await lead.ok('POST', 'opinion/candidates', { name: '李' });
  await raters[0].ok('POST', cards, { about: lone.id, skill: 1, manner: 1 }).then((c) => raters[0].ok('POST', `${cards}/${c.id}/submit`, {}));
  assert.deepEqual((await rows()).map((x) => x.count), [2], 'one with too few hides no other');
  const all = await lead.ok('GET', 'opinion/reports/interview_results');
  assert.deepEqual([all.rows.length, all.suppressed, all.total], [1, 1, { count: 3 }]);
});

test('a talk is noted with what comes next', async () => {
  const who = await lead.ok('POST', 'opinion/candidates', { name: '赵' });
  const talk = await lead.ok('POST', 'opinion/talks', { candidate: who.id, asked: '住宿', answered: '有', next_step: '寄资料', next_contact: '2027-03-01' });
  assert.deepEqual([talk.way, talk.direction, talk.by_person, talk.asked, talk.next_step], ['phone', 'out', lead.id, '****', '寄资料']);
  const mine = await lead.ok('GET', `opinion/talks?candidate=${who.id}&sort=-at_time`);
  assert.equal(mine.items.length, 1);
  const subject = await lead.ok('GET', `opinion/candidates/${who.id}/subject`);
  assert.deepEqual(subject.items.map((i) => i.entity).sort(), ['opinion.candidates', 'opinion.talks']);
});

test('a whole school answers from one address', { timeout: 120000 }, async () => {
  assert.match(readFileSync(join(root, 'include/campus/limits.def'), 'utf8'), /X\(PUBLIC_SOURCE, 1200,/);
  const r = await round(lead, 'teaching', 150, of());
  for (let i = 0; i < 9; i++) await Promise.all(r.codes.map((c) => anyone.ok('GET', `${FORM}/${c}`)));
  const all = await Promise.all(r.codes.map((c) => say(c)));
  assert.ok(all.every((a) => a.status === 200));
  assert.equal((await close(r)).body.answered, 150);
  let refused;
  for (let i = 0; i < 1300 && !refused; i += 50) {
    const guesses = await Promise.all(Array.from({ length: 50 }, (_, k) => anyone.get(`${FORM}/${String(i + k).padStart(16, '0')}`)));
    refused = guesses.find((g) => g.status === 429);
  }
  assert.ok(refused, 'who guesses is stopped');
  assert.equal((await anyone.get(`${FORM}/${r.codes[0]}`)).status, 200, 'and who has a code is not');
});
