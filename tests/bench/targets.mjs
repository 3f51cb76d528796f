// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is measured: campusd, the floor, and the rivals of a peers kit. Each can be prepared (filled
// with the same number of rows), brought up, asked by wrk, and brought down.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { Postgres } from '../lib/postgres.mjs';
import { call, free_port, here, pinned, sleep, start, stop, until_ok } from './machine.mjs';

const records = '/api/v1/bench/applicants';
export const csv = (from, count) =>
  execFileSync('lua5.4', [`${here}rows.lua`, 'csv', String(from), String(count)], { maxBuffer: 1 << 30 });

// Both speak campusd's interface.
class Server {
  constructor(o) { Object.assign(this, o); this.dir = `${this.out}/${this.name}`; }
  get pid() { return this.child?.pid; }

  async up() {
    this.port = await free_port();
    const t0 = performance.now();
    this.child = start(pinned(this.core, this.argv()), { log: `${this.dir}/server.log`, env: { ...process.env, ...this.env } });
    await until_ok(this.port, '/readyz', 60, this.child);
    return performance.now() - t0;
  }
  async down() { await stop(this.child); this.child = null; }

  async ask(method, path, o = {}, ...want) {
    const r = await call(this.port, method, path, { token: this.token, ...o });
    if (!want.includes(r.status)) throw new Error(`${this.name}: ${method} ${path}: ${r.status} ${r.text.slice(0, 600)}`);
    return r;
  }

  // Rows a second, from the request until the job has ended.
  async import_rows(from, count) {
    const body = csv(from, count), t0 = performance.now();
    const { json } = await this.ask('POST', `${records}/import`, { body, type: 'text/csv' }, 202);
    for (let job = json; ; await sleep(10)) {
      job = (await this.ask('GET', `/api/v1/jobs/${json.id}`, {}, 200)).json;
      if (job.state === 'queued' || job.state === 'running') continue;
      if (job.state !== 'done') throw new Error(`${this.name}: import: ${JSON.stringify(job).slice(0, 600)}`);
      return count * 1000 / (performance.now() - t0);
    }
  }

