// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Inputs of a public form, made for a thumb, and the checks that the service makes too: what it would
// refuse is said beside the field before anything is sent.
import { html } from './vendor/preact.js';
import { instant } from './clock.js';
import { lang, t, title } from './i18n.js';
import { itemText } from './ui.js';

const empty = (v) => v === undefined || v === null || v === '' || (Array.isArray(v) && !v.length);

// What is sent of a value as it was typed; undefined for nothing.
export function toSend(f, v, zone) {
  if (empty(v)) return undefined;
  switch (f.type) {
    case 'integer': return /^[+-]?\d+$/.test(v.trim()) ? Number(v) : v.trim();
    case 'decimal': case 'money': return v.trim();
    case 'text': case 'reference': return v.trim() || undefined;
    case 'json': try { return JSON.parse(v); } catch { return v; }
    case 'datetime': return instant(v, zone);
    case 'list': return v.map((row) => Object.fromEntries(f.fields.map((x) => [x.name, toSend(x, row[x.name], zone)]).filter(([, y]) => y !== undefined)));
    default: return v;
  }
}

function isCitizen(s) {
  const w = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return /^\d{17}[\dXx]$/.test(s) && '10X98765432'[w.reduce((n, k, i) => n + k * Number(s[i]), 0) % 11] === s[17].toUpperCase();
}
function isCredit(s) {
  const set = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  let sum = 0, w = 1;
  if (s.length !== 18 || [...s].some((c) => !set.includes(c))) return false;
  for (let i = 0; i < 17; i++) { sum += set.indexOf(s[i]) * w; w = (w * 3) % 31; }
  return s[17] === set[(31 - (sum % 31)) % 31];
}
const CHECKS = { cn_id: isCitizen, mobile: (s) => /^1[3-9]\d{9}$/.test(s), uscc: isCredit, invoice_no: (s) => /^(\d{8}|\d{20})$/.test(s) };

// The first thing wrong with a value, as the service would name it, or undefined.
function fault(f, v) {
  const s = typeof v === 'string' ? v.trim() : v;
  if (empty(s)) return f.required ? 'required' : undefined;
  if (f.type === 'text' || f.type === 'longtext') {
    if ([...s].length > f.max_length) return 'too_long';
    if (f.pattern) { try { if (!new RegExp(`^(?:${f.pattern})$`).test(s)) return 'pattern'; } catch { /* the service will say */ } }
    if (f.check && CHECKS[f.check] && !CHECKS[f.check](s)) return 'check';
  }
  if (['integer', 'decimal', 'money'].includes(f.type)) {
    if (!(f.scale ? /^[+-]?\d+(\.\d+)?$/ : /^[+-]?\d+$/).test(s) || (s.split('.')[1] ?? '').length > (f.scale ?? 0)) return 'type';
    if ((f.min !== undefined && Number(s) < Number(f.min)) || (f.max !== undefined && Number(s) > Number(f.max))) return 'out_of_range';
  }
  if (f.type === 'list') return s.some((row) => f.fields.some((x) => fault(x, row[x.name]))) ? 'lines' : undefined;
  if (f.type === 'json') { try { JSON.parse(s); } catch { return 'type'; } }
  return undefined;
}
export const faults = (fields, values) => fields.map((f) => ({ pointer: `/${f.name}`, code: fault(f, values[f.name]) })).filter((x) => x.code);

// What is wrong, in words; what only the service can know comes with its own.
export function inWords(f, x) {
  const lo = f?.min, hi = f?.max;
  switch (x.code) {
    case 'required': return f?.type === 'choice' || f?.type === 'boolean' ? t('请选择', 'Please choose') : t('请填写', 'Please fill this in');
    case 'too_long': return f?.max_length ? t(`最多 ${f.max_length} 个字`, `At most ${f.max_length} characters`) : t('太长', 'Too long');
    case 'check': return { cn_id: t('身份证号不对，请核对 18 位号码', 'Not a valid identity number: check all 18 characters'),
      mobile: t('请填写 11 位手机号', 'A mobile number of 11 digits') }[f?.check] ?? t('号码不对，请核对', 'Not a valid number');
    case 'type': return ['integer', 'decimal', 'money'].includes(f?.type) ? f.scale ? t(`请填数字，最多 ${f.scale} 位小数`, `A number with at most ${f.scale} decimals`) : t('请填整数', 'A whole number') : t('格式不对', 'Not in the right form');
    case 'out_of_range': return lo !== undefined && hi !== undefined ? t(`应在 ${lo} 与 ${hi} 之间`, `Between ${lo} and ${hi}`) : lo !== undefined ? t(`不小于 ${lo}`, `At least ${lo}`) : hi !== undefined ? t(`不大于 ${hi}`, `At most ${hi}`) : itemText(x);
    case 'unique': return t('已有相同的登记，请用查询码查看进度', 'This is registered already; look it up by its code');
    case 'unknown_code': return t('没有这个编号', 'There is no such code');
    case 'pattern': return x.detail ? itemText(x) : t('格式不对', 'Not in the right form');
    case 'lines': return t('请把每一行填完整', 'Fill in every line');
    default: return itemText(x);
  }
}

