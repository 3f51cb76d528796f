// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A real PostgreSQL of its own: a cluster in a temporary folder, reached by a socket there, never
// run as root. Also a command: `node postgres.mjs start` prints FOLDER and URL, `stop FOLDER` ends it.
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

function binaries() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => b - a) : [];
  for (const v of versions) if (existsSync(join(root, v, 'bin/initdb'))) return join(root, v, 'bin');
  throw new Error('PostgreSQL is not installed: make setup');
}

export class Postgres {
  constructor(folder) {
    this.folder = folder;
    this.data = join(folder, 'data');
    this.url = `postgresql://postgres@/postgres?host=${folder}`;
  }
  // settings: more lines of postgresql.conf as words, such as 'fsync=on'
  static start(settings = ['fsync=off']) {
    const pg = new Postgres(mkdtempSync(join(tmpdir(), 'campusd-pg-')));
    if (process.getuid() === 0) {
      const [uid, gid] = ['-u', '-g'].map((o) => Number(execFileSync('id', [o, 'postgres'])));
      chownSync(pg.folder, uid, gid);
    }
    pg.settings = settings;
    pg.own('initdb', ['-D', pg.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N']);
    pg.up();
    return pg;
  }
  // One of the server's programs, as a user who may run it.
  own(program, args) {
    const words = [join(binaries(), program), ...args];
    if (process.getuid() === 0) words.unshift('setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups');
    const ran = spawnSync(words[0], words.slice(1), { encoding: 'utf8', cwd: '/', timeout: 60000 });
    if (ran.status) throw new Error(`${program}: ${ran.stderr}${ran.stdout}`);
    return ran.stdout;
  }
  up() {
    const options = [`listen_addresses=`, `unix_socket_directories=${this.folder}`, 'max_connections=200', ...this.settings];
    const start = () => this.own('pg_ctl', ['-D', this.data, '-w', '-s', '-l', join(this.folder, 'log'), '-o',
      options.map((o) => `-c ${o}`).join(' '), 'start']);
    for (let left = 20; ; left--) { // after a kill the memory of the old server is held for a moment
      try { return start(); } catch (e) { if (!left) throw e; }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  down(mode = 'fast') { this.own('pg_ctl', ['-D', this.data, '-w', '-s', '-m', mode, 'stop']); }
  stop() {
    try { this.down('immediate'); } catch { /* it is down already */ }
    rmSync(this.folder, { recursive: true, force: true });
  }

  get pid() { return Number(readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]); }
  // The server and all its sessions.
  pids() {
    const parent = (pid) => {
      try { return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]); } catch { return 0; }
    };
    const master = this.pid;
    return [master, ...readdirSync('/proc').filter((p) => /^\d+$/.test(p) && parent(p) === master).map(Number)];
  }
  signal(name) {
    for (const pid of this.pids()) try { process.kill(pid, name); } catch { /* gone by itself */ }
  }
  kill9() { this.signal('SIGKILL'); }

  sql(text) { return sql(this.url, text); }
}

export function sql(url, text) {
  return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', url, '-c', text], { encoding: 'utf8', maxBuffer: 1 << 28 }).trim();
}

// All that stands in a database's tables, as bytes.
export function dump(url) {
  return execFileSync('pg_dump', [url], { maxBuffer: 1 << 28 });
}

let made = 0;
// A database of its own at the server behind this address, empty or a copy of the one named `of`; its address.
export function newDatabase(url, of = 'template1', name = `t_${process.pid}_${++made}`) {
  sql(url, `CREATE DATABASE ${name} TEMPLATE ${of}`);
  return url.replace('/postgres?', `/${name}?`);
}
export const databaseOf = (url) => /\/(\w+)\?/.exec(url)[1];
// It is gone, whoever is still connected.
export function dropDatabase(url) {
  sql(url.replace(`/${databaseOf(url)}?`, '/postgres?'), `DROP DATABASE IF EXISTS ${databaseOf(url)} WITH (FORCE)`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === 'start') {
    const pg = Postgres.start(process.argv.slice(3).length ? process.argv.slice(3) : undefined);
    console.log(`${pg.folder} ${pg.url}`);
  } else if (process.argv[2] === 'stop') new Postgres(process.argv[3]).stop();
}
