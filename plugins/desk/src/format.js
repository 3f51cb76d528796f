// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Values in words, as the release declares their fields.
import { html, useEffect, useState } from './vendor/preact.js';
import { get } from './api.js';
import { lang, locale, t, title } from './i18n.js';
import { app, entity, recordAddress } from './state.js';
import { Files } from './files.js';

const zone = () => app.meta?.school.timezone;
export function time(s, { seconds = false, day = true } = {}) {
  const d = new Date(s);
  if (Number.isNaN(d.getTime())) return s ?? '';
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone(), ...(day ? { year: 'numeric', month: '2-digit', day: '2-digit' } : {}),
    hour: '2-digit', minute: '2-digit', ...(seconds ? { second: '2-digit' } : {}) }).format(d);
}
export function ago(s) {
  const m = Math.round((Date.now() - Date.parse(s)) / 60000);
  const f = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  if (Math.abs(m) < 60) return f.format(-m, 'minute');
  if (Math.abs(m) < 48 * 60) return f.format(-Math.round(m / 60), 'hour');
  return f.format(-Math.round(m / 1440), 'day');
}
export const count = (n) => new Intl.NumberFormat(locale()).format(n);

const choice = (f, name) => title(f.choices?.find((c) => c.name === name)?.title, name);

// A value as one line of text.
export function text(f, v) {
  if (v === null || v === undefined || v === '') return '';
  switch (f.type) {
    case 'choice': return choice(f, v);
    case 'multichoice': return Array.isArray(v) ? v.map((x) => choice(f, x)).join(lang() === 'zh' ? '、' : ', ') : String(v);
    case 'boolean': return v ? t('是', 'yes') : t('否', 'no');
    case 'money': return `¥${v}`;
    case 'datetime': return time(v);
    case 'list': return Array.isArray(v) ? t(`${v.length} 行`, `${v.length} lines`) : String(v);
    default: return typeof v === 'object' ? JSON.stringify(v) : String(v);
  }
}
export const isNumber = (f) => ['integer', 'decimal', 'money'].includes(f.type);

// What a record is called: its first plain text, else a part of its id.
export function nameField(e) {
  return e.fields.find((f) => f.type === 'text' && !f.sealed && f.view !== 'hidden');
}
export function recordName(e, r) {
  const f = nameField(e);
  return (f && text(f, r[f.name])) || `#${String(r.id).slice(-6)}`;
}

// People by id, asked for once and all of a page together.
const people = new Map(), waiting = new Map();
let timer;
function askPeople() {
  timer = undefined;
  const ids = [...waiting.keys()].slice(0, 100), told = ids.map((id) => waiting.get(id));
  ids.forEach((id) => waiting.delete(id));
  const done = (found) => ids.forEach((id, i) => {
    people.set(id, found.get(id) ?? '');
    told[i].forEach((f) => f(people.get(id)));
  });
  get(`people?ids=${ids.join(',')}`)
    .then((a) => done(new Map(a.items.map((p) => [p.id, p.display]))), () => done(new Map()));
  if (waiting.size) timer = setTimeout(askPeople, 5);
}
export function Person({ id }) {
  const [name, set] = useState(people.get(id));
  useEffect(() => {
    if (!id || id.startsWith('os:') || people.has(id)) { set(people.get(id)); return; }
    waiting.set(id, [...(waiting.get(id) ?? []), set]);
    timer ??= setTimeout(askPeople, 5);
  }, [id]);
  if (!id) return null;
  if (id.startsWith('os:')) return html`<span>${t('系统', 'System')}</span>`;
  return html`<span title=${id}>${name || `#${id.slice(-6)}`}</span>`;
}

function Reference({ f, id }) {
  const e = entity(f.to);
  if (!e) return html`<span title=${id}>#${String(id).slice(-6)}</span>`;
  return html`<a href=${recordAddress(e, id)}>${title(e.title, e.name)} #${String(id).slice(-6)}</a>`;
}

// A value as it stands on a page; e and id: of the record it is of.
export function Value({ f, v, masked, e, id, of = f }) {
  if (v === null || v === undefined || v === '') return html`<span class="none">—</span>`;
  if (masked) return html`<span class="masked">${String(v)}</span>`;
  if (f.type === 'person') return html`<${Person} id=${v} />`;
  if (f.type === 'reference') return html`<${Reference} f=${f} id=${v} />`;
  if (f.type === 'file') return html`<${Files} f=${of} v=${v} e=${e} id=${id} />`;
  if (f.type === 'longtext') return html`<span class="long">${v}</span>`;
  if (f.type === 'list' && Array.isArray(v)) {
    return html`<table class="lines"><thead><tr>${f.fields.map((x) => html`<th>${title(x.title, x.name)}</th>`)}</tr></thead>
      <tbody>${v.map((row) => html`<tr>${f.fields.map((x) => html`<td><${Value} f=${x} v=${row[x.name]} e=${e} id=${id} of=${f} /></td>`)}</tr>`)}</tbody></table>`;
  }
  return html`<span class=${isNumber(f) ? 'number' : ''}>${text(f, v)}</span>`;
}
