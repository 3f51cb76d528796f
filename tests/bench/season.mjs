// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Two bars of a season, on the whole sample school, the service on one core and this on the other:
// node tests/bench/season.mjs. A batch of 1,000 notices as PDF in 15 s while readers' p99 stays within 20 ms, and an
// approval answered within 10 ms with 16 clients at once.
import { spawnSync } from 'node:child_process';
import { approvedPlan } from '../lib/season.mjs';
import { Server } from '../lib/server.mjs';

const server = await Server.start({ sample: 'school' });
const pin = (core, pid) => spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)]);
// The children of a process, and theirs.
function children(pid) {
  const text = spawnSync('pgrep', ['-P', String(pid)]).stdout.toString().trim();
  return text ? text.split('\n').flatMap((p) => [p, ...children(p)]) : [];
}
const ms = (from) => Number(process.hrtime.bigint() - from) / 1e6;
const at = (list, share) => list.sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
const held = (ok) => (ok ? 'held' : 'SHORT');
// `n` clients, each one request after the other: the times of all of them, in ms.
async function together(n, next) {
  const took = [];
  await Promise.all(Array.from({ length: n }, async () => {
    for (let ask; (ask = next());) {
      const from = process.hrtime.bigint();
      await ask();
      took.push(ms(from));
    }
  }));
  return took;
}

try {
  const plan = await approvedPlan(server, [{ region: '全部', quota: 5000 }], { season: '2028' }), [line] = plan;
  const { author, leader } = plan;

  // notices: a seat for each, then one batch for all of them, with 4 readers beside it
  const eligible = [];
  for (let cursor = ''; eligible.length < 1000;) {
    const page = await author.ok('GET', `admissions/applicants?state=eligible&limit=500${cursor}`);
    eligible.push(...page.items.map((a) => a.id));
    if (!page.next) break;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
  const ids = eligible.slice(0, 1000), seats = [...ids];
  await together(16, () => { const id = seats.pop(); return id && (() => author.ok('POST', 'admissions/actions/offer', { applicant: id, plan_line: line.id })); });
  pin(0, server.child.pid), pin(1, process.pid);
  for (const pid of children(server.child.pid)) pin(0, pid);
  const from = process.hrtime.bigint();
  const { id: job } = await author.ok('POST', 'admissions/applicants/documents/notice', { ids, purpose: '发放通知书' });
  let state = 'running', done, reads = 0;
  const watch = (async () => {
    while (['queued', 'running'].includes(state)) {
      await new Promise((r) => setTimeout(r, 100));
      ({ state, ...done } = await author.ok('GET', `jobs/${job}`));
    }
  })();
  const took = await together(4, () => ['queued', 'running'].includes(state) && (() => author.ok('GET', `admissions/applicants/${ids[reads++ % ids.length]}`)));
  await watch;
  const s = ms(from) / 1000, p99 = at(took, 0.99);
  console.log(`${done.result.issued} notices in one PDF: ${s.toFixed(1)} s, bar 15 s ${held(done.result.issued === 1000 && s <= 15)}; ` +
    `${took.length} reads beside it, p99 ${p99.toFixed(1)} ms, bar 20 ms ${held(p99 <= 20)}`);

  // approvals: plans of one line, submitted, then signed by the leader from 16 places at once
  const plans = [];
  for (let i = 0; i < 640; i++) {
    const plan = await author.ok('POST', 'admissions/plans', { season: '2028', name: `计划 ${i}`, rests_on_development: '规划', rests_on_demand: '调查', strategy: '稳住本地',
      headcount: 1, lines: [{ major: line.major, major_name: line.major_name, region: `地区 ${i}`, quota: 1 }] });
    await author.ok('POST', `admissions/plans/${plan.id}/submit`, {});
    plans.push(plan.id);
  }
  const signed = await together(16, () => { const id = plans.pop(); return id && (() => leader.ok('POST', `admissions/plans/${id}/approve`, { approval: { note: '同意' } })); });
  console.log(`${signed.length} approvals, 16 at once: median ${at(signed, 0.5).toFixed(1)} ms, p95 ${at(signed, 0.95).toFixed(1)}, p99 ${at(signed, 0.99).toFixed(1)}, bar 10 ms ${held(at(signed, 0.5) <= 10)}`);
} finally { await server.close(); }
