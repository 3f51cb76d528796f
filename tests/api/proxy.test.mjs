// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The proxy configurations of examples/, as they stand there except for ports and certificate, in
// front of a real service: what clients rely on comes through, what a proxy must stop is stopped.
// backend: sqlite
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { applicant } from '../lib/applicant.mjs';
import { Server, eventually, root } from '../lib/server.mjs';

const folder = mkdtempSync(join(tmpdir(), 'campusd-proxy-'));
const at = (name) => join(folder, name);
const has = (program) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${program}`]).status === 0;
const freePort = () => new Promise((done) => {
  const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); });
});
// Every replacement must find its place: the rest of the file runs as it is published.
const edited = (file, changes) => changes.reduce((text, [from, to]) => {
  assert.ok(text.includes(from), `${file} holds ${from}`);
  return text.replaceAll(from, to);
}, readFileSync(join(root, file), 'utf8'));

let server, lead, staff, auditor, made = 0;
before(async () => {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=school.example',
    '-addext', 'subjectAltName=DNS:school.example', '-keyout', at('key.pem'), '-out', at('cert.pem')], { stdio: 'ignore' });
  server = await Server.start({ config: ['proxies: []', 'proxies: [127.0.0.1]'] });
  auditor = await server.bearer('t.auditor', ['auditor']);
  lead = await server.bearer('t.lead', ['admissions.lead']);
  staff = await server.person('t.staff', ['admissions.staff'], { campus: '东校区' });
});
after(async () => {
  const how = await server.close();
  rmSync(folder, { recursive: true, force: true });
  assert.deepEqual(how, { code: 0, signal: null });
});

const proxies = {
  nginx(port, plain) {
    const site = edited('examples/nginx/campusd.conf', [['listen 80;', `listen 127.0.0.1:${plain};`], ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['127.0.0.1:8080', `127.0.0.1:${server.port}`], ['/etc/ssl/school.example.pem', at('cert.pem')], ['/etc/ssl/school.example.key', at('key.pem')]]);
    writeFileSync(at('site.conf'), site);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((n) => `${n}_temp_path ${at(n)};`).join('\n');
    writeFileSync(at('nginx.conf'), `${process.getuid() === 0 ? 'user root;\n' : ''}daemon off;\npid ${at('nginx.pid')};\nworker_processes 1;\nevents {}\nhttp {\n${temp}\ninclude ${at('site.conf')};\n}\n`);
    return ['nginx', ['-p', folder, '-c', at('nginx.conf'), '-e', 'stderr']];
  },
  caddy(port) {
    writeFileSync(at('Caddyfile'), edited('examples/caddy/Caddyfile', [['school.example {', `https://school.example:${port} {\n\tbind 127.0.0.1\n\ttls ${at('cert.pem')} ${at('key.pem')}`],
      ['\tservers {', '\tadmin off\n\tauto_https disable_redirects\n\tservers {'], ['127.0.0.1:8080', `127.0.0.1:${server.port}`]]));
    return ['caddy', ['run', '--adapter', 'caddyfile', '--config', at('Caddyfile')]];
  },
};

