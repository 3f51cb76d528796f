// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// From runs to a table: medians, ranges, ratios within this run, and each bar with pass or short.
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const of = (runs, key) => (runs?.length && runs[0][key] !== undefined ? median(runs.map((r) => r[key])) : undefined);
const num = (v) => v === undefined ? '–' : v >= 100 ? String(Math.round(v)) : v.toPrecision(3);
export const summary = (runs) => {
  if (!runs?.length) return '–';
  const l = runs.map((r) => r.rps ?? r.ms);
  return `${num(median(l))} (${num(Math.min(...l))}..${num(Math.max(...l))})`;
};

// A bar: how it reads, and what it says of a step's medians: [figure, whether it holds], or undefined.
const ratio = (other, least) => ({ text: `≥ ${least} × ${other}`, judge: (m) => m[other] && [m.campusd / m[other], m.campusd >= least * m[other]] });
const least = (key, n, unit) => ({ text: `≥ ${n} ${unit}`, judge: (m, s) => [of(s.campusd, key), of(s.campusd, key) >= n] });
const most = (key, n, unit) => ({ text: `≤ ${n} ${unit}`, judge: (m, s) => [of(s.campusd, key), of(s.campusd, key) <= n] });
const pair = (a, b, least, text) => ({ text, judge: (m) => m[a] && m[b] && [m[a] / m[b], m[a] >= least * m[b]] });
const BARS = {
  'create 64': [ratio('pocketbase', 8), ratio('cfloor', 0.3), most('cpu', 110, 'µs CPU a request'), most('p99', 20, 'ms p99'),
    pair('postgres', 'campusd', 0.5, 'PostgreSQL ≥ 0.5 × SQLite'), pair('postgres', 'single', 2, 'PostgreSQL ≥ 2 × a commit a request')],
  'create 1': [ratio('cfloor', 0.6)],
  'read 64': [ratio('pocketbase', 12), ratio('cfloor', 0.4), pair('postgres', 'campusd', 0.5, 'PostgreSQL ≥ 0.5 × SQLite')],
  'list 16': [ratio('pocketbase', 6), ratio('cfloor', 0.5)],
  'assess 16': [ratio('pocketbase', 5)],
  'import': [least('rps', 20000, 'rows/s')],
  'kept 4': [least('rps', 1000, '/s')],
  'scan 4': [{ ...ratio('floor', 0.95), text: '≥ 1 × floor (less 5 % noise)' }],
  'start': [most('ms', 100, 'ms to ready'), most('pss', 60, 'MB idle')],
};
const TITLES = {
  'read 64': 'read by id, 64 clients', 'list 16': 'list 50, filtered and sorted, 16', 'kept 4': 'group, kept counter, 4',
  'scan 4': 'group, scanned, 4', 'assess 16': 'update through a rule, 16', 'create 64': 'create, 64 clients',
  'create 1': 'create, 1 client', 'import': 'import, rows/s', 'start': 'start to ready, ms', 'read alone 1': 'read, 1 client, alone',
  'read during import 1': 'read, 1 client, during an import',
};

const width = (s) => [...s].length;
function grid(rows) {
  const w = rows[0].map((_, i) => Math.max(...rows.map((r) => width(r[i]))));
  return rows.map((r) => r.map((c, i) => c + ' '.repeat(w[i] - width(c))).join('  ').trimEnd()).join('\n') + '\n';
}

export function print(results) {
  const names = ['floor', 'campusd', 'postgres', 'single', 'cfloor', 'pocketbase'].filter((n) => Object.values(results.steps).some((s) => s[n]));
  const order = Object.keys(TITLES).filter((s) => results.steps[s]);
  const figures = [['work', ...names.map((n) => `${n} /s`), 'of floor', 'p50 ms', 'p99 ms', 'CPU µs: ' + names.join(' · ')]];
  const bars = [['work', 'bar', 'measured', '']];
  const verdict = (step, text, j) => bars.push([TITLES[step] ?? step, text, j ? num(j[0]) : '–', !j ? 'not measured' : j[1] ? 'pass' : 'SHORT']);
  for (const step of order) {
    const s = results.steps[step], key = step === 'start' ? 'ms' : 'rps', m = {};
    for (const n of names) m[n] = of(s[n], key);
    const mine = s.campusd ?? s.floor;
    figures.push([TITLES[step], ...names.map((n) => summary(s[n])), m.campusd && m.floor ? num(m.campusd / m.floor) : '–',
      num(of(mine, 'p50')), num(of(mine, 'p99')), names.map((n) => num(of(s[n], 'cpu'))).join(' · ')]);
    if (s.campusd) for (const b of BARS[step] ?? []) verdict(step, b.text, b.judge(m, s));
  }
  const loaded = Object.entries(results.steps).filter(([k]) => k !== 'start').flatMap(([, s]) => s.campusd ?? []).map((r) => r.pss);
  if (loaded.length) verdict('memory under load (PSS, all processes)', '≤ 200 MB', [Math.max(...loaded), Math.max(...loaded) <= 200]);
  const head = `${results.at}, ${results.rows} rows, ${results.repeats} runs of ${results.seconds} s, median (min..max); `
    + (results.pinned ? 'server on core 0, load on core 1\n' : 'nothing pinned\n');
  const who = names.includes('campusd') ? 'campusd' : 'floor';
  const busiest = results.notes.length ? '\n' + results.notes.map((n) => `note: ${n}\n`).join('') : '';
  return `${head}p50 and p99 are ${who}'s.\n\n${grid(figures)}${bars.length > 1 ? '\n' + grid(bars) : ''}${busiest}`;
}
