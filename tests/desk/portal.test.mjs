// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The pages for the public in a real browser (ADM-4, ADM-7): registering on a telephone without an
// account, papers by the camera, how far it is by the code; and a form of a school's own plugin.
// backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { approvedPlan } from '../lib/season.mjs';
import { root } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

const PLUGIN = `local field = campus.field
return { version = "1.0.0", title = { zh = "开放日", en = "Open day" }, entities = { visits = campus.entity {
  title = { zh = "参观登记", en = "Visits" },
  fields = {
    who = field.text { title = { zh = "姓名", en = "Name" }, required = true, max_length = 20 },
    phone = field.text { title = { zh = "手机", en = "Mobile" }, required = true, check = "mobile" },
    plate = field.text { title = { zh = "车牌", en = "Number plate" }, pattern = "[A-Z0-9]{5,8}" },
    people = field.integer { title = { zh = "人数", en = "How many" }, min = 1, max = 6 },
    height = field.decimal { title = { zh = "身高", en = "Height" }, scale = 1, min = 0, max = 250 },
    gift = field.money { title = { zh = "捐款", en = "Gift" } },
    day = field.date { title = { zh = "日期", en = "Day" }, required = true },
    hour = field.time { title = { zh = "时刻", en = "Hour" } },
    call_at = field.datetime { title = { zh = "回电时间", en = "Call me at" } },
    way = field.choice { title = { zh = "怎么来", en = "Comes by" }, required = true, choices = { { name = "bus", title = { zh = "公交", en = "Bus" } }, { name = "car", title = { zh = "自驾", en = "Car" } } } },
    grade = field.choice { title = { zh = "年级", en = "Grade" }, choices = { "g1", "g2", "g3", "g4", "g5" } },
    tours = field.multichoice { title = { zh = "想看什么", en = "Wants to see" }, choices = { { name = "lab", title = { zh = "实训室", en = "Labs" } }, { name = "hall", title = { zh = "食堂", en = "Canteen" } } } },
    lunch = field.boolean { title = { zh = "在校午餐", en = "Lunch here" } },
    asks = field.longtext { title = { zh = "想问的问题，可以写得很长很长，这个标题也很长很长很长", en = "Questions" } },
    children = field.list { title = { zh = "同行的孩子", en = "Children" }, fields = { name = field.text { title = { zh = "名字", en = "Name" }, required = true }, age = field.integer { title = { zh = "年龄", en = "Age" }, min = 0, max = 30 } } },
    code = field.text { title = { zh = "查询码", en = "Code" }, class = "secret", unique = true, searchable = true, default = "$code", max_length = 16 },
  },
  workflow = { start = "asked", states = { asked = { title = { zh = "已登记", en = "Asked" } }, off = { title = { zh = "已取消", en = "Cancelled" }, final = true } },
    transitions = { call_off = { title = { zh = "取消参观", en = "Call it off" }, from = "asked", to = "off" } } } } },
  public = {
    visit = campus.public { title = { zh = "参观登记", en = "Come and see us" }, entity = "visits", code = "code",
      fields = { "who", "phone", "plate", "people", "height", "gift", "day", "hour", "call_at", "way", "grade", "tours", "lunch", "asks", "children" } },
    mine = campus.public { title = { zh = "我的参观", en = "My visit" }, entity = "visits", code = "code", shows = { "state", "who", "day", "way", "tours", "lunch", "call_at", "gift" }, next = { asked = { zh = "届时见。", en = "See you then." } } },
    call_off = campus.public { title = { zh = "取消参观", en = "Call it off" }, entity = "visits", code = "code", transition = "call_off" },
  } }
`;
const RULES = `
  - { name: visits are for everyone to ask for, allow: [create, read, search, call_off], entity: visits.visits, roles: [public] }
  - { name: visits are looked at, allow: [read, create, update], entity: visits.visits, roles: [admissions.lead] }
`;
let server, browser, lead, serial = 700;
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/visits'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/visits/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + RULES);
  const r = server.run(['reload']);
  assert.equal(r.status, 0, r.stderr);
  lead = await server.bearer('p.lead', ['admissions.lead']);
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

