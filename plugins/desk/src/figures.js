// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the figures of a report mean: names of their groups, the counts that are shown, and the list
// that stands behind a figure.
import { html } from './vendor/preact.js';
import { t, title } from './i18n.js';
import { app, entity, listAddress } from './state.js';
import { query } from './api.js';
import { Person, RecordRef, text } from './format.js';

export const column = (r, key) => r.columns.find((c) => c.name === key);
export const heading = (r, key) => title(column(r, key)?.title, key);
const NONE = ['（未填）', '(none)'];

// One group's value in plain words; people and records are only known to Label.
export function label(r, key, v) {
  if (v === null || v === undefined || v === '') return t(...NONE);
  const c = column(r, key), choice = c.choices?.find((x) => x.name === v);
  return choice ? title(choice.title, v) : text(c, v);
}
export function Label({ r, row, keys = r.group }) {
  return keys.map((k, i) => {
    const c = column(r, k), v = row[k];
    return html`${i > 0 && ' · '}${v && c.type === 'person' ? html`<${Person} id=${v} />` : v && c.type === 'reference' && c.to ? html`<${RecordRef} to=${c.to} id=${v} plain />` : label(r, k, v)}`;
  });
}

// The named counts of a report that are drawn: those that its place on the first page names, else the first three.
const isCount = (c) => c.type === 'integer' && 'where' in c;
export function counted(r) {
  const all = r.columns.filter(isCount), named = r.overview?.counts;
  return named ? named.map((n) => all.find((c) => c.name === n)).filter(Boolean) : all.slice(0, 3);
}

// What bars and lines are of, where it is not how many: the first mean of a report without named counts.
export const mean = (r) => (counted(r).length ? undefined : r.columns.find((c) => c.name.startsWith('avg_')));

const before = (older) => new Date(Date.now() - Number.parseInt(older, 10) * (older.endsWith('d') ? 864e5 : 36e5)).toISOString();
// The address of a report as the first page asks for it.
export function reportAddress(r, { older, between } = {}) {
  return query(r.path, { between, ...(older ? { 'created_at[lt]': before(older) } : {}) });
}

function conditions(where, out) {
  for (const [k, v] of Object.entries(where ?? {})) {
    if (Array.isArray(v)) out[`${k}[in]`] = v.join(',');
    else if (v && typeof v === 'object') for (const [op, x] of Object.entries(v)) out[`${k}[${op}]`] = Array.isArray(x) ? x.join(',') : String(x);
    else out[k] = String(v);
  }
}
// The list behind a figure: undefined where a list cannot ask for the same.
export function listOf(r, row, count) {
  const e = entity(r.entity), out = {};
  if (!e) return undefined;
  conditions({ ...r.where, ...count?.where }, out);
  for (const k of row ? r.group : []) {
    const f = e.fields.find((x) => x.name === k);
    if (column(r, k).bucket || !(f || k === 'state')) return undefined;
    if ((row[k] ?? '') === '') out[`${k}[empty]`] = 'true';
    else out[k] = String(row[k]);
  }
  if (r.overview?.older) out['created_at[lt]'] = before(r.overview.older);
  return query(listAddress(e), out);
}
export const Behind = ({ href, children, ...rest }) => (href ? html`<a href=${href} ...${rest}>${children}</a>` : html`<span ...${rest}>${children}</span>`);

// Against a year before, in words: "+4.5 %"; of a handful nothing.
export function change(now, last) {
  if (!(last >= 20)) return null;
  const d = (100 * (now - last)) / last;
  return `${d > 0 ? '+' : ''}${d.toFixed(1)}%`;
}

export const isOnFirstPage = (x) => x.overview && (!x.overview.roles?.length || x.overview.roles.some((r) => app.meta.user.roles.includes(r)));
export const inOrder = (a, b) => (a.overview?.order ?? 99) - (b.overview?.order ?? 99);
export const ofDay = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * 864e5).toISOString().slice(0, 10);
