// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The desk's files and what hostile content can do at it: nothing. backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';
import { applicant, citizenId } from '../lib/applicant.mjs';
import { binary, root } from '../lib/server.mjs';
import { Desk, Server, launch } from './lib.mjs';

let server, browser, lead;
before(async () => {
  server = await Server.start();
  lead = await server.person('desk.lead', ['admissions.lead']);
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.close(); });

// One request as it is, undecoded and unpacked.
const raw = (path, { method = 'GET', headers = {}, port = server.port } = {}) => new Promise((done, fail) => {
  const r = request({ host: '127.0.0.1', port, path, method, headers }, (a) => {
    const parts = [];
    a.on('data', (d) => parts.push(d)).on('end', () => done({ status: a.statusCode, headers: a.headers, body: Buffer.concat(parts) }));
  });
  r.on('error', fail);
  r.end();
});

test('files come with their type, a strict policy and no way to be framed or guessed at', async () => {
  for (const [file, type] of [['', /^text\/html/], ['app.js', /^text\/javascript/], ['style.css', /^text\/css/], ['icon.svg', /^image\/svg/], ['vendor/preact.js', /^text\/javascript/]]) {
    const a = await raw(`/desk/${file}`);
    assert.equal(a.status, 200, file);
    assert.match(a.headers['content-type'], type);
    assert.equal(a.headers['x-content-type-options'], 'nosniff');
    const policy = a.headers['content-security-policy'];
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "base-uri 'none'"]) assert.ok(policy.includes(part), part);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  }
  assert.equal((await raw('/desk')).headers.location, '/desk/');
  assert.equal((await raw('/')).headers.location, '/desk/');
});

test('an unchanged file is not sent again, and a packed one only to whom it can be read by', async () => {
  const plain = await raw('/desk/app.js'), packed = await raw('/desk/app.js', { headers: { 'Accept-Encoding': 'br, gzip' } });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.deepEqual(gunzipSync(packed.body), plain.body);
  assert.notEqual(packed.headers.etag, plain.headers.etag);
  assert.equal(packed.headers.vary, 'Accept-Encoding');
  const again = await raw('/desk/app.js', { headers: { 'If-None-Match': plain.headers.etag } });
  assert.equal(again.status, 304);
  assert.equal(again.body.length, 0);
  assert.equal((await raw('/desk/app.js', { headers: { 'If-None-Match': '"other"' } })).status, 200);
  assert.equal((await raw('/desk/app.js', { headers: { 'Accept-Encoding': 'gzip;q=0' } })).headers['content-encoding'], undefined);
  const head = await raw('/desk/app.js', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body.length, Number(head.headers['content-length'])], [200, 0, plain.body.length]);
});

test('nothing outside the folder, no link in it and no unknown type is served', async () => {
  const folder = join(server.folder, 'share');
  cpSync(join(dirname(binary), 'desk'), join(folder, 'desk'), { recursive: true });
  for (const d of ['plugins', 'policies', 'examples']) cpSync(join(root, d), join(folder, d), { recursive: true, filter: (f) => !f.includes('node_modules') });
  writeFileSync(join(folder, 'secret.js'), 'secret');
  symlinkSync('../secret.js', join(folder, 'desk/link.js'));
  symlinkSync('/etc', join(folder, 'desk/etc'));
  mkdirSync(join(folder, 'desk/folder.js'));
  writeFileSync(join(folder, 'desk/.hidden'), 'secret');
  writeFileSync(join(folder, 'desk/keyfile'), 'secret');
  const share = await Server.start({ env: { CAMPUSD_SHARE: folder } });
  try {
    assert.equal((await raw('/desk/app.js', { port: share.port })).status, 200, 'its own files are there');
    for (const path of ['/desk/../secret.js', '/desk/..%2fsecret.js', '/desk/%2e%2e/secret.js', '/desk//etc/passwd.txt', '/desk/./../secret.js', '/desk/link.js', '/desk/etc/passwd', '/desk/etc/os-release.txt',
      '/desk/folder.js', '/desk/.hidden', '/desk/.built', '/desk/keyfile', '/desk/app.js%00.txt', '/desk/app.js/', '/desk/nothing.js', '/desk/vendor', '/desk/app.js.gz', '/deskapp.js']) {
      const a = await raw(path, { port: share.port });
      assert.ok(a.status === 404 || a.status === 400, `${path}: ${a.status}`);
      assert.ok(!a.body.includes('secret'), path);
    }
    assert.equal((await raw('/desk/app.js', { method: 'POST', port: share.port })).status, 405);
  } finally { await share.close(); }
});

