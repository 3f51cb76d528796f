// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Files and documents at the desk (ADM-4, ADM-6): put in by dropping, choosing or the camera; opened for a purpose;
// notices issued, replaced, void, and many at once with progress. backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

const PLUGIN = `local field = campus.field
return { version = "1.0.0", title = { zh = "材料", en = "Papers" }, entities = { people = campus.entity { title = { zh = "人员", en = "People" }, subject = "self",
  fields = {
    name = field.text { title = { zh = "姓名", en = "Name" }, required = true, personal = true },
    phone = field.text { title = { zh = "电话", en = "Phone" }, class = "confidential", mask = "mobile" },
    photo = field.file { title = { zh = "照片", en = "Photo" }, types = { "png", "jpeg" }, max_bytes = 200000 },
    papers = field.file { title = { zh = "证明", en = "Papers" }, many = true },
    health = field.file { title = { zh = "病历", en = "Health record" }, class = "confidential" },
  },
  workflow = { start = "new", states = { new = { title = { zh = "新", en = "New" } }, admitted = { title = { zh = "已录取", en = "Admitted" }, final = true } },
    transitions = { admit = { title = { zh = "录取", en = "Admit" }, from = "new", to = "admitted" } } } } },
  documents = {
    notice = { title = { zh = "录取通知书", en = "Notice" }, entity = "people", template = { zh = "templates/notice.html", en = "templates/notice.html" }, number = "{year}字第{seq:4}号", states = { "admitted" } },
    card = { title = { zh = "名片", en = "Card" }, entity = "people", template = "templates/card.html", number = "C{seq}", many = true },
  } }
`;
const RULES = `
  - { name: leads keep people, allow: [read, create, update, admit, reveal, history], entity: papers.people, roles: [admissions.lead] }
  - { name: leads issue, permissions: [papers.documents.notice, papers.documents.card], roles: [admissions.lead] }
`;
let server, browser, lead, serial = 0;
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/papers/templates'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/papers/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'plugins/papers/templates/notice.html'), '<h1>录取通知书</h1><p>{{document.number}} {{name}}</p>\n');
  writeFileSync(join(server.home, 'plugins/papers/templates/card.html'), '<h2>{{document.number}}</h2><p>{{name}} {{phone}}</p>\n');
  writeFileSync(join(server.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + RULES);
  const r = server.run(['reload']);
  assert.equal(r.status, 0, r.stderr);
  lead = await server.person('f.lead', ['admissions.lead'], { display: '林主管' });
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

const PATH = 'papers/people', PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'), PDF = Buffer.from('%PDF-1.7\nsecret words\n');
const file = (name, buffer, mimeType) => ({ name, mimeType, buffer });
const open = (o) => Desk.open(browser, server, { who: lead, ...o });
const person = async (more = {}, admit = true) => {
  const p = await lead.ok('POST', PATH, { name: `考生${++serial}`, phone: '13800138000', ...more });
  if (admit) await lead.ok('POST', `${PATH}/${p.id}/admit`, {});
  return p;
};
const at = (p) => `#/e/papers/people/r/${p.id}`;
const get = (p) => lead.ok('GET', `${PATH}/${p.id}`);
async function put(data, name, type) {
  const a = await fetch(`${server.url}/api/v1/files?name=${encodeURIComponent(name)}`, { method: 'POST', body: data, headers: { Authorization: `Bearer ${lead.token}`, 'Content-Type': type } });
  return (await a.json()).id;
}
// Where a press leads in a new window: asked of the service, as the window does.
async function opens(d, press) {
  const [w] = await Promise.all([d.context.waitForEvent('page'), press()]);
  await w.waitForURL((u) => u.href !== 'about:blank').catch(() => {});
  const url = w.url();
  await w.close();
  return url;
}

test('a new record takes files by choosing, the camera and dropping; what is wrong is said at the field', async () => {
  const d = await open(), { page } = d;
  await d.go('#/e/papers/people/new');
  await page.fill('#f-name', '王小明');
  const pick = (name, how = '选择文件') => page.getByLabel(`${name}：${how}`);
  assert.equal(await pick('照片', '拍照').getAttribute('capture'), 'environment');
  await pick('照片').setInputFiles(file('太大.png', Buffer.alloc(200001, 1), 'image/png'));
  await page.locator('#f-photo').getByText(/太大.*最大 200 KB/).waitFor();
  await pick('照片').setInputFiles(file('a.pdf', PDF, 'application/pdf'));
  await page.locator('#f-photo').getByText('不接受这种文件').waitFor();
  await pick('证明').setInputFiles(file('程序.exe', Buffer.from('MZ\x90\0'), 'application/octet-stream'));
  await page.locator('#f-papers').getByRole('alert').filter({ hasText: '程序.exe' }).waitFor();
  await d.picture('files-wrong');
  await pick('照片').setInputFiles(file('大.png', Buffer.concat([PNG, Buffer.alloc(300000)]), 'image/png'));
  await page.locator('#f-photo .file-list').getByText('大.jpg').waitFor();       // a photograph is made smaller
  await d.accessible();
  await pick('照片', '拍照').setInputFiles(file('照片.png', PNG, 'image/png'));
  await page.locator('#f-photo .file-list').getByText('照片.png').waitFor();
  await page.locator('#f-papers .drop').evaluate((at, text) => {
    const data = new DataTransfer();
    for (const n of ['成绩单.pdf', '奖状 <img src=x onerror=window.hit=1>.pdf']) data.items.add(new File([text], n, { type: 'application/pdf' }));
    at.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, PDF.toString());
  await page.locator('#f-papers .file-list li').nth(1).waitFor();
  await pick('病历').setInputFiles(file('病历.pdf', PDF, 'application/pdf'));
  await page.locator('#f-health .file-list').getByText('病历.pdf').waitFor();
  await d.button('保存', 'Save').click();
  await page.locator('.fields').getByText('成绩单.pdf').waitFor();
  assert.equal(await page.evaluate(() => window.hit), undefined);
  const [made] = (await lead.ok('GET', `${PATH}?sort=-created_at&limit=1`)).items, r = await get(made);
  assert.deepEqual([!!r.photo, r.papers.length, !!r.health], [true, 2, true]);
  await d.fine();
  await d.close();
});

for (const width of [1440, 390])
  for (const lang of ['zh', 'en'])
    test(`files of a record and its documents at ${width} px in ${lang}`, async () => {
      const d = await open({ width, lang }), { page } = d;
      const p = await person({ name: '欧阳慕容'.repeat(6), photo: await put(PNG, '一个名字特别特别长的照片文件'.repeat(3) + '.png', 'image/png'), papers: [await put(PDF, '成绩单.pdf', 'application/pdf')], health: await put(PDF, '病历.pdf', 'application/pdf') });
      await lead.ok('POST', `${PATH}/${p.id}/documents/notice`, {});
      await d.go(at(p));
      await page.locator('.documents li').waitFor();
      await page.getByText('病历.pdf').waitFor();
      await d.picture('papers');
      await d.fine();
      await d.accessible();
      assert.match(await opens(d, () => page.getByRole('button', { name: d.say('打开 成绩单.pdf', 'Open 成绩单.pdf') }).click()), /\/files\/[^?]+\?inline=true$/);
      await page.getByRole('button', { name: d.say('打开 病历.pdf', 'Open 病历.pdf') }).click();
      const url = await opens(d, () => page.getByRole('button', { name: d.say('核对材料', 'Check the documents') }).click());
      assert.match(url, /purpose=/);
      assert.equal((await fetch(url, { headers: { Authorization: `Bearer ${lead.token}` } })).status, 200);
      await d.button('编辑', 'Edit').click();
      await page.locator('#f-papers .file-list li').waitFor();
      await d.picture('papers-edit');
      await d.fine();
      await d.accessible();
      await page.getByRole('button', { name: d.say('移除 成绩单.pdf', 'Remove 成绩单.pdf') }).click();
      await page.getByLabel(d.say('照片：选择文件', 'Photo: choose a file')).setInputFiles(file('new.png', PNG, 'image/png'));
      await page.locator('#f-photo .file-list').getByText('new.png').waitFor();
      await d.button('保存', 'Save').click();
      await page.locator('.fields').getByText('new.png').waitFor();
      const now = await get(p);
      assert.deepEqual([now.papers ?? [], now.photo !== p.photo], [[], true]);
      await d.close();
    });

test('an upload that is stopped leaves nothing, and a form waits for one that is on its way', async () => {
  const d = await open(), { page } = d, p = await person();
  let go;
  await page.route('**/api/v1/files?name=*', async (r) => { await new Promise((done) => { go = done; }); await r.continue().catch(() => {}); });
  await d.go(at(p));
  await d.button('编辑').click();
  await page.getByLabel('照片：选择文件').setInputFiles(file('a.png', PNG, 'image/png'));
  await page.locator('#f-photo .sending').waitFor();
  await page.fill('#f-name', '改名');
  await d.button('保存').click();
  await page.getByRole('alert').filter({ hasText: '还在上传' }).waitFor();
  await page.locator('#f-photo .sending').getByRole('button', { name: '取消' }).click();
  await page.locator('#f-photo .sending').waitFor({ state: 'detached' });
  go();
  await d.button('保存').click();
  await page.getByRole('heading', { name: '改名' }).waitFor();
  assert.equal((await get(p)).photo, null);
  await d.close();
});

test('ADM-6: a notice is looked at, issued, issued again and made void; a protected one asks what for', async () => {
  const d = await open(), { page } = d, p = await person({}, false), panel = page.locator('.documents');
  await d.go(at(p));
  await panel.getByText('录取通知书：可在这些状态制作——已录取').waitFor();
  await d.button('录取').click();
  await panel.getByRole('button', { name: '制作录取通知书' }).click();
  const dialog = page.getByRole('dialog');
  assert.match(await opens(d, () => dialog.getByRole('button', { name: '预览' }).click()), /^blob:/);
  await dialog.getByText('预览已在新窗口打开').waitFor();
  assert.deepEqual((await lead.ok('GET', `${PATH}/${p.id}/documents`)).items, []);
  await d.picture('document-make');
  await d.accessible();
  await dialog.getByRole('button', { name: '制作', exact: true }).click();
  await panel.locator('li.issued').waitFor();
  assert.equal(await panel.getByRole('button', { name: '制作录取通知书' }).count(), 0, 'one is in force');
  const [one] = (await lead.ok('GET', `${PATH}/${p.id}/documents`)).items;
  assert.match(await opens(d, () => panel.getByRole('button', { name: `打开 ${one.number}` }).click()), new RegExp(`/documents/${one.id}\\?format=pdf$`));
  await panel.getByRole('button', { name: `重新制作 ${one.number}` }).click();
  await dialog.getByRole('button', { name: '制作', exact: true }).click();
  await panel.locator('li.replaced').waitFor();
  const [two] = (await lead.ok('GET', `${PATH}/${p.id}/documents`)).items;
  await panel.getByRole('button', { name: `作废 ${two.number}` }).click();
  await page.fill('#void-why', '姓名有误');
  await dialog.getByRole('button', { name: '作废', exact: true }).click();
  await panel.locator('li.void', { hasText: '姓名有误' }).waitFor();
  await panel.getByRole('button', { name: '制作名片' }).click();
  await dialog.getByRole('button', { name: '制作', exact: true }).click();
  await page.getByRole('button', { name: '核对身份' }).click();
  await panel.locator('li', { hasText: '名片' }).waitFor();
  await d.picture('documents');
  await page.emulateMedia({ media: 'print' });
  assert.equal(await panel.getByRole('button').count(), 0, 'on paper: what there is, nothing to press');
  assert.ok(await panel.getByText(two.number).isVisible());
  await d.picture('documents-print');
  await page.emulateMedia({ media: 'screen' });
  await d.fine();
  assert.deepEqual((await lead.ok('GET', `${PATH}/${p.id}/documents`)).items.map((x) => [x.document, x.state]), [['card', 'issued'], ['notice', 'void'], ['notice', 'replaced']]);
  await d.close();
});

test('one notice for each of a list, with progress, those refused with why, and one file to print; a batch is stopped', async () => {
  await Promise.all(Array.from({ length: 60 }, () => person({ name: '批量' })));
  await person({ name: '\u{f0000}批量' });
  const d = await open(), { page } = d, dialog = page.getByRole('dialog');
  await d.go(`#/e/papers/people?name[has]=${encodeURIComponent('批量')}`);
  await d.button('批量文书').click();
  await dialog.getByLabel('文书', { exact: true }).selectOption('notice');
  await dialog.getByText('只包括这些状态：已录取').waitFor();
  await d.picture('batch');
  await d.accessible();
  await dialog.getByRole('button', { name: '开始制作' }).click();
  await dialog.locator('.figures').waitFor();
  assert.deepEqual((await dialog.locator('.figures b').allInnerTexts()), ['61', '60', '1']);
  await dialog.getByRole('region').getByText(/字/).first().waitFor();
  await d.picture('batch-done');
  const url = await opens(d, () => dialog.getByRole('link', { name: '打开全部，打印' }).click());
  const pdf = await fetch(url, { headers: { Authorization: `Bearer ${lead.token}` } });
  assert.deepEqual([pdf.status, pdf.headers.get('content-type')], [200, 'application/pdf']);
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  await Promise.all(Array.from({ length: 96 }, () => person({ name: '停止' })));
  await d.go(`#/e/papers/people?name[has]=${encodeURIComponent('停止')}`);
  await d.button('批量文书').click();
  await dialog.getByLabel('文书', { exact: true }).selectOption('notice');
  await dialog.getByRole('button', { name: '开始制作' }).click();
  await dialog.getByRole('button', { name: '停止' }).click();
  await dialog.locator('.figures').waitFor();
  const issued = Number((await dialog.locator('.figures b').allInnerTexts())[1]);
  assert.ok(issued < 96 ? await dialog.getByText('停止前制作的有效').isVisible() : issued === 96, `${issued}`);
  await d.fine();
  await d.close();
});
