// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A day at the desk in a real browser: signing in, finding, editing, deciding, importing, keeping house.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { eventually } from '../lib/server.mjs';
import { xlsx } from '../lib/sheet.mjs';
import { Desk, Server, launch } from './lib.mjs';

let server, browser, admin, lead;
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.person('desk.lead', ['admissions.lead'], { display: '林主管' });
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

const open = (o) => Desk.open(browser, server, { who: lead, ...o });
const add = async (n, more) => (await lead.ok('POST', 'admissions/applicants', applicant(n, more))).id;
const at = (id) => `#/e/admissions/applicants/r/${id}`;
const get = (id) => lead.ok('GET', `admissions/applicants/${id}`);

// RFC 6238 of a base32 secret.
function code(secret, when = Date.now()) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2))), counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(when / 30000)));
  const h = createHmac('sha1', key).update(counter).digest(), o = h[19] & 15;
  return String((h.readUInt32BE(o) & 0x7fffffff) % 1e6).padStart(6, '0');
}
async function signIn(d, user, password, digits) {
  await d.page.fill('#user', user);
  await d.page.fill('#password', password);
  if (digits) await d.page.fill('#code', digits);
  await d.button('登录', 'Sign in').click();
}

test('the first sign-in asks for a password of one\'s own, then for a code once there is one', async () => {
  const made = await admin.ok('POST', 'admin/users', { name: 'new.one', display: '新同事', roles: ['admissions.lead'] });
  const d = await Desk.open(browser, server), own = 'a-sentence-of-my-own';
  await d.go();
  await signIn(d, 'new.one', 'not the password');
  await d.page.getByRole('alert').filter({ hasText: '不对' }).waitFor();
  await signIn(d, 'new.one', made.one_time_password);
  await d.page.fill('#pw-a', own);
  await d.page.fill('#pw-b', `${own}!`);
  await d.button('保存新密码').click();
  await d.page.getByRole('alert').filter({ hasText: '不一样' }).waitFor();
  await d.page.fill('#pw-b', own);
  await d.button('保存新密码').click();
  await d.page.waitForSelector('.top');
  await d.go('#/account');
  await d.page.fill('#code-pw', own);
  await d.button('启用').click();
  const secret = await d.page.locator('.once code').innerText();
  await d.page.fill('#code-new', code(secret));
  await d.button('确认').click();
  await d.page.getByText('已启用。换手机时').waitFor();
  await d.button('退出').click();
  await signIn(d, 'new.one', own);
  await d.page.getByRole('alert').filter({ hasText: '不对' }).waitFor();
  await signIn(d, 'new.one', own, code(secret, Date.now() + 30000));      // the code before is spent
  await d.page.waitForSelector('.top');
  await d.fine();
  await d.close();
});

test('a session that ends elsewhere ends at the desk with a word about it', async () => {
  const p = await server.person('short.stay', ['admissions.lead']), d = await open({ who: p });
  await d.go('#/e/admissions/applicants');
  await admin.ok('DELETE', `admin/users/${p.id}/sessions`);
  // The stream that ends with the session may take the page away before the click: either way it is said.
  await d.page.getByRole('button', { name: '审核中' }).click({ timeout: 2000 }).catch(() => {});
  await d.page.getByText('登录已过期').waitFor();
  await d.close();
});

test('a list filters by state, by a field and by a typed name on the server', async () => {
  const d = await open();
  await d.go('#/e/admissions/applicants');
  await d.page.getByRole('searchbox', { name: '在列表中查找' }).fill('令狐诺子');
  await d.page.keyboard.press('Enter');
  await d.page.getByRole('status').filter({ hasText: /共 1 条/ }).waitFor();
  await d.button('清除').click();
  await d.page.getByRole('button', { name: '＋ 筛选' }).click();
  await d.page.getByLabel('字段').selectOption('score');
  await d.page.getByLabel('值').fill('650');
  await d.button('添加').click();
  const n = (await lead.ok('GET', 'admissions/applicants?score[gte]=650&total=true&limit=1')).total;
  await d.page.getByRole('status').filter({ hasText: `共 ${n} 条` }).waitFor();
  assert.match(d.page.url(), /score%5Bgte%5D=650/);
  await d.page.getByRole('columnheader', { name: '出生日期' }).getByRole('button').click();
  await d.page.locator('[aria-sort=ascending]').waitFor();
  await d.fine();
  await d.close();
});

