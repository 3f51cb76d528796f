// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The inbox and approvals at the desk: signed, returned, handed over, urged; a sheet of many; by
// keyboard alone and on a telephone (ADM-1, FIN-5: what people do with a case all day). backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, root } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

const PLUGIN = `local field = campus.field
return { version = "1.0.0", title = { zh = "采购", en = "Purchases" }, entities = { requests = campus.entity {
  title = { zh = "采购申请", en = "Purchase requests" },
  fields = { name = field.text { title = { zh = "名称", en = "Name" }, required = true }, amount = field.money { title = { zh = "金额", en = "Amount" } },
    keeper = field.person { title = { zh = "使用人", en = "For" } }, remark = field.text { title = { zh = "备注", en = "Remark" } } },
  workflow = { start = "draft",
    states = { draft = { title = { zh = "草稿", en = "Draft" } }, in_approval = { title = { zh = "审批中", en = "In approval" } }, returned = { title = { zh = "已退回", en = "Returned" } },
      approved = { title = { zh = "已批准", en = "Approved" }, final = true } },
    transitions = {
      submit = { title = { zh = "提交", en = "Submit" }, from = { "draft", "returned" }, to = "in_approval" },
      approve = { title = { zh = "批准", en = "Approve" }, from = "in_approval", to = "approved", rule = "modest", never_by = { "$created_by" }, otherwise = "climb",
        approvals = { { role = "manager" }, { role = "principal" } }, back = "send_back", recall = "take_back" },
      send_back = { title = { zh = "退回", en = "Send back" }, from = "in_approval", to = "returned" },
      take_back = { title = { zh = "撤回", en = "Take back" }, from = "in_approval", to = "draft" } } } } },
  rules = { modest = campus.rule { reads = { "amount" }, run = function(r)
    local why = campus.reasons()
    why:check((r.amount or 0) <= 10000000, { code = "too_dear", at = "amount", text = "金额超过十万元" })
    return why:decision() end } } }
`;
const RULES = `
  - { name: requests are written, allow: [read, create, update, submit, take_back, history], entity: buying.requests, roles: [everyone] }
  - { name: requests are signed, allow: [approve, send_back], entity: buying.requests, roles: [manager, principal] }
`;
let server, browser, writer, manager, principal;
const request = async (name, amount = '1299.00') => {
  const r = await writer.ok('POST', 'buying/requests', { name, amount });
  return writer.ok('POST', `buying/requests/${r.id}/submit`);
};
const state = async (r) => (await writer.ok('GET', `buying/requests/${r.id}`)).state;

before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/buying'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/buying/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + RULES);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  writer = await server.person('i.writer', ['finance'], { display: '许文' });
  manager = await server.person('i.manager', ['manager'], { display: '高经理' });
  principal = await server.person('i.principal', ['principal'], { display: '校长' });
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });
const item = (d, name) => d.page.locator('.todo', { hasText: name });

for (const width of [1440, 390])
  for (const lang of ['zh', 'en'])
    test(`what waits is signed in place at ${width} px in ${lang}, and the next one is asked`, async () => {
      const r = await request(`投影仪 ${width} ${lang}`);
      const d = await Desk.open(browser, server, { who: manager, width, lang });
      await d.go('#/inbox');
      const mine = item(d, r.name);
      await mine.waitFor();
      await d.picture('inbox');
      await mine.getByRole('button', { name: d.say('处理', 'Handle') }).click();
      await mine.locator('.case-steps').waitFor();
      await d.picture('inbox-open');
      await d.fine();
      await d.accessible();
      await mine.getByRole('button', { name: d.say('同意', 'Approve'), exact: true }).last().click();
      await mine.waitFor({ state: 'detached' });
      assert.equal((await writer.ok('GET', `buying/requests/${r.id}/approvals`)).items[0].step, 2);
      await d.go(`#/e/buying/requests/r/${r.id}`);
      await d.page.locator('.approvals .signed').waitFor();
      await d.picture('record-approval');
      await d.fine();
      await d.accessible();
      await d.close();
    });