const FORM = '/public/admissions/register';
const open = (o = {}) => Desk.open(browser, server, { width: 390, ...o });
async function fill(d, a, more = {}) {
  for (const f of ['name', 'id_number', 'birth_date', 'phone', 'guardian_phone', 'region', 'major', 'campus', 'score']) await d.page.fill(`#f-${f}`, a[f]);
  await d.page.locator('#f-education').getByLabel(d.say('初中', 'Junior secondary')).check();
  for (const [f, v] of Object.entries(more)) await d.page.fill(`#f-${f}`, v);
  await d.page.check('#consent');
}
const send = (d) => d.button('提交', 'Send').click();
const codeOf = async (d) => (await d.page.locator('.code-large').innerText()).replace(/\s/g, '');
const kept = async (a) => (await lead.ok('GET', `admissions/applicants?id_number=${a.id_number}`)).items;

for (const width of [390, 1440])
  for (const lang of ['zh', 'en'])
    test(`the form, what is wrong with it, what is sent and its status at ${width} px in ${lang}`, async () => {
      const d = await open({ width, lang }), a = applicant(serial++, { name: '欧阳慕容'.repeat(4) });
      await d.visit(FORM);
      await d.picture('portal-form');
      await d.fine();
      await d.accessible();
      await send(d);
      await d.page.locator('#f-name-error').waitFor();
      await d.picture('portal-wrong');
      await d.fine();
      await d.accessible();
      await fill(d, a);
      await send(d);
      await d.page.locator('.qr img').waitFor();
      await d.picture('portal-sent');
      await d.fine();
      await d.accessible();
      const code = await codeOf(d);
      assert.match(code, /^[0-9A-HJKMNP-TV-Z]{16}$/);
      await d.page.getByRole('link', { name: d.say('报名进度', 'Status') }).click();
      await d.page.locator('.now').waitFor();
      await d.page.locator('.papers').waitFor();
      await d.picture('portal-status');
      await d.fine();
      await d.accessible();
      await d.page.getByRole('link', { name: d.say('去上传', 'Send them') }).click();
      await d.page.locator('.slot').first().waitFor();
      await d.picture('portal-materials');
      await d.fine();
      await d.accessible();
      await d.close();
    });

for (const width of [390, 1440])
  test(`a form of a school's own plugin is drawn without front-end code, at ${width} px`, async () => {
    const d = await open({ width }), { page } = d;
    await d.visit('/public/visits/visit');
    await page.fill('#f-who', '张三');
    await page.fill('#f-phone', '13800000001');
    await page.fill('#f-people', '2');
    await page.fill('#f-height', '171.5');
    await page.fill('#f-gift', '10.00');
    await page.fill('#f-day', '2026-12-01');
    await page.fill('#f-hour', '09:30');
    await page.fill('#f-call_at', '2026-11-30T08:00');
    await page.locator('#f-way').getByLabel('自驾').check();
    await page.selectOption('#f-grade', 'g3');
    await page.locator('#f-tours').getByLabel('实训室').check();
    await page.check('#f-lunch');
    await page.getByRole('button', { name: '＋ 加一行' }).click();
    await page.getByLabel('名字').fill('小张');
    await page.getByLabel('年龄').fill('7');
    await d.picture('portal-own');
    await d.accessible();
    await send(d);
    await page.locator('.code-large').waitFor();
    const [v] = (await lead.ok('GET', 'visits/visits?limit=1&sort=-created_at')).items;
    assert.deepEqual([v.who, v.people, v.height, v.gift, v.day, v.hour, v.call_at, v.way, v.grade, v.tours, v.lunch, v.children],
      ['张三', 2, '171.5', '10.00', '2026-12-01', '09:30', '2026-11-30T00:00:00.000Z', 'car', 'g3', ['lab'], true, [{ name: '小张', age: 7 }]]);
    await page.getByRole('link', { name: '我的参观' }).click();
    await page.locator('.now', { hasText: '已登记' }).waitFor();
    await page.getByText('届时见。').waitFor();
    await d.picture('portal-own-status');
    await page.getByRole('button', { name: '取消参观' }).click();
    await d.button('再想想').click();
    await page.getByRole('button', { name: '取消参观' }).click();
    await d.picture('portal-own-step');
    await d.button('确定').click();
    await page.locator('.now', { hasText: '已取消' }).waitFor();
    assert.equal(await page.getByRole('button', { name: '取消参观' }).count(), 0, 'not twice');
    await d.fine();
    await d.close();
  });

