// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The first page of each role on a Monday morning (ADM-1, ADM-7, ADM-8, ORG-5): what waits, what comes next, the
// numbers that the declarations give to the role; what is owed; what was sent about a record and by when it has
// to move. On a clock of its own. backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { approvedPlan } from '../lib/season.mjs';
import { binary, eventually } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

const bin = process.env.CAMPUSD_TEST || join(dirname(binary), 'campusd-test');
const who = {}, seats = {};     // people of the story; one for each other role
const ROLES = [['principal', 'principal'], ['manager', 'manager'], ['deputy', 'deputy'], ['lead', 'admissions.lead'], ['officer', 'admissions.staff', { campus: '东校区', display: '秦专员' }],
  ['other', 'admissions.staff', { campus: '东校区', display: '尤专员' }], ['finance', 'finance'], ['teacher', 'teacher'], ['teaching', 'teaching.lead'], ['marketing', 'marketing'], ['auditor', 'auditor']];
let server, browser, clock, ahead = 0, lines, seated;
async function goto(local) {
  ahead = Date.parse(`${local}+08:00`) - Date.now();
  writeFileSync(clock, String(ahead));
  await new Promise((done) => setTimeout(done, 25));
}
// At the desk with the clock of the school.
async function open(name, o = {}) {
  const d = await Desk.open(browser, server, { who: who[name], ...o });
  await d.context.addInitScript((by) => {
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...a) { if (a.length) super(...a); else super(Real.now() + by); }
      static now() { return Real.now() + by; }
    };
  }, ahead);
  return d;
}
const card = (d, text) => d.page.locator('section.card', { has: d.page.getByRole('heading', { name: text }) });