test('a list is searched by pinyin, kept as a view with its columns, and taken out for a purpose', async () => {
  const d = await open(), { page } = d, { total } = await lead.ok('GET', 'admissions/applicants?q=linghu&total=true&limit=1');
  assert.ok(total > 0);
  await d.go('#/e/admissions/applicants');
  await page.getByRole('searchbox', { name: '在列表中查找' }).fill('linghu');
  await page.keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: `共 ${total} 条` }).waitFor();
  assert.match(await page.locator('.grid .row').first().innerText(), /令狐/);
  await page.getByText('列', { exact: true }).click();
  await page.getByLabel('成绩', { exact: true }).check();
  await page.getByText('列', { exact: true }).click();
  await page.getByText('视图', { exact: true }).click();
  await page.getByLabel('视图名称').fill('姓令狐的');
  await d.button('保存当前视图').click();
  await d.button('姓令狐的').waitFor();
  await d.picture('list-view');
  await d.accessible();
  await page.getByText('视图', { exact: true }).click();
  await d.button('清除').click();
  await page.getByRole('status').filter({ hasNotText: `共 ${total} 条` }).first().waitFor();
  await d.close();
  const again = await open();      // another browser: views are the person's, not the machine's
  await again.go('#/e/admissions/applicants');
  await again.page.getByText('视图', { exact: true }).click();
  await again.button('姓令狐的').click();
  await again.page.getByRole('status').filter({ hasText: `共 ${total} 条` }).waitFor();
  await again.page.getByRole('columnheader', { name: '成绩' }).waitFor();
  await again.button('导出').click();
  const dialog = again.page.getByRole('dialog');
  await dialog.getByLabel('格式').selectOption('csv');
  await dialog.getByLabel('联系电话', { exact: true }).check();
  assert.ok(await dialog.getByRole('button', { name: '导出', exact: true }).isDisabled(), 'not without a purpose');
  await dialog.getByRole('button', { name: '会议材料' }).click();
  await again.picture('list-export');
  await again.accessible();
  const saving = again.page.waitForEvent('download');
  await dialog.getByRole('button', { name: '导出', exact: true }).click();
  let text = '';
  for await (const part of await (await saving).createReadStream()) text += part;
  assert.match(text, /phone/);
  assert.match(text, /,1[3-9]\d{9}/, 'in the clear');
  assert.match(text, /会议材料/);
  await again.fine();
  await again.close();
});

test('one step for many: what a rule refuses stays and says why, and the list shows what moved', async () => {
  for (const [n, score] of [[41, '500.0'], [42, '10.0'], [43, '510.0']]) await add(n, { name: `批量${n}`, region: '批量之地', score });
  const d = await open(), { page } = d;
  await d.go(`#/e/admissions/applicants?region=${encodeURIComponent('批量之地')}`);
  await d.button('批量').click();
  await d.button('办理全部 3 条').click();
  await page.selectOption('#bulk-step', 'assess');
  await d.button('预审 3 条').click();
  await page.getByRole('region', { name: '未办的记录' }).getByText('批量42').waitFor();
  assert.match(await page.getByRole('dialog').innerText(), /2\s*已办[^]*1\s*未办[^]*低于 280 分/);
  await d.picture('list-bulk');
  await d.accessible();
  await d.button('完成').click();
  await page.locator('.grid .row', { hasText: '批量41' }).getByText('审核中').waitFor();
  await d.button('批量').click();
  await page.getByLabel('选中 批量42').check();
  await d.button('办理选中的').click();
  await page.selectOption('#bulk-step', 'review');
  await d.button('受理 1 条').click();
  await d.button('完成').click();
  await page.locator('.grid .row', { hasText: '批量42' }).getByText('审核中').waitFor();
  await d.fine();
  await d.close();
});

