// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Values in words, as the release declares their fields.
import { html, useEffect, useState } from './vendor/preact.js';
import { get, query } from './api.js';
import { instant as onSchoolClock } from './clock.js';
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
// A time on the school's clock as an instant.
export const instant = (local) => onSchoolClock(local, zone());
export function ago(s) {
  const m = Math.round((Date.now() - Date.parse(s)) / 60000);
  const f = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  if (Math.abs(m) < 60) return f.format(-m, 'minute');
  if (Math.abs(m) < 48 * 60) return f.format(-Math.round(m / 60), 'hour');
  return f.format(-Math.round(m / 1440), 'day');
}
// Yuan, as they are written on paper: ¥12,999.50
export function money(v) {
  const [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(String(v)) ?? [];
  return whole === undefined ? `¥${v}` : `${sign}¥${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${part.padEnd(2, '0').slice(0, 2)}`;
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
    case 'money': return money(v);
    case 'datetime': return time(v);
    case 'list': return Array.isArray(v) ? t(`${v.length} 行`, `${v.length} lines`) : String(v);
    default: return typeof v === 'object' ? JSON.stringify(v) : String(v);
  }
}
export const isNumber = (f) => ['integer', 'decimal', 'money'].includes(f.type);

// What a record is called: its name or title, else its first plain text, else a part of its id.
export function nameField(e) {
  const plain = e.fields.filter((f) => f.type === 'text' && !f.sealed && f.view !== 'hidden');
  return plain.find((f) => f.name === 'name' || f.name === 'title') ?? plain[0];
}
export function recordName(e, r) {
  const f = nameField(e);
  return (f && text(f, r[f.name])) || `#${String(r.id).slice(-6)}`;
}

// Names by id, asked for once and all of a page together.
const sources = new Map();
export const forgetNames = () => sources.clear();
function useName(source, id, ask) {
  if (!sources.has(source)) sources.set(source, { known: new Map(), waiting: new Map(), timer: undefined });
  const s = sources.get(source), [, again] = useState(0);
  useEffect(() => {
    if (!ask || !id) return;
    if (s.known.has(id)) { if (s.known.get(id)) again((n) => n + 1); return; }     // told since it was drawn
    s.waiting.set(id, [...(s.waiting.get(id) ?? []), again]);
    s.timer ??= setTimeout(function some() {
      const ids = [...s.waiting.keys()].slice(0, 100), told = ids.flatMap((x) => s.waiting.get(x));
      ids.forEach((x) => s.waiting.delete(x));
      s.timer = s.waiting.size ? setTimeout(some, 5) : undefined;
      const done = (found) => { ids.forEach((x) => s.known.set(x, found.get(x) ?? '')); told.forEach((f) => f((n) => n + 1)); };
      ask(ids).then((list) => done(new Map(list)), () => done(new Map()));
    }, 5);
  }, [source, id]);
  return s.known.get(id) ?? (ask && id ? '…' : '');
}
const short = (id) => `#${String(id).slice(-6)}`;
const askPeople = (ids) => get(`people?ids=${ids.join(',')}`).then((a) => a.items.map((p) => [p.id, p.display]));
// A person who is no account is a command of the machine, or a plugin at work by itself.
export function Person({ id }) {
  const machine = !id || /^(os|plugin):/.test(id), name = useName('people', id, machine ? null : askPeople);
  if (!id) return null;
  return machine ? html`<span title=${id}>${t('系统', 'System')}</span>` : html`<span title=${id}>${name || short(id)}</span>`;
}

export function RecordRef({ to, id, plain }) {
  const e = entity(to), f = e && nameField(e);
  const name = useName(to, id, f && e.may.read ? (ids) => get(query(e.path, { 'id[in]': ids.join(','), fields: f.name, limit: 100 })).then((a) => a.items.map((r) => [r.id, recordName(e, r)])) : null);
  if (!e || plain) return html`<span title=${id}>${name || short(id)}</span>`;
  return html`<a href=${recordAddress(e, id)}>${name || `${title(e.title, e.name)} ${short(id)}`}</a>`;
}

// A value as it stands on a page; e and id: of the record it is of.
export function Value({ f, v, masked, e, id, of = f }) {
  if (v === null || v === undefined || v === '') return html`<span class="none">—</span>`;
  if (masked) return html`<span class="masked">${String(v)}</span>`;
  if (f.type === 'person') return html`<${Person} id=${v} />`;
  if (f.type === 'reference') return html`<${RecordRef} to=${f.to} id=${v} />`;
  if (f.type === 'file') return html`<${Files} f=${of} v=${v} e=${e} id=${id} />`;
  if (f.type === 'longtext') return html`<span class="long">${v}</span>`;
  if (f.type === 'list' && Array.isArray(v)) {
    const shown = f.fields.filter((x) => v.some((row) => (row[x.name] ?? '') !== ''));      // what no line says is no column
    return html`<div class="lines-wrap" tabindex="0" role="region" aria-label=${title(f.title, f.name)}><table class="lines"><thead><tr>${shown.map((x) => html`<th class=${isNumber(x) ? 'number' : ''}>${title(x.title, x.name)}</th>`)}</tr></thead>
      <tbody>${v.map((row) => html`<tr>${shown.map((x) => html`<td class=${isNumber(x) ? 'number' : x.type}><${Value} f=${x} v=${row[x.name]} e=${e} id=${id} of=${f} /></td>`)}</tr>`)}</tbody></table></div>`;
  }
  return html`<span class=${isNumber(f) ? 'number' : ''}>${text(f, v)}</span>`;
}
