// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The pages for the public in a real browser (ADM-4, ADM-7): registering on a telephone without an
// account, papers by the camera, how far it is by the code; and a form of a school's own plugin.
// backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { root } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

const PLUGIN = `local field = campus.field
return { version = "1.0.0", title = { zh = "开放日", en = "Open day" }, entities = { visits = campus.entity {
  title = { zh = "参观登记", en = "Visits" },
  fields = {
    who = field.text { title = { zh = "姓名", en = "Name" }, required = true, max_length = 20 },
    phone = field.text { title = { zh = "手机", en = "Mobile" }, required = true, check = "mobile" },
    plate = field.text { title = { zh = "车牌", en = "Number plate" }, pattern = "[A-Z0-9]{5,8}" },
    people = field.integer { title = { zh = "人数", en = "How many" }, min = 1, max = 6 },
    height = field.decimal { title = { zh = "身高", en = "Height" }, scale = 1, min = 0, max = 250 },
    gift = field.money { title = { zh = "捐款", en = "Gift" } },
    day = field.date { title = { zh = "日期", en = "Day" }, required = true },
    hour = field.time { title = { zh = "时刻", en = "Hour" } },
    call_at = field.datetime { title = { zh = "回电时间", en = "Call me at" } },
    way = field.choice { title = { zh = "怎么来", en = "Comes by" }, required = true, choices = { { name = "bus", title = { zh = "公交", en = "Bus" } }, { name = "car", title = { zh = "自驾", en = "Car" } } } },
    grade = field.choice { title = { zh = "年级", en = "Grade" }, choices = { "g1", "g2", "g3", "g4", "g5" } },
    tours = field.multichoice { title = { zh = "想看什么", en = "Wants to see" }, choices = { { name = "lab", title = { zh = "实训室", en = "Labs" } }, { name = "hall", title = { zh = "食堂", en = "Canteen" } } } },
    lunch = field.boolean { title = { zh = "在校午餐", en = "Lunch here" } },
    asks = field.longtext { title = { zh = "想问的问题，可以写得很长很长，这个标题也很长很长很长", en = "Questions" } },
    children = field.list { title = { zh = "同行的孩子", en = "Children" }, fields = { name = field.text { title = { zh = "名字", en = "Name" }, required = true }, age = field.integer { title = { zh = "年龄", en = "Age" }, min = 0, max = 30 } } },
    code = field.text { title = { zh = "查询码", en = "Code" }, class = "secret", unique = true, searchable = true, default = "$code", max_length = 16 },
  },
  workflow = { start = "asked", states = { asked = { title = { zh = "已登记", en = "Asked" } }, off = { title = { zh = "已取消", en = "Cancelled" }, final = true } },
    transitions = { call_off = { title = { zh = "取消参观", en = "Call it off" }, from = "asked", to = "off" } } } } },
  public = {
    visit = campus.public { title = { zh = "参观登记", en = "Come and see us" }, entity = "visits", code = "code",
      fields = { "who", "phone", "plate", "people", "height", "gift", "day", "hour", "call_at", "way", "grade", "tours", "lunch", "asks", "children" } },
    mine = campus.public { title = { zh = "我的参观", en = "My visit" }, entity = "visits", code = "code", shows = { "state", "who", "day", "way", "tours", "lunch", "call_at", "gift" }, next = { asked = { zh = "届时见。", en = "See you then." } } },
    call_off = campus.public { title = { zh = "取消参观", en = "Call it off" }, entity = "visits", code = "code", transition = "call_off" },
  } }
`;
const RULES = `
  - { name: visits are for everyone to ask for, allow: [create, read, search, call_off], entity: visits.visits, roles: [public] }
  - { name: visits are looked at, allow: [read, create, update], entity: visits.visits, roles: [admissions.lead] }
`;
let server, browser, lead, serial = 700;
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/visits'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/visits/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + RULES);
  const r = server.run(['reload']);
  assert.equal(r.status, 0, r.stderr);
  lead = await server.bearer('p.lead', ['admissions.lead']);
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