const PAYLOADS = ['<img src=x onerror="window.hit=1">', '<script>window.hit=1</script>', '"><svg onload=window.hit=1>', 'javascript:window.hit=1', '{{constructor.constructor("window.hit=1")()}}', '\u0027;window.hit=1;//', '</title><script>window.hit=1</script>'];

test('markup stored in every text field is shown as text on every page and never runs', async () => {
  const ids = [];
  for (const [i, p] of PAYLOADS.entries()) {
    const text = p.slice(0, 60), made = await lead.ok('POST', 'admissions/applicants', applicant(50 + i, { name: text, region: p.slice(0, 40), major: text, campus: p.slice(0, 40), note: p, health_note: p, score: '100.0' }));
    ids.push(made.id);
    await lead.ok('PATCH', `admissions/applicants/${made.id}`, { note: `${p} ${p}` });
  }
  const admin = await server.admin();
  await admin.ok('POST', 'admin/users', { name: 'markup', display: PAYLOADS[0], campus: PAYLOADS[1], roles: [] });
  await admin.ok('POST', 'admin/tokens', { label: PAYLOADS[2] });
  for (const [who, pages] of [[lead, ['#/', '#/reports', '#/inbox', '#/obligations', '#/bulletin', '#/e/admissions/applicants?sort=-created_at', `#/e/admissions/applicants?region=${encodeURIComponent(PAYLOADS[0].slice(0, 40))}`, ...ids.map((id) => `#/e/admissions/applicants/r/${id}`), `#/e/admissions/applicants?x"><img src=x onerror=window.hit=1>=1`]], [admin, ['#/admin/people', '#/admin/tokens', '#/admin/audit']]]) {
    for (const lang of ['zh', 'en']) {
      const d = await Desk.open(browser, server, { who, lang });
      for (const p of pages) {
        await d.go(p);
        if (p.includes('/r/')) {
          await d.button('编辑', 'Edit').click();
          await d.button('取消', 'Cancel').click();
          await d.button('预审', 'Assess').click();
          await d.page.waitForSelector('.why');
        }
        assert.equal(await d.page.evaluate(() => window.hit), undefined, p);
        assert.equal(await d.page.locator('#app script, #app [onerror], #app [onload], #app a[href^="javascript"]').count(), 0, p);
      }
      await d.fine();
      await d.close();
    }
  }
});

// What each field of an entity is filled with: markup wherever a text may hold it.
const COUNT = { n: 0 };
function filled(e, made, me) {
  const body = {}, held = [];
  const text = (f) => {
    const p = PAYLOADS[COUNT.n++ % PAYLOADS.length], short = p.slice(0, f.max_length ?? 200);
    return f.unique ? `${COUNT.n}${p}`.slice(0, f.max_length ?? 200) : short;
  };
  const value = (f, at) => {
    if (f.check === 'cn_id') return citizenId(++COUNT.n);
    if (f.check === 'mobile') return `137${String(++COUNT.n).padStart(8, '0')}`;
    if (f.check === 'invoice_no') return String(++COUNT.n).padStart(20, '2');
    if (f.check === 'uscc') return '91350211M000100Y43';
    if (f.pattern) return ['2027', '2027-2028', '2027-1', '1'].find((x) => new RegExp(`^(${f.pattern})$`).test(x));
    switch (f.type) {
      case 'text': case 'longtext': held.push(at); return f.type === 'text' ? text(f) : PAYLOADS.join('\n');
      case 'integer': return Math.max(f.min ?? 1, 1);
      case 'decimal': case 'money': return '1.0';
      case 'date': return `2027-03-${String(1 + (COUNT.n++ % 28)).padStart(2, '0')}`;
      case 'time': return '08:30';
      case 'datetime': return '2027-03-01T00:00:00Z';
      case 'boolean': return true;
      case 'choice': return f.choices[0].name;
      case 'multichoice': return [f.choices[0].name];
      case 'person': return me.id;
      case 'reference': return made[f.to];
      case 'list': return [Object.fromEntries(f.fields.map((x) => [x.name, value(x, `${at}.${x.name}`)]).filter(([, v]) => v !== undefined))];
      case 'json': held.push(at); return { text: PAYLOADS[0] };
      default: return undefined;
    }
  };
  for (const f of e.fields) {
    const v = f.readonly || f.derived || f.type === 'file' ? undefined : value(f, f.name);
    if (v !== undefined) body[f.name] = v;
  }
  return { body, held };
}
const title = (e, name) => e.fields.find((f) => f.name === name).title.zh;
const spared = (d) => d.page.evaluate(() => [window.hit, document.querySelectorAll('#app script, #app [onerror], #app [onload], #app a[href^="javascript"]').length]);

