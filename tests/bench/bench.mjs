// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The benchmark: fills every target with the same rows, runs each step in turn on all of them, three
// times, and prints medians beside the bars. The server has core 0, the load generator core 1.
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { load, pss_mb, quiet, sleep } from './machine.mjs';
import { Campusd, Floor, OnPostgres, Peer } from './targets.mjs';
import { print, summary } from './table.mjs';

const { values: o } = parseArgs({ options: {
  quick: { type: 'boolean' }, only: { type: 'string' }, targets: { type: 'string' }, unpinned: { type: 'boolean' },
  rows: { type: 'string', default: '100000' }, repeats: { type: 'string', default: '3' }, perf: { type: 'boolean' } } });
const B = process.env.B, out = fs.realpathSync(B) + '/bench', kit = process.env.PEERS;
const rows = +o.rows, repeats = +o.repeats, seconds = o.quick ? 3 : 8, warm = o.quick ? 1 : 3;
const core = o.unpinned ? null : 0, load_core = o.unpinned ? null : 1;
const say = (...a) => console.error(new Date().toTimeString().slice(0, 8), ...a);

// step: operation, clients. Reads first, since creating makes the table grow; the list last, since the
// rivals get their index, which slows their writes, only then (the order of the kit).
const STEPS = { read: [['read', 64]], kept: [['kept', 4]], scan: [['scan', 4]], assess: [['assess', 16]],
  create: [['create', 64], ['create', 1]], list: [['list', 16]] };
const wanted = o.only ? o.only.split(',') : [...Object.keys(STEPS), 'import', 'start'];
for (const w of wanted)
  if (!STEPS[w] && w !== 'import' && w !== 'start') throw new Error(`no step ${w}`);
const asked = (name) => !o.targets || o.targets.split(',').includes(name);

const results = { at: new Date().toISOString(), rows, seconds, repeats, pinned: !o.unpinned, steps: {}, notes: [] };
const note = (text) => { say(text); results.notes.push(text); };
const record = (step, target, r) => ((results.steps[step] ??= {})[target] ??= []).push(r);

const targets = [];
const shared = { out, core };
if (asked('floor')) targets.push(new Floor({ ...shared, program: `${B}/bench/floor-server` }));
if (asked('campusd')) {
  if (fs.existsSync(`${B}/campusd`)) targets.push(new Campusd({ ...shared, program: fs.realpathSync(`${B}/campusd`) }));
  else note(`campusd is not measured: ${B}/campusd is not there`);
}
// `single`: each request its own commit, which group commit is measured against
for (const [name, program, env] of [['postgres', 'campusd', {}], ['single', 'campusd-test', { CAMPUSD_BATCH: '1' }]])
  if (asked(name) && fs.existsSync(`${B}/${program}`)) targets.push(new OnPostgres({ ...shared, name, env, program: fs.realpathSync(`${B}/${program}`) }));
if (!fs.existsSync(`${kit}/peer.sh`)) note(`rivals are not measured: no peers kit at ${kit} (PEERS=…)`);
else for (const name of ['cfloor', 'pocketbase'])
  if (asked(name)) targets.push(new Peer({ name, core, kit: fs.realpathSync(kit), root: `${out}/peers` }));

async function fill(t) {
  say(`${t.name}: filling with ${rows} rows`);
  await t.prepare(rows);
  if (t instanceof Peer) return void await t.up();
  await t.up();
  const had = await t.collect_ids(); // the sample's
  // three imports of a third each are the three measures
  for (let part = 0; part < 3; part++) {
    const from = Math.floor(rows * part / 3), to = Math.floor(rows * (part + 1) / 3);
    record('import', t.name, { rps: await t.import_rows(from, to - from), pss: pss_mb(t.pid) });
  }
  const n = await t.collect_ids();
  if (n - had !== rows) throw new Error(`${t.name}: ${n - had} rows after importing ${rows}`);
  await t.verify();
}

async function restart(t) {
  for (let i = 0; i < repeats; i++) {
    await t.down();
    const ms = await t.up();
    await sleep(o.quick ? 2000 : 6000);
    record('start', t.name, { ms, pss: pss_mb(t.pid) });
  }
}

const disturbed = [];            // runs before which the machine would not fall quiet
const used = {};                 // rows and ids that a target has already been given, so that none repeats
async function step(op, clients) {
  const name = `${op} ${clients}`;
  for (let rep = 0; rep <= repeats; rep++) {        // 0 warms up and is not recorded
    for (const t of targets) {
      if (t.constructor.ops && !t.constructor.ops[op]) continue;
      if (rep && !await quiet(10)) disturbed.push(`${name} ${t.name}`);
      used[t.name] ??= 1e6;
      const perf = o.perf && rep === repeats && t.name === 'campusd' ? `${out}/perf-${op}-${clients}.data` : null;
      const r = await load(t, op, { clients, seconds: rep ? seconds : warm, start: used[t.name], core: load_core, out, perf });
      used[t.name] += r.requests + clients;
      if (r.bad) note(`${name}, ${t.name}: ${r.bad} of ${r.requests} answers were errors`);
      if (rep) record(name, t.name, r);
    }
  }
  say(name, ...targets.map((t) => `${t.name} ${summary(results.steps[name]?.[t.name])}`));
}

// What an import does to a reader who asks one thing at a time.
async function undisturbed(t) {
  const read = (s) => load(t, 'read', { clients: 1, seconds: s, start: used[t.name] ??= 1e6, core: load_core, out });
  record('read alone 1', t.name, await read(2));
  const n = Math.round(rows / 3), from = 20e6;
  const [r] = await Promise.all([sleep(200).then(() => read(1)), t.import_rows(from, n)]);
  record('read during import 1', t.name, r);
}

const live = [];
for (const sig of ['SIGINT', 'SIGTERM']) process.on(sig, () => process.exit(130));
process.on('exit', () => live.forEach((t) => { if (t.pid) process.kill(t.pid, 'SIGKILL'); t.close?.(); }));
try {
  for (const t of [...targets]) {
    live.push(t);
    try { await fill(t); } catch (e) {
      if (!(t instanceof Peer)) throw e;
      note(`${t.name} is not measured: ${String(e.message).split('\n')[0]}`);
      targets.splice(targets.indexOf(t), 1);
    }
  }
  if (wanted.includes('start')) for (const t of targets) if (!t.constructor.ops) await restart(t);
  for (const name of Object.keys(STEPS).filter((s) => wanted.includes(s))) {
    if (name === 'list') for (const t of targets) t.index?.();
    for (const s of STEPS[name]) await step(...s);
  }
  if (wanted.includes('import')) for (const t of targets) if (!t.constructor.ops) await undisturbed(t);
} finally {
  for (const t of live) await t.down().catch((e) => say(`${t.name}: ${e.message}`));
}
if (disturbed.length) note(`others used the machine in ${disturbed.length} runs: ${[...new Set(disturbed)].join(', ')}`);
fs.writeFileSync(`${out}/results.json`, JSON.stringify(results, null, 1));
const text = print(results);
fs.writeFileSync(`${out}/results.txt`, text);
process.stdout.write(text);