const FORM = '/public/admissions/register';
const open = (o = {}) => Desk.open(browser, server, { width: 390, ...o });
async function fill(d, a, more = {}) {
  for (const f of ['name', 'id_number', 'birth_date', 'phone', 'guardian_phone', 'region', 'major', 'campus', 'score']) await d.page.fill(`#f-${f}`, a[f]);
  await d.page.locator('#f-education').getByLabel(d.say('初中', 'Junior secondary')).check();
  for (const [f, v] of Object.entries(more)) await d.page.fill(`#f-${f}`, v);
  await d.page.check('#consent');
}
const send = (d) => d.button('提交', 'Send').click();
const codeOf = async (d) => (await d.page.locator('.code-large').innerText()).replace(/\s/g, '');
const kept = async (a) => (await lead.ok('GET', `admissions/applicants?id_number=${a.id_number}`)).items;

for (const width of [390, 1440])
  for (const lang of ['zh', 'en'])
    test(`the form, what is wrong with it, what is sent and its status at ${width} px in ${lang}`, async () => {
      const d = await open({ width, lang }), a = applicant(serial++, { name: '欧阳慕容'.repeat(4) });
      await d.visit(FORM);
      await d.picture('portal-form');
      await d.fine();
      await d.accessible();
      await send(d);
      await d.page.locator('#f-name-error').waitFor();
      await d.picture('portal-wrong');
      await d.fine();
      await d.accessible();
      await fill(d, a);
      await send(d);
      await d.page.locator('.qr img').waitFor();
      await d.picture('portal-sent');
      await d.fine();
      await d.accessible();
      const code = await codeOf(d);
      assert.match(code, /^[0-9A-HJKMNP-TV-Z]{16}$/);
      await d.page.getByRole('link', { name: d.say('报名进度', 'Status') }).click();
      await d.page.locator('.now').waitFor();
      await d.page.locator('.papers').waitFor();
      await d.picture('portal-status');
      await d.fine();
      await d.accessible();
      await d.page.getByRole('link', { name: d.say('去上传', 'Send them') }).click();
      await d.page.locator('.slot').first().waitFor();
      await d.picture('portal-materials');
      await d.fine();
      await d.accessible();
      await d.close();
    });

for (const width of [390, 1440])
  test(`a form of a school's own plugin is drawn without front-end code, at ${width} px`, async () => {
    const d = await open({ width }), { page } = d;
    await d.visit('/public/visits/visit');
    await page.fill('#f-who', '张三');
    await page.fill('#f-phone', '13800000001');
    await page.fill('#f-people', '2');
    await page.fill('#f-height', '171.5');
    await page.fill('#f-gift', '10.00');
    await page.fill('#f-day', '2026-12-01');
    await page.fill('#f-hour', '09:30');
    await page.fill('#f-call_at', '2026-11-30T08:00');
    await page.locator('#f-way').getByLabel('自驾').check();
    await page.selectOption('#f-grade', 'g3');
    await page.locator('#f-tours').getByLabel('实训室').check();
    await page.check('#f-lunch');
    await page.getByRole('button', { name: '＋ 加一行' }).click();
    await page.getByLabel('名字').fill('小张');
    await page.getByLabel('年龄').fill('7');
    await d.picture('portal-own');
    await d.accessible();
    await send(d);
    await page.locator('.code-large').waitFor();
    const [v] = (await lead.ok('GET', 'visits/visits?limit=1&sort=-created_at')).items;
    assert.deepEqual([v.who, v.people, v.height, v.gift, v.day, v.hour, v.call_at, v.way, v.grade, v.tours, v.lunch, v.children],
      ['张三', 2, '171.5', '10.00', '2026-12-01', '09:30', '2026-11-30T00:00:00.000Z', 'car', 'g3', ['lab'], true, [{ name: '小张', age: 7 }]]);
    await page.getByRole('link', { name: '我的参观' }).click();
    await page.locator('.now', { hasText: '已登记' }).waitFor();
    await page.getByText('届时见。').waitFor();
    await d.picture('portal-own-status');
    await page.getByRole('button', { name: '取消参观' }).click();
    await d.button('再想想').click();
    await page.getByRole('button', { name: '取消参观' }).click();
    await d.picture('portal-own-step');
    await d.button('确定').click();
    await page.locator('.now', { hasText: '已取消' }).waitFor();
    assert.equal(await page.getByRole('button', { name: '取消参观' }).count(), 0, 'not twice');
    await d.fine();
    await d.close();
  });
