// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Every page of the desk at two widths and in both languages: nothing is thrown, no policy is
// broken, nothing overflows, axe finds nothing serious. Pictures go to build/screens. (backend: sqlite, for it speaks to the interface)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Desk, Server, launch, storeRoom } from './lib.mjs';

let server, browser, admin, lead, busy;

before(async () => {
  server = await Server.start();
  admin = await server.admin();
  storeRoom(server.home);
  await admin.ok('POST', 'admin/reload', {});
  lead = await server.person('desk.lead', ['admissions.lead'], { display: '欧阳' + '慕容'.repeat(4) });
  browser = await launch();
  for (const [day, n] of [['2026-09-01', 4], ['2026-09-02', 9], ['2026-09-03', 2]]) {
    for (let i = 0; i < n; i++) await lead.ok('POST', 'stock/items', { title: `投影仪 ${day} ${i}`, day, amount: 3, price: '1299.00', kind: 'tool' });
  }
  busy = (await lead.ok('POST', 'stock/items', { title: '名称特别长的一件物品'.repeat(12), day: '2026-09-04', amount: 1, price: '0.50', kind: 'book', tags: ['new', 'loan'], fragile: true,
    at: '08:30', seen: '2026-09-04T00:30:00Z', remark: '第一行\n第二行 ' + 'unbroken'.repeat(40), parts: [{ label: '底座', pieces: 2, cost: '120.50' }, { label: '线缆', pieces: 1, cost: '9.90', bought: '2026-09-01', from: 'shop' }], shelf: (await lead.ok('POST', 'stock/shelves', { name: '东库一号货架', places: 3 })).id })).id;
  for (const [i, title] of ['贴资产标签', '拍照存档并核对部件数量是否与清单一致'].entries()) await lead.ok('POST', 'stock/items_tasks', { title, item: busy, keeper: lead.id, due_on: `2026-09-0${5 + i}` });
});
after(async () => { await browser?.close(); await server?.close(); });

const applicant = async () => (await lead.ok('GET', 'admissions/applicants?limit=1&sort=-score')).items[0].id;
const PAGES = [
  ['sign-in', null, '#/'],
  ['overview', 'lead', '#/'],
  ['list', 'lead', '#/e/admissions/applicants'],
  ['list-empty', 'lead', '#/e/admissions/applicants?state=admitted'],
  ['record', 'lead', async () => `#/e/admissions/applicants/r/${await applicant()}`],
  ['new', 'lead', '#/e/admissions/applicants/new'],
  ['import', 'lead', '#/e/admissions/applicants/import'],
  ['own-list', 'lead', '#/e/stock/items'],
  ['own-record', 'lead', () => `#/e/stock/items/r/${busy}`],
  ['own-new', 'lead', '#/e/stock/items/new'],
  ['own-board', 'lead', '#/e/stock/items/board'],
  ['own-calendar', 'lead', '#/e/stock/items/calendar?by=day&month=2026-09'],
  ['board', 'lead', '#/e/admissions/applicants/board'],
  ['figures', 'lead', '#/reports'],
  ['bulletin', 'lead', '#/bulletin'],
  ['inbox-empty', 'lead', '#/inbox'],
  ['obligations-empty', 'lead', '#/obligations'],
  ['copied', 'lead', () => `#/e/stock/items/new?copy=${busy}`],
  ['find', 'lead', '#/find'],
  ['account', 'lead', '#/account'],
  ['jobs', 'lead', '#/jobs'],
  ['nowhere', 'lead', '#/e/no/such'],
  ['overview-admin', 'admin', '#/'],
  ['people', 'admin', '#/admin/people'],
  ['person', 'admin', () => `#/admin/people/${lead.id}`],
  ['roles', 'admin', '#/admin/roles'],
  ['tokens', 'admin', '#/admin/tokens'],
  ['releases', 'admin', '#/admin/releases'],
  ['policies', 'admin', '#/admin/policies'],
  ['audit', 'admin', '#/admin/audit'],
  ['keys', 'admin', '#/admin/keys'],
  ['delivery', 'admin', '#/admin/delivery'],
  ['house', 'admin', '#/admin/house'],
];

// One browser window for each person, width and language: going from page to page as people do.
const desks = new Map();
async function look(name, who, where, width, lang) {
  const hash = typeof where === 'string' ? where : await where(), key = `${who} ${width} ${lang}`;
  if (!desks.has(key)) desks.set(key, await Desk.open(browser, server, { who: who && { lead, admin }[who], width, lang }));
  const d = desks.get(key);
  await d.go(hash);
  await d.picture(name);
  if (lang === 'en' && who) assert.doesNotMatch(await d.page.locator('nav.side').innerText(), /总览|系统/);
  await d.fine();
  await d.accessible();
}

for (const width of [1440, 390])
  for (const lang of ['zh', 'en'])
    for (const [name, who, where] of PAGES)
      test(`${name} at ${width} px in ${lang} is whole, fits and is accessible`, () => look(name, who, where, width, lang));

test('a plugin that a school writes is in the menu, with its form, its steps and its line chart', async () => {
  const d = await Desk.open(browser, server, { who: lead });
  await d.go('#/');
  const line = d.page.locator('section.report', { hasText: '每日入库' }).locator('.line');
  await line.scrollIntoViewIfNeeded();
  await line.locator('canvas').first().waitFor();
  const menu = d.page.locator('nav.side'), group = menu.getByRole('button', { name: '库房' });
  assert.match(await menu.innerText(), /组织架构/);
  assert.equal(await menu.getByRole('link', { name: '物品', exact: true }).count(), 0, 'of many departments only one is open');
  await group.click();
  assert.equal(await group.getAttribute('aria-expanded'), 'true');
  assert.match(await menu.innerText(), /库房\s+物品/);
  await d.go('#/e/stock/items/new');
  for (const f of ['title', 'day', 'amount', 'price', 'kind', 'tags', 'fragile', 'at', 'seen', 'remark', 'parts']) assert.equal(await d.page.locator(`#f-${f}`).count(), 1, f);
  await d.page.fill('#f-title', '白板');
  await d.page.fill('#f-day', '2026-10-01');
  await d.page.selectOption('#f-kind', 'tool');
  await d.page.fill('#f-seen', '2026-10-01T08:00');
  await d.button('保存', 'Save').click();
  await d.page.waitForSelector('.steps');
  const made = (await lead.ok('GET', 'stock/items?title=白板')).items[0];
  assert.equal(made.seen, '2026-10-01T00:00:00.000Z', 'eight in the morning on the clock of the school');
  await d.button('发放', 'Issue').click();
  await d.page.locator('.page-head .state', { hasText: '已发放' }).waitFor();
  await d.fine();
  await d.close();
});
