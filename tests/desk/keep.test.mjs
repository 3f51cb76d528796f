// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Keeping house at the desk: posts and delegations for a time, backups, holidays, the log verified; a policy changed in a
// form, tried on what was decided, and put in force by a second person. backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Desk, Server, launch } from './lib.mjs';

let server, browser, admin, lead, officer;
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.person('keep.lead', ['admissions.lead'], { display: '林主管' });
  officer = await server.person('keep.officer', ['admissions.staff'], { display: '秦专员', campus: '东校区' });
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });
const open = (who, o) => Desk.open(browser, server, { who, ...o });

test('a post, a group and a fact are given for a time and taken away', async () => {
  const d = await open(admin), { page } = d;
  await d.go(`#/admin/people/${officer.id}`);
  const card = (name) => page.locator('section.card', { has: page.getByRole('heading', { name, exact: true }) });
  await page.fill('#posts-what', 'head');
  await page.fill('#posts-group', 'admissions_office');
  await page.fill('#posts-until', '2099-12-31');
  await card('职务').getByLabel('代理').check();
  await card('职务').getByRole('button', { name: '添加' }).click();
  await card('职务').getByText('head · admissions_office（代理）').waitFor();
  await page.fill('#groups-what', 'finance');
  await card('小组').getByRole('button', { name: '添加' }).click();
  await card('小组').getByText('– 长期').waitFor();
  await page.fill('#facts-what', 'signed_nda');
  await card('事实').getByRole('button', { name: '添加' }).click();
  await card('事实').getByText('signed_nda', { exact: true }).waitFor();
  await d.picture('person-rights');
  await d.accessible();
  await card('小组').getByRole('button', { name: '去掉 finance' }).click();
  await card('小组').getByText('没有').waitFor();
  const now = await admin.ok('GET', `admin/users/${officer.id}`);
  assert.deepEqual([now.posts.map((x) => [x.post, x.group, x.acting, x.until]), now.groups, now.facts.map((x) => x.fact)], [[['head', 'admissions_office', true, '2099-12-31']], [], ['signed_nda']]);
  await d.fine();
  await d.close();
});

test('one lends one\'s roles to a colleague until a day, and takes them back', async () => {
  const d = await open(lead), { page } = d;
  await d.go('#/account');
  await page.fill('#lend-to', '秦');
  await page.locator('.picker').getByRole('button', { name: '秦专员' }).click();
  await page.fill('#lend-until', '2099-01-01');
  await d.button('委托').click();
  await page.getByText('全部岗位').waitFor();
  assert.equal((await officer.ok('GET', 'session')).user.acts_for[0].person, lead.id);
  await d.picture('account-lent');
  await d.accessible();
  const other = await open(officer);
  await other.go('#/account');
  await other.page.getByText('正在代理：').waitFor();
  await other.close();
  await d.button('收回').click();
  await page.getByText('没有委托。').waitFor();
  assert.deepEqual((await officer.ok('GET', 'session')).user.acts_for, []);
  await d.fine();
  await d.close();
});

test('backups and holidays are told, a backup is made, and the log is verified from its first row', async () => {
  const d = await open(admin), { page } = d;
  await d.go('#/admin/house');
  await page.getByText('还没有备份密钥').waitFor();
  const year = new Date().getFullYear();
  await page.locator('.rights li', { hasText: String(year) }).waitFor();
  assert.equal(server.run(['backup', 'keygen', join(server.folder, 'elsewhere')]).status, 0);
  await page.reload();
  await page.getByText('还没有备份。').waitFor();
  await d.button('立即备份').click();
  await page.getByRole('status').filter({ hasText: '已备份' }).waitFor();
  const told = await admin.ok('GET', 'admin/house');
  assert.deepEqual([told.backup.key, told.backup.count, told.backup.bytes > 1000, existsSync(join(server.home, 'backups', told.backup.newest))], [true, 1, true, true]);
  await d.picture('house-backup');
  await d.accessible();
  assert.equal((await lead.get('admin/house')).status, 403);
  const auditor = await server.person('keep.auditor', ['auditor']), a = await open(auditor);
  await a.go('#/admin/audit');
  await a.button('校验审计记录').click();
  await a.page.getByRole('status').filter({ hasText: /通过：[\d,]+ 条/ }).waitFor();
  await a.picture('audit-verified');
  await a.accessible();
  await a.fine();
  await a.close();
  await d.fine();
  await d.close();
});

