// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Everything that stands in a home's database, as somebody reads it who has the file or the server and no
// key: every table, every column, and what the database adds to a row by itself.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { sql } from './postgres.mjs';

const sqlite = (file, text) => JSON.parse(execFileSync('sqlite3', ['-json', '-readonly', file, text], { encoding: 'utf8', maxBuffer: 1 << 28 }) || '[]');

// -> { table: [ { column: text, … }, … ] }; bytes as hex, null left out.
export function tables(server) {
  const out = {}, put = (name, rows) => {
    out[name] = rows.map((r) => Object.fromEntries(Object.entries(r).filter(([, v]) => v !== null).map(([k, v]) => [k, typeof v === 'object' ? JSON.stringify(v) : String(v)])));
  };
  if (server.database) {
    const names = sql(server.database, "SELECT table_name FROM information_schema.tables WHERE table_schema='public' ORDER BY 1").split('\n');
    for (const t of names) {
      const all = sql(server.database, `SELECT COALESCE(json_agg(t),'[]') FROM (SELECT ctid::text AS ctid_, xmin::text AS xmin_, * FROM "${t}") t`);
      put(t, JSON.parse(all));
    }
    return out;
  }
  const file = join(server.home, 'campusd.db');
  const columns = {};
  for (const c of sqlite(file, "SELECT m.name AS t,m.sql AS made,p.name AS c,p.type AS type FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type='table'")) {
    if (/VIRTUAL/.test(c.made ?? '')) continue;
    columns[c.t] ??= /WITHOUT ROWID/i.test(c.made ?? '') ? [] : ['rowid AS rowid_'];
    columns[c.t].push(/BLOB/i.test(c.type) ? `hex("${c.c}") AS "${c.c}"` : `"${c.c}"`);
  }
  for (const [name, list] of Object.entries(columns)) put(name, sqlite(file, `SELECT ${list.join(',')} FROM "${name}"`));
  return out;
}

// A number that is counted up may be anybody's; how it orders what it counts is asked by tells().
const isSmall = (v) => /^-?\d{1,6}$|^\(\d+,\d+\)$/.test(v) || v.length < 3;

// What of a row of `target` leads back to one of `seeds` (lists of texts that are one person's each): rows that
// hold a text of only one of them are theirs, and so is what stands in those, `hops` rows far.
export function joins(all, seeds, target, hops = 3) {
  const rows = Object.entries(all).flatMap(([table, list]) => list.map((r) => ({ table, cells: Object.values(r) })));
  let mine = seeds.map((s) => new Set(s));
  for (let hop = 0; hop < hops; hop++) {
    const found = mine.map((known) => {
      const next = new Set(known), long = [...known].filter((v) => v.length >= 16);
      for (const { table, cells } of rows) {
        if (table === target) continue;
        if (cells.some((c) => known.has(c) || long.some((v) => c.length > v.length && c.includes(v)))) for (const c of cells) if (!isSmall(c)) next.add(c);
      }
      return next;
    });
    const owners = new Map();
    found.forEach((set, i) => set.forEach((v) => owners.set(v, owners.has(v) ? -1 : i)));     // shared: nobody's
    mine = found.map((set, i) => new Set([...set].filter((v) => owners.get(v) === i)));
  }
  // what all of them have tells of none, such as the moment of the urn's opening, in which something else may happen too
  const differ = (column) => all[target].length < 2 || all[target].some((row) => row[column] !== all[target][0][column]);
  return all[target].flatMap((row, at) => mine.flatMap((set, i) => Object.entries(row).filter(([c]) => differ(c)).filter(([, v]) => set.has(v)
    || [...set].some((x) => x.length >= 16 && v.includes(x))).map(([column, value]) => ({ row: at, seed: i, column, value }))));
}

// How well one order tells of another: 1 or -1 when it tells all (Spearman).
export function tells(order, column) {
  const n = order.length, rank = (list) => { const s = [...list].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)); return list.map((v) => s.indexOf(v)); };
  const x = rank(order), y = rank(column);
  let d = 0;
  for (let i = 0; i < n; i++) d += (x[i] - y[i]) ** 2;
  return 1 - (6 * d) / (n * (n * n - 1));
}
