// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Inputs by the type of a field. A form holds texts as they were typed; the service checks them.
import { html } from './vendor/preact.js';
import { lang, t, title } from './i18n.js';
import { itemText } from './ui.js';
import { instant, time } from './format.js';
import { app } from './state.js';
import { PersonPicker, RecordPicker } from './people.js';
import { FileInput } from './files.js';
import { Lines } from './lines.js';
import { digits } from './csv.js';

export const isFillable = (f) => !f.readonly && !f.derived && f.view !== 'hidden';
export const isEditable = (f) => isFillable(f) && f.type !== 'file';     // in a table, too

// Same value? null, undefined and "" are all "nothing".
export const same = (a, b) => JSON.stringify(a ?? '') === JSON.stringify(b ?? '') || (a ?? '') === (b ?? '')
  || (Array.isArray(a) && !a.length && (b ?? '') === '') || (Array.isArray(b) && !b.length && (a ?? '') === '');

// What is sent: numbers of integers, null for nothing.
export function toSend(f, v) {
  if (v === '' || v === undefined || v === null || (Array.isArray(v) && !v.length)) return null;
  if (['integer', 'decimal', 'money'].includes(f.type)) { const n = digits(v); return f.type === 'integer' && /^-?\d+$/.test(n) ? Number(n) : n; }
  if (f.type === 'list') return v.map((row) => Object.fromEntries(f.fields.filter(isFillable).map((x) => [x.name, toSend(x, row[x.name])]).filter(([, y]) => y !== null)));
  if (f.type === 'json' && typeof v === 'string') { try { return JSON.parse(v); } catch { return v; } }
  if (f.type === 'datetime' && /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(v)) return instant(v);
  return v;
}
const onClock = (v) => (v && /Z|[+-]\d\d:\d\d$/.test(v) ? time(v).replace(' ', 'T') : v ?? '');

// label: where no <label> stands beside it. errors: of the lines of a list.
function Input({ f, id, value, set, bad, required, describedby, label, errors = [] }) {
  const base = { id, name: f.name, required, 'aria-invalid': bad ? 'true' : undefined, 'aria-describedby': describedby, 'aria-label': label };
  const on = (e) => set(e.target.value);
  switch (f.type) {
    case 'longtext': return html`<textarea ...${base} rows="4" maxlength=${f.max_length} value=${value ?? ''} onInput=${on} />`;
    case 'json': return html`<textarea ...${base} rows="4" class="code" value=${typeof value === 'object' && value ? JSON.stringify(value) : value ?? ''} onInput=${on} />`;
    case 'boolean': return html`<select ...${base} value=${value === null || value === undefined ? '' : String(value)}
      onChange=${(e) => set(e.target.value === '' ? null : e.target.value === 'true')}>
      <option value="">—</option><option value="true">${t('是', 'yes')}</option><option value="false">${t('否', 'no')}</option></select>`;
    case 'choice': return html`<select ...${base} value=${value ?? ''} onChange=${on}><option value="">—</option>
      ${f.choices.map((c) => html`<option value=${c.name}>${title(c.title, c.name)}</option>`)}</select>`;
    case 'multichoice': return html`<div class="checks" role="group" id=${id} aria-describedby=${describedby}>${f.choices.map((c) => html`<label>
      <input type="checkbox" checked=${value?.includes?.(c.name)} onChange=${(e) => set(f.choices.map((x) => x.name)
        .filter((n) => (n === c.name ? e.target.checked : value?.includes?.(n))))} />${title(c.title, c.name)}</label>`)}</div>`;
    case 'date': return html`<input ...${base} type="date" value=${value ?? ''} onInput=${on} />`;
    case 'time': return html`<input ...${base} type="time" value=${value ?? ''} onInput=${on} />`;
    case 'datetime': return html`<input ...${base} type="datetime-local" value=${onClock(value)} onInput=${on} />`;
    case 'money': return html`<span class="yuan"><span aria-hidden="true">¥</span><input ...${base} inputmode="decimal" autocomplete="off" value=${value ?? ''} onInput=${on} /></span>`;
    case 'integer': case 'decimal': return html`<input ...${base} inputmode="decimal" autocomplete="off" value=${value ?? ''} onInput=${on}
      placeholder=${f.min !== undefined && f.max !== undefined ? `${f.min} – ${f.max}` : undefined} />`;
    case 'person': return html`<${PersonPicker} ...${base} value=${value} set=${set} />`;
    case 'file': return html`<${FileInput} ...${base} f=${f} value=${value} set=${set} />`;
    case 'reference': return html`<${RecordPicker} ...${base} to=${f.to} value=${value} set=${set} />`;
    case 'list': return html`<${Lines} f=${f} id=${id} value=${value} set=${set} errors=${errors} Input=${Input} />`;
    default: return html`<input ...${base} type=${f.check === 'mobile' ? 'tel' : 'text'} autocomplete="off" maxlength=${f.max_length} value=${value ?? ''} onInput=${on} />`;
  }
}

// One field with its label and what the service said about it. masked: the value there is a mask;
// leaving the input empty keeps what is stored.
export function FormField({ f, value, set, errors = [], masked, changed, prefix = 'f', required = f.required }) {
  const id = `${prefix}-${f.name}`, mine = errors.filter((x) => x.pointer === `/${f.name}` || x.pointer?.startsWith(`/${f.name}/`));
  const inLine = (x) => { const [, , i, k] = x.pointer.split('/'); return f.type === 'list' && value?.[i] && f.fields.some((y) => y.name === k); };      // said at its cell
  const here = mine.filter((x) => !inLine(x)), line = (x) => { const i = x.pointer.split('/')[2]; return f.type === 'list' && i ? t(`第 ${Number(i) + 1} 行：`, `Line ${Number(i) + 1}: `) : ''; };
  const note = here.length ? `${id}-error` : masked ? `${id}-note` : undefined;
  const group = ['multichoice', 'list', 'file'].includes(f.type);
  return html`<div class="field ${mine.length ? 'bad' : ''} ${changed ? 'changed' : ''} ${['longtext', 'list', 'json', 'multichoice'].includes(f.type) ? 'whole' : ''}">
    <label for=${group ? undefined : id}>${title(f.title, f.name)}${required && html`<i aria-hidden="true"> *</i>`}</label>
    <${Input} f=${f} id=${id} value=${value} set=${set} bad=${here.length > 0} required=${required && !masked} describedby=${note} errors=${mine} />
    ${masked && html`<p class="hint" id=${`${id}-note`}>${t('已加密保存，留空则不变', 'Stored sealed; leave empty to keep it')}</p>`}
    ${here.length > 0 && html`<p class="bad-text" id=${`${id}-error`}>${here.map((x) => line(x) + itemText(x)).join(lang() === 'zh' ? '；' : '; ')}</p>`}</div>`;
}

// What a new record starts with; also by its address: …/new?plan=ID.
export function presets(e, asked = new URLSearchParams()) {
  const out = {};
  for (const f of e.fields) {
    if (f.default === '$today') out[f.name] = app.meta.school.today;
    else if (f.default === '$actor') out[f.name] = app.user.id;
  }
  const campus = e.fields.find((f) => f.name === 'campus' && f.type === 'text');
  if (campus && app.user.campus) out.campus = app.user.campus;
  for (const [k, v] of asked) if (e.fields.some((f) => f.name === k && isFillable(f) && !f.sealed && f.type !== 'file')) out[k] = v;
  return out;
}
