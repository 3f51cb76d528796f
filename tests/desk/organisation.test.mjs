// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The page of who belongs where, and the figures of indicators, as staff see them (ORG-1, ORG-5).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Desk, Server, launch } from './lib.mjs';

let browser, server, manager, admin;
before(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
  admin = await server.admin();
  manager = await server.person('o.manager', ['manager'], { display: '钱经理' });
  const acting = await server.bearer('o.acting', ['admissions.staff'], { display: '代组长' });
  await admin.ok('PATCH', `admin/users/${acting.id}`, { supervisor: manager.id });
  await admin.ok('PUT', `admin/groups/admissions/members/${acting.id}`, {});
  await admin.ok('PUT', `admin/users/${acting.id}/posts/head`, { group: 'admissions', acting: true, until: '2099-06-30' });
  await manager.ok('POST', 'operations/actions/set_up', {});
  const [group] = (await manager.ok('GET', 'operations/groups?group=admissions')).items;
  const i = await manager.ok('POST', 'operations/indicators', { name: '线索转化率', group: group.id, unit: '%', target: '20.0' });
  for (const [period, actual] of [['2026-01', '10.0'], ['2026-02', '15.0'], ['2026-03', '19.0']]) await manager.ok('POST', 'operations/measurements', { indicator: i.id, period, target: '20.0', actual });
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await server.close(), { code: 0, signal: null });
});

for (const [width, lang] of [[1440, 'zh'], [390, 'en']]) {
  test(`groups, posts and who acts in them until when are on one page, at ${width} in ${lang}`, async () => {
    const d = await Desk.open(browser, server, { who: manager, width, lang });
    await d.go('#/organisation');
    await d.page.getByText(d.say('代组长（代理） 至 2099-06-30', '代组长 (acting) until 2099-06-30')).first().waitFor();
    const text = await d.text;
    for (const said of ['招生组', '部门经理', '计划任务按期完成率不低于 90%', d.say('工作标准', 'Standards')]) assert.ok(text.includes(said), said);
    await d.fine();
    await d.accessible();
    await d.close();
  });
}

test('bars of indicators go as far as the target, lines follow their mean', async () => {
  const d = await Desk.open(browser, server, { who: manager });
  await d.go('#/reports');
  const bars = d.page.locator('section.card', { hasText: '指标：目标与实际' }).first();
  await bars.getByRole('button', { name: '2026-01' }).click();
  assert.match((await bars.innerText()).replace(/\s+/g, ' '), /线索转化率 10 \/ 20/);
  const line = d.page.locator('section.card', { hasText: '指标达成率趋势' }).first();
  await line.scrollIntoViewIfNeeded();
  await line.locator('canvas').waitFor();
  await d.fine();
  await d.close();
});
