// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// How long the reports of finance take over many claims: node tests/bench/finance.mjs [CLAIMS [TIMES]] (200,000, 20). Makes a
// small budget, claims it by its people, then, with the service down, lays copies of those claims beside them and has what is kept
// counted afresh. Bars: budget kept 1 ms, scanned 150 ms; the scan for anomalies 2 s. SQLite only.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from '../lib/server.mjs';
import { Money, today } from '../lib/finance.mjs';

const want = Number(process.argv[2] ?? 200000), times = Number(process.argv[3] ?? 20), PEOPLE = 40;
const BARS = { budget_bars: 1, claims_by_category: 1, by_kind: 1, claims_by_category_scan: 150, outliers: 1000, splits: 1000 };
const server = await Server.start({ sample: true });
// Processor time of the service, in ms.
const cpu = () => {
  const f = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number);
  return (f[11] + f[12]) * 10;
};
try {
  const m = await Money.open(server, ['admissions', 'teaching', 'marketing', 'staff'].map((c) => [c, c, '90000000']));
  const kinds = ['travel', 'training', 'publicity', 'teaching', 'office', 'other'];
  for (let i = 0; i < PEOPLE; i++) {
    const who = await m.teacher(`bench${i}`);
    for (let k = 0; k < 5; k++) await m.claim(who, Object.keys(m.lines)[(i + k) % 4], [m.goods(`${100 + ((i * 37 + k * 11) % 900)}.50`)], { kind: kinds[(i + k) % 6] });
  }
  await server.stop();
  // Copies under ids of their own, on days of a year, most of them paid; a kept report is counted when it is declared anew.
  const sql = `CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<${Math.ceil(want / (PEOPLE * 5)) - 1}) SELECT i FROM c;
    CREATE TEMP TABLE t AS SELECT * FROM r_finance_claims;
    UPDATE t SET state=CASE WHEN abs(random())%10<7 THEN 'paid' WHEN abs(random())%2 THEN 'approved' ELSE 'in_approval' END;
    INSERT INTO r_finance_claims SELECT * FROM (SELECT t.* FROM t, n) WHERE 0;`;
  const db = join(server.home, 'campusd.db');
  const run = (text) => {
    const r = spawnSync('sqlite3', ['-bail', db], { input: text, encoding: 'utf8' });
    if (r.status) throw new Error(r.stderr);
    return r.stdout.trim();
  };
  const columns = run("SELECT group_concat(name) FROM pragma_table_info('r_finance_claims');").split(',');
  const copied = columns.map((c) => ({ id: "lower(hex(randomblob(16)))", state: "CASE WHEN (n.i*7+t.rowid)%10<7 THEN 'paid' WHEN (n.i+t.rowid)%2 THEN 'approved' ELSE 'in_approval' END",
    created_at: 't.created_at-((n.i*8009+t.rowid*104729)%365)*86400000', f_amount: 't.f_amount+(n.i*31+t.rowid*17)%40000', f_number: 'NULL', f_offset: 'NULL', n: '1000000+n.i*1000+t.rowid' })[c] ?? `t.${c}`);
  run(`${sql.split('\n')[0]}
    CREATE TEMP TABLE t AS SELECT * FROM r_finance_claims;
    INSERT INTO r_finance_claims(${columns}) SELECT ${copied} FROM t, n;
    DELETE FROM core_counter WHERE report LIKE 'finance.%'; ANALYZE;`);
  await server.serve();
  const finance = await server.bearer('bench.finance', ['finance']);
  // whom a report names by week is asked about a month at a time, thirteen of them
  const months = Array.from({ length: 13 }, (_, i) => new Date(Date.UTC(Number(today().slice(0, 4)), Number(today().slice(5, 7)) - i, 0)).toISOString().slice(0, 10))
    .map((last) => `?between=${last.slice(0, 8)}01,${last}`);
  const count = run('SELECT count(*) FROM r_finance_claims;');
  console.log(`${count} claims\nreport                   median ms   p95 ms   processor ms   bar`);
  for (const [name, bar] of Object.entries(BARS)) {
    const took = [];
    const asked = name === 'splits' ? months : [''];
    const ask = async () => { for (const q of asked) await finance.ok('GET', `finance/reports/${name}${q}`); };
    await ask();
    const used = cpu();
    for (let i = 0; i < times; i++) {
      const from = process.hrtime.bigint();
      await ask();
      took.push(Number(process.hrtime.bigint() - from) / 1e6);
    }
    const each = (cpu() - used) / times, median = took.sort((a, b) => a - b)[times >> 1];
    console.log(`${name.padEnd(24)} ${median.toFixed(2).padStart(8)} ${took[Math.floor(times * 0.95)].toFixed(2).padStart(8)} ${each.toFixed(2).padStart(12)}     ${bar} ms ${median <= bar ? 'held' : 'SHORT'}`);
  }
} finally { await server.close(); }
