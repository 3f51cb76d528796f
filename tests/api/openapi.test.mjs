// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The OpenAPI document: accepted by a validator of others, true to what is served, silent about what
// the caller may not know.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRequire } from 'node:module';
import { applicant } from '../lib/applicant.mjs';
import { Server, root } from '../lib/server.mjs';

let server, admin, whole;
const { Validator } = await import(createRequire(`${root}/tests/`).resolve('@seriousme/openapi-schema-validator'));
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  whole = await admin.ok('GET', 'openapi.json');
});
after(() => server.close());

test('the document is valid OpenAPI 3.1 to a validator from npm', async () => {
  const validator = new Validator();
  const verdict = await validator.validate(structuredClone(whole));
  assert.deepEqual(verdict.errors, undefined);
  assert.equal(verdict.valid, true);
  assert.equal(validator.version, '3.1');
});

test('the validator would notice', async () => {
  const broken = structuredClone(whole);
  delete broken.info;
  assert.equal((await new Validator().validate(broken)).valid, false);
});

test('every reference leads somewhere and every operation has a name of its own', () => {
  const names = new Set();
  const walk = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (node.$ref) assert.ok(node.$ref.slice(2).split('/').reduce((at, k) => at?.[k.replaceAll('~1', '/')], whole), node.$ref);
    if (typeof node.operationId === 'string') {
      assert.ok(!names.has(node.operationId), `${node.operationId} twice`);
      names.add(node.operationId);
      assert.ok(node.summary, `${node.operationId} has no summary`);
    }
    Object.values(node).forEach(walk);
  };
  walk(whole);
  assert.ok(names.size > 30);
});

test('every part of a path in braces is declared, none more', () => {
  for (const [path, item] of Object.entries(whole.paths))
    for (const [method, op] of Object.entries(item)) {
      const declared = op.parameters.map((p) => (p.$ref ? whole.components.parameters[p.$ref.split('/').pop()] : p))
        .filter((p) => p.in === 'path').map((p) => p.name).sort();
      assert.deepEqual(declared, [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort(), `${method} ${path}`);
    }
});

test('what is described is served: every operation asks who is there', async () => {
  for (const [path, item] of Object.entries(whole.paths))
    for (const [method, op] of Object.entries(item)) {
      const a = await server.anonymous.api(method.toUpperCase(), path.replace(/\{\w+\}/g, 'zz'), method === 'get' ? undefined : {});
      if (op.security?.length === 0) assert.ok(![401, 404, 405].includes(a.status), `${method} ${path}: ${a.status}`);
      else assert.equal(a.status, 401, `${method} ${path}`);
    }
});

test('an entity has its constraints, filters, headers and errors', () => {
  const list = whole.paths['/api/v1/admissions/applicants'].get;
  const names = list.parameters.map((p) => p.name ?? p.$ref.split('/').pop());
  for (const n of ['limit', 'cursor', 'sort', 'fields', 'total', 'state', 'score[gte]', 'region[in]', 'name[has]'])
    assert.ok(names.includes(n), n);
  const one = whole.paths['/api/v1/admissions/applicants/{id}'];
  assert.ok(one.patch.parameters.some((p) => p.$ref?.endsWith('/If-Match')));
  assert.ok(one.patch.parameters.some((p) => p.$ref?.endsWith('/Idempotency-Key')));
  assert.ok(one.get.responses[200].headers.ETag);
  assert.ok(one.get.responses[404]);
  const made = whole.components.schemas['admissions.applicants.new'];
  assert.ok(made.required.includes('name'));
  assert.equal(made.additionalProperties, false);
  assert.ok(made.properties.score.anyOf[0]);
  assert.ok(whole.components.schemas.problem.properties.code.enum.includes('rule_refused'));
});

test('a record that is answered fits the schema that was promised', async () => {
  const clerk = await server.bearer('lead.of.admissions', ['admissions.lead']);
  await clerk.ok('POST', 'admissions/applicants', applicant(1));
  const page = await clerk.ok('GET', 'admissions/applicants?limit=5');
  const props = (await clerk.ok('GET', 'openapi.json')).components.schemas['admissions.applicants'].properties;
  assert.ok(page.items.length > 0);
  for (const r of page.items) for (const k of Object.keys(r)) assert.ok(k in props, k);
});

test('who may see little is told little', async () => {
  const nobody = await server.bearer('no.roles', []);
  const doc = await nobody.ok('GET', 'openapi.json');
  assert.ok(!JSON.stringify(doc).includes('applicants'));
  assert.ok(!('/api/v1/admin/users' in doc.paths));
  assert.ok('/api/v1/session' in doc.paths);
  const finance = await server.bearer('finance.person', ['finance']);
  const seen = (await finance.ok('GET', 'openapi.json')).components.schemas['admissions.applicants'].properties;
  assert.ok('region' in seen || 'name' in seen);
  for (const hidden of ['id_number', 'health_note', 'phone', 'score']) assert.ok(!(hidden in seen), hidden);
  assert.equal((await server.anonymous.get('openapi.json')).status, 401);
});

test('an unchanged document costs a 304', async () => {
  const first = await admin.get('openapi.json');
  const again = await admin.get('openapi.json', { 'If-None-Match': first.headers.get('etag') });
  assert.equal(again.status, 304);
  assert.equal(again.text, '');
});
