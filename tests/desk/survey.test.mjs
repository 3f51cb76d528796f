// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A survey on a telephone (TCH-6): the link, its questions, once; and nothing of it left on the device,
// for whoever answers next.
// backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { install, round } from '../lib/opinion.mjs';
import { Desk, Server, launch } from './lib.mjs';

let server, browser, lead;
before(async () => {
  server = await Server.start();
  const r = install(server);
  assert.equal(r.status, 0, r.stderr);
  lead = await server.bearer('s.lead', ['admissions.lead']);
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

for (const lang of ['zh', 'en'])
  test(`a student answers by a link, in ${lang}, and the next one on the same device begins anew`, async () => {
    const course = await lead.ok('POST', 'opinion/courses', { name: '语文' });
    const r = await round(lead, 'teaching', 3, { about: course.id, title: '2027 春季评教' });
    const d = await Desk.open(browser, server, { width: 390, lang }), { page } = d;
    const [a, b] = r.codes, at = (code) => `/public/opinion/teaching#${code}`;
    await d.visit(at(a));
    await page.getByText('2027 春季评教').waitFor();
    await d.picture('survey-form');
    await d.fine();
    await d.accessible();
    await d.button('提交', 'Send').click();
    await page.locator('#f-clear-error').waitFor();
    await page.locator('#f-clear').getByLabel('5', { exact: true }).check();
    await page.locator('#f-useful').getByLabel('4', { exact: true }).check();
    await page.locator('#f-pace').getByLabel('right').check();
    await page.fill('#f-remark', '讲得很清楚');
    await page.check('#consent');
    await d.button('提交', 'Send').click();
    await page.getByText(d.say('已收到，谢谢！', 'Received: thank you!')).waitFor();
    await d.picture('survey-sent');
    await d.fine();
    await d.accessible();
    assert.deepEqual(await page.evaluate(() => [sessionStorage.length, document.cookie, Object.keys(localStorage).filter((k) => k !== 'campusd.lang')]), [0, '', []], 'nothing stays');
    assert.deepEqual(await d.context.cookies(), []);
    await d.visit(at(a));
    await page.reload();
    await page.getByText(d.say('已收到，谢谢！', 'Received: thank you!')).waitFor();
    await page.goto('about:blank');
    await d.visit(at(b));
    await page.locator('#f-remark').waitFor();
    assert.equal(await page.inputValue('#f-remark'), '');
    await page.goto('about:blank');
    await d.visit(at('0000000000000000'));
    await page.getByText('0000 0000 0000 0000').waitFor();
    await lead.ok('POST', `opinion/teaching_rounds/${r.id}/close`, {});
    await page.goto('about:blank');
    await d.visit(at(b));
    await page.getByText(d.say('现在不能填写：还没有开始，或已经结束。', 'It cannot be answered now: it has not begun, or is over.')).waitFor();
    d.wrong.length = 0;                         // a code that is none is a 404, which a browser reports
    await d.close();
  });