test('a reload loses nothing, two taps and a lost answer make one registration, and the code is the same', async () => {
  const d = await open(), { page } = d, a = applicant(serial++, { name: '只此一份' });
  await d.visit(FORM);
  await fill(d, a);
  await page.reload();
  await d.visit(FORM);
  assert.equal(await page.inputValue('#f-name'), a.name);
  assert.equal(await page.inputValue('#f-id_number'), a.id_number);
  assert.ok(await page.locator('#f-education').getByLabel('初中').isChecked());
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((k) => k !== 'campusd.lang')), [], 'nothing stays when the page is closed');
  await page.check('#consent');
  const answers = [];
  await page.route(`**${FORM}`, async (r) => {        // the first answer is lost on its way
    if (r.request().method() !== 'POST') return r.continue();
    const answer = await r.fetch();
    answers.push(await answer.text());
    return answers.length === 1 ? r.abort() : r.fulfill({ response: answer });
  });
  d.wrong.length = 0;
  await page.evaluate(() => { const b = document.querySelector('button.main.big'); b.click(); b.click(); });
  await page.getByRole('alert').filter({ hasText: '连不上服务器' }).first().waitFor();
  assert.equal(answers.length, 1, 'the second tap sent nothing');
  await send(d);
  await page.locator('.code-large').waitFor();
  assert.equal(await codeOf(d), JSON.parse(answers[0]).code);
  assert.deepEqual([answers.length, answers[0], (await kept(a)).length], [2, answers[1], 1]);
  await page.reload();
  await page.locator('.code-large').waitFor();        // the code is still there
  await page.getByRole('button', { name: '再填一份' }).click();
  assert.equal(await page.inputValue('#f-id_number'), '', 'what was sent is forgotten');
  await d.close();
});

