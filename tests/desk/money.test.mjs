// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Finance at the desk, which knows nothing of it: budget bars in the list and on the line, the claim form with its lines,
// the approval first on a telephone (FIN-1, FIN-2, FIN-5). backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Money } from '../lib/finance.mjs';
import { Desk, Server, launch } from './lib.mjs';

let server, browser, m, teacher, waits;
before(async () => {
  server = await Server.start();
  server.bearer = (name, roles, more) => server.person(name, roles, more);      // people who sit at a browser
  m = await Money.open(server, [['teaching', '实训耗材', '20000.00'], ['marketing', '推广', '8000.00']]);
  teacher = await m.teacher('m.zhou');
  for (const amount of ['1200.00', '3300.50', '800.00']) {
    waits = await m.claim(teacher, '实训耗材', [m.goods(amount)]);
    const sent = await m.submit(teacher, waits);
    assert.equal(sent.status, 200, sent.text);
    if (amount !== '800.00') await m.sign(waits);
  }
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

for (const width of [1440, 390])
  for (const lang of ['zh', 'en'])
    test(`budget lines, a claim and its form at ${width} px in ${lang}`, async () => {
      const f = await Desk.open(browser, server, { who: m.finance, width, lang });
      await f.go('#/e/finance/lines');
      const row = f.page.locator('.grid .row', { hasText: '实训耗材' });
      await row.getByText('¥14,699.50').waitFor();
      if (width === 1440) assert.match(await row.locator('.pool .bar').getAttribute('aria-label'), /4,500\.50.*800\.00.*14,699\.50/);
      await f.picture('money-lines');
      await f.fine();
      await f.accessible();
      await f.go(`#/e/finance/lines/r/${m.lines['实训耗材']}`);
      await f.page.locator('.holdings .legend', { hasText: '¥14,699.50' }).waitFor();
      await f.page.locator('.children', { hasText: 'BX' }).waitFor();
      await f.picture('money-line');
      await f.fine();
      await f.accessible();
      await f.close();
      const h = await Desk.open(browser, server, { who: m.head, width, lang });
      await h.go(`#/e/finance/claims/r/${waits.id}`);
      await h.page.locator('.case-actions').waitFor();
      await h.picture('money-claim');
      await h.fine();
      await h.accessible();
      if (width === 390) {
        const y = async (what) => (await h.page.locator(what).first().boundingBox()).y;
        assert.ok(await y('.approvals') < await y('.steps') && await y('.approvals') < await y('dl.fields'), 'what is to be signed comes first on a telephone');
      }
      await h.close();
      const d = await Desk.open(browser, server, { who: teacher, width, lang });
      await d.go('#/e/finance/claims/new');
      await d.button('＋ 加一行', '＋ Add a line').click();
      await d.page.locator('#f-lines-0-amount').fill('12.5');
      await d.page.locator('#f-lines').scrollIntoViewIfNeeded();
      await d.picture('money-form');
      await d.fine();
      await d.accessible();
      await d.close();
    });
