// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A service of its own for a file of tests: a home in a temporary folder, a free port, people to act
// as, and rough handling (kill -9, raw bytes). $CAMPUSD_BIN or $CAMPUSD names another binary.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { databaseOf, dropDatabase, newDatabase } from './postgres.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const binary = process.env.CAMPUSD_BIN || process.env.CAMPUSD || join(root, 'build/campusd');
// For tests of what only a home on SQLite has: its file, and backups made of it.
export const onlySqlite = { skip: process.env.CAMPUSD_TEST_STORAGE ? 'SQLite only' : false };
const running = new Set();
process.on('exit', () => { for (const s of running) s.killNow(); });

export class Problem extends Error {
  constructor(answer) {
    super(`${answer.status} ${JSON.stringify(answer.body)}`);
    this.answer = answer;
  }
}

// Somebody at the interface: token may be undefined (anonymous).
export class Client {
  constructor(server, token, user) { Object.assign(this, { server, token, user }); }

  // -> { status, headers, body, text }; body is parsed JSON, else undefined.
  async api(method, path, body, headers = {}) {
    const url = this.server.url + (path.startsWith('/') ? path : `/api/v1/${path}`);
    const h = { ...headers };
    if (this.token && !('Authorization' in h)) h.Authorization = `Bearer ${this.token}`;
    if (body !== undefined && typeof body !== 'string') h['Content-Type'] ??= 'application/json';
    const answer = await fetch(url, {
      method, headers: h, redirect: 'manual',
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    const json = /json/.test(answer.headers.get('content-type') ?? '') && text ? JSON.parse(text) : undefined;
    return { status: answer.status, headers: answer.headers, body: json, text };
  }
  // The same, but anything except 2xx throws.
  async ok(method, path, body, headers) {
    const answer = await this.api(method, path, body, headers);
    if (answer.status < 200 || answer.status > 299) throw new Problem(answer);
    return answer.body;
  }
  get(path, headers) { return this.api('GET', path, undefined, headers); }
  post(path, body, headers) { return this.api('POST', path, body, headers); }
}

export class Server {
  // sample: init with the sample school on its first day, or 'school' with both its seasons. init, args: more words
  // for init and serve. env: for both.
  // config: [from, to], a change of campusd.yaml.
  static async start({ bin = binary, args = [], init = [], env = {}, sample = true, config } = {}) {
    const s = new Server();
    Object.assign(s, { bin, args, env: { ...process.env, LC_ALL: 'C.UTF-8', ...env }, log: '' });
    s.folder = mkdtempSync(join(tmpdir(), 'campusd-test-'));
    s.home = join(s.folder, 'home');
    running.add(s);
    // CAMPUSD_TEST_STORAGE: a PostgreSQL to keep the home's records in
    const at = init.includes('--storage') ? undefined : process.env.CAMPUSD_TEST_STORAGE;
    const template = sample === true && !init.length && process.env.CAMPUSD_TEST_TEMPLATE;
    if (template) s.copySample(template, at);
    else {
      if (at) init = [...init, '--storage', s.database = newDatabase(at)];
      s.init([...(sample ? ['--sample', sample === true ? 'first-day' : sample] : []), ...init]);
      s.storage = init[init.indexOf('--storage') + 1];
    }
    if (config) {
      const file = join(s.home, 'campusd.yaml'), text = readFileSync(file, 'utf8');
      if (!text.includes(config[0])) throw new Error(`${file} has no ${config[0]}`);
      writeFileSync(file, text.replace(...config));
    }
    await s.serve();
    s.anonymous = new Client(s);
    return s;
  }

  init(words) {
    const made = this.run(['init', ...words], { timeout: 300000 });
    if (made.status) throw new Error(`init failed: ${made.stderr}`);
  }
  // A copy of the sample at `template`, its records in a database at `at` if that is given. The first of a run makes it.
  copySample(template, at) {
    const kind = at ? 'postgres' : 'sqlite', from = join(template, kind), settings = join(this.home, 'campusd.yaml');
    if (!existsSync(from)) {
      const first = at && newDatabase(at);
      this.init(['--sample', 'first-day', ...(at ? ['--storage', first] : [])]);
      const mine = `${from}.${process.pid}`;
      cpSync(this.home, mine, { recursive: true });
      if (at) newDatabase(at, databaseOf(first), databaseOf(first) + '_sample');
      try { renameSync(mine, from); } catch { rmSync(mine, { recursive: true }); } // another was first
      rmSync(this.home, { recursive: true });
      if (at) dropDatabase(first);
    }
    cpSync(from, this.home, { recursive: true });
    if (!at) return;
    const text = readFileSync(settings, 'utf8'), [, first] = /\/(t_\w+)\?/.exec(text);
    this.storage = this.database = newDatabase(at, `${first}_sample`);
    writeFileSync(settings, text.replace(first, databaseOf(this.storage)));
  }

  // A command on this home, to its end: { status, stdout, stderr }.
  run(words, options = {}) {
    return spawnSync(this.bin, ['--home', this.home, ...words],
      { encoding: 'utf8', env: this.env, cwd: root, timeout: 120000, ...options });
  }

  // On a free port, or on the port `at`.
  async serve() {
    this.child = spawn(this.bin, ['--home', this.home, 'serve', '--listen', `127.0.0.1:${this.at ?? 0}`, ...this.args],
      { env: this.env, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const child = this.child;
    this.gone = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
    child.stderr.setEncoding('utf8').on('data', (t) => { this.log += t; });
    this.url = await new Promise((done, fail) => {
      let out = '';
      const late = setTimeout(() => fail(new Error(`the service did not start: ${out}${this.log}`)), 60000);
      child.stdout.setEncoding('utf8').on('data', (t) => {
        out += t;
        const m = /listening on (http:\/\/\S+)/.exec(out);
        if (m) { clearTimeout(late); done(m[1].replace(/\/$/, '')); }
      });
      this.gone.then((how) => {
        clearTimeout(late);
        fail(new Error(`the service ended (${JSON.stringify(how)}): ${out}${this.log}`));
      });
    });
    this.port = Number(new URL(this.url).port);
    return this;
  }

  async signIn(user, password, extra = {}) {
    const a = await this.anonymous.ok('POST', 'session', { user, password, ...extra });
    return new Client(this, a.token, a.user);
  }
  // What init wrote down for an account of the sample.
  firstPassword(name) {
    const line = readFileSync(join(this.home, 'first-sign-in'), 'utf8').split('\n').find((l) => l.startsWith(`${name} `));
    return line?.split(' ')[1].trim();
  }
  // The first administrator, with the one-time password exchanged for this one.
  async admin(password = 'the-first-one-of-the-tests') {
    if (!this.adminPassword) {
      const first = this.firstPassword('admin');
      const me = await this.signIn('admin', first);
      await me.ok('POST', 'session/password', { old: first, new: password });
      this.adminPassword = password;
    }
    return this.signIn('admin', this.adminPassword);
  }
  // A new account with these roles that acts by an API token: quicker than a sign-in.
  async bearer(name, roles = [], extra = {}) {
    this.keeper ??= await this.admin();
    const made = await this.keeper.ok('POST', 'admin/users', { name, roles, ...extra });
    const t = await this.keeper.ok('POST', 'admin/tokens', { user: made.id, label: 'tests' });
    return Object.assign(new Client(this, t.token, made), { id: made.id, name });
  }
  // A new account with these roles, signed in; .password is what it signs in with.
  async person(name, roles = [], extra = {}) {
    this.keeper ??= await this.admin();
    const password = `${name.split('').reverse().join('')}-of-the-tests`;
    const made = await this.keeper.ok('POST', 'admin/users', { name, roles, ...extra });
    const first = await this.signIn(name, made.one_time_password);
    await first.ok('POST', 'session/password', { old: made.one_time_password, new: password });
    const who = await this.signIn(name, password);
    return Object.assign(who, { id: made.id, name, password });
  }

  // Bytes as they are over one connection; the answer's bytes once the service closes it or is quiet.
  raw(bytes, quiet = 30000) {
    return new Promise((done, fail) => {
      const parts = [], socket = connect(this.port, '127.0.0.1', () => socket.write(bytes));
      socket.setTimeout(quiet, () => socket.destroy());
      socket.on('data', (d) => parts.push(d));
      socket.on('error', (e) => (parts.length ? undefined : fail(e)));
      socket.on('close', () => done(Buffer.concat(parts)));
    });
  }

  async kill9() {
    this.child.kill('SIGKILL');
    return this.gone;
  }
  // SIGTERM; resolves with { code, signal }.
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    return this.gone;
  }
  async restart() {
    await this.stop();
    return this.serve();
  }
  killNow() {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
    if (this.database) try { dropDatabase(this.database); } catch { /* so is its server */ }
    running.delete(this);
  }
  // For `after`: what a test file leaves behind is nothing.
  async close() {
    const how = await this.stop();
    this.killNow();
    return how;
  }
}

// What becomes true without anybody waiting for it: refusals are put on record after the answer.
export async function eventually(check, ms = 20000) {
  for (const end = Date.now() + ms; ;) {
    try {
      return await check();
    } catch (e) {
      if (Date.now() > end) throw e;
      await new Promise((r) => setTimeout(r, 20));
    }
  }
}