test('what the service refuses is said beside the field, what it would refuse before it is sent', async () => {
  const d = await open(), { page } = d, a = applicant(serial++);
  await d.visit(FORM);
  await fill(d, { ...a, id_number: a.id_number.slice(0, 17) + '?', phone: '123', score: '999' });
  await page.uncheck('#consent');
  let sent = 0;
  page.on('request', (r) => { if (r.method() === 'POST') sent++; });
  await send(d);
  for (const [f, text] of [['f-id_number', '核对 18 位'], ['f-phone', '11 位手机号'], ['f-score', '0 与 750'], ['consent', '请先阅读']]) await page.locator(`#${f}-error`, { hasText: text }).waitFor();
  await page.getByRole('alert').filter({ hasText: '4 处需要修改' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'f-id_number');
  assert.equal(sent, 0);
  await page.getByRole('alert').scrollIntoViewIfNeeded();
  await d.picture('portal-refused');
  await server.anonymous.ok('POST', FORM, { ...a, consent: true });
  await fill(d, a);
  await send(d);
  await page.locator('#f-id_number-error', { hasText: '已有相同的登记' }).waitFor();
  assert.equal(sent, 1);
  await d.fine();
  await d.close();
});

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
test('papers go up by camera or file with progress, can be stopped, and what is wrong is said in their place', async () => {
  const d = await open(), { page } = d, a = applicant(serial++);
  const { code } = await server.anonymous.ok('POST', FORM, { ...a, consent: true });
  await d.visit(`/public/admissions/materials#${code}`);
  const slot = (name) => page.locator('.slot', { hasText: name }), file = (name, buffer, mimeType) => ({ name, mimeType, buffer });
  const card = slot('身份证扫描件'), camera = card.getByLabel('身份证扫描件：拍照');
  assert.equal(await camera.getAttribute('capture'), 'environment');
  await camera.setInputFiles(file('身份证 正面.png', PNG, 'image/png'));
  await card.getByText('✓ 已收到').waitFor();
  await card.getByText('身份证 正面.png').waitFor();
  const pick = (name) => slot(name).getByLabel(`${name}：选择文件`);
  await pick('成绩单扫描件').setInputFiles(file('a.pdf', Buffer.alloc(10000001, 32), 'application/pdf'));
  await slot('成绩单扫描件').getByRole('alert').filter({ hasText: '文件太大' }).waitFor();
  await pick('体检表扫描件').setInputFiles(file('a.zip', Buffer.from('PK\x03\x04'), 'application/zip'));
  await slot('体检表扫描件').getByRole('alert').filter({ hasText: /不接受|类型/ }).waitFor();
  await pick('证件照文件').setInputFiles(file('no.png', Buffer.from('not a picture at all'), 'image/png'));
  await slot('证件照文件').getByRole('alert').filter({ hasText: /./ }).waitFor();
  await page.route('**/materials/*/diploma_scan*', async (r) => { await new Promise((done) => setTimeout(done, 800)); await r.continue().catch(() => {}); });
  await pick('毕业证扫描件').setInputFiles(file('b.png', PNG, 'image/png'));
  await slot('毕业证扫描件').getByRole('button', { name: '取消' }).click();
  await slot('毕业证扫描件').getByText('未上传').waitFor();
  await d.picture('portal-materials-some');
  await d.accessible();
  const [r] = await kept(a), full = await lead.ok('GET', `admissions/applicants/${r.id}`);
  assert.deepEqual([!!full.id_card_scan, full.diploma_scan, full.transcript_scan, full.photo_scan], [true, null, null, null]);
  await page.getByRole('link', { name: '完成，查看进度' }).click();
  await page.locator('.papers .there', { hasText: '身份证扫描件' }).waitFor();
  await d.fine();
  await d.close();
});

test('by keyboard alone, with a code typed in small letters and groups', async () => {
  const { code } = await server.anonymous.ok('POST', FORM, { ...applicant(serial++), consent: true });
  const d = await open({ width: 1440 }), { page } = d, a = applicant(serial++);
  await d.visit(FORM);
  const until = async (id) => { for (let i = 0; i < 60; i++) { if (await page.evaluate((x) => document.activeElement.id === x || document.activeElement.name === x, id)) return; await page.keyboard.press('Tab'); } assert.fail(`no ${id} by keyboard`); };
  for (const f of ['name', 'id_number']) { await until(`f-${f}`); await page.keyboard.type(a[f]); }
  await until('f-birth_date');
  await page.fill('#f-birth_date', a.birth_date);     // its typing is the browser's
  await until('f-education');
  await page.keyboard.press('Space');
  await until('f-phone');
  await page.keyboard.type(a.phone);
  await until('consent');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('.code-large').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'sent');
  assert.equal((await kept(a)).length, 1);
  await page.evaluate(() => sessionStorage.clear());
  await d.visit('/public/admissions/status');
  await until('code');
  await page.keyboard.type(code.toLowerCase().replace(/(.{4})/g, '$1 '));
  await page.keyboard.press('Enter');
  await page.locator('.now', { hasText: '已报名' }).waitFor();
  await d.visit('/public/admissions/status#0000000000000000');
  await page.reload();
  await page.getByText('没有找到').waitFor();
  await d.accessible();
  await d.close();
});