const POSTED = 'finance.journal';            // entries of a ledger are posted, never written
test('no text field of any entity, note, account, view or public form holds markup that runs on a list or a record', async () => {
  const admin = await server.admin(), all = Object.keys((await admin.ok('GET', 'openapi.json')).components.schemas).filter((x) => /^(admissions|basics|finance|office)\.[a-z_]+$/.test(x) && x !== POSTED);
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: one writes everything, allow: ["*"], entity: [${all.join(', ')}], roles: [marketing.lead] }
`);
  await admin.ok('POST', 'admin/reload', {});
  const me = await server.person('markup.all', ['marketing.lead'], { display: PAYLOADS[0].slice(0, 60), campus: PAYLOADS[2].slice(0, 40) });
  const entities = (await me.ok('GET', 'meta')).plugins.filter((p) => ['admissions', 'basics', 'finance', 'office'].includes(p.name)).flatMap((p) => p.entities).filter((e) => e.full !== POSTED);
  assert.deepEqual(entities.map((e) => e.full).sort(), all.sort(), 'all of them are written');
  const made = {}, pages = [];
  let fields = 0, left = entities;
  while (left.length) {                      // what others refer to first
    const next = left.filter((e) => e.fields.flatMap((f) => [f, ...(f.fields ?? [])]).every((f) => f.type !== 'reference' || f.readonly || !f.required || made[f.to]));
    assert.ok(next.length, left.map((e) => e.full).join());
    for (const e of next) {
      const { body, held } = filled(e, made, me), a = await me.api('POST', e.path.replace('/api/v1/', ''), body);
      assert.equal(a.status, 201, `${e.full}: ${a.text}`);
      made[e.full] = a.body.id;
      fields += held.length;
      const now = a.body; // a handler may go on with it
      for (const at of held.filter((x) => !x.includes('.') && !now._masked?.includes(x))) assert.equal(JSON.stringify(now[at]), JSON.stringify(body[at]), `${e.full}.${at} holds it`);
      pages.push([e, a.body.id, held.some((x) => !now._masked?.includes(x)), now._masked ?? []]);
    }
    left = left.filter((e) => !next.includes(e));
  }
  console.log(`# ${entities.length} entities, ${fields} fields with markup`);
  assert.ok(entities.length > 15 && fields > 60);
  // notes of an approval, phrases, views, and what the public sends
  const principal = await server.bearer('markup.principal', ['principal']), plan = made['admissions.plans'];
  await me.ok('POST', `admissions/plans/${plan}/submit`, {});
  await principal.ok('POST', `admissions/plans/${plan}/approve`, { approval: { note: PAYLOADS[1] } });
  await me.ok('PUT', 'phrases', { items: PAYLOADS.slice(0, 3) });
  const applicants = entities.find((e) => e.full === 'admissions.applicants'), leads = entities.find((e) => e.full === 'admissions.leads');
  await me.ok('PUT', 'views/admissions.applicants', { items: PAYLOADS.slice(0, 3).map((name) => JSON.stringify({ name: name.slice(0, 40), asked: {} })) });
  for (const [form, e] of [['register', applicants], ['lead', leads]]) {
    const asks = await server.anonymous.ok('GET', `/public/admissions/${form}`), { body } = filled({ fields: asks.fields.filter((f) => f.type !== 'reference' && f.name !== 'activity') }, {}, me);
    const sent = await server.anonymous.post(`/public/admissions/${form}`, { ...body, ...(asks.consent && { consent: true }) });
    assert.equal(sent.status, 201, sent.text);
    pages.push([e, (await me.ok('GET', `admissions/${e.name}?sort=-created_at&limit=1`)).items[0].id, true, []]);
  }
  const d = await Desk.open(browser, server, { who: me }), { page } = d;
  let hits = 0;
  for (const [e, id, shows, masked] of pages) {
    await d.go(`#/e/${e.plugin ?? e.full.split('.')[0]}/${e.name}`);
    assert.deepEqual(await spared(d), [undefined, 0], `list of ${e.full}`);
    await d.go(`#/e/${e.full.replace('.', '/')}/r/${id}`);
    await page.locator('dl.fields').waitFor();
    for (const name of masked) {
      const button = page.locator('dl.fields > div', { hasText: title(e, name) }).locator('.reveal').first();
      if (!await button.count()) continue;
      await button.click();
      await page.locator('dialog[open], dd.revealed').first().waitFor();
      if (await page.getByRole('dialog').count()) await page.getByRole('dialog').locator('.chip').first().click();
      await page.locator('dd.revealed').first().waitFor();
    }
    if (shows && /window\.hit|javascript:/.test(await page.locator('#main').innerText())) hits++;
    else assert.ok(!shows, `${e.full} is not on its page`);
    assert.deepEqual(await spared(d), [undefined, 0], `record of ${e.full}`);
    if (e.may.update) {
      await d.button('编辑', 'Edit').click();
      await page.locator('.form-fields').waitFor();
      assert.deepEqual(await spared(d), [undefined, 0], `form of ${e.full}`);
      await d.button('取消', 'Cancel').click();
    }
  }
  assert.ok(hits > 15, `${hits} pages`);
  await d.go(`#/e/admissions/plans/r/${plan}`);
  await page.locator('.approvals summary').last().click();
  assert.match(await page.locator('.approvals').innerText(), /window\.hit/);
  await d.go('#/e/admissions/applicants');
  await page.getByText('视图', { exact: true }).click();
  await page.locator('.views', { hasText: 'window.hit' }).waitFor();
  assert.deepEqual(await spared(d), [undefined, 0]);
  await d.fine();
  await d.close();
});

