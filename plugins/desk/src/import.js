// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Importing a table: choose or paste, say which column is what, try without writing, then write.
// What was rejected comes back as a table with the reasons beside it.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { api, download } from './api.js';
import { t, title } from './i18n.js';
import { app, listAddress } from './state.js';
import { ProblemBox, itemText } from './ui.js';
import { cellFor, decode, harmless, parse, write } from './csv.js';
import { isEditable } from './form.js';
import { count } from './format.js';
import { Progress, useJob } from './jobwatch.js';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const plain = (s) => s.trim().toLowerCase().replace(/[\s_*（）()：:]/g, '');
function guess(e, head) {
  const taken = new Set();
  return head.map((h) => {
    const f = e.fields.find((x) => isEditable(x) && !taken.has(x.name) && [x.name, x.title?.zh, x.title?.en].some((n) => n && plain(n) === plain(h)));
    if (f) taken.add(f.name);
    return f?.name ?? '';
  });
}

const toCsv = (e, table, map) => {
  const used = map.map((n, i) => [n, i]).filter(([n]) => n).map(([n, i]) => [e.fields.find((f) => f.name === n), i]);
  return write([used.map(([f]) => f.name), ...table.rows.map((r) => used.map(([f, i]) => cellFor(f, r[i] ?? '')))]);
};

function Choose({ e, take }) {
  const [over, setOver] = useState(false), [error, setError] = useState(null), file = useRef();
  const read = async (f) => {
    if (!f) return;
    if (/\.xlsx$/i.test(f.name)) { take({ name: f.name, bytes: await f.arrayBuffer(), head: [], rows: [] }); return; }
    if (/\.xls$/i.test(f.name)) { setError({ title: t('请另存为 .xlsx 或 CSV，或直接复制粘贴到下面', 'Save it as .xlsx or CSV, or copy the cells and paste them below') }); return; }
    use(decode(await f.arrayBuffer()), f.name);
  };
  const use = (text, name) => {
    const rows = parse(text.replace(/^\ufeff/, ''));
    if (rows.length < 2) { setError({ title: t('至少要有一行标题和一行内容', 'There must be a heading and at least one row') }); return; }
    take({ name, head: rows[0], rows: rows.slice(1) });
  };
  const example = () => download(`${e.name}.csv`, write([e.fields.filter(isEditable).map((f) => title(f.title, f.name))]));
  return html`<section class="card stack">
    <div class="drop ${over ? 'over' : ''}" onDragOver=${(ev) => { ev.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${(ev) => { ev.preventDefault(); setOver(false); read(ev.dataTransfer.files[0]); }}>
      <p>${t('把 Excel（.xlsx）或 CSV 文件拖到这里，或', 'Drop a spreadsheet (.xlsx) or CSV file here, or')}</p>
      <button type="button" class="main" onClick=${() => file.current.click()}>${t('选择文件', 'Choose a file')}</button>
      <input ref=${file} class="away" type="file" accept=".xlsx,.csv,.txt,.tsv,text/csv" tabindex="-1" aria-label=${t('选择文件', 'Choose a file')} onChange=${(ev) => read(ev.target.files[0])} /></div>
    <div class="field"><label for="paste">${t('或从 Excel 复制后粘贴（含标题行）', 'or paste cells from a spreadsheet, with the heading')}</label>
      <textarea id="paste" rows="4" class="code" onInput=${(ev) => { if (ev.inputType === 'insertFromPaste' || ev.target.value.includes('\n')) setError(null); }}></textarea></div>
    <${ProblemBox} error=${error} />
    <div class="form-end"><button type="button" class="plain" onClick=${example}>${t('下载空白表', 'Download an empty table')}</button>
      <button type="button" onClick=${() => use(document.getElementById('paste').value, t('粘贴的内容', 'pasted cells'))}>${t('使用粘贴的内容', 'Use what was pasted')}</button></div></section>`;
}

function Columns({ e, table, map, setMap, next }) {
  const fields = e.fields.filter(isEditable), missing = fields.filter((f) => f.required && !map.includes(f.name));
  const twice = map.filter((n, i) => n && map.indexOf(n) !== i);
  return html`<section class="card stack"><p>${t(`${table.name}：${count(table.rows.length)} 行，${table.head.length} 列`, `${table.name}: ${count(table.rows.length)} rows, ${table.head.length} columns`)}</p>
    <div class="scroll-x"><table><thead><tr><th>${t('表里的列', 'Column')}</th><th>${t('例子', 'Example')}</th><th>${t('对应的字段', 'Field')}</th></tr></thead>
      <tbody>${table.head.map((h, i) => html`<tr><td>${h}</td><td class="hint">${(table.rows[0][i] ?? '').slice(0, 40)}</td><td><select aria-label=${t(`“${h}”对应的字段`, `Field of “${h}”`)} value=${map[i]} onChange=${(ev) => setMap(map.map((m, k) => (k === i ? ev.target.value : m)))}>
        <option value="">${t('（不导入）', '(leave out)')}</option>${fields.map((f) => html`<option value=${f.name}>${title(f.title, f.name)}${f.required ? ' *' : ''}</option>`)}</select></td></tr>`)}</tbody></table></div>
    ${missing.length > 0 && html`<p class="notice">${t('还缺必填字段：', 'Required and missing: ')}${missing.map((f) => title(f.title, f.name)).join(t('、', ', '))}</p>`}
    ${twice.length > 0 && html`<p class="notice">${t('同一字段对应了两列', 'One field has two columns')}</p>`}
    <div class="form-end"><button type="button" class="main" disabled=${twice.length > 0 || !map.some(Boolean)} onClick=${next}>${t('试导入（不写入）', 'Try it without writing')}</button></div></section>`;
}

