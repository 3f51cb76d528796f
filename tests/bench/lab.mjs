// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// How long the policy lab takes: node tests/bench/lab.mjs [DECISIONS]. Makes a home with the sample's applicants,
// assesses them in bulk until there are as many decisions (100,000), then asks them all again under a draft.
// Bar: 100,000 decisions in 10 s on two cores.
import { readFileSync } from 'node:fs';
import { Server } from '../lib/server.mjs';

const want = Number(process.argv[2] ?? 100000);
const server = await Server.start();
// Processor time of the service and of the children it has seen end, in seconds.
const cpu = () => {
  const f = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number);
  return (f[11] + f[12] + f[13] + f[14]) / 100;
};
try {
  const admin = await server.admin();
  const lead = await server.person('lab.lead', ['admissions.lead']);
  const wait = async (job) => {
    for (;;) {
      const j = await admin.ok('GET', `jobs/${job}`);
      if (j.state !== 'running' && j.state !== 'waiting') return j;
      await new Promise((r) => setTimeout(r, 100));
    }
  };
  const began = Date.now();
  for (let n = 0; n < want;) {
    const a = await lead.ok('POST', 'admissions/applicants/bulk/assess', {});
    const j = await wait(a.id ?? a.job);
    n += j.total;
  }
  console.log(`made in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  for (const yaml of ['policy: admissions\nage: { at: 2027-09-01 }\n', 'policy: admissions\nage: { at: 2027-09-01, min: 17 }\neducation: { min_score: { senior: 400 } }\n']) {
    const from = process.hrtime.bigint(), used = cpu();
    const t = await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml });
    const s = Number(process.hrtime.bigint() - from) / 1e9;
    console.log(`${t.replayed} decisions, ${t.flipped} flipped: ${s.toFixed(2)} s, ${Math.round(t.replayed / s)} a second, ${Math.round((cpu() - used) * 1e6 / t.replayed)} us of processor each; bar ${s * 100000 / t.replayed <= 10 ? 'held' : 'SHORT'}`);
  }
} finally { await server.close(); }