test('ADM-6, ADM-7: a place is confirmed by the code before its day, and what can no longer be sent is not asked for', async () => {
  const a = applicant(serial++), { code } = await server.anonymous.ok('POST', FORM, { ...a, consent: true }), [{ id }] = await kept(a), A = 'admissions/applicants';
  const [line] = await approvedPlan(server, [{ quota: 2 }]), other = await server.bearer('p.other', ['admissions.lead']);
  await other.ok('POST', `${A}/${id}/review`, {});
  await other.ok('POST', `${A}/${id}/qualify`, {});
  await other.ok('POST', `${A}/${id}/admit`, { plan_line: line.id });
  await other.ok('POST', `${A}/${id}/send_notice`, { report_on: '2027-09-01', report_place: '东校区体育馆东门一楼大厅报到处' });
  const d = await open(), { page } = d;
  await d.visit(`/public/admissions/confirm#${code}`);
  await page.waitForURL(/status#/);
  await page.locator('.until', { hasText: /请在此之前办理：2\d{3}年/ }).waitFor();
  await page.getByText('请在期限前确认是否入学').waitFor();
  assert.equal(await page.locator('.papers').count(), 0);
  await d.picture('portal-confirm');
  await d.accessible();
  await d.button('确认入学').click();
  await d.button('确定').click();
  await page.locator('.now', { hasText: '已确认' }).waitFor();
  assert.equal((await lead.ok('GET', `${A}/${id}`)).state, 'confirmed');
  assert.deepEqual(await page.locator('.card button.big').allInnerTexts(), ['放弃入学']);
  await d.fine();
  await d.close();
});

test('a form that gives no code says that it was received; what a poster says is filled in', async () => {
  const d = await open(), { page } = d;
  await d.visit('/public/admissions/lead?name=%E5%BC%A0%E4%B8%89&activity=NOSUCHEVENT');
  await page.locator('.fixed', { hasText: '张三' }).waitFor();
  await page.fill('#f-phone', '13800000009');
  await send(d);
  await page.locator('#f-activity-error', { hasText: '没有这个编号' }).waitFor();
  await page.fill('#f-activity', '');
  await send(d);
  await page.getByText('我们已收到').waitFor();
  assert.equal(await page.locator('.code-large, .qr').count(), 0);
  assert.equal((await lead.ok('GET', `admissions/leads?phone=13800000009`)).items[0].name, '张三');
  await d.fine();
  await d.close();
});

const PAYLOADS = ['<img src=x onerror="window.hit=1">', '"><svg onload=window.hit=1>', 'javascript:window.hit=1', '</title><script>window.hit=1</script>'];
test('markup in an answer, an address or a code is text, and no other origin, cookie or inline code is needed', async () => {
  for (const [i, p] of PAYLOADS.entries()) {
    const { code } = await server.anonymous.ok('POST', FORM, { ...applicant(serial++), name: p.slice(0, 60), major: p.slice(0, 60), consent: true });
    const d = await open({ lang: i % 2 ? 'en' : 'zh' });
    for (const at of [`/public/admissions/status#${code}`, `${FORM}?activity=${encodeURIComponent(p)}&name=${encodeURIComponent(p)}`, `/public/admissions/status#${encodeURIComponent(p)}`, `/public/admissions/status/${encodeURIComponent(p.replaceAll('/', ''))}`]) {
      await d.visit(at);
      await d.page.reload();
      await d.page.locator('#main h1').waitFor();
      assert.equal(await d.page.evaluate(() => window.hit), undefined, at);
      assert.equal(await d.page.locator('#app script, #app [onerror], #app [onload], #app a[href^="javascript"]').count(), 0, at);
    }
    await d.fine();
    assert.deepEqual((await d.context.cookies()).map((c) => [c.name, c.path, c.httpOnly]), [['campusd_device', '/public/', true]]);
    await d.close();
  }
  const page = await fetch(`${server.url}${FORM}`, { headers: { Accept: 'text/html,*/*' } });
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/);
  assert.match(page.headers.get('vary'), /Accept/);
  assert.equal((await fetch(`${server.url}${FORM}`)).headers.get('content-type'), 'application/json');
  assert.equal((await fetch(`${server.url}/public/no/such`, { headers: { Accept: 'application/json' } })).status, 404);
  const nowhere = await open();
  await nowhere.visit('/public/no/such');
  await nowhere.page.getByText('没有这个表单').waitFor();
  await nowhere.close();
});

test('the first view of a form is small', async () => {
  const d = await open(), sizes = [];
  d.page.on('response', (r) => sizes.push(r.request().sizes()));
  await d.visit(FORM);
  const bytes = (await Promise.all(sizes)).reduce((n, s) => n + s.responseBodySize, 0);
  console.log(`# first view of a form: ${bytes} bytes`);
  assert.ok(bytes > 10000 && bytes <= 60 * 1024, `${bytes} bytes`);
  await d.close();
});
