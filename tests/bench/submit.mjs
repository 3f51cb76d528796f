// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// How many claims are submitted a second: node tests/bench/submit.mjs [CLAIMS] [SECONDS]. A submission passes a rule, reserves
// money of one of 50 budget lines, whose fields show it, and takes two invoice numbers that no other claim may have.
// 64 clients; the service on core 0, wrk on core 1. Bar: 3,000/s.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { call, cpu_us, here, tree } from './machine.mjs';
import { Server, root } from '../lib/server.mjs';

const CLAIMS = Number(process.argv[2] ?? 40000), SECONDS = Number(process.argv[3] ?? 6), CLIENTS = 64;
const PLUGIN = `local field = campus.field
local function within(claim, policy)
  local why = campus.reasons()
  for i, l in ipairs(claim.lines or {}) do
    why:check(l.amount <= policy.most, { code = "too_much", at = "lines/" .. i, have = l.amount, want = policy.most, policy = "most" })
  end
  return why:decision()
end
return { version = "1.0.0", title = "Spending", entities = {
  budget = campus.entity { title = "Budget", fields = { fund = field.money {}, held = field.money { derived = "reserved(fund)" },
    rest = field.money { derived = "left(fund)" } } },
  claims = campus.entity { title = "Claims", fields = { no = field.text { number = "BX{year}-{seq:6}" }, line = field.reference "budget",
      lines = field.list { fields = { invoice_no = field.text { unique = true }, amount = field.money {} } }, sum = field.money { derived = "sum(lines.amount)" } },
    workflow = { start = "draft", states = { draft = { frees = true }, submitted = {}, gone = { final = true, frees = true } }, transitions = {
      submit = { from = "draft", to = "submitted", rule = "within", reserve = { pool = "line", limit = "fund", amount = "sum" } },
      drop = { from = "submitted", to = "gone", release = true } } } } },
  rules = { within = campus.rule { reads = { "lines" }, run = within } } }
`;
const server = await Server.start({ bin: process.env.CAMPUSD ?? join(root, 'build/campusd') });
try {
  mkdirSync(join(server.home, 'plugins/spending'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/spending/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'plugins/spending/policy.schema.yaml'), 'policy: spending\nkeys:\n  most: { type: money, default: 5000 }\n');
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: what is measured, allow: [read, create, submit], entity: spending.claims, roles: [finance] }
  - { name: what it draws on, allow: [read, create], entity: spending.budget, roles: [finance] }
`);
  const reload = server.run(['reload']);
  if (reload.status) throw new Error(reload.stderr);
  const me = await server.bearer('bench.finance', ['finance']), { port } = server;
  const lines = [], ids = [];
  for (let i = 0; i < 50; i++) lines.push((await me.ok('POST', 'spending/budget', { fund: '90000000.00' })).id);
  let next = 0;
  await Promise.all(Array.from({ length: 32 }, async () => {
    for (let i; (i = next++) < CLAIMS;) {
      const body = { line: lines[i % 50], lines: [{ invoice_no: `${10000000 + 2 * i}`, amount: '120.50' }, { invoice_no: `${10000001 + 2 * i}`, amount: '33.00' }] };
      ids[i] = (await call(port, 'POST', '/api/v1/spending/claims', { token: me.token, body })).json.id;
    }
  }));
  await me.ok('POST', `spending/claims/${ids.pop()}/submit`); // what is refused is fast
  writeFileSync(join(server.folder, 'ids'), `${ids.join('\n')}\n`);
  for (const pid of tree(server.child.pid)) execFileSync('taskset', ['-acp', '0', String(pid)], { stdio: 'ignore' });
  const used = cpu_us(server.child.pid);
  const { stdout } = await promisify(execFile)('taskset', ['-c', '1', 'wrk', '-t1', `-c${CLIENTS}`, `-d${SECONDS}`, '-s', join(here, 'submit.lua'), `http://127.0.0.1:${port}`],
    { env: { ...process.env, IDS: join(server.folder, 'ids'), TOKEN: me.token } });
  const r = JSON.parse(stdout.match(/^\{.*\}$/m)[0]);
  const each = (cpu_us(server.child.pid) - used) / r.requests;
  if (r.requests > CLAIMS) console.log(`${r.requests - CLAIMS} came after the last claim: ask for more of them`);
  const held = (await me.ok('GET', 'spending/budget?limit=50')).items.reduce((sum, l) => sum + Number(l.held), 0);
  console.log(`${r.rps} a second, ${each.toFixed(0)} µs of processor each, p50 ${r.p50} ms, p99 ${r.p99} ms, ${r.refused} refused, ${held.toFixed(2)} reserved; bar 3000: ${r.rps >= 3000 ? 'held' : 'SHORT'}`);
} finally { await server.close(); }
