// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Filters of a list: what can be asked of a field, what was asked, in words and in the address.
import { html, useState } from './vendor/preact.js';
import { t, title } from './i18n.js';
import { text } from './format.js';
import { stateTitle } from './ui.js';

const OPS = {
  eq: ['等于', 'is'], has: ['包含', 'contains'], gte: ['不小于', 'at least'], lte: ['不大于', 'at most'], empty: ['未填', 'is empty'],
};
const DATES = { gte: ['不早于', 'from'], lte: ['不晚于', 'until'] };
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
  const f = e.fields.find((x) => x.name === name);
  if (!f) return `${key} ${value}`;
  if (op === 'empty') return `${title(f.title, name)} ${word(f, 'empty')}`;
  const shown = f.type === 'choice' || f.type === 'multichoice' ? text({ ...f, type: 'choice' }, value) : f.type === 'boolean' ? text(f, value === 'true') : value;
  return `${title(f.title, name)} ${word(f, op)} ${shown}`;
}

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
    : html`<input aria-label=${t('值', 'Value')} required type=${f.type === 'date' ? 'date' : 'text'} value=${s.value} onInput=${(ev) => put(ev.target.value)} />`)}
    <button class="main">${t('添加', 'Add')}</button><button type="button" onClick=${close}>${t('取消', 'Cancel')}</button></form>`;
}

// What a word typed into a search box can mean for this entity: identity number, phone, else a name.
export function searches(e, typed) {
  const q = typed.replace(/[\s-]/g, '').toUpperCase(), out = [];
  if (e.may.search) {
    for (const f of e.fields) {
      if (!f.sealed || !(f.searchable || f.unique) || f.view === 'hidden') continue;
      if ((f.check === 'cn_id' && /^\d{17}[\dX]$/.test(q)) || (f.check === 'mobile' && /^1\d{10}$/.test(q))
        || (f.check && !['cn_id', 'mobile'].includes(f.check) && /^[0-9A-Z]{6,}$/.test(q))) out.push({ f, key: f.name, value: q });
    }
  }
  if (!out.length && !/^\d{8,}X?$/.test(q)) {
    const f = e.fields.find((x) => x.type === 'text' && !x.sealed && x.view !== 'hidden');
    if (f) out.push({ f, key: `${f.name}[has]`, value: typed.trim() });
  }
  return out;
}