test('ADM-3: a lead becomes an applicant on a telephone, and what is known is not typed again', async () => {
  const one = await lead.ok('POST', 'admissions/leads', { name: '转化之人', phone: '13600006161', region: '浙江', campus: '东校区', education: 'junior', interest: '护理' });
  const d = await open({ width: 390 }), { page } = d, dialog = page.getByRole('dialog'), person = applicant(661);
  await d.go(`#/e/admissions/leads/r/${one.id}`);
  await page.locator('.steps').waitFor();
  assert.deepEqual(await page.locator('.steps button').evaluateAll((all) => all.map((b) => b.textContent).filter((x) => /转/.test(x))), ['线索转报名'], 'the action stands in the place of the step');
  await d.button('线索转报名').click();
  assert.deepEqual(await Promise.all(['region', 'campus', 'education'].map((f) => page.inputValue(`#do-convert-${f}`))), ['浙江', '东校区', 'junior']);
  assert.equal(await page.locator('#do-convert-lead, #do-convert-name').count(), 0, 'who it is is not asked');
  await page.fill('#do-convert-id_number', '123');
  await dialog.getByRole('button', { name: '线索转报名' }).click();
  await dialog.locator('.bad', { hasText: '身份证号' }).waitFor();
  assert.equal(await dialog.locator('.bad').count(), 2, 'the number is none, the day of birth is not there');
  await d.picture('action');
  await d.accessible();
  await page.fill('#do-convert-id_number', person.id_number);
  await page.fill('#do-convert-birth_date', person.birth_date);
  await page.fill('#do-convert-score', '400');
  await dialog.getByRole('button', { name: '线索转报名' }).click();
  await page.locator('.page-head .state', { hasText: '已报名' }).waitFor();
  await page.locator('dd').getByRole('link', { name: '转化之人' }).click();
  await page.locator('dd', { hasText: '护理' }).waitFor();
  const made = (await lead.ok('GET', 'admissions/applicants?name=转化之人')).items[0];
  assert.deepEqual([made.lead, made.major, made.region, made.score, made.source], [one.id, '护理', '浙江', '400.0', 'lead']);
  await d.fine();
  await d.close();
});

test('a reference is picked by its name, and shown by it', async () => {
  const { id } = await lead.ok('POST', 'admissions/channels', { name: '微信公众号招生', type: 'online', officer: lead.id }), d = await open(), { page } = d;
  await d.go('#/e/admissions/leads/new');
  await page.fill('#f-name', '引用');
  await page.fill('#f-phone', '13600005555');
  await page.fill('#f-channel', '微信');
  await page.locator('.picker').getByRole('button', { name: '微信公众号招生' }).click();
  await d.accessible();
  await d.button('保存').click();
  await page.locator('dd').getByRole('link', { name: '微信公众号招生' }).waitFor();
  assert.equal((await lead.ok('GET', 'admissions/leads?name=引用')).items[0].channel, id);
  await d.fine();
  await d.close();
});

test('a phone number typed at the top finds the family, and stays out of the address', async () => {
  const id = await add(11, { name: '电话可寻' }), d = await open(), phone = applicant(11).phone;
  await d.go();
  await d.page.getByRole('searchbox', { name: '查找' }).fill(`${phone.slice(0, 3)} ${phone.slice(3)}`);
  await d.page.keyboard.press('Enter');
  await d.page.getByRole('link', { name: /电话可寻/ }).click();
  await d.page.getByRole('heading', { name: '电话可寻' }).waitFor();
  assert.ok(d.page.url().endsWith(at(id)));
  await d.go('#/e/admissions/applicants');
  await d.page.getByRole('searchbox', { name: '在列表中查找' }).fill(phone);
  await d.page.keyboard.press('Enter');
  await d.page.getByRole('status').filter({ hasText: '共 1 条' }).waitFor();
  assert.ok(!d.page.url().includes(phone), 'a sealed value does not stay in the history of the browser');
  await d.close();
});

test('a protected field is revealed for a purpose, which is remembered for the case and the day', async () => {
  const id = await add(12, { name: '查看一次' }), d = await open();
  await d.go(at(id));
  assert.doesNotMatch(await d.text, new RegExp(applicant(12).phone));
  await d.button('查看联系电话').click();
  await d.button('联系考生或家长').click();
  await d.page.locator('dd.revealed', { hasText: applicant(12).phone }).waitFor();
  await d.button('查看身份证号').click();
  await d.page.locator('dd.revealed', { hasText: applicant(12).id_number }).waitFor();
  await d.picture('revealed');
  const auditor = await server.bearer('the.auditor', ['auditor']);
  await eventually(async () => {
    const seen = (await auditor.ok('GET', 'admin/audit?action=reveal&limit=5')).items;
    assert.ok(seen.some((x) => x.purpose === '联系考生或家长' && /id_number/.test(x.fields) && x.object.endsWith(id)), JSON.stringify(seen));
  });
  await d.fine();
  await d.close();
});