test('a policy is a form with units and limits: tried on what was decided, then in force; what does not check is refused at its line', async () => {
  for (let i = 0; i < 3; i++) {
    const { id } = await lead.ok('POST', 'admissions/applicants', applicant(810 + i, { name: `试算${i}`, score: `${290 + i}.0`, education: 'junior' }));
    await lead.ok('POST', `admissions/applicants/${id}/assess`, {});
  }
  const d = await open(admin), { page } = d, file = join(server.home, 'policies/admissions.yaml');
  await d.go('#/admin/policies');
  const row = page.locator('.policy-row', { hasText: 'education.min_score.junior' });
  assert.match(await row.innerText(), /初中毕业生[^]*分[^]*不小于 0，不大于 750/);
  await page.getByLabel('学历 · 最低成绩 初中毕业生').fill('300');
  assert.match(await row.innerText(), /现行: 280/);
  await d.button('用已判定的事项试算').click();
  await page.getByRole('heading', { name: '试算结果' }).waitFor();
  assert.match(await page.locator('.figures').innerText(), /3\s*件结果会变/);
  assert.match(await d.text, /280 -> 300 分/);
  await d.picture('policy-tried');
  await d.accessible();
  assert.ok(!existsSync(file), 'trying writes nothing');
  await d.button('启用').click();
  await page.locator('.toasts', { hasText: '已启用' }).waitFor();
  assert.match(readFileSync(file, 'utf8'), /^policy: admissions\neducation:\n  min_score:\n    junior: 300\n$/);
  await row.getByText('本校设定').waitFor();
  await page.getByLabel('学历 · 最低成绩 初中毕业生').fill('900');
  await d.button('启用').click();
  await page.getByRole('alert').filter({ hasText: 'admissions.yaml:4' }).waitFor();
  assert.match(readFileSync(file, 'utf8'), /junior: 300/, 'the file is as it was');
  await d.fine();
  await d.close();
});

test('where governance asks for a second person, what is put in force waits for one, who presses once', async () => {
  writeFileSync(join(server.home, 'policies/governance.yaml'), 'policy: governance\nactivation:\n  admissions: { lab: required, second_person: required }\n');
  await admin.ok('POST', 'admin/reload', {});
  const d = await open(admin), { page } = d;
  await d.go('#/admin/policies');
  await page.getByLabel('学历 · 最低成绩 初中毕业生').fill('310');
  await d.button('启用').click();
  await page.getByRole('alert').filter({ hasText: 'lab_required' }).waitFor();
  await d.button('用已判定的事项试算').click();
  await page.getByRole('heading', { name: '试算结果' }).waitFor();
  await d.button('启用').click();
  await page.locator('.toasts', { hasText: '等待第二人启用' }).waitFor();
  await page.getByText('等待第二人启用', { exact: false }).first().waitFor();
  await d.close();
  const manager = await server.person('keep.manager', ['manager'], { display: '高经理' });
  for (const [width, lang] of [[390, 'en'], [1440, 'zh']]) {
    const m = await open(manager, { width, lang });
    await m.go('#/admin/policies');
    await m.page.getByText(m.say('等待第二人启用', 'waits for a second person')).waitFor();
    await m.picture('policy-waits');
    await m.fine();
    await m.accessible();
    if (lang === 'zh') {
      await m.button('启用').first().click();
      await m.page.locator('.toasts', { hasText: '已启用' }).waitFor();
    }
    await m.close();
  }
  assert.equal((await admin.ok('GET', 'admin/policies/admissions')).values.education.min_score.junior, 310);
});
