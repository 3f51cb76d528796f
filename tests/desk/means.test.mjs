// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the desk has for every plugin without knowing it: a rule's reasons before anybody presses, lines pasted from a
// spreadsheet, pools as bars, tasks of a record, pages by state and by date, paper. backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { eventually } from '../lib/server.mjs';
import { Desk, Server, launch, screens, storeRoom } from './lib.mjs';

let server, browser, admin, lead;
before(async () => {
  server = await Server.start();
  storeRoom(server.home);
  admin = await server.admin();
  await admin.ok('POST', 'admin/reload', {});
  lead = await server.person('means.lead', ['admissions.lead'], { display: '林主管' });
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

const open = (o) => Desk.open(browser, server, { who: lead, ...o });
const item = (more) => lead.ok('POST', 'stock/items', { title: '示波器', day: '2026-09-01', amount: 3, kind: 'tool', ...more });
const at = (r) => `#/e/stock/items/r/${r.id}`, get = (r) => lead.ok('GET', `stock/items/${r.id}`);
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
// What a press of the print button shows, as the paper has it.
async function paper(d, press, name) {
  await d.page.evaluate(() => { window.print = () => { window.printed = { rows: document.querySelectorAll('table.paper tbody tr').length, text: document.querySelector('#main').textContent }; }; });
  await press();
  await d.page.waitForFunction(() => window.printed);
  await d.page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  await d.page.emulateMedia({ media: 'print' });
  await d.page.screenshot({ path: join(screens, `${name}-print.png`) });
}

async function back(d) {
  await d.page.emulateMedia({ media: 'screen' });
  await d.page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
}

for (const width of [1440, 390])
  for (const lang of ['zh', 'en'])
    test(`what a rule would say stands beside the button before it is pressed, at ${width} px in ${lang}`, async () => {
      const weak = (await lead.ok('POST', 'admissions/applicants', applicant(700 + width + (lang === 'zh'), { name: '先看理由', score: '100.0' }))).id, d = await open({ width, lang });
      await d.go(`#/e/admissions/applicants/r/${weak}`);
      const step = d.page.locator('.step', { has: d.button('预审', 'Assess') });
      await step.locator('.ahead .no').getByText(d.say('低于 280 分', '280')).waitFor();
      assert.equal(await step.locator('.ahead details').getAttribute('open'), null, 'what is met is folded');
      await step.locator('.ahead summary').click();
      assert.ok(await step.locator('.ahead .ok').count() > 1);
      await d.picture('foreseen');
      await d.fine();
      await d.accessible();
      const now = await lead.ok('GET', `admissions/applicants/${weak}`);
      assert.deepEqual([now.rev, now.state], [1, 'registered'], 'nothing has happened');
      await d.close();
    });

test('two must decide: who proposed a refusal is told before pressing that another decides', async () => {
  const { id } = await lead.ok('POST', 'admissions/applicants', applicant(731, { name: '自己提的' }));
  await lead.ok('POST', `admissions/applicants/${id}/propose_refusal`, { note: '材料不实' });
  const d = await open();
  await d.go(`#/e/admissions/applicants/r/${id}`);
  const step = d.page.locator('.step', { has: d.button('不予通过') });
  await step.locator('.ahead.no').waitFor();
  await d.picture('not-alone');
  assert.equal(await d.page.locator('.step', { has: d.button('退回复核') }).count(), 1, 'a way back that a case would be in another state');
  await d.fine();
  await d.close();
});

test('lines are pasted from a spreadsheet with their heading, summed in yuan, and a wrong cell is marked where it is', async () => {
  const d = await open(), { page } = d;
  await d.go('#/e/stock/items/new');
  await page.fill('#f-title', '成套设备');
  await page.fill('#f-day', '2026-09-02');
  const paste = (where, text) => page.locator(where).evaluate((el, data) => { const c = new DataTransfer(); c.setData('text/plain', data); el.dispatchEvent(new ClipboardEvent('paste', { clipboardData: c, bubbles: true, cancelable: true })); }, text);
  await paste('#f-parts', '部件\t件数\t金额\t购置日期\t来源\n主机\t1\t￥12,999.50\t2026/9/1\t自购\n支架\t2\t0.70\t2026年9月3日\t捐赠\n');
  await page.locator('#f-parts tbody tr').nth(1).waitFor();
  assert.match(await page.locator('#f-parts tfoot').innerText(), /¥13,000\.20/);
  await page.getByLabel('件数，第 2 行').fill('0');
  await page.getByRole('button', { name: '复制第 1 行' }).click();
  await page.getByRole('button', { name: '删除第 2 行' }).click();
  await paste('#f-parts-1-label', '底座\t3\n螺丝\t40');      // into cells: from here on, to the right and down
  assert.equal(await page.getByLabel('件数，第 2 行').inputValue(), '3');
  await page.getByLabel('件数，第 3 行').waitFor();
  await page.getByRole('button', { name: '＋ 加一行' }).click();
  await page.getByLabel('金额，第 4 行').fill('5');
  await d.picture('lines');
  await d.accessible();
  await d.button('保存').click();
  await page.locator('#f-parts-3-label-error').getByText('必填').waitFor();
  await d.picture('lines-wrong');
  await d.accessible();
  await page.getByRole('button', { name: '删除第 4 行' }).click();
  await d.button('保存').click();
  await page.getByRole('heading', { name: '成套设备' }).waitFor();
  const made = (await lead.ok('GET', 'stock/items?title=成套设备')).items[0], whole = await get(made);
  assert.deepEqual(whole.parts.map((p) => [p.label, p.pieces, p.cost ?? null, p.bought ?? null, p.from ?? null]), [['主机', 1, '12999.50', '2026-09-01', 'shop'], ['底座', 3, '0.70', '2026-09-03', 'gift'], ['螺丝', 40, null, null, null]]);
  assert.equal(whole.worth, '13000.20');
  await d.fine();
  await d.close();
  const phone = await open({ width: 390 });
  await phone.go(at(made));
  await phone.button('编辑').click();
  await phone.page.locator('#f-parts tbody tr').nth(2).waitFor();
  await phone.picture('lines-edit');
  await phone.fine();
  await phone.accessible();
  await phone.page.getByRole('button', { name: '删除第 3 行' }).click();
  await phone.button('保存').click();
  await phone.page.locator('.fields').waitFor();
  assert.equal((await get(made)).parts.length, 2);
  await phone.close();
});

test('a pool is a bar with who holds it; tasks of a record are closed beside it, and others are added to it', async () => {
  const shelf = await lead.ok('POST', 'stock/shelves', { name: '西库二号架', places: 4 }), held = await Promise.all([1, 2, 3].map((n) => item({ title: `示波器${n}`, shelf: shelf.id })));
  for (const r of held) await lead.ok('POST', `stock/items/${r.id}/shelve`, {});
  for (const title of ['贴标签', '拍照']) await lead.ok('POST', 'stock/items_tasks', { title, item: held[0].id, keeper: lead.id, due_on: '2026-09-03' });
  const d = await open(), { page } = d;
  await d.go(`#/e/stock/shelves/r/${shelf.id}`);
  const pool = page.locator('.holdings');
  await pool.waitFor();
  assert.match(await pool.innerText(), /位置数 4[^]*预占\s+3\s+剩余\s+1/);
  await pool.locator('summary').click();
  await pool.getByRole('link', { name: '示波器2' }).waitFor();
  await page.locator('.children', { hasText: '物品' }).getByRole('link', { name: '示波器3' }).waitFor();
  await d.picture('pool');
  await d.accessible();
  await d.go(at(held[0]));
  const tasks = page.locator('.tasks');
  await tasks.getByText('2 项未完成，共 2 项').waitFor();
  await tasks.getByRole('button', { name: '完成: 贴标签' }).click();
  await tasks.getByText('1 项未完成，共 2 项').waitFor();
  await d.picture('tasks');
  await d.accessible();
  await tasks.getByRole('link', { name: '＋ 新建' }).click();
  await page.locator('.chip.person', { hasText: '示波器1' }).waitFor();      // of this item
  await page.fill('#f-title', '入账');
  await d.button('保存').click();
  await page.locator('dd').getByRole('link', { name: '示波器1' }).waitFor();
  await d.fine();
  await d.close();
});

test('an action takes a file: chosen, on its way, and on the record', async () => {
  const r = await item({ title: '缺照片的' }), d = await open({ width: 390 }), { page } = d;
  await d.go(at(r));
  await d.button('补照片').click();
  await page.getByRole('dialog').getByLabel('照片：选择文件').setInputFiles({ name: '正面.png', mimeType: 'image/png', buffer: PNG });
  await page.getByRole('dialog').locator('.file-list').getByText('正面.png').waitFor();
  await d.picture('action-file');
  await d.accessible();
  await page.getByRole('dialog').getByRole('button', { name: '补照片' }).click();
  await page.locator('dd').getByText('正面.png').waitFor();
  assert.ok((await get(r)).picture);
  await d.fine();
  await d.close();
});

test('a record is the beginning of the next: what may be twice is filled in', async () => {
  const r = await item({ title: '去年的', remark: '每年都要', parts: [{ label: '盒', pieces: 1, cost: '3.00' }] }), d = await open();
  await d.go(at(r));
  await d.page.getByRole('link', { name: '复制' }).click();
  await d.page.getByLabel('件数，第 1 行').waitFor();
  await d.page.fill('#f-title', '今年的');
  await d.button('保存').click();
  await d.page.getByRole('heading', { name: '今年的' }).waitFor();
  const made = (await lead.ok('GET', 'stock/items?title=今年的')).items[0];
  assert.deepEqual([made.remark, made.parts, made.state], ['每年都要', r.parts, 'stored']);
  await d.close();
});

test('by state: a card is moved on by its steps, what a rule refuses says why on the card', async () => {
  const shelf = (await lead.ok('POST', 'stock/shelves', { name: '看板架', places: 9 })).id, good = await item({ title: '看板上的', shelf }), bad = await item({ title: '太多的', shelf, amount: 500 }), d = await open(), { page } = d;
  await d.go('#/e/stock/items/board');
  const lane = (name) => page.getByRole('region', { name, exact: true });
  await page.getByLabel('办理 太多的').selectOption('shelve');
  await lane('在库').locator('.card', { hasText: '太多的' }).getByText('数量不超过 100').waitFor();
  await page.getByLabel('办理 看板上的').selectOption('shelve');
  await lane('已上架').locator('.card', { hasText: '看板上的' }).waitFor();
  assert.deepEqual([(await get(good)).state, (await get(bad)).state], ['shelved', 'stored']);
  await d.fine();
  await d.close();
});

test('by date: each record on its day, months by a press, and the day leads to its list', async () => {
  for (let i = 0; i < 6; i++) await item({ title: `十月 ${i}`, day: '2026-10-09' });
  const d = await open(), { page } = d;
  await d.go('#/e/stock/items/calendar?by=day&month=2026-09');
  await page.getByRole('button', { name: '下个月' }).click();
  const day = page.locator('.day', { hasText: '十月' });
  await day.getByText('另 2 条').click();
  await page.getByRole('status').filter({ hasText: '共 6 条' }).waitFor();
  await d.fine();
  await d.close();
});

test('a list, a record and figures are printed under the school, who and when, with nothing to press', async () => {
  const d = await open(), { page } = d;
  await d.go('#/e/admissions/applicants?state=registered');
  await paper(d, () => d.button('打印').click(), 'list');
  const rows = await page.evaluate(() => window.printed);
  assert.equal(rows.rows, 1000, 'as many as a paper takes, not only those in sight');
  assert.match(rows.text, /清河职业学校.*林主管[^]*前 1,000 条，共/);
  assert.doesNotMatch(rows.text, /…/, 'names are there');
  await back(d);
  for (const [hash, name, press] of [[at((await lead.ok('GET', 'stock/items?limit=1&sort=-created_at')).items[0]), 'record', () => d.button('打印').click()], ['#/reports', 'figures', () => d.button('打印').click()], ['#/', 'overview', () => page.evaluate(() => window.print())]]) {
    await d.go(hash);
    await paper(d, press, name);
    assert.equal(await page.locator('button:visible, nav.side:visible, header.top:visible, select:visible, input:visible').count(), 0, `${name}: nothing to press`);
    assert.match(await page.locator('.paper-head').innerText(), /清河职业学校\s*打印人 林主管\s*20\d\d-\d\d-\d\d \d\d:\d\d/);
    await back(d);
  }
  await d.fine();
  await d.close();
});

test('an import that is stopped from its progress says how many rows are in, and they are', async () => {
  const d = await open(), { page } = d;
  await d.go('#/e/stock/items/import');
  const count = async () => (await lead.ok('GET', 'stock/items?title[has]=大批&limit=1&total=true')).total;
  const text = `名称\t入库日期\t数量\n${Array.from({ length: 20000 }, (_, i) => `大批 ${i}\t2026-09-01\t1`).join('\n')}`;
  await page.locator('#paste').evaluate((el, v) => { el.value = v; }, text);
  await d.button('使用粘贴的内容').click();
  await d.button('试导入（不写入）').click();
  await page.getByRole('button', { name: '正式导入' }).click();
  await d.button('停止').click();
  await page.locator('.figures').waitFor();
  const told = Number((await page.locator('.figures b').nth(1).innerText()).replace(/,/g, ''));
  const [job] = (await lead.ok('GET', 'jobs')).items;
  assert.equal(job.state, 'cancelled');
  assert.ok(told < 20000, `${told}`);
  assert.equal(await count(), told);
  assert.match(await d.text, /已停止；停止前导入的/);
  await d.picture('import-stopped');
  await d.go('#/jobs');
  await page.getByRole('row', { name: /导入.*已停止/ }).first().getByRole('button', { name: '结果' }).click();
  await page.getByRole('dialog').getByText('停止前完成的都有效').waitFor();
  await d.picture('job-result');
  await d.accessible();
  await d.fine();
  await d.close();
});

test('a job that waits for another is stopped from the page of jobs, and nothing of it is done', async () => {
  const d = await open(), { page } = d;
  const send = async (word, n) => (await (await fetch(`${server.url}/api/v1/stock/items/import`, { method: 'POST', body: `title,day\n${Array.from({ length: n }, (_, i) => `${word} ${i},2026-09-01`).join('\n')}\n`, headers: { Authorization: `Bearer ${lead.token}`, 'Content-Type': 'text/csv' } })).json()).id;
  await d.go('#/jobs');
  const first = await send('先批', 20000), second = await send('另批', 200);
  await d.button('刷新').click();
  await page.getByRole('row', { name: /导入.*排队/ }).getByRole('button', { name: '停止' }).click();
  await eventually(async () => assert.deepEqual([(await lead.ok('GET', `jobs/${first}`)).state, (await lead.ok('GET', `jobs/${second}`)).state], ['done', 'cancelled']), 60000);
  const count = async (word) => (await lead.ok('GET', `stock/items?title[has]=${word}&limit=1&total=true`)).total;
  assert.deepEqual([await count('先批'), await count('另批')], [20000, 0]);
  await d.close();
});