  async collect_ids() {
    const ids = [];
    for (let cursor = ''; cursor !== null;) {
      const q = `?fields=id&sort=id&limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
      const { json } = await this.ask('GET', records + q, {}, 200);
      for (const r of json.items) ids.push(r.id);
      cursor = json.next;
    }
    fs.writeFileSync(`${this.dir}/ids`, ids.join('\n') + '\n');
    this.ids = ids;
    return ids.length;
  }

  wrk(op) {
    return { script: `${here}load.lua`, env: { OP: op, ROWS: `${here}rows.lua`, IDS: `${this.dir}/ids`, TOKEN: this.token } };
  }

  // Each request once, by hand, before anything is measured: a server that refuses is fast.
  async verify() {
    const body = execFileSync('lua5.4', ['-e', `io.write(dofile("${here}rows.lua").json(900000000))`]);
    const made = (await this.ask('POST', records, { body }, 201)).json;
    await this.ask('GET', `${records}/${made.id}`, {}, 200);
    await this.ask('POST', `${records}/${made.id}/assess`, { body: {} }, 200);
    const list = (await this.ask('GET', `${records}?state=registered&sort=name&limit=50`, {}, 200)).json.items;
    if (list.length !== 50) throw new Error(`${this.name}: the list has ${list.length} items`);
    if (list.some((r, i) => i && Buffer.compare(Buffer.from(list[i - 1].name), Buffer.from(r.name)) > 0))
      throw new Error(`${this.name}: the list is not sorted by name`);
    for (const r of ['by_region_state', 'by_region_state_scan'])
      await this.ask('GET', `/api/v1/bench/reports/${r}`, {}, 200);
  }
}

export class Floor extends Server {
  constructor(o) { super({ name: 'floor', token: 'floor', ...o }); }
  argv() { return [this.program, `${this.dir}/floor.db`, String(this.port)]; }
  prepare() { fs.rmSync(this.dir, { recursive: true, force: true }); fs.mkdirSync(this.dir, { recursive: true }); }
}

export class Campusd extends Server {
  constructor(o) { super({ name: 'campusd', ...o }); }
  argv() { return [this.program, '--home', `${this.dir}/home`, 'serve', '--listen', `127.0.0.1:${this.port}`]; }
  prepare() {
    fs.rmSync(this.dir, { recursive: true, force: true });
    fs.mkdirSync(this.dir, { recursive: true });
    fs.writeFileSync(`${this.dir}/password`, 'Bench-password-2026\n', { mode: 0o600 });
    execFileSync(this.program, ['--home', `${this.dir}/home`, 'init', '--sample', 'first-day', '--admin', 'bench',
      '--password-file', `${this.dir}/password`, ...this.storage()], { stdio: ['ignore', 'ignore', 'inherit'] });
    const home = `${this.dir}/home`, access = fs.readFileSync(`${here}../../policies/access.yaml`, 'utf8');
    fs.cpSync(`${here}plugin`, `${home}/plugins/bench`, { recursive: true });
    fs.writeFileSync(`${home}/policies/access.yaml`, `${access}
  - { name: what is measured, allow: [read, create, update, import, search, assess, admit], entity: bench.applicants, roles: [admissions.lead] }
`);
    execFileSync(this.program, ['--home', home, 'reload'], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  storage() { return []; }
  // An admissions director with an API token; made once, through the running service.
  async up() {
    const ms = await super.up();
    this.token ??= this.make_token();
    return ms;
  }
  make_token() {
    const cli = (...words) => JSON.parse(execFileSync(this.program, ['--home', `${this.dir}/home`, '--json', ...words]));
    cli('user', 'add', 'director', '--role', 'admissions.lead', '--password-file', `${this.dir}/password`);
    return cli('token', 'create', 'director', '--label', 'bench').token;
  }
}

// The same on a PostgreSQL of its own, which syncs as it comes and runs on whatever core is free.
// Of its steps only those that have a bar.
export class OnPostgres extends Campusd {
  static ops = { create: 'create', read: 'read' };
  storage() {
    this.pg = Postgres.start(['shared_buffers=256MB']);
    return ['--storage', this.pg.url];
  }
  close() { this.pg?.stop(); }
}

// A rival by the peers kit: its own scripts install, fill and start it; its wrk script drives it.
export class Peer {
  constructor(o) { Object.assign(this, o); this.dir = `${this.root}/${this.name}`; }
  static ops = { create: 'create', read: 'read', list: 'list', assess: 'update', scan: 'agg' };
  kit_run(what, ...args) {
    execFileSync(`${this.kit}/peer.sh`, [this.name, what, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'], timeout: 300000, env: { ...process.env, PEERS_ROOT: this.root, PORT: String(this.port) } });
  }
  async prepare(rows) {
    this.port = await free_port();
    fs.mkdirSync(this.dir, { recursive: true });
    for (const step of [['install'], ['prepare'], ['seed', String(rows)]]) this.kit_run(...step);
  }
  // The kit's own functions, on our core; a start leaves the pid in a file.
  kit_do(functions) {
    const script = `set -u; . "${this.kit}/env.sh"; . "${this.kit}/lib/common.sh"; W="${this.dir}"
      . "${this.kit}/peers/${this.name}/peer.sh"; export W HOST PORT; ${functions}`;
    const [program, ...args] = pinned(this.core, ['bash', '-c', script]);
    execFileSync(program, args, { stdio: 'ignore', timeout: 120000,
      env: { ...process.env, PEERS_ROOT: this.root, PORT: String(this.port) } });
    this.pid = +fs.readFileSync(`${this.dir}/pid`, 'utf8');
  }
  async up() {
    this.kit_do('peer_start; wait_http 60 $(peer_probe)');
    this.token = fs.readFileSync(`${this.dir}/token`, 'utf8');
  }
  index() { this.kit_do('peer_index'); }
  async down() { if (this.pid) this.kit_run('stop'); this.pid = 0; }
  wrk(op) {
    const ids = op === 'assess' ? 'ids_ok.txt' : 'ids.txt';
    return { script: `${this.kit}/lib/wrk.lua`, env: { KIT: this.kit, SHAPE: `${this.kit}/peers/${this.name}/shape.lua`,
      OP: Peer.ops[op], IDS: `${this.dir}/${ids}`, TOKEN: this.token } };
  }
}
