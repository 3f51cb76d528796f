// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Webhooks end to end: what arrives is accepted by the Standard Webhooks verifier from npm.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Server, eventually } from '../lib/server.mjs';
import { applicant } from '../lib/applicant.mjs';

let server, admin, lead, receiver, url;
const got = [];
let status = 204;
before(async () => {
  receiver = createServer((request, answer) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => {
      got.push({ headers: request.headers, text });
      answer.writeHead(status).end();
    });
  });
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${receiver.address().port}/hook`;
  server = await Server.start();
  await server.stop();
  const file = join(server.home, 'campusd.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}\nwebhooks: { allow: [127.0.0.1] }\n`);
  await server.serve();
  admin = await server.admin();
  lead = await server.bearer('w.lead', ['admissions.lead']);
});
after(async () => {
  await server?.close();
  receiver.close();
});

const create = (n) => lead.ok('POST', 'admissions/applicants', applicant(n));
const events = (n) => eventually(() => assert.equal(got.length, n), 10000);
const fits = (call, secret) => new Webhook(secret).verify(call.text, call.headers);

let hook;
test('an event arrives as a thin CloudEvent that the public verifier accepts', async () => {
  const a = await admin.post('admin/webhooks', { url, types: ['admissions.applicants.created'] });
  assert.equal(a.status, 201, a.text);
  hook = a.body;
  assert.equal(a.headers.get('location'), `/api/v1/admin/webhooks/${hook.id}`);
  assert.match(hook.secret, /^whsec_/);
  const made = await create(1);
  await events(1);
  const event = fits(got[0], hook.secret);
  assert.equal(event.specversion, '1.0');
  assert.equal(event.type, 'admissions.applicants.created');
  assert.equal(event.data.record, made.id);
  assert.equal(event.id, got[0].headers['webhook-id']);
  assert.ok(!got[0].text.includes(applicant(1).name) && !got[0].text.includes(applicant(1).id_number));
});

test('a changed body, id, time or secret does not verify', () => {
  const { text, headers } = got[0];
  assert.throws(() => fits({ text: text.replace('created', 'deleted'), headers }, hook.secret));
  for (const name of ['webhook-id', 'webhook-timestamp'])
    assert.throws(() => fits({ text, headers: { ...headers, [name]: `${headers[name]}1` } }, hook.secret), name);
  assert.throws(() => fits(got[0], 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'));
});

test('while secrets are changed, the old and the new one verify', async () => {
  const { secret } = await admin.ok('POST', `admin/webhooks/${hook.id}/secret`);
  assert.notEqual(secret, hook.secret);
  await create(2);
  await events(2);
  fits(got[1], hook.secret);
  fits(got[1], secret);
});

test('what was not taken is sent again after a restart, and what is gone for good is a dead letter', async () => {
  status = 503;
  await create(3);
  await events(3);
  await server.kill9();
  status = 410;
  await server.serve();
  await eventually(() => assert.equal(got.length, 4), 15000); // at once or when its retry is due: at least once
  assert.equal(got[3].headers['webhook-id'], got[2].headers['webhook-id']);
  const letters = await eventually(async () => {
    const { items } = await admin.ok('GET', 'admin/dead');
    assert.equal(items.length, 1);
    return items;
  });
  assert.equal(letters[0].error, 'answered 410');
  status = 204;
  await admin.ok('POST', `admin/dead/${encodeURIComponent(letters[0].id)}/replay`);
  await events(5);
  await eventually(async () => assert.equal((await admin.ok('GET', 'admin/dead')).items.length, 0));
});

test('the school\'s own network, other people and other methods are kept out', async () => {
  for (const bad of ['http://10.1.2.3/', 'http://[::1]/', 'http://2130706433/', 'file:///etc/passwd'])
    assert.equal((await admin.post('admin/webhooks', { url: bad })).status, 422, bad);
  assert.equal((await lead.get('admin/webhooks')).status, 403);
  assert.equal((await lead.get('admin/dead')).status, 403);
  const seen = (await admin.ok('GET', 'admin/webhooks')).items[0];
  assert.equal(seen.id, hook.id);
  assert.ok(!('secret' in seen));
});

test('one that is deleted gets nothing more', async () => {
  assert.equal((await admin.api('DELETE', `admin/webhooks/${hook.id}`)).status, 204);
  assert.equal((await admin.get(`admin/webhooks/${hook.id}`)).status, 404);
  const n = got.length;
  await create(4);
  await new Promise((r) => setTimeout(r, 800));
  assert.equal(got.length, n);
});