const KEYS = { cn_id: 'text', mobile: 'tel', invoice_no: 'numeric' };
const FILLS = { mobile: 'tel', name: 'name' };
function Input({ f, id, value, set, bad, describedby }) {
  const base = { id, name: f.name, 'aria-invalid': bad ? 'true' : undefined, 'aria-describedby': describedby, 'aria-required': f.required ? 'true' : undefined };
  const on = (e) => set(e.target.value), plain = { ...base, value: value ?? '', onInput: on };
  switch (f.type) {
    case 'longtext': return html`<textarea ...${plain} rows="4" />`;
    case 'json': return html`<textarea ...${plain} rows="4" class="code" />`;
    case 'choice': return f.choices.length <= 4 ? html`<div class="pills" role="radiogroup" id=${id} aria-labelledby=${`${id}-label`} aria-describedby=${describedby}>${f.choices.map((c) => html`<label>
        <input type="radio" name=${id} checked=${value === c.name} onChange=${() => set(c.name)} /><span>${title(c.title, c.name)}</span></label>`)}</div>`
    : html`<select ...${base} value=${value ?? ''} onChange=${on}><option value="">${t('请选择', 'Choose')}</option>${f.choices.map((c) => html`<option value=${c.name}>${title(c.title, c.name)}</option>`)}</select>`;
    case 'multichoice': return html`<div class="pills" role="group" id=${id} aria-labelledby=${`${id}-label`} aria-describedby=${describedby}>${f.choices.map((c) => html`<label>
      <input type="checkbox" checked=${value?.includes?.(c.name)} onChange=${(e) => set(f.choices.map((x) => x.name).filter((n) => (n === c.name ? e.target.checked : value?.includes?.(n))))} /><span>${title(c.title, c.name)}</span></label>`)}</div>`;
    case 'date': return html`<input ...${plain} type="date" />`;
    case 'time': return html`<input ...${plain} type="time" />`;
    case 'datetime': return html`<input ...${plain} type="datetime-local" />`;
    case 'integer': {
      const lo = Number(f.min), few = Number(f.max) - lo;
      return f.tapped ? html`<div class="pills scale" role="radiogroup" id=${id} aria-labelledby=${`${id}-label`} aria-describedby=${describedby}>${Array.from({ length: few + 1 }, (_, i) => String(lo + i)).map((n) => html`<label>
        <input type="radio" name=${id} checked=${value === n} onChange=${() => set(n)} /><span>${n}</span></label>`)}</div>`
        : html`<input ...${plain} inputmode="numeric" autocomplete="off" />`;
    }
    case 'decimal': case 'money': return html`<input ...${plain} inputmode="decimal" autocomplete="off" />`;
    case 'list': return html`<div class="stack" id=${id}>${(value ?? []).map((row, i) => html`<fieldset class="line stack"><legend>${t(`第 ${i + 1} 行`, `Line ${i + 1}`)}</legend>
        ${f.fields.map((x) => html`<${Field} f=${x} id=${`${id}-${i}-${x.name}`} value=${row[x.name]} set=${(v) => set(value.map((r, n) => (n === i ? { ...r, [x.name]: v } : r)))} />`)}
        <button type="button" onClick=${() => set(value.filter((_, n) => n !== i))}>${t('删除这一行', 'Remove this line')}</button></fieldset>`)}
      <button type="button" class="big" onClick=${() => set([...(value ?? []), {}])}>＋ ${t('加一行', 'Add a line')}</button></div>`;
    default: return html`<input ...${plain} type=${f.check === 'mobile' ? 'tel' : 'text'} inputmode=${KEYS[f.check]} autocomplete=${FILLS[f.check ?? f.mask] ?? 'off'}
      autocapitalize=${f.check === 'cn_id' ? 'characters' : undefined} spellcheck="false" />`;
  }
}

// One field with its label and what is wrong with it.
export function Field({ f, id = `f-${f.name}`, value, set, errors = [], fixed }) {
  const mine = errors.filter((x) => x.pointer === `/${f.name}` || x.pointer?.startsWith(`/${f.name}/`)), name = title(f.title, f.name);
  const note = mine.length ? `${id}-error` : undefined, group = f.tapped || ['choice', 'multichoice', 'list'].includes(f.type) && !(f.type === 'choice' && f.choices.length > 4);
  if (fixed) return html`<p class="fixed"><span>${name}</span> <b>${value}</b></p>`;
  if (f.type === 'boolean') {
    return html`<div class="field ${mine.length ? 'bad' : ''}"><label class="tick" for=${id}><input id=${id} type="checkbox" checked=${value === true} aria-describedby=${note} aria-invalid=${mine.length ? 'true' : undefined} onChange=${(e) => set(e.target.checked || undefined)} /><span>${name}</span></label>
      ${note && html`<p class="bad-text" id=${note}>${mine.map((x) => inWords(f, x)).join(t('；', '; '))}</p>`}</div>`;
  }
  const label = html`${name}${f.required ? html`<i aria-hidden="true"> *</i>` : html`<small> ${t('选填', 'optional')}</small>`}`;
  return html`<div class="field ${mine.length ? 'bad' : ''}">
    ${group ? html`<span class="label" id=${`${id}-label`}>${label}</span>` : html`<label for=${id}>${label}</label>`}
    <${Input} f=${f} id=${id} value=${value} set=${set} bad=${mine.length > 0} describedby=${note} />
    ${note && html`<p class="bad-text" id=${note}>${mine.map((x) => inWords(f, x)).join(lang() === 'zh' ? '；' : '; ')}</p>`}</div>`;
}
