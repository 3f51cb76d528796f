// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A list of 100,000 at the desk: scrolled to its end, told how long a frame took at the most. backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

const ALL = 100000;
let server, browser, lead;
before(async () => {
  server = await Server.start();
  const file = join(server.folder, 'many.csv');
  const made = spawnSync('node', [join(root, 'examples/school/make_applicants.mjs'), String(ALL)], { encoding: 'utf8', maxBuffer: 1 << 28 });
  writeFileSync(file, made.stdout);
  const done = server.run(['import', 'admissions.applicants', file], { timeout: 600000 });     // those of the sample are among them and refused
  lead = await server.person('desk.lead', ['admissions.lead']);
  const { total } = await lead.ok('GET', 'admissions/applicants?limit=1&total=true');
  assert.ok(total >= ALL, `${total} ${done.stderr.slice(0, 400)}`);
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

test('a list of 100,000 scrolls to its end, drawing only what is in sight', { timeout: 300000 }, async () => {
  const d = await Desk.open(browser, server, { who: lead });
  await d.go('#/e/admissions/applicants');
  const seen = await d.page.evaluate(async (all) => {
    const grid = document.querySelector('.grid'), frame = () => new Promise((r) => requestAnimationFrame(r));
    let last = performance.now(), longest = 0, most = 0, rows = 0;
    const started = last;
    while (rows < all && performance.now() - started < 240000) {
      grid.scrollTop = grid.scrollHeight;
      await frame();
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      most = Math.max(most, grid.querySelectorAll('.row').length);
      rows = Math.round(grid.querySelector('.grid-body').clientHeight / 42);
    }
    const last_row = [...grid.querySelectorAll('.row')].at(-1);
    return { rows, longest, most, ms: last - started, end: Number(last_row.getAttribute('aria-rowindex')) };
  }, ALL);
  console.log(`# ${JSON.stringify(seen)}`);
  assert.ok(seen.rows >= ALL, `${seen.rows} rows`);
  assert.ok(seen.most < 80, `${seen.most} rows drawn at once`);
  await d.fine();
  await d.close();
});
