// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Messages: queued with what they tell of, sent by mail, SMS and the robots of groups over real
// sockets, retried, limited, refused by topic, and on record without a word of what they said.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { httpServer, mailServer, readMail } from '../lib/receivers.mjs';
import { Server, eventually, onlySqlite, root } from '../lib/server.mjs';

const PLUGIN = `local field = campus.field
local letters = campus.entity {
  title = { zh = "信", en = "Letters" }, subject = "self",
  fields = {
    name = field.text { required = true, personal = true },
    phone = field.text { class = "confidential", check = "mobile", mask = "mobile" },
    email = field.text { class = "confidential", mask = "all" },
    id_number = field.text { class = "secret", mask = "last4" },
    major = field.choice { choices = { { name = "nursing", title = { zh = "护理", en = "Nursing" } } } },
    seen_at = field.datetime {},
    fee = field.money {},
    officer = field.person {},
  },
  workflow = { start = "draft", states = { draft = {}, sent = { title = { zh = "已寄出", en = "Sent" } }, done = { final = true } },
    transitions = { send = { from = "draft", to = "sent", message = "posted" }, finish = { from = "sent", to = "done" } } },
}
local messages = {
  posted = campus.message { title = { zh = "录取通知书（2027年春季学期）已经寄出，请留意查收", en = "Posted" }, entity = "letters", to = { "phone", "email" }, channels = { "sms", "mail" },
    text = { zh = "{name}同学：{major}专业，{seen_at}，{fee}元，证件{id_number}，状态{state}。", en = "…" } },
  news = campus.message { title = "开放日", entity = "letters", to = "phone", channels = "sms", text = "开放日：{link}", extra = { "link" }, opt_out = "news", cap = "2/d" },
  staff = campus.message { title = "请处理", entity = "letters", to = { "officer", "role:finance" }, channels = "mail", text = "{id}" },
  team = campus.message { title = "新信", entity = "letters", channels = { "wecom", "dingtalk", "feishu" }, text = "{major}专业有新信" },
  tally = campus.message { title = "统计", channels = { "wecom" }, text = "今日 {count} 封", extra = { "count" } },
}
local function say(ctx, input)
  if not input.id then return ctx:send(input.message, input.extra or {}) end
  return ctx:send(input.message, "letters", input.id, input.extra or {})
end
return { version = "1.0.0", title = { zh = "信件", en = "Mail" }, entities = { letters = letters }, messages = messages,
  actions = { say = campus.action { run = say }, hush = campus.action { run = function(ctx, input)
    local _, err = ctx:opt_out("letters", input.id, input.topic, input.out)
    if err then return nil, err end
    return { done = true }
  end } } }
`;
const ACCESS = `
  - { name: letters are written, allow: [read, create, update, send, finish], entity: post.letters, roles: [admissions.lead] }
  - { name: letters are looked at, allow: [read], entity: post.letters, roles: [finance] }
  - { name: letters are spoken of, permissions: [post.actions.say, post.actions.hush], roles: [admissions.lead, finance] }
`;
const bin = process.env.CAMPUSD_TEST || join(root, 'build/campusd-test');
const PHONE = '14512345678', MAIL = 'wang@example.cn', ID_NUMBER = '110199201006100023';
let server, admin, lead, finance, mail, http, clock, ahead = 0;
// Time passes, and something happens: a moved clock wakes nobody.
const forward = async (ms) => {
  writeFileSync(clock, String(ahead += ms));
  await new Promise((r) => setTimeout(r, 30));
  await say('news', (await lead.ok('POST', 'post/letters', { name: '钟' })).id, {});
};

function install(plugin) {
  const dir = join(server.home, 'plugins/post');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), plugin);
  writeFileSync(join(server.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + ACCESS);
  return server.run(['reload']);
}