test('by keyboard alone, from the top of the page: to the inbox, open, approve with a note, return the next', async () => {
  const good = await request('键盘同意'), bad = await request('键盘退回');
  const d = await Desk.open(browser, server, { who: manager }), { page } = d, { keyboard } = page;
  await d.go('#/');
  // Tab until the thing in focus is called so (within the item of that name, or a dialog)
  const until = async (label, name) => {
    for (let i = 0; i < 120; i++) {
      await keyboard.press('Tab');
      const [text, where] = await page.evaluate(() => { const at = document.activeElement;
        return [at.labels?.[0]?.textContent.replace('*', '').trim() ?? at.textContent?.trim().replace(/\s*\d+$/, ''), at.closest('dialog') ? 'dialog' : at.closest('.todo')?.textContent ?? '']; });
      if (text === label && (!name || where.includes(name))) return;
    }
    throw new Error(`no ${label} by keyboard`);
  };
  await until('待办');
  await keyboard.press('Enter');
  await item(d, '键盘同意').waitFor();
  await until('处理', '键盘同意');
  await keyboard.press('Enter');
  await item(d, '键盘同意').locator('.case-actions').waitFor();
  await until('意见', '键盘同意');
  await keyboard.type('价格合理');
  await until('同意', '键盘同意');      // the phrase of that name puts it into the note,
  await until('同意', '键盘同意');      // the button signs
  await keyboard.press('Enter');
  await item(d, '键盘同意').waitFor({ state: 'detached' });
  const [c] = (await writer.ok('GET', `buying/requests/${good.id}/approvals`)).items;
  assert.deepEqual([c.step, c.steps[0].signatures[0].person, c.steps[0].signatures[0].note], [2, manager.id, '价格合理']);
  await until('处理', '键盘退回');
  await keyboard.press('Enter');
  await item(d, '键盘退回').locator('.case-actions').waitFor();
  await until('退回', '键盘退回');
  await keyboard.press('Enter');
  await page.locator('dialog[open] #ask-note').waitFor();
  await until('意见', 'dialog');
  await keyboard.type('请补充报价');
  await until('退回', 'dialog');
  await keyboard.press('Enter');
  await item(d, '键盘退回').waitFor({ state: 'detached' });
  assert.equal(await state(bad), 'returned');
  await d.fine();
  await d.close();
});

test('a case is handed over to a colleague, who signs it', async () => {
  const r = await request('转办之事'), other = await server.person('i.other', ['manager'], { display: '另经理' }), m = await Desk.open(browser, server, { who: manager, width: 390 });
  await m.go(`#/e/buying/requests/r/${r.id}`);
  await m.page.locator('.approvals').getByRole('button', { name: '转办' }).click();
  await m.page.fill('#ask-person', '另');
  await m.page.locator('.picker').getByRole('button', { name: '另经理' }).click();
  await m.picture('transfer');
  await m.page.getByRole('dialog').getByRole('button', { name: '转办' }).click();
  await m.page.locator('.toasts', { hasText: '已转办' }).waitFor();
  await m.page.locator('.case-log', { hasText: '另经理' }).waitFor({ state: 'attached' });
  await m.fine();
  await m.close();
  await other.ok('POST', `buying/requests/${r.id}/approve`);
  assert.equal((await writer.ok('GET', `buying/requests/${r.id}/approvals`)).items[0].step, 2);
});

test('a leader signs a sheet: what a rule refuses stays, with its reason', async () => {
  const good = [await request('椅子'), await request('桌子')], dear = await request('大楼', '99999999.00');
  for (const r of [...good, dear]) await manager.ok('POST', `buying/requests/${r.id}/approve`);
  const d = await Desk.open(browser, server, { who: principal, width: 390 });
  await d.go('#/inbox?kind=approval');
  for (const r of [...good, dear]) await item(d, r.name).locator('input[type=checkbox]').check();
  await d.page.locator('.sheet').getByRole('button', { name: '同意', exact: true }).last().click();
  await d.page.locator('.sheet .why').waitFor();
  assert.match(await d.page.locator('.sheet .why').innerText(), /金额超过十万元/);
  await d.picture('inbox-sheet');
  for (const r of good) assert.equal(await state(r), 'approved');
  assert.equal(await state(dear), 'in_approval');
  await d.fine();
  await d.close();
});

test('who submitted it urges and withdraws on the record; a colleague is picked by name to sign too', async () => {
  const r = await request('电钻'), d = await Desk.open(browser, server, { who: writer });
  await d.go(`#/e/buying/requests/r/${r.id}`);
  await d.page.locator('.approvals').getByRole('button', { name: '催办' }).click();
  await d.page.locator('.toasts', { hasText: '已催办' }).waitFor();
  await d.page.locator('.approvals').getByRole('button', { name: '撤回' }).click();
  await d.page.locator('.page-head .state', { hasText: '草稿' }).waitFor();
  await d.close();
  await writer.ok('POST', `buying/requests/${r.id}/submit`);
  const m = await Desk.open(browser, server, { who: manager });
  await m.go(`#/e/buying/requests/r/${r.id}`);
  await m.page.locator('.approvals').getByRole('button', { name: '加签' }).click();
  await m.page.fill('#ask-person', '校');
  await m.page.locator('.picker').getByRole('button', { name: '校长' }).click();
  await m.page.locator('dialog').getByRole('button', { name: '加签' }).click();
  await m.page.locator('.approvals', { hasText: '校长' }).waitFor();
  await eventually(async () => assert.equal((await writer.ok('GET', `buying/requests/${r.id}/approvals`)).items[0].steps.length, 3), 15000);
  await m.fine();
  await m.close();
});