test('what a rule refuses is said beside the button, what it allows moves on, all by keyboard', async () => {
  const officer = await server.bearer('who.enters', ['admissions.staff'], { campus: '东校区' });     // who enters does not decide
  const { id } = await officer.ok('POST', 'admissions/applicants', applicant(13, { name: '键盘审核', score: '100.0' })), d = await open(), { page } = d;
  await d.go('#/e/admissions/applicants?name=' + encodeURIComponent('键盘审核'));
  const reach = async (what) => {       // Tab until it has the focus
    for (let i = 0; i < 90; i++) {
      if (await what.evaluate((x) => x === document.activeElement).catch(() => false)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail('not reached by Tab');
  };
  await reach(page.locator('.grid'));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '键盘审核' }).waitFor();
  await reach(d.button('预审'));
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: /成绩 100(\.0)? 分，低于 280 分/ }).waitFor();
  await d.picture('refused');
  await reach(d.button('编辑'));
  await page.keyboard.press('Enter');
  await reach(page.locator('#f-score'));
  await page.keyboard.press('Control+A');
  await page.keyboard.type('512.5');
  await page.keyboard.press('Control+s');
  await page.getByText('512.5').first().waitFor();
  await reach(d.button('预审'));
  await page.keyboard.press('Enter');
  await page.locator('.page-head .state', { hasText: '审核中' }).waitFor();
  await page.locator('.why.good').waitFor();
  await d.picture('decided');
  await reach(d.button('拟不通过'));
  await page.keyboard.press('Enter');
  await page.locator('#step-propose_refusal-note:focus').waitFor();
  await page.keyboard.type('材料不实');
  await page.keyboard.press('Enter');
  await page.locator('.page-head .state', { hasText: '拟不通过' }).waitFor();        // a second person decides
  assert.equal((await get(id)).note, '材料不实');
  await d.fine();
  await d.close();
});

test('two people who edit one record keep both changes, and choose where they collide', async () => {
  const id = await add(14, { name: '同时编辑', region: '河北' }), d = await open(), path = `admissions/applicants/${id}`;
  await d.go(at(id));
  await d.button('编辑').click();
  await d.page.fill('#f-region', '山西');
  await lead.ok('PATCH', path, { region: '江苏', major: '会计' });
  await d.page.getByText('别人刚刚改了这条记录').waitFor();
  await d.button('保存').click();
  const dialog = d.page.getByRole('dialog');
  await dialog.getByText('江苏').waitFor();
  assert.equal((await get(id)).region, '江苏', 'nothing is written before the choice');
  await d.picture('merge');
  await dialog.getByRole('radio', { name: /用我的/ }).check();
  await d.button('合并并保存').click();
  await d.page.locator('dd', { hasText: '山西' }).waitFor();
  const now = await get(id);
  assert.deepEqual([now.region, now.major], ['山西', '会计']);
  await d.fine();
  await d.close();
});

test('a value that the service refuses is marked at its field, and nothing typed is lost', async () => {
  const d = await open();
  await d.go('#/e/admissions/applicants/new');
  await d.page.fill('#f-name', '填错的人');
  await d.page.fill('#f-phone', '12');
  await d.button('保存').click();
  await d.page.locator('#f-phone-error').waitFor();
  await d.page.locator('#f-id_number-error').waitFor();
  assert.equal(await d.page.inputValue('#f-name'), '填错的人');
  await d.picture('refused-form');
  const a = applicant(15);
  await d.page.fill('#f-id_number', a.id_number);
  await d.page.fill('#f-phone', a.phone);
  await d.page.fill('#f-birth_date', a.birth_date);
  await d.page.selectOption('#f-education', a.education);
  await d.button('保存').click();
  await d.page.getByRole('heading', { name: '填错的人' }).waitFor();
  await d.fine();
  await d.close();
});

test('what others do appears by itself, also after the connection was lost', async () => {
  const id = await add(16, { name: '实时更新' }), d = await open();
  await d.go(at(id));
  await d.page.locator('.live.on').waitFor();
  await lead.ok('PATCH', `admissions/applicants/${id}`, { major: '学前教育' });
  await d.page.locator('dd', { hasText: '学前教育' }).waitFor({ timeout: 5000 });
  await server.stop();
  await d.page.locator('.live.waiting').waitFor();
  server.at = server.port;
  await server.serve();
  await d.page.locator('.live.on').waitFor({ timeout: 20000 });
  await lead.ok('PATCH', `admissions/applicants/${id}`, { major: '护理' });
  await d.page.locator('dd', { hasText: '护理' }).waitFor({ timeout: 5000 });
  await d.close();
});