before(async () => {
  [mail, http] = [await mailServer(), await httpServer()];
  for (const path of ['/wecom', '/ding']) http.say[path] = () => [200, { errcode: 0 }];
  http.say['/feishu'] = () => [200, { code: 0 }];
  server = await Server.start({ bin });
  await server.stop();
  const file = join(server.home, 'campusd.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^messages:.*\n/m, `messages:
  allow: [127.0.0.1]
  sms: { url: "${http.url}/sms", body: '{"phone":"{to}","content":"{text}","id":"{id}"}', ok: '"taken":true' }
  mail: { url: "smtp://127.0.0.1:${mail.port}", from: "清河职业学校招生办 <zs@example.cn>", user: zs }
  wecom: { url: "${http.url}/wecom?key={token}" }
  dingtalk: { url: "${http.url}/ding?access_token={token}" }
  feishu: { url: "${http.url}/feishu" }
`));
  clock = join(server.folder, 'clock');
  writeFileSync(clock, '0');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  admin = await server.bearer('p.admin', ['admin']);
  lead = await server.bearer('p.lead', ['admissions.lead']);
  finance = await server.bearer('p.finance', ['finance']);
  http.say['/sms'] = () => [200, { taken: true }];
  const r = install(PLUGIN);
  assert.equal(r.status, 0, r.stderr);
});
after(async () => {
  assert.deepEqual(await server?.close(), { code: 0, signal: null });
  mail.close(), http.close();
});

const letter = (more) => lead.ok('POST', 'post/letters', { name: '王小明', phone: PHONE, email: MAIL, ...more });
const say = (message, id, extra) => lead.api('POST', 'post/actions/say', { message, id, extra });
const about = async (id, who = lead) => (await who.ok('GET', `post/letters/${id}/messages`)).items;
const settled = (id, n = 1) => eventually(async () => {
  const l = await about(id);
  assert.equal(l.length, n);
  assert.ok(l.every((m) => m.state !== 'queued'), JSON.stringify(l));
  return l;
}, 10000);
const calls = (path) => http.got.filter((c) => c.path === path);

test('secrets of channels are kept sealed and sent where they belong', async () => {
  for (const [channel, body] of [['sms', { token: 'sms-bearer-token' }], ['mail', { token: 'mail-password' }], ['wecom', { token: 'wecom/key' }], ['dingtalk', { token: 'ding', secret: 'SECding' }], ['feishu', { secret: 'feishu-secret' }]])
    assert.equal((await admin.api('PUT', `admin/messages/channels/${channel}`, body)).status, 204);
  assert.equal((await lead.api('PUT', 'admin/messages/channels/sms', { token: 'x' })).status, 403);
  assert.equal((await admin.api('PUT', 'admin/messages/channels/sms', { token: 'a\nb' })).status, 422);
  assert.equal((await admin.api('PUT', 'admin/messages/channels/pigeon', { token: 'x' })).status, 404);
  const { items } = await admin.ok('GET', 'admin/messages/channels');
  assert.deepEqual(items.map((c) => [c.channel, c.has_secret]), ['sms', 'mail', 'wecom', 'dingtalk', 'feishu'].map((c) => [c, true]));
  assert.ok(!JSON.stringify(items).includes('bearer'));
});

test('a transition sends its message by SMS and mail, with words filled in and sealed values masked', async () => {
  const l = await letter({ id_number: ID_NUMBER, major: 'nursing', seen_at: '2027-03-01T01:30:00Z', fee: '1234.50' });
  assert.equal((await lead.api('POST', `post/letters/${l.id}/send`, {})).status, 200);
  await settled(l.id, 2);
  const text = '王小明同学：护理专业，2027-03-01 09:30，1234.50元，证件****0023，状态已寄出。';
  const [sms] = calls('/sms');
  assert.equal(sms.body.phone, PHONE);
  assert.equal(sms.body.content, text);
  assert.equal(sms.headers.authorization, 'Bearer sms-bearer-token');
  const [m] = mail.got;
  assert.deepEqual([m.from, m.to, m.user, m.password], ['zs@example.cn', MAIL, 'zs', 'mail-password']);
  const { headers, text: body } = readMail(m.data);
  assert.equal(body, text);
  assert.equal(headers.from, '清河职业学校招生办 <zs@example.cn>');
  assert.equal(headers.to, `<${MAIL}>`);
  assert.equal(headers.subject, '录取通知书（2027年春季学期）已经寄出，请留意查收');
  assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
  assert.match(headers['message-id'], /^<[0-9a-f-]{36}@/);
  for (const line of m.data.split('\r\n')) assert.ok(line.length <= 78 && /^[\x20-\x7e]*$/.test(line), line);
});

test('what was sent is on record for who may read the record, without a word of it', async () => {
  const [l] = (await lead.ok('GET', 'post/letters?state=sent')).items;
  const items = await about(l.id, finance);
  assert.deepEqual(items.map((m) => [m.channel, m.to, m.state, m.attempts, m.name]).sort(), [['mail', 'email', 'sent', 1, 'posted'], ['sms', 'phone', 'sent', 1, 'posted']]);
  assert.ok(!JSON.stringify(items).includes(PHONE) && !JSON.stringify(items).includes('王'));
  const stranger = await server.bearer('p.stranger', ['marketing']);
  assert.equal((await stranger.api('GET', `post/letters/${l.id}/messages`)).status, 404);
  assert.equal((await lead.api('GET', 'admin/messages')).status, 403);
  const rows = (await admin.ok('GET', `admin/audit?object=post.letters/${l.id}&action=send`)).items;
  assert.ok(rows.some((r) => r.reason === 'posted'));
});

test('a message goes only if what it tells of is kept', async () => {
  const before_ = (await admin.ok('GET', 'admin/messages?limit=500')).items.length;
  const l = await letter();
  await lead.ok('POST', `post/letters/${l.id}/send`, {});
  assert.equal((await lead.api('POST', `post/letters/${l.id}/send`, {})).status, 409);
  await settled(l.id, 2);
  assert.equal((await admin.ok('GET', 'admin/messages?limit=500')).items.length, before_ + 2);
});

test('a subject may refuse a topic, and is not written to more often than the cap', async () => {
  const l = await letter();
  assert.equal((await finance.api('PUT', `post/letters/${l.id}/optout/news`)).status, 403);
  assert.equal((await lead.api('PUT', `post/letters/${l.id}/optout/news`)).status, 204);
  assert.deepEqual((await say('news', l.id, { link: 'https://x' })).body.result, { queued: 0, dropped: 1 });
  assert.equal((await lead.api('DELETE', `post/letters/${l.id}/optout/news`)).status, 204);
  for (const queued of [1, 1, 0]) assert.equal((await say('news', l.id, { link: 'https://x' })).body.result.queued, queued);
  const reasons = (await settled(l.id, 4)).map((m) => m.reason ?? m.state).sort();
  assert.deepEqual(reasons, ['cap', 'opted_out', 'sent', 'sent']);
  assert.equal((await say('news', l.id, { wrong: 1 })).status, 503);          // an extra that was not declared
  const none = await lead.ok('POST', 'post/letters', { name: '无号' });
  await say('news', none.id, {});
  assert.equal((await settled(none.id))[0].reason, 'no_recipient');
});

test('an action says for somebody that they want no more of a topic, with the right to change the record', async () => {
  const l = await letter();
  const hush = (who, more = {}) => who.api('POST', 'post/actions/hush', { id: l.id, topic: 'news', out: true, ...more });
  assert.ok((await hush(finance)).status >= 400, 'who only reads it refuses nothing for anybody');
  assert.equal((await hush(lead)).status, 200);
  assert.deepEqual((await say('news', l.id, {})).body.result, { queued: 0, dropped: 1 });
  assert.equal((await hush(lead, { out: false })).status, 200);
  assert.equal((await say('news', l.id, {})).body.result.queued, 1);
  assert.equal((await hush(lead, { topic: 'No Topic' })).status, 503, 'what the author got wrong');
});

test('staff are reached at the addresses kept for them, by person and by role', async () => {
  const officer = await server.bearer('p.officer', ['admissions.staff']);
  assert.equal((await admin.api('PUT', `admin/users/${officer.name}/contact`, { mail: 'officer@example.cn' })).status, 204);
  assert.equal((await admin.api('PUT', `admin/users/${officer.name}/contact`, { sms: '123' })).status, 422);
  const her = await server.person('p.accountant', ['finance']);
  assert.equal((await her.api('PUT', 'session/contact', { mail: 'accountant@example.cn' })).status, 204);
  const l = await letter({ officer: officer.id });
  await say('staff', l.id);
  await settled(l.id, 2);
  assert.deepEqual(mail.got.slice(-2).map((m) => m.to).sort(), ['accountant@example.cn', 'officer@example.cn']);
});

test('robots get one digest of what waits, signed as they ask, within their limits', async () => {
  const l = await letter({ major: 'nursing' });
  await say('team', l.id);
  await settled(l.id, 3);
  const [wecom] = calls('/wecom'), [ding] = calls('/ding'), [feishu] = calls('/feishu');
  assert.equal(wecom.query.get('key'), 'wecom/key');
  assert.deepEqual(wecom.body, { msgtype: 'text', text: { content: '护理专业有新信' } });
  const at = ding.query.get('timestamp');
  assert.equal(ding.query.get('access_token'), 'ding');
  assert.equal(ding.query.get('sign'), createHmac('sha256', 'SECding').update(`${at}\nSECding`).digest('base64'));
  assert.equal(feishu.body.sign, createHmac('sha256', `${feishu.body.timestamp}\nfeishu-secret`).update('').digest('base64'));
  assert.equal(feishu.body.content.text, '护理专业有新信');
  // many at once: few calls, none over 2,048 bytes, not more than 20 a minute
  const had = calls('/wecom').length;
  await Promise.all(Array.from({ length: 300 }, (_, i) => say('tally', undefined, { count: i })));
  await eventually(async () => assert.equal((await admin.ok('GET', 'admin/messages?channel=wecom&state=queued')).items.length, 0), 20000);
  const made = calls('/wecom').slice(had);
  assert.ok(made.length < 20, String(made.length));
  const texts = made.flatMap((c) => c.body.text.content.split('\n'));
  assert.deepEqual(texts.map((t) => Number(/\d+/.exec(t)[0])).sort((a, b) => a - b), Array.from({ length: 300 }, (_, i) => i));
  assert.ok(made.every((c) => Buffer.byteLength(c.body.text.content) <= 2048));
});

test('a robot that has had twenty in a minute waits for the next', async () => {
  await forward(70000);
  const had = calls('/wecom').length;
  for (let i = 0; i < 25; i++) {
    await say('tally', undefined, { count: i });
    if (calls('/wecom').length - had < 20) await eventually(() => assert.ok(calls('/wecom').length > had + i), 5000);
  }
  await new Promise((r) => setTimeout(r, 500));
  assert.equal(calls('/wecom').length - had, 20);
  await forward(61000);
  await eventually(() => assert.equal(calls('/wecom').length - had, 21), 10000);
  assert.equal(calls('/wecom').at(-1).body.text.content.split('\n').length, 5);    // the rest as one
});

test('DingTalk says too fast: the channel is left alone for ten minutes, and nothing is lost', async () => {
  let blocked = true;
  http.say['/ding'] = () => [200, blocked ? { errcode: 130101, errmsg: 'send too fast' } : { errcode: 0 }];
  const l = await letter({ major: 'nursing' });
  const had = calls('/ding').length;
  await say('team', l.id);
  await eventually(() => assert.equal(calls('/ding').length, had + 1), 5000);
  await forward(300000);
  await new Promise((r) => setTimeout(r, 300));
  assert.equal(calls('/ding').length, had + 1);
  blocked = false;
  await forward(310000);
  await eventually(async () => assert.ok((await about(l.id)).every((m) => m.state === 'sent')), 10000);
  assert.equal(calls('/ding').length, had + 2);
});

test('what fails for now is tried again, what is refused for good has failed, and can be tried again by hand', async () => {
  let status = 503;
  http.say['/sms'] = () => [status, { taken: status === 200 }];
  const l = await letter();
  const had = calls('/sms').length;
  mail.say.rcpt = '550 no such user';
  await lead.ok('POST', `post/letters/${l.id}/send`, {});
  await eventually(() => assert.equal(calls('/sms').length, had + 1), 5000);
  await eventually(async () => assert.equal((await about(l.id)).find((m) => m.channel === 'mail').reason, 'answered 550'), 5000);
  let row = (await about(l.id)).find((m) => m.channel === 'sms');
  assert.deepEqual([row.state, row.reason, row.attempts], ['queued', 'answered 503', 1]);
  status = 200;
  await forward(15000);
  await eventually(async () => assert.equal((await about(l.id)).find((m) => m.channel === 'sms').state, 'sent'), 10000);
  mail.say = {};
  row = (await about(l.id)).find((m) => m.channel === 'mail');
  assert.equal(row.state, 'failed');
  const listed = server.run(['message', 'list', '--state', 'failed']);
  assert.match(listed.stdout, /answered 550/);
  assert.equal(server.run(['message', 'retry', row.id]).status, 0);
  await eventually(async () => assert.equal((await about(l.id)).find((m) => m.channel === 'mail').state, 'sent'), 10000);
  assert.equal(server.run(['message', 'retry', row.id]).status, 1);
  mail.say.data = '451 later';
  const other = await letter();
  await lead.ok('POST', `post/letters/${other.id}/send`, {});
  await eventually(async () => assert.equal((await about(other.id)).find((m) => m.channel === 'mail').reason, 'answered 451'), 5000);
  mail.say = {};
  await forward(15000);
  await eventually(async () => assert.equal((await about(other.id)).find((m) => m.channel === 'mail').state, 'sent'), 10000);
});

test('what was queued before a kill is sent after it', async () => {
  http.say['/sms'] = () => [503, {}];
  const l = await letter();
  await lead.ok('POST', `post/letters/${l.id}/send`, {});
  await server.kill9();
  http.say['/sms'] = () => [200, { taken: true }];
  await server.serve();
  await forward(15000);
  await eventually(async () => assert.ok((await about(l.id)).every((m) => m.state === 'sent')), 10000);
});

test('of an erased person nothing is sent and nothing can be opened', async () => {
  http.say['/sms'] = () => [503, {}];
  const l = await letter({ phone: '14598765432' });
  await say('news', l.id, { link: 'x' });
  await eventually(async () => assert.equal((await about(l.id))[0].attempts, 1), 5000);
  assert.equal(server.run(['key', 'erase', l.id, '--yes']).status, 0);
  const had = calls('/sms').length;
  await forward(3600000);
  const row = (await admin.ok('GET', 'admin/messages?limit=500')).items.find((m) => m.record === l.id);
  assert.deepEqual([row.state, row.reason], ['dropped', 'erased']);
  assert.equal(calls('/sms').slice(had).filter((c) => c.body.phone === '14598765432').length, 0);
  http.say['/sms'] = () => [200, { taken: true }];
});

test('no number, address, name or secret is in the log or, in the clear, in the database', onlySqlite, async () => {
  await server.stop();
  const secrets = [PHONE, MAIL, '王小明同学', ID_NUMBER, 'sms-bearer-token', 'mail-password', 'SECding', 'officer@example.cn'];
  for (const s of secrets) assert.ok(!server.log.includes(s), `${s} is in the log`);
  for (const f of ['campusd.db', 'campusd.db-wal'].map((n) => join(server.home, n)).filter(existsSync)) {
    const bytes = readFileSync(f);
    for (const s of secrets) assert.ok(!bytes.includes(s), `${s} is in ${f}`);
  }
  await server.serve();
});

test('the sample writes its messages into files', async () => {
  const sample = await Server.start();
  try {
    const dir = join(sample.home, 'plugins/post');
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'plugin.lua'), PLUGIN);
    writeFileSync(join(sample.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + ACCESS);
    assert.equal(sample.run(['reload']).status, 0);
    const who = await sample.bearer('s.lead', ['admissions.lead']);
    const l = await who.ok('POST', 'post/letters', { name: '王小明', phone: PHONE, email: MAIL, major: 'nursing' });
    await who.ok('POST', `post/letters/${l.id}/send`, {});
    const files = await eventually(() => { const f = readdirSync(join(sample.home, 'messages')).filter((x) => /\.(eml|txt)$/.test(x)); assert.equal(f.length, 2); return f; }, 10000);
    const eml = files.find((f) => f.endsWith('.eml'));
    assert.match(readMail(readFileSync(join(sample.home, 'messages', eml), 'utf8')).text, /^王小明同学/);
    assert.match(readFileSync(join(sample.home, 'messages', files.find((f) => f.endsWith('.txt'))), 'utf8'), /^To: 14512345678\n/);
  } finally { await sample.close(); }
});
