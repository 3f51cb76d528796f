// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the machine says: process trees, CPU and memory from /proc, one load by wrk.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';

export const here = new URL('.', import.meta.url).pathname;
export const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms));
const read = (f) => { try { return fs.readFileSync(f, 'utf8'); } catch { return ''; } };

export function tree(pid) {
  const out = [pid];
  let tasks = [];
  try { tasks = fs.readdirSync(`/proc/${pid}/task`); } catch { return []; }
  for (const t of tasks)
    for (const c of read(`/proc/${pid}/task/${t}/children`).split(' ').filter(Boolean)) out.push(...tree(+c));
  return out;
}

// Microseconds of user and system time of the tree, reaped children included.
const tick_us = 10000;
export const cpu_us = (pid) => tree(pid).reduce((sum, p) => {
  const f = read(`/proc/${p}/stat`).replace(/.*\) /s, '').split(' ');
  return sum + (f.length > 14 ? +f[11] + +f[12] + +f[13] + +f[14] : 0) * tick_us;
}, 0);

export const pss_mb = (pid) => tree(pid).reduce((sum, p) =>
  sum + +(read(`/proc/${p}/smaps_rollup`).match(/^Pss:\s+(\d+)/m)?.[1] ?? 0), 0) / 1024;

// Busy share of each core since the last call.
export function busy(last = []) {
  const now = read('/proc/stat').split('\n').filter((l) => /^cpu\d/.test(l)).map((l) => {
    const f = l.split(/\s+/).slice(1, 9).map(Number), all = f.reduce((a, b) => a + b);
    return [all - f[3] - f[4], all];
  });
  return { now, share: now.map(([b, a], i) => last[i] ? (b - last[i][0]) / Math.max(1, a - last[i][1]) : 0) };
}

// Waits until both cores are mostly idle for half a second; false when they never were.
export async function quiet(limit_s) {
  for (const end = Date.now() + limit_s * 1000; Date.now() < end;) {
    const a = busy();
    await sleep(500);
    if (Math.max(...busy(a.now).share) < 0.2) return true;
  }
  return false;
}

export const free_port = () => new Promise((ok) => {
  const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => ok(port)); });
});

export const pinned = (core, argv) => core === null ? argv : ['taskset', '-c', String(core), ...argv];

export function start(argv, { log, ...options } = {}) {
  const out = fs.openSync(log, 'a');
  const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', out, out], ...options });
  fs.closeSync(out);
  child.on('error', (e) => fs.appendFileSync(log, `${e}\n`));
  return child;
}

export async function stop(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((ok) => child.once('exit', ok));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 15000);
  await gone;
  clearTimeout(late);
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
export function call(port, method, path, { token, body, type = 'application/json', headers = {} } = {}) {
  const h = { ...headers };
  if (token) h.authorization = `Bearer ${token}`;
  if (body !== undefined) {
    if (typeof body !== 'string' && !Buffer.isBuffer(body)) body = JSON.stringify(body);
    h['content-type'] = type;
    h['content-length'] = Buffer.byteLength(body);
  }
  return new Promise((ok, no) => {
    const r = http.request({ host: '127.0.0.1', port, method, path, headers: h, agent }, (res) => {
      const parts = [];
      res.on('data', (d) => parts.push(d)).on('end', () => {
        const text = Buffer.concat(parts).toString();
        let json;
        try { json = JSON.parse(text); } catch { /* not JSON */ }
        ok({ status: res.statusCode, headers: res.headers, text, json });
      });
    });
    r.on('error', no);
    r.end(body);
  });
}

export async function until_ok(port, path, limit_s, child) {
  for (const end = Date.now() + limit_s * 1000; Date.now() < end;) {
    if (child && child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it was ready`);
    try { if ((await call(port, 'GET', path)).status === 200) return; } catch { /* not yet */ }
    await sleep(1);
  }
  throw new Error(`not ready within ${limit_s} s`);
}

// One load by wrk on `core`: what wrk measured, and what the server's tree used meanwhile.
export async function load(target, op, { clients, seconds, start: first, core, out, perf }) {
  const result = `${out}/wrk.json`, text = `${out}/wrk.txt`;
  fs.rmSync(result, { force: true });
  const { script, env } = target.wrk(op);
  const argv = pinned(core, ['wrk', '-t1', `-c${clients}`, `-d${seconds}s`, '--timeout', '30s', '-s', script,
    `http://127.0.0.1:${target.port}`]);
  const before = cpu_us(target.pid), cores = busy();
  const run = start(argv, { log: text, env: { ...process.env, ...env, START: String(first), OUT: result } });
  const ended = new Promise((ok) => run.once('exit', ok));
  await sleep(seconds * 500);
  const pss = pss_mb(target.pid);
  let recorder;
  if (perf) {
    const list = tree(target.pid).join(',');
    recorder = new Promise((ok) => execFile('perf', ['record', '-q', '-g', '-F', '999', '-o', perf, '-p', list, '--', 'sleep', String(seconds / 3)], ok));
  }
  await ended;
  await recorder;
  const used = cpu_us(target.pid) - before, share = busy(cores.now).share;
  if (!fs.existsSync(result)) throw new Error(`wrk: ${read(text).trim().split('\n').pop()}`);
  const r = JSON.parse(read(result));
  const seen = { rps: r.rps, p50: r.p50 ?? r.p50_ms, p99: r.p99 ?? r.p99_ms, requests: r.requests,
    bad: (r.refused ?? r.non2xx) + (r.broken ?? r.sock + r.timeout + r.bad), pss };
  return { ...seen, cpu: used / Math.max(1, r.requests), busy: share.map((s) => Math.round(s * 100)) };
}