function Result({ e, table, job, write: writeAll, back }) {
  const r = job.result ?? {}, report = r.report ?? [], names = Object.fromEntries(e.fields.map((f) => [f.name, title(f.title, f.name)]));
  const said = (x) => `${names[x.pointer?.replace(/^\//, '')] ?? x.pointer ?? ''} ${itemText(x)}`.trim();
  const rejected = () => download(`${e.name}-rejected.csv`, write([[...table.head, t('错误', 'Errors')],
    ...report.map((x) => [...table.head.map((_, i) => harmless(table.rows[x.line - 2]?.[i] ?? '')), x.errors.map(said).join('; ')])]));
  return html`<section class="card stack"><div class="figures"><div><b>${count(r.rows ?? 0)}</b>${t('行', 'rows')}</div>
      <div><b>${count(r.dry_run ? (r.rows ?? 0) - (r.failed ?? 0) : r.created ?? 0)}</b>${r.dry_run ? t('可以导入', 'would be taken') : t('已导入', 'taken')}</div><div><b>${count(r.failed ?? 0)}</b>${t('有错误', 'with errors')}</div></div>
    ${job.state !== 'done' && html`<p class="notice">${job.state === 'cancelled' ? r.dry_run ? t('已停止，没有写入', 'Stopped; nothing was written') : t(`已停止；停止前导入的 ${count(r.created ?? 0)} 行有效`, `Stopped; the ${count(r.created ?? 0)} rows taken before that are in`) : t('没有完成', 'Did not finish')}</p>`}
    ${r.problem && job.state !== 'cancelled' && html`<${ProblemBox} error=${{ ...r.problem, errors: r.problem.errors ?? [] }} />`}
    ${report.length > 0 && html`<div class="table-wrap" tabindex="0" role="region" aria-label=${t('有错误的行', 'Rows with errors')}><table><thead><tr><th>${t('行', 'Row')}</th>${table.head[0] && html`<th>${table.head[0]}</th>`}<th>${t('错误', 'Errors')}</th></tr></thead>
      <tbody>${report.slice(0, 200).map((x) => html`<tr><td>${x.line}</td>${table.head[0] && html`<td>${table.rows[x.line - 2]?.[0] ?? ''}</td>`}<td><ul>${x.errors.map((y) => html`<li>${said(y)}</li>`)}</ul></td></tr>`)}</tbody></table></div>
      ${report.length > 200 && html`<p class="hint">${t(`只显示前 200 行，全部 ${count(r.failed)} 行请下载`, `The first 200 of ${count(r.failed)}; download them all`)}</p>`}`}
    <div class="form-end">${report.length > 0 && (table.bytes ? html`<a class="button" download href=${`/api/v1/jobs/${job.id}/rejected.xlsx`}>${t('下载有错误的行', 'Download the rejected rows')}</a>`
      : html`<button type="button" onClick=${rejected}>${t('下载有错误的行', 'Download the rejected rows')}</button>`)}
      ${r.dry_run ? html`${!table.bytes && html`<button type="button" onClick=${back}>${t('上一步', 'Back')}</button>`}
        <button type="button" class="main" disabled=${(r.rows ?? 0) === (r.failed ?? 0)} onClick=${writeAll}>${r.failed ? t(`导入其余 ${count(r.rows - r.failed)} 行`, `Import the other ${count(r.rows - r.failed)} rows`) : t('正式导入', 'Import')}</button>`
      : html`<a class="button main" href=${listAddress(e)}>${t('查看列表', 'To the list')}</a>`}</div></section>`;
}

export function Page({ e }) {
  const [table, setTable] = useState(null), [map, setMap] = useState([]), [run, setRun] = useState(null), [error, setError] = useState(null);
  const { job, error: lost, running } = useJob(run?.id);
  useEffect(() => { app.dirty = running && !run.dry; return () => { app.dirty = null; }; }, [running]);
  async function start(dry, given = table) {
    setError(null);
    try {
      const a = await api('POST', `${e.path}/import${dry ? '?dry_run=true' : ''}`, given.bytes ?? toCsv(e, given, map), { type: given.bytes ? XLSX : 'text/csv' });
      setRun({ id: a.body.id, dry });
    } catch (x) { setError(x); }
  }
  const step = !table ? 0 : !run ? 1 : run.dry ? 2 : 3;
  const steps = [t('选择表格', 'Choose'), t('对应各列', 'Match columns'), t('试导入', 'Try'), t('导入', 'Import')];
  return html`<div class="page"><nav class="crumbs"><a href=${listAddress(e)}>← ${title(e.title, e.name)}</a></nav>
    <h1>${t('导入', 'Import')} · ${title(e.title, e.name)}</h1>
    <ol class="wizard">${steps.map((s, i) => html`<li class=${i === step ? 'now' : ''} aria-current=${i === step ? 'step' : undefined}>${i + 1}. ${s}</li>`)}</ol>
    <${ProblemBox} error=${error ?? lost} />
    ${step === 0 && html`<${Choose} e=${e} take=${(x) => { setTable(x); setMap(guess(e, x.head)); if (x.bytes) start(true, x); }} />`}
    ${step === 1 && !table.bytes && html`<${Columns} e=${e} table=${table} map=${map} setMap=${setMap} next=${() => start(true)} />`}
    ${step > 1 && running && html`<section class="card"><${Progress} job=${job} id=${run.id} /></section>`}
    ${step > 1 && !running && job && html`<${Result} e=${e} table=${table} job=${job} write=${() => start(false)} back=${() => setRun(null)} />`}
    ${step > 0 && !running && html`<p><button type="button" class="plain" onClick=${() => { setTable(null); setRun(null); setError(null); }}>${t('换一个表格', 'Another table')}</button></p>`}</div>`;
}
