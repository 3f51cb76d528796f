// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A browser at the desk: somebody signed in at a width and in a language, everything that goes
// wrong on a page kept, pictures in build/screens. $CHROMIUM names another browser.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { Server, binary, root } from '../lib/server.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const screens = join(dirname(binary), 'screens');
mkdirSync(screens, { recursive: true });

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid() === 0 ? ['--no-sandbox'] : [] });

// A school's own plugin: every type of field, lines, tasks, a pool, a chart that is a line, long names.
export function storeRoom(home) {
  cpSync(join(root, 'tests/desk/stock'), join(home, 'plugins/stock'), { recursive: true });
  mkdirSync(join(home, 'policies'), { recursive: true });
  writeFileSync(join(home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: the director keeps the stock, allow: [read, search, create, update, delete, history, import, export, issue, close, shelve, unshelve], entity: stock.items, roles: [admissions.lead] }
  - { name: the director keeps shelves, allow: [read, create, update, delete], entity: stock.shelves, roles: [admissions.lead] }
  - { name: the director has tasks, allow: [read, create, update, finish], entity: stock.items_tasks, roles: [admissions.lead] }
  - { name: the director adds pictures, permissions: [stock.actions.attach], roles: [admissions.lead] }
`);
}

// Reasons of the service that a page may meet: the browser tells of each in its console.
const EXPECTED = /status of (400|401|403|404|409|412|413|415|422)/;

export class Desk {
  // who: { token } of the service, or nobody. width 1440 or 390; lang 'zh' or 'en'.
  static async open(browser, server, { who, width = 1440, lang = 'zh' } = {}) {
    const d = new Desk();
    Object.assign(d, { server, wrong: [], lang, width });
    d.context = await browser.newContext({ viewport: { width, height: width < 600 ? 844 : 900 }, locale: lang === 'zh' ? 'zh-CN' : 'en-GB' });
    if (who) await d.context.addCookies([{ name: 'campusd_session', value: who.token, url: server.url, httpOnly: true, sameSite: 'Strict' }]);
    await d.context.addInitScript((l) => {
      localStorage.setItem('campusd.lang', localStorage.getItem('campusd.lang') ?? l);
      window.violations = [];
      document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
    }, lang);
    d.context.setDefaultTimeout(15000);
    d.page = await d.context.newPage();
    d.page.on('pageerror', (e) => d.wrong.push(`error: ${e.message}`));
    d.page.on('console', (m) => { if (m.type() === 'error' && !EXPECTED.test(m.text())) d.wrong.push(`console: ${m.text()}`); });
    d.page.on('request', (r) => { if (!r.url().startsWith(server.url) && !/^(data|blob):/.test(r.url())) d.wrong.push(`another origin: ${r.url()}`); });
    return d;
  }
  async go(hash = '#/') {
    await this.page.goto(`${this.server.url}/desk/${hash}`);
    await this.page.waitForSelector('.top, #user');
    await this.settled();
  }
  // A page of the public's: /public/PLUGIN/FORM…
  async visit(path) {
    await this.page.goto(`${this.server.url}${path}`);
    await this.page.waitForFunction(() => document.querySelector('#main h1') && !document.querySelector('.busy'));
  }
  async settled() {
    await this.page.waitForFunction(() => !document.querySelector('.busy') && document.querySelector('#app')?.children.length > 1
      && (!document.querySelector('.grid') || document.querySelector('.grid .row:not(.loading)')), null, { timeout: 15000 });
  }
  get text() { return this.page.locator('#main').innerText(); }
  say(zh, en) { return this.lang === 'zh' ? zh : en; }
  button(zh, en) { return this.page.getByRole('button', { name: this.say(zh, en), exact: true }); }

  async picture(name) { await this.page.screenshot({ path: join(screens, `${name}-${this.width}-${this.lang}.png`) }); }

  // Nothing thrown, no policy broken, nothing wider than the window.
  async fine() {
    this.wrong.push(...(await this.page.evaluate(() => window.violations?.splice(0) ?? [])).map((v) => `policy: ${v}`));
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) this.wrong.push(`the page is ${wide} px wider than the window`);
    assert.deepEqual(this.wrong.splice(0), []);
  }
  async accessible() {
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    const bad = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
      .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.failureSummary?.split('\n')[1]?.trim() ?? ''}`).join(' | ')}`);
    assert.deepEqual(bad, []);
  }
  async close() { await this.context.close(); }
}

export { Server };
