// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The three pictures of README, of the sample school: node tests/desk/screens.mjs, then look at them.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client, root } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

const folder = join(root, 'plugins/desk/screens'), MOST = 120 * 1024;
mkdirSync(folder, { recursive: true });
const server = await Server.start({ sample: false, init: ['--sample', 'school'] }), browser = await launch();
async function as(name) {
  const first = server.firstPassword(name), own = 'three-plum-trees-in-bloom', me = await server.signIn(name, first);
  await me.ok('POST', 'session/password', { old: first, new: own });
  const again = await server.signIn(name, own);
  return new Client(server, again.token, again.user);
}
async function take(name, who, width, height, hash, act) {
  const d = await Desk.open(browser, server, { who, width });
  await d.page.setViewportSize({ width, height });
  await d.go(hash);
  await act?.(d);
  await d.page.waitForTimeout(700);
  await d.page.screenshot({ path: join(folder, `${name}.png`) });
  await d.fine();
  await d.close();
  const { size } = statSync(join(folder, `${name}.png`));
  console.log(`${name}.png ${size} bytes`);
  if (size > MOST) process.exitCode = 1;
}
try {
  const director = await as('lin.mei'), leader = await as('zhou.lan'), manager = await as('qian.yu');
  const majors = (await manager.ok('GET', 'basics/majors?limit=3')).items;
  for (const season of ['2028', '2029']) {
    const lines = majors.map((m, i) => ({ major: m.id, major_name: m.name, region: '浙江', quota: 40 + 10 * i }));
    const p = await manager.ok('POST', 'admissions/plans', { season, name: `${season} 年招生计划`, rests_on_development: '发展规划', rests_on_demand: '需求分析', strategy: '稳住省内生源', headcount: lines.reduce((n, l) => n + l.quota, 0), lines });
    await manager.ok('POST', `admissions/plans/${p.id}/submit`, {});
  }
  const [weak] = (await director.ok('GET', 'admissions/applicants?state=registered&education=junior&score[lt]=280&limit=1')).items;
  await take('first-page', director, 1080, 600, '#/');
  await take('record', director, 1080, 660, `#/e/admissions/applicants/r/${weak.id}`, async (d) => {
    await d.button('预审').click();
    await d.page.locator('.why').waitFor();
  });
  await take('sheet', leader, 390, 660, '#/inbox?kind=approval', (d) => d.page.locator('.pick-all input').check());
} finally {
  await browser.close();
  await server.close();
}