before(async () => {
  server = await Server.start({ bin });
  await server.stop();
  clock = join(server.folder, 'clock');
  await goto('2027-01-02T10:00:00');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  for (const [name, role, more] of ROLES) who[name] = await server.person(`first.${name}`, [role], more);
  const { roles } = await who.manager.ok('GET', 'meta'), taken = ROLES.map(([, role]) => role);
  for (const role of roles.map((r) => r.name).filter((r) => !taken.includes(r) && r !== 'public' && !r.startsWith('plugin.'))) seats[role] = await server.person(`seat.${role}`, [role], { campus: '东校区' });
  lines = await approvedPlan(server, [{ region: '河北', quota: 4 }, { region: '浙江', quota: 5 }]);
  for (const [n, o] of [[1, 'officer'], [2, 'officer'], [3, 'other']]) await who[o].ok('POST', 'admissions/leads', { name: `线索${n}`, phone: `1360000000${n}`, officer: who[o].id, next_contact: '2027-01-03' });
  const old = await who.lead.ok('POST', 'admissions/leads', { name: '去年的', phone: '13600000009', came_on: '2025-12-20' });
  await who.lead.ok('POST', `admissions/leads/${old.id}/touch`, {});
  await who.lead.ok('POST', 'admissions/applicants', applicant(1, { name: '去年报名', registered_on: '2025-11-11' }));
  await who.lead.ok('POST', 'admissions/applicants', applicant(2, { name: '去年晚些', registered_on: '2026-03-11' }));
  const { id } = await who.officer.ok('POST', 'admissions/applicants', applicant(3, { name: '席位之人', plan_line: lines[0].id }));
  await who.officer.ok('POST', `admissions/applicants/${id}/assess`, {});
  await who.lead.ok('POST', `admissions/applicants/${id}/qualify`, {});
  await who.lead.ok('POST', 'admissions/actions/offer', { applicant: id });
  seated = id;
  await who.teaching.ok('POST', 'basics/calendar_days', { day: '2027-01-18', kind: 'event', title_of_day: '期末考试' });
  const plan = await who.manager.ok('POST', 'admissions/plans', { season: '2028', name: '二八年招生计划', rests_on_development: 'x', rests_on_demand: 'x', strategy: 'x', headcount: 9,
    lines: [{ major: lines[0].major, major_name: '护理', region: '河北', quota: 9 }] });
  await who.manager.ok('POST', `admissions/plans/${plan.id}/submit`, {});
  await goto('2027-01-04T08:30:00');
  await server.restart();
  for (const p of [...Object.values(who), ...Object.values(seats)]) p.token = (await server.signIn(p.name, p.password)).token;     // the clock ran past the sessions
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

test('the director sees the three numbers of the morning, each a step from its records', async () => {
  const d = await open('lead');
  await d.go('#/');
  const [leads, applicants] = await Promise.all(['leads_so_far', 'applicants_so_far'].map((r) => who.lead.ok('GET', `admissions/reports/${r}`)));
  assert.deepEqual([leads.total.count, leads.total.last_count, applicants.total.last_count], [3, 1, 1], 'up to the same day, not the whole of last season');
  assert.match(await card(d, '线索').first().innerText(), /3\s+上年同期 1/);
  assert.match(await card(d, '报名人数').innerText(), new RegExp(`${applicants.total.count.toLocaleString('zh-CN')}\\s+上年同期 1`));
  const seats = card(d, '各计划分项进度');
  assert.match(await seats.innerText(), /护理 · 河北\s+1 · 0 · 0 \/ 4\s+护理 · 浙江\s+0 · 0 · 0 \/ 5\s+合计\s+1 · 0 · 0 \/ 9/);
  const untouched = card(d, '超过 24 小时未联系的线索');
  await untouched.getByText('秦专员').waitFor();
  assert.match(await untouched.innerText(), /秦专员\s+2\s+尤专员\s+1/);
  await untouched.getByText('秦专员').click();
  await d.page.getByRole('status').filter({ hasText: '共 2 条' }).waitFor();
  await d.page.locator('.grid').getByText('线索1').waitFor();
  await d.fine();
  await d.close();
});

for (const [name, expected] of [
  ['principal', ['二八年招生计划', '各计划分项进度', '报名人数']], ['manager', ['招生漏斗', '各计划分项进度']], ['deputy', ['各计划分项进度', '超过 24 小时未联系的线索']],
  ['lead', ['年度招生总结', '招生漏斗', '席位之人']], ['officer', ['线索1', '下次联系', '已录取']], ['finance', ['护理 · 河北', '期末考试']], ['teacher', ['期末考试', '各班学生']], ['marketing', ['各渠道线索']], ['auditor', ['历年荣誉']]]) {
  test(`the first page of ${name} shows what comes next`, async () => {
    const d = await open(name);
    await d.go('#/');
    for (const text of expected) await d.page.locator('#main').getByText(text).first().waitFor();
    await d.close();
  });
}

// Each a window, which one after another sits down at.
for (const width of [1440, 390])
  for (const lang of ['zh', 'en'])
    test(`every role's first page at ${width} px in ${lang} is whole, names people and records, and is accessible`, async () => {
      const d = await open('manager', { width, lang });
      for (const [role, one] of Object.entries({ ...who, ...seats })) {
        await d.context.addCookies([{ name: 'campusd_session', value: one.token, url: server.url, httpOnly: true, sameSite: 'Strict' }]);
        await d.page.goto(`${server.url}/desk/?${role}#/`);
        await d.page.waitForSelector('.top');
        await d.settled();
        await d.page.waitForFunction(() => !document.querySelector('#main').innerText.includes('…'));      // names are still asked for
        assert.doesNotMatch(await d.text, /[0-9a-f]{8}-[0-9a-f]{4}|#[0-9a-f]{6}\b/, `${role}: people and records have names`);
        await d.picture(`first-${role}`);
        await d.fine();
        await d.accessible();
      }
      await d.close();
    });

test('on the page of all figures, money is drawn as money and what is late stays late', async () => {
  await who.lead.ok('POST', 'admissions/channels', { name: '官方网站', type: 'online', officer: who.lead.id, cost: '1234.50' });
  const d = await open('lead');
  await d.go('#/reports');
  await card(d, '渠道费用').getByText('¥1,234.50').waitFor();
  await card(d, '超过 24 小时未联系的线索').getByText('秦专员').waitFor();
  assert.match(await card(d, '超过 24 小时未联系的线索').innerText(), /秦专员\s+2/);
  await who.officer.ok('POST', 'admissions/leads', { name: '刚来的', phone: '13600000077', officer: who.officer.id });
  await d.go('#/');
  await d.go('#/reports');
  await card(d, '超过 24 小时未联系的线索').getByText('秦专员').waitFor();
  assert.match(await card(d, '超过 24 小时未联系的线索').innerText(), /秦专员\s+2/, 'who came just now is not late');
  await d.fine();
  await d.close();
});

test('the bulletin is one press, has the sums of the first page and nobody in it', async () => {
  const d = await open('lead');
  await d.go('#/');
  await d.page.getByRole('link', { name: '今日简报' }).click();
  const text = await d.page.locator('#bulletin').inputValue();
  assert.match(text, /2027-01-04 简报\n线索：4（上年同期 1），已报名 0\n/);
  assert.match(text, /各计划分项进度（2027）：录取 1，确认 0，报到 0，目标 9\n超过 24 小时未联系的线索：3/);
  assert.doesNotMatch(text, /秦专员|线索1|席位/);
  await d.picture('bulletin');
  await d.accessible();
  await d.close();
});

test('what is owed is closed with what it asks for, and stays with its evidence', async () => {
  const owed = await eventually(async () => {
    const { items } = await who.lead.ok('GET', 'obligations');
    assert.deepEqual([...new Set(items.map((o) => o.name))].sort(), ['admissions.statistics', 'admissions.yearly_summary']);
    return items;
  });
  assert.ok(owed.length);
  await who.lead.ok('POST', 'admissions/summaries', { season: '2026', results: '完成', analysis: '华东生源增长', lessons: '早做简章' });
  for (const [width, lang] of [[1440, 'zh'], [390, 'en']]) {
    const d = await open('lead', { width, lang });
    await d.go('#/obligations');
    await d.page.locator('.todo').first().waitFor();
    await d.picture('obligations');
    await d.fine();
    await d.accessible();
    const one = d.page.locator('.todo', { hasText: d.say('招生统计', 'Statistics of admissions') }).first();
    if (lang === 'zh') {
      await one.getByRole('button', { name: '办结' }).click();
      await d.page.fill('#ob-note', '一月共报名 3002 人');
      await d.page.getByRole('dialog').getByRole('button', { name: '办结' }).click();
      await d.page.waitForFunction((n) => document.querySelectorAll('.todo').length === n, owed.length - 1);
    } else {
      const summary = d.page.locator('.todo', { hasText: 'Yearly summary' });
      await summary.getByRole('button', { name: 'Close' }).click();
      await d.page.locator('#ob-record option').nth(1).waitFor({ state: 'attached' });
      await d.page.selectOption('#ob-record', { index: 1 });
      await d.accessible();
      await d.page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).last().click();
      await summary.waitFor({ state: 'detached' });
      await d.go('#/obligations?state=closed');
      await d.page.getByText('一月共报名 3002 人').waitFor();
      assert.equal(await d.page.locator('.todo').count(), 2);
      await d.picture('obligations-closed');
    }
    await d.close();
  }
});

test('a record says by when it has to move, where it has been and with whom, and what was sent about it', async () => {
  await who.lead.ok('POST', 'admissions/actions/send_notice', { applicant: seated, report_on: '2027-09-01', report_place: '东校区', purpose: '发放录取通知书' });
  const d = await open('lead');
  await d.go(`#/e/admissions/applicants/r/${seated}`);
  await d.page.locator('.due').waitFor();
  await d.page.locator('.track', { hasText: '秦专员' }).waitFor();      // names are asked for after the rest
  assert.match(await d.page.locator('.track').innerText(), /已报名\s+秦专员[^]*审核中[^]*审核通过[^]*已录取[^]*已发通知书/);
  await d.page.locator('.messages', { hasText: '录取通知' }).waitFor();
  assert.match(await d.page.locator('.messages').innerText(), /短信 → 联系电话/);
  assert.doesNotMatch(await d.page.locator('.messages').innerText(), /\d{11}/);
  await d.picture('record-sent');
  await d.fine();
  await d.accessible();
  await d.close();
});