test('a table is tried first, its faults are said row by row, and what was rejected comes back', async () => {
  const d = await open(), good = applicant(21, { name: '导入一' }), { page } = d;
  await d.go('#/e/admissions/applicants/import');
  const rows = [['姓名', '身份证号', '出生日期', '学历', '成绩', '没有的列'],
    [good.name, good.id_number, '2008/3/15', '初中', '500', 'x'], ['=坏人', '11010120080315001X', '2008-13-15', '小学', '9999', 'y']];
  await page.fill('#paste', rows.map((r) => r.join('\t')).join('\n'));
  await d.button('使用粘贴的内容').click();
  assert.equal(await page.getByLabel('“学历”对应的字段').inputValue(), 'education');
  assert.equal(await page.getByLabel('“没有的列”对应的字段').inputValue(), '');
  await d.picture('import-columns');
  await d.button('试导入（不写入）').click();
  await page.getByRole('region', { name: '有错误的行' }).getByText('身份证号').waitFor();
  await d.picture('import-tried');
  assert.equal((await lead.ok('GET', `admissions/applicants?name=${encodeURIComponent('导入一')}`)).items.length, 0, 'trying writes nothing');
  const saving = page.waitForEvent('download');
  await d.button('下载有错误的行').click();
  const file = await (await saving).createReadStream();
  let text = '';
  for await (const part of file) text += part;
  assert.match(text, /^\ufeff姓名,身份证号/);
  assert.match(text, /'=坏人.*身份证号/);
  await d.button('导入其余 1 行').click();
  await page.getByRole('link', { name: '查看列表' }).waitFor();
  assert.equal((await lead.ok('GET', `admissions/applicants?name=${encodeURIComponent('导入一')}`)).items[0].education, 'junior');
  await d.fine();
  await d.close();
});

test('a spreadsheet goes as it is, and its rejected rows come back as one', async () => {
  const d = await open(), { page } = d;
  await d.go('#/e/admissions/applicants/import');
  await page.setInputFiles('input[type=file]', { name: '报名.xlsx', mimeType: 'application/octet-stream', 
    buffer: Buffer.from(xlsx([['姓名', '身份证号', '出生日期', '学历'], ['表格一', applicant(22).id_number, '2008-03-15', 'junior'], ['表格二', '123', '2008-03-15', 'junior']])) });
  await page.getByRole('region', { name: '有错误的行' }).waitFor();
  const saving = page.waitForEvent('download');
  await page.getByRole('link', { name: '下载有错误的行' }).click();
  const file = await (await saving).createReadStream();
  const parts = [];
  for await (const part of file) parts.push(part);
  assert.equal(Buffer.concat(parts).subarray(0, 2).toString(), 'PK');
  await d.picture('import-sheet');
  await d.button('导入其余 1 行').click();
  await page.getByRole('link', { name: '查看列表' }).waitFor();
  assert.equal((await lead.ok('GET', `admissions/applicants?name=${encodeURIComponent('表格一')}`)).items.length, 1);
  await d.fine();
  await d.close();
});

test('an administrator makes an account and sees a broken plugin at its line, with the release unharmed', async () => {
  const d = await Desk.open(browser, server, { who: admin });
  await d.go('#/admin/people');
  await d.page.getByRole('button', { name: '＋ 新建账号' }).click();
  await d.page.fill('#new-name', 'made.here');
  await d.page.getByRole('dialog').getByLabel('财务').check();
  await d.button('建立').click();
  assert.match(await d.page.locator('.once code').innerText(), /^[a-z0-9-]{19}$/);
  await d.button('完成').click();
  await d.page.getByRole('link', { name: 'made.here' }).waitFor();
  const file = join(server.home, 'policies/admissions.yaml');
  writeFileSync(file, 'policy: admissions\nage:\n  min: many\n');
  await d.go('#/admin/releases');
  await d.button('从磁盘载入').click();
  await d.page.getByRole('alert').filter({ hasText: 'policies/admissions.yaml:3' }).waitFor();
  await d.picture('release-errors');
  writeFileSync(file, 'policy: admissions\nage:\n  min: 16\n');
  await d.button('从磁盘载入').click();
  await d.page.getByText('现行版本 2').waitFor();
  d.page.on('dialog', (x) => x.accept());
  await d.button('退回上一版').click();
  await d.page.getByText('现行版本 1').waitFor();
  await d.go('#/admin/audit');
  await d.page.fill('#au-action', 'user.add');
  await d.button('查询').click();
  await d.page.getByRole('cell', { name: /user\.add/ }).first().waitFor();
  await d.picture('audit-found');
  await d.fine();
  await d.close();
});

test('why not is answered with the rule, the condition and who may', async () => {
  const officer = await server.person('the.officer', ['admissions.staff'], { campus: '东校区' });
  const id = await add(31, { name: '问为什么', campus: '东校区' }), d = await open({ who: officer });
  await d.go(at(id));
  assert.equal(await d.button('审核通过').count(), 0);
  await d.page.getByText('我能做什么，为什么').click();
  const line = d.page.locator('.explain li.no', { hasText: '审核通过' });
  await line.getByText('谁可以').waitFor();
  assert.match(await line.innerText(), /招生主管|校领导/);
  await d.picture('explained');
  await d.fine();
  await d.close();
});
