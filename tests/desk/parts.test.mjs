// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A record shows what is part of it: its tasks, with who does them and until when; one is added from there.
// backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, root } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

const PLUGIN = `local field = campus.field
return { version = "1.0.0", title = { zh = "入职", en = "Joining" }, entities = { joiners = campus.entity {
  title = { zh = "新员工", en = "Joiners" }, fields = { name = field.text { required = true } }, tasks = true,
  workflow = { start = "new",
    states = { new = { title = { zh = "待入职", en = "New" }, checklist = { { name = "contract", title = "签合同", owner = "$actor", within = "3wd" } } },
      here = { title = { zh = "在职", en = "Here" }, final = true } },
    transitions = { join = { title = { zh = "入职", en = "Join" }, from = "new", to = "here", checked = true } } } } } }
`;
let server, browser, who;
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/joining'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/joining/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: joining, allow: ["*"], entity: [joining.joiners, joining.joiners_tasks], roles: [hr] }
`);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  who = await server.person('p.hr', ['hr'], { display: '任事' });
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

for (const width of [1440, 390])
  for (const lang of ['zh', 'en'])
    test(`tasks of a record are seen, added and waited for at ${width} px in ${lang}`, async () => {
      const r = await who.ok('POST', 'joining/joiners', { name: `周新 ${width} ${lang}` });
      const d = await Desk.open(browser, server, { who, width, lang });
      await d.go(`#/e/joining/joiners/r/${r.id}`);
      const parts = d.page.locator('.card', { has: d.page.locator('.parts') });
      await parts.getByRole('link', { name: '签合同' }).waitFor();
      assert.match(await parts.innerText(), /任事/);
      await d.accessible();
      await d.picture('parts');
      await d.button('入职', 'Join').click();
      await d.page.getByText('签合同').nth(1).waitFor(); // the refusal names it
      await parts.getByRole('link', { name: d.say('＋ 新建', '＋ New') }).click();
      await d.page.locator('.form').waitFor();
      await d.page.getByLabel(d.say('任务', 'Task'), { exact: false }).first().fill('开账号');
      await d.button('保存', 'Save').click();
      await d.page.locator('.form').waitFor({ state: 'detached' }); // it goes back by itself
      await eventually(async () => {
        const { items } = await who.ok('GET', `joining/joiners_tasks?record=${r.id}`);
        assert.deepEqual(items.map((t) => t.title).sort(), ['开账号', '签合同'].sort());
      });
      await d.go('#/inbox');
      await d.page.getByRole('tab', { name: d.say('任务', 'Task') }).or(d.button('任务', 'Task')).first().click();
      await d.page.locator('.todo').first().waitFor();
      await d.fine();
      await d.close();
    });
