// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Filters of a list: what can be asked of a field, what was asked, in words and in the address.
import { html, useState } from './vendor/preact.js';
import { t, title } from './i18n.js';
import { Person, RecordRef, nameField, text } from './format.js';
import { PersonPicker, RecordPicker } from './people.js';
import { stateTitle } from './ui.js';

const OPS = {
  eq: ['等于', 'is'], in: ['属于', 'is one of'], lt: ['小于', 'below'], gt: ['大于', 'above'], ne: ['不是', 'is not'], has: ['包含', 'contains'], gte: ['不小于', 'at least'], lte: ['不大于', 'at most'], empty: ['未填', 'is empty'],
};
const DATES = { gte: ['不早于', 'from'], lte: ['不晚于', 'until'], lt: ['早于', 'before'], gt: ['晚于', 'after'] };
const SYSTEM = { created_at: { name: 'created_at', type: 'datetime', title: { zh: '建立时间', en: 'Created' } }, updated_at: { name: 'updated_at', type: 'datetime', title: { zh: '更新时间', en: 'Changed' } },
  due_at: { name: 'due_at', type: 'datetime', title: { zh: '期限', en: 'Due' } } };
export function operators(f) {
  if (f.sealed) return f.searchable || f.unique ? ['eq'] : [];
  if (['json', 'list', 'file'].includes(f.type)) return [];
  if (f.type === 'text' || f.type === 'longtext') return ['has', 'eq', 'empty'];
  if (f.type === 'multichoice') return ['has', 'empty'];
  if (['choice', 'boolean', 'person', 'reference'].includes(f.type)) return ['eq', 'empty'];
  return ['gte', 'lte', 'eq', 'empty'];
}
const word = (f, op) => t(...(['date', 'datetime', 'time'].includes(f.type) && DATES[op] ? DATES[op] : OPS[op] ?? [op, op]));

// "score[gte]" -> { name, op }
export function parseKey(key) {
  const m = /^([a-z0-9_]+)(?:\[([a-z0-9]+)\])?$/.exec(key);
  return m && { name: m[1], op: m[2] ?? 'eq' };
}
export const makeKey = (name, op) => (op === 'eq' ? name : `${name}[${op}]`);

export function filterText(e, key, value) {
  const { name, op } = parseKey(key) ?? {};
  if (name === 'state') return `${t('状态', 'State')}: ${value.split(',').map((s) => stateTitle(e, s)).join(t('、', ', '))}`;
  if (name === 'q') return `${t('查找', 'Search')}: ${value}`;
  if (name === 'overdue') return t('已逾期', 'Overdue');
  const f = e.fields.find((x) => x.name === name) ?? SYSTEM[name];
  if (!f) return `${key} ${value}`;
  if (op === 'empty') return `${title(f.title, name)} ${word(f, 'empty')}`;
  const one = (v) => (f.type === 'choice' || f.type === 'multichoice' ? text({ ...f, type: 'choice' }, v) : f.type === 'boolean' ? text(f, v === 'true') : f.type === 'datetime' ? text(f, v)
    : f.type === 'person' ? html`<${Person} id=${v} />` : f.type === 'reference' ? html`<${RecordRef} to=${f.to} id=${v} plain />` : v);
  return html`${title(f.title, name)} ${word(f, op)} ${(op === 'in' ? value.split(',') : [value]).map((v, i) => html`${i > 0 && t('、', ', ')}${one(v)}`)}`;
}
// The same as plain text, where a label is wanted.
export const filterName = (e, key) => { const { name } = parseKey(key) ?? {}; return title((e.fields.find((x) => x.name === name) ?? SYSTEM[name])?.title, name === 'state' ? t('状态', 'State') : name === 'q' ? t('查找', 'Search') : key); };

export function AddFilter({ e, add, close }) {
  const fields = e.fields.filter((f) => f.view !== 'hidden' && operators(f).length && (!f.sealed || e.may.search));
  const [s, set] = useState({ name: fields[0]?.name, op: operators(fields[0] ?? {})[0], value: '' });
  const f = fields.find((x) => x.name === s.name);
  if (!f) return null;
  const choices = f.choices ?? (f.type === 'boolean' ? [{ name: 'true', title: { zh: '是', en: 'yes' } }, { name: 'false', title: { zh: '否', en: 'no' } }] : null);
  const put = (value) => set({ ...s, value });
  return html`<form class="add-filter card" onSubmit=${(ev) => { ev.preventDefault(); const v = s.op === 'empty' ? 'true' : s.value.trim(); if (v) { add(makeKey(s.name, s.op), v); close(); } }}
      onKeyDown=${(ev) => { if (ev.key === 'Escape') close(); }}>
    <select aria-label=${t('字段', 'Field')} value=${s.name} onChange=${(ev) => set({ name: ev.target.value, op: operators(fields.find((x) => x.name === ev.target.value))[0], value: '' })}>
      ${fields.map((x) => html`<option value=${x.name}>${title(x.title, x.name)}</option>`)}</select>
    <select aria-label=${t('条件', 'Condition')} value=${s.op} onChange=${(ev) => set({ ...s, op: ev.target.value })}>${operators(f).map((o) => html`<option value=${o}>${word(f, o)}</option>`)}</select>
    ${s.op !== 'empty' && (choices
    ? html`<select aria-label=${t('值', 'Value')} required value=${s.value} onChange=${(ev) => put(ev.target.value)}><option value=""></option>${choices.map((c) => html`<option value=${c.name}>${title(c.title, c.name)}</option>`)}</select>`
    : f.type === 'person' ? html`<${PersonPicker} id="filter-person" aria-label=${t('值', 'Value')} value=${s.value} set=${put} />`
    : f.type === 'reference' ? html`<${RecordPicker} id="filter-record" to=${f.to} aria-label=${t('值', 'Value')} value=${s.value} set=${put} />`
    : html`<input aria-label=${t('值', 'Value')} required type=${f.type === 'date' ? 'date' : 'text'} value=${s.value} onInput=${(ev) => put(ev.target.value)} />`)}
    <button class="main">${t('添加', 'Add')}</button><button type="button" onClick=${close}>${t('取消', 'Cancel')}</button></form>`;
}

// What was typed into a search box: digits of a number that is sealed stay out of the address.
export function searchFor(e, typed) {
  const digits = typed.replace(/[\s-]/g, '').toUpperCase();
  if (e.may.find) return /^\d{4,}X?$/.test(digits) ? { key: 'q', value: digits, sealed: true } : { key: 'q', value: typed.trim() };
  const f = nameField(e);
  return f && { key: `${f.name}[has]`, value: typed.trim() };
}