for (const name of Object.keys(proxies)) describe(name, { skip: has(name) ? false : `${name} is not installed` }, () => {
  let child, port, plain, log = '', record;
  const trust = () => ({ host: '127.0.0.1', port, servername: 'school.example', ca: readFileSync(at('cert.pem')) });
  // -> { status, headers, text }
  const ask = (method, path, { token, body, headers = {}, from } = {}) => new Promise((done, fail) => {
    const rq = https.request({ ...trust(), method, path, localAddress: from, agent: false, headers: { Host: 'school.example', ...(token && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }), ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (d) => { text += d; }).on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
    });
    rq.on('error', fail).end(body);
  });
  const raw = (bytes) => new Promise((done, fail) => {
    const parts = [], socket = tls.connect({ ...trust(), ALPNProtocols: ['http/1.1'] }, () => socket.write(bytes));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (d) => parts.push(d)).on('error', fail).on('close', () => done(Buffer.concat(parts).toString('latin1')));
  });

  before(async () => {
    port = await freePort();
    plain = await freePort();
    const [program, words] = proxies[name](port, plain);
    child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } });
    child.stderr.setEncoding('utf8').on('data', (d) => { log += d; });
    for (const end = Date.now() + 15000; ;) {
      const up = await ask('GET', '/readyz').then((a) => a.status, (e) => e.code);
      if (up === 200) break;
      if (Date.now() > end || child.exitCode !== null) assert.fail(`${name} did not come up: ${up} ${log}`);
      await new Promise((r) => setTimeout(r, 50));
    }
    record = await lead.ok('POST', 'admissions/applicants', applicant(++made, { campus: '东校区' }));
  });
  after(async () => {
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((r) => child.once('exit', r));
    child.kill('SIGTERM');
    await gone;
  });

  test('a sign-in gets a cookie that browsers keep to HTTPS, whatever the client claims', async () => {
    const a = await ask('POST', '/api/v1/session', { body: JSON.stringify({ user: 't.staff', password: staff.password }), headers: { 'X-Forwarded-Proto': 'http' } });
    assert.equal(a.status, 201, a.text);
    assert.match(a.headers['set-cookie'][0], /^__Host-campusd=[^;]+;.*Secure/);
    assert.match(a.headers['strict-transport-security'], /max-age/);
    const cookie = a.headers['set-cookie'][0].split(';')[0];
    const me = await ask('GET', '/api/v1/session', { headers: { Cookie: cookie } });
    assert.equal(me.status, 200, me.text);
    const out = (origin) => ask('DELETE', '/api/v1/session', { headers: { Cookie: cookie, Origin: origin } });
    assert.equal((await out('https://elsewhere.example')).status, 403);
    assert.equal((await out('https://school.example')).status, 204);
  });

  test('what is on record is the address of the client, not of the proxy, and nothing that the client claims', async () => {
    const a = await ask('POST', '/api/v1/session', { body: '{"user":"t.staff","password":"a wrong one"}', from: '127.0.0.5', headers: { 'X-Forwarded-For': '203.0.113.7' } });
    assert.equal(a.status, 401);
    await eventually(async () => {
      const { items } = await auditor.ok('GET', 'admin/audit?action=sign_in');
      assert.equal(items.find((r) => r.request === a.headers['x-request-id'])?.client, '127.0.0.5');
    });
  });

  test('a write, its ETag and a stale If-Match come through unchanged', async () => {
    const path = `/api/v1/admissions/applicants/${record.id}`;
    const direct = await lead.get(path);
    const a = await ask('GET', path, { token: lead.token, headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(a.status, 200);
    assert.equal(a.headers.etag, direct.headers.get('etag'));
    assert.ok(a.headers['x-request-id'] && a.headers['x-release']);
    const write = (etag) => ask('PATCH', path, { token: lead.token, body: '{"note":"从代理来"}', headers: { 'If-Match': etag } });
    const done = await write(a.headers.etag);
    assert.equal(done.status, 200, done.text);
    assert.equal(JSON.parse(done.text).note, '从代理来');
    assert.notEqual(done.headers.etag, a.headers.etag);
    assert.equal((await write(a.headers.etag)).status, 412);
  });

  test('HTTP/2 is spoken to browsers', async () => {
    const session = http2.connect(`https://127.0.0.1:${port}`, { ...trust() });
    const stream = session.request({ ':path': '/api/v1/session', ':authority': 'school.example', authorization: `Bearer ${lead.token}` });
    const headers = await new Promise((done, fail) => stream.on('response', done).on('error', fail));
    stream.resume();
    session.close();
    assert.equal(headers[':status'], 200);
  });

  test('an event arrives while the stream is open, at once', async () => {
    let heard = '', arrived;
    const event = new Promise((done) => { arrived = done; });
    const rq = https.get({ ...trust(), path: '/api/v1/events', agent: false, headers: { Host: 'school.example', Authorization: `Bearer ${lead.token}` } });
    const answer = await new Promise((done, fail) => rq.on('response', done).on('error', fail));
    assert.equal(answer.statusCode, 200);
    assert.match(answer.headers['content-type'], /^text\/event-stream/);
    answer.setEncoding('utf8').on('data', (d) => { heard += d; if (heard.includes(record.id)) arrived(Date.now()); }).on('error', () => {});
    const write = await lead.ok('PATCH', `admissions/applicants/${record.id}`, { note: 'now' });
    const since = Date.now(), when = await Promise.race([event, new Promise((done) => setTimeout(done, 5000))]);
    rq.destroy();
    assert.ok(write.rev && when, `no event within 5 s: ${heard}`);
    assert.ok(when - since < 4000, `it took ${when - since} ms`);
  });

  test('bodies are cut at the limits of limits.def; a long import is let through', async () => {
    const limit = (n) => Number(new RegExp(`X\\(${n}, (\\d+)`).exec(readFileSync(join(root, 'include/campus/limits.def'), 'utf8'))[1]);
    const much = JSON.stringify({ note: 'x'.repeat(limit('BODY_BYTES')) });
    assert.equal((await ask('POST', '/api/v1/admissions/applicants', { token: lead.token, body: much })).status, 413);
    const row = '姓名,身份证号\n', csv = row + '无,1\n'.repeat(Math.ceil(1.5 * limit('BODY_BYTES') / 8));
    const a = await ask('POST', '/api/v1/admissions/applicants/import?dry_run=true', { token: lead.token, body: csv, headers: { 'Content-Type': 'text/csv' } });
    assert.ok([200, 202, 422].includes(a.status) && a.headers['x-request-id'], `campusd answered the import: ${a.status} ${a.text.slice(0, 200)}`);
  });

  test('files of five megabytes come through, of staff and of the public', async () => {
    const scan = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(5000000, 32)]), { code } = await server.anonymous.ok('POST', '/public/admissions/register', { ...applicant(++made), consent: true });
    for (const [path, who] of [['/api/v1/files?name=a.pdf', { token: lead.token }], [`/public/admissions/materials/${code}/id_card_scan?name=a.pdf`, {}]]) {
      const a = await ask('POST', path, { ...who, body: scan, headers: { 'Content-Type': 'application/pdf' } });
      assert.deepEqual([a.status, JSON.parse(a.text).size], [201, scan.length], a.text);
    }
  });

  test('headers over the limit are refused, an address of the outside does not show the metrics', async () => {
    const a = await ask('GET', '/api/v1/session', { headers: { 'X-Long': 'x'.repeat(24000) } });
    assert.ok([400, 431].includes(a.status), String(a.status));
    assert.equal((await ask('GET', '/metrics')).status, 404);
  });

  // The hidden request asks for what only campusd itself answers: a 200 means that the two read one head differently.
  test('smuggling attempts are refused, and what they hide never reaches the service', async () => {
    assert.equal((await server.anonymous.get('/metrics')).status, 200);
    const hidden = 'GET /metrics HTTP/1.1\r\nHost: school.example\r\n\r\n';
    const head = 'POST /api/v1/session HTTP/1.1\r\nHost: school.example\r\nContent-Type: application/json\r\n';
    const attempts = {
      'both lengths': `${head}Content-Length: ${hidden.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      'two lengths': `${head}Content-Length: 2\r\nContent-Length: ${hidden.length + 2}\r\n\r\n{}${hidden}`,
      'an unknown coding': `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
      'a space before the colon': `${head}Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${hidden}`,
      'a folded header': `${head}X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${hidden}`,
      'a NUL': `${head}X-A: b\0\r\nContent-Length: 2\r\n\r\n{}`,
      'two hosts': `${head}Host: other.example\r\nContent-Length: 2\r\n\r\n{}`,
      'a bare LF': `${head}X-A: b\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${hidden}`,
    };
    for (const [what, bytes] of Object.entries(attempts)) {
      const answers = (await raw(bytes)).match(/HTTP\/1\.[01] \d{3}/g) ?? [];
      // no answer: it hung up. 422: read by both as a sign-in with the body 0
      for (const a of answers) assert.match(a, / (4\d\d|501)$/, `${what}: ${answers}`);
    }
    const odd = await raw(`GET /api/v1/%2e%2e/metrics HTTP/1.1\r\nHost: school.example\r\nConnection: close\r\n\r\n`);
    assert.match(odd, /^HTTP\/1\.1 4\d\d/);
  });
});
