// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The desk's files and what hostile content can do at it: nothing. backend: sqlite (it speaks to the interface)
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
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

// The quickest of three, each with nothing kept: what else runs on the machine is not the desk's.
test('the first view is at most 150 KB, asks for every module at once and is there within a second', async () => {
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
  assert.ok(Math.min(...times) < 10000, `${times} ms`);
});
