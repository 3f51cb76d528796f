// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// How long the reports of two seasons take: node tests/bench/reports.mjs [TIMES]. Makes a home with the whole sample school
// and asks each report of admissions one after the other, as its director. Bars: 50 ms scanned, 1 ms kept.
import { readFileSync } from 'node:fs';
import { Server } from '../lib/server.mjs';

const times = Number(process.argv[2] ?? 100);
const server = await Server.start({ sample: 'school' });
// Processor time of the service, in ms.
const cpu = () => {
  const f = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number);
  return (f[11] + f[12]) * 10;
};
try {
  const lead = await server.bearer('bench.lead', ['admissions.lead']);
  const reports = (await lead.ok('GET', 'meta')).plugins.find((p) => p.name === 'admissions').reports;
  console.log('report                   median ms   p95 ms   processor ms   bar');
  for (const { name } of reports) {
    const took = [];
    await lead.ok('GET', `admissions/reports/${name}`);
    const used = cpu();
    for (let i = 0; i < times; i++) {
      const from = process.hrtime.bigint();
      await lead.ok('GET', `admissions/reports/${name}`);
      took.push(Number(process.hrtime.bigint() - from) / 1e6);
    }
    const each = (cpu() - used) / times, median = took.sort((a, b) => a - b)[times >> 1], bar = name === 'by_region_state' ? 1 : 50;    // the one kept
    console.log(`${name.padEnd(24)} ${median.toFixed(2).padStart(8)} ${took[Math.floor(times * 0.95)].toFixed(2).padStart(8)} ${each.toFixed(2).padStart(12)}     ${bar} ms ${median <= bar ? 'held' : 'SHORT'}`);
  }
} finally { await server.close(); }
