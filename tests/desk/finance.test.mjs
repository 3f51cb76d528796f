// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Finance at the desk without a page of its own: budget bars, the claim form, a refusal beside its button, a signature.
// (backend: sqlite, for it speaks to the interface)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Money, invoice, today } from '../lib/finance.mjs';
import { eventually } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

let server, browser, m, anna, dear;
before(async () => {
  server = await Server.start();
  m = await Money.open(server, [['teaching', '耗材', '5000'], ['admissions', '差旅', '20000'], ['staff', '培训', '8000']]);
  m.head = await server.person('d.head', ['teaching.lead'], { display: '严明' });
  anna = await m.teacher('钟玲', 'staff', await server.person('d.anna', ['teacher'], { display: '钟玲' }));
  for (const amount of ['1200.00', '800.00']) {
    const c = await m.claim(anna, '耗材', [m.goods(amount)]);
    await m.submit(anna, c);
    if (amount === '800.00') await m.sign(c);
  }
  dear = await m.claim(anna, '差旅', [{ kind: 'hotel', day: today(2), city: '北京', days: 1, amount: '600.00', ...invoice() }], { kind: 'travel' });
  browser = await launch();
}, { timeout: 120000 });
after(async () => { await browser?.close(); await server?.close(); });

test('FIN-2: the first page of finance draws what is spoken for of each line, and every page of it is in order', async () => {
  const who = await server.person('d.finance', ['finance']);
  for (const width of [1440, 390]) {
    const d = await Desk.open(browser, server, { who, width });
    for (const [name, hash, wanted] of [['money-first', '#/', /¥2000(\.00)?\s*\/\s*¥5000/], ['money-lines', '#/e/finance/lines', /耗材/], ['money-claims', '#/e/finance/claims', /BX\d{4}-00001/],
      ['money-claim', `#/e/finance/claims/r/${dear.id}`, /差旅/], ['money-staff', '#/e/finance/staff', /钟玲/], ['money-reports', '#/reports', /预算执行/]]) {
      await d.go(hash);
      await eventually(async () => assert.match((await d.text).replaceAll(',', ''), wanted, `${name} ${width}`), 15000);
      await d.picture(name);
      await d.fine();
    }
    await d.close();
  }
});

test('FIN-4: the claimant reads what is wrong with a claim, fills in another by hand', async () => {
  const d = await Desk.open(browser, server, { who: anna });
  await d.go(`#/e/finance/claims/r/${dear.id}`);
  await d.page.getByRole('button', { name: '提交审批' }).first().click();
  await eventually(async () => assert.match(await d.page.locator('body').innerText(), /600\.00 元，超过标准 450\.00 元.*limits\.hotel\.staff\.first（policies\/finance\.yaml，第 \d+ 行）/s), 15000);
  await d.picture('money-refused');
  await d.go('#/e/finance/claims/new');
  await eventually(async () => assert.match(await d.text, /预算分项/), 15000);
  await d.picture('money-new');
  await d.fine();
  await d.close();
});

test('FIN-5: the head of department finds the claim in the inbox, with its lines', async () => {
  const d = await Desk.open(browser, server, { who: m.head });
  await d.go('#/inbox');
  await eventually(async () => assert.match(await d.text, /钟玲|BX\d{4}|报销单/), 15000);
  await d.picture('money-inbox');
  await d.fine();
  await d.close();
});
