// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A list of lines in a form: added, removed, copied, pasted from a spreadsheet; on a telephone one card a line.
import { html, useState } from './vendor/preact.js';
import { lang, t, title } from './i18n.js';
import { itemText } from './ui.js';
import { cellFor, parse } from './csv.js';
import { money, text } from './format.js';

const isTyped = (f) => !f.derived && !f.readonly;
const isPasted = (f) => isTyped(f) && !['person', 'reference', 'file', 'json', 'list'].includes(f.type);
const inForm = (f, s) => (f.type === 'multichoice' ? s.split(';').filter(Boolean) : f.type === 'boolean' ? (s === 'true' ? true : s === 'false' ? false : null) : s);
const plain = (s) => s.trim().toLowerCase();

// What was pasted, from line `at` and column `from` on; by their headings where the first row has them.
export function pasted(fields, rows, cells, at, from) {
  const named = cells[0].map((h) => fields.find((f) => [f.name, f.title?.zh, f.title?.en].some((n) => n && plain(n) === plain(h)))), headed = named.filter(Boolean).length > cells[0].length / 2;
  const columns = headed ? named : fields.slice(from), body = headed ? cells.slice(1) : cells, out = [...rows];
  body.forEach((row, i) => {
    const line = { ...out[at + i] };
    row.forEach((v, k) => { if (columns[k] && isPasted(columns[k])) line[columns[k].name] = inForm(columns[k], cellFor(columns[k], v)); });
    out[at + i] = line;
  });
  return out;
}

// Sums in yuan without a float: as the service will reckon them.
export function sum(rows, name, scale = 2) {
  let n = 0n;
  for (const r of rows) {
    const m = /^(-?)(\d+)(?:\.(\d*))?$/.exec(String(r[name] ?? '').replace(/[,，¥￥\s]/g, ''));
    if (m) n += BigInt(m[1] + m[2] + (m[3] ?? '').padEnd(scale, '0').slice(0, scale));
  }
  const digits = String(n < 0n ? -n : n).padStart(scale + 1, '0');
  return `${n < 0n ? '-' : ''}${scale ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits}`;
}

// Input: how one cell is typed. errors: of the service, by pointer /FIELD/LINE/CELL.
export function Lines({ f, id, value, set, errors, Input }) {
  const rows = Array.isArray(value) ? value : [], shown = f.fields, sums = shown.filter((x) => x.type === 'money'), [said, say] = useState('');
  const put = (i, k, v) => set(rows.map((r, n) => (n === i ? { ...r, [k]: v } : r)));
  const wrong = (i, x) => errors.filter((y) => y.pointer === `/${f.name}/${i}/${x.name}`);
  function paste(ev) {
    const data = ev.clipboardData?.getData('text/plain') ?? '';
    if (!/[\t\n\r]./.test(data) || (ev.target.tagName === 'TEXTAREA' && !data.includes('\t'))) return;
    ev.preventDefault();
    const cell = ev.target.closest('td[data-at]'), [at, from] = cell ? cell.dataset.at.split(' ').map(Number) : [rows.length, 0], cells = parse(data);
    set(pasted(shown, rows, cells, at, from));
    say(t(`已粘贴 ${cells.length} 行`, `${cells.length} rows pasted`));
  }
  const cell = (r, i, x, k) => {
    const bad = wrong(i, x), name = title(x.title, x.name), cellId = `${id}-${i}-${x.name}`;
    return html`<td key=${x.name} data-at=${`${i} ${k}`} data-label=${name} class="${bad.length ? 'bad' : ''} ${x.type}">${isTyped(x)
      ? html`<${Input} f=${x} id=${cellId} value=${r[x.name]} set=${(v) => put(i, x.name, v)} bad=${bad.length > 0} describedby=${bad.length ? `${cellId}-error` : undefined} label=${t(`${name}，第 ${i + 1} 行`, `${name}, line ${i + 1}`)} />` : text(x, r[x.name])}
      ${bad.length > 0 && html`<p class="bad-text" id=${`${cellId}-error`}>${bad.map(itemText).join(lang() === 'zh' ? '；' : '; ')}</p>`}</td>`;
  };
  return html`<div class="lines-edit ${shown.length > 7 ? 'many' : ''}" id=${id} onPaste=${paste}>
    ${rows.length > 0 && html`<table class="lines"><thead><tr><th class="n"></th>${shown.map((x) => html`<th class=${x.type}>${title(x.title, x.name)}${x.required && html`<i aria-hidden="true"> *</i>`}</th>`)}<th></th></tr></thead>
      <tbody>${rows.map((r, i) => html`<tr key=${i} class=${errors.some((y) => y.pointer === `/${f.name}/${i}`) ? 'bad' : ''}><td class="n">${i + 1}</td>${shown.map((x, k) => cell(r, i, x, k))}
        <td class="line-tools"><button type="button" class="plain" title=${t('复制这一行', 'Copy this line')} aria-label=${t(`复制第 ${i + 1} 行`, `Copy line ${i + 1}`)} onClick=${() => set([...rows.slice(0, i + 1), { ...r }, ...rows.slice(i + 1)])}>${t('复制', 'Copy')}</button><button type="button" class="plain" title=${t('删除', 'Remove')} aria-label=${t(`删除第 ${i + 1} 行`, `Remove line ${i + 1}`)} onClick=${() => set(rows.filter((_, n) => n !== i))}>✕</button></td></tr>`)}</tbody>
      ${sums.length > 0 && rows.length > 1 && html`<tfoot><tr><th class="n"></th>${shown.map((x, k) => html`<td class=${x.type} data-label=${sums.includes(x) ? t(`合计 ${title(x.title, x.name)}`, `Sum: ${title(x.title, x.name)}`) : ''}>${sums.includes(x) ? html`<b>${money(sum(rows, x.name))}</b>` : k === 0 ? t('合计', 'Sum') : ''}</td>`)}<td></td></tr></tfoot>`}</table>`}
    <div class="line-end"><button type="button" onClick=${() => set([...rows, {}])}>＋ ${t('加一行', 'Add a line')}</button><span class="hint" role="status">${said || t('也可从 Excel 复制多行，在格子里粘贴', 'Rows copied in a spreadsheet can be pasted into a cell')}</span></div></div>`;
}