// 127.0.0.1 on another port is the same site: the browser sends the cookie, only its Origin tells.
for (const host of ['localhost', '127.0.0.1']) test(`a page of ${host} can neither write with the cookie nor read anything`, async () => {
  const elsewhere = createServer((_, a) => a.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>elsewhere</title><form id=f method=post enctype="text/plain"><input name=x></form>'));
  await new Promise((r) => elsewhere.listen(0, '127.0.0.1', r));
  const d = await Desk.open(browser, server, { who: lead });
  const before = (await lead.ok('GET', 'admissions/applicants?limit=1&total=true')).total;
  await d.page.goto(`http://${host}:${elsewhere.address().port}/`);
  const tried = await d.page.evaluate(async ({ url, body }) => {
    const out = [];
    for (const [method, type] of [['POST', 'text/plain'], ['POST', 'application/json'], ['DELETE', undefined]]) {
      try {
        const a = await fetch(`${url}/api/v1/${method === 'DELETE' ? 'session' : 'admissions/applicants'}`, { method, credentials: 'include', mode: type === 'text/plain' ? 'no-cors' : 'cors', headers: type ? { 'Content-Type': type } : {}, body: method === 'POST' ? body : undefined });
        out.push(a.type);
      } catch (e) { out.push('refused'); }
    }
    try { out.push((await fetch(`${url}/api/v1/meta`, { credentials: 'include' })).status); } catch { out.push('unread'); }
    return out;
  }, { url: server.url, body: JSON.stringify(applicant(90)) });
  assert.deepEqual(tried, ['opaque', 'refused', 'refused', 'unread']);
  await d.page.evaluate((url) => { document.getElementById('f').action = `${url}/api/v1/session`; document.getElementById('f').submit(); }, server.url);
  await d.page.waitForLoadState();
  assert.equal((await lead.ok('GET', 'admissions/applicants?limit=1&total=true')).total, before);
  assert.equal((await lead.get('session')).status, 200, 'still signed in');
  await d.close();
  elsewhere.close();
});

// Three times with nothing kept. How long it takes is told, not judged: that is the machine's too.
test('the first view is at most 150 KB and asks for every module at once', async () => {
  const times = [];
  let bytes;
  for (let i = 0; i < 3; i++) {
    const d = await Desk.open(browser, server, { who: lead }), sizes = [];
    await d.context.addInitScript(() => new MutationObserver((_, o) => {
      if (document.querySelector('.waiting .big') && document.querySelector('.huge')) { performance.mark('first-view'); o.disconnect(); }
    }).observe(document, { childList: true, subtree: true }));
    d.page.on('response', (r) => !r.url().endsWith('/events') && sizes.push(r.request().sizes()));
    await d.page.goto(`${server.url}/desk/`);
    await d.page.waitForSelector('.waiting .big');
    const { ms, late } = await d.page.evaluate(() => ({ ms: performance.getEntriesByName('first-view')[0].startTime,
      late: performance.getEntriesByType('resource').filter((r) => /\.js$/.test(r.name) && !/uplot/.test(r.name) && !document.querySelector(`[href="${r.name.split('/desk/')[1]}"],[src="${r.name.split('/desk/')[1]}"]`)).map((r) => r.name) }));
    assert.deepEqual(late, [], 'a module that is only found while another is read');
    times.push(ms);
    bytes = (await Promise.all(sizes)).reduce((n, s) => n + s.responseBodySize, 0);
    await d.close();
  }
  console.log(`# first view: ${bytes} bytes, ${times.map(Math.round)} ms`);
  assert.ok(bytes > 20000 && bytes <= 150 * 1024, `${bytes} bytes`);
});
