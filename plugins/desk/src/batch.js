// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One document for each record of a list: how many, how far, and one file to print.
import { html, useState } from './vendor/preact.js';
import { api, query } from './api.js';
import { lang, t, title } from './i18n.js';
import { recordAddress } from './state.js';
import { Dialog, ProblemBox, itemText, stateTitle } from './ui.js';
import { RecordRef, count } from './format.js';
import { documentsOf } from './documents.js';
import { Progress, useJob } from './jobwatch.js';

function Result({ e, job }) {
  const r = job.result ?? {};
  return html`<div class="figures"><div><b>${count(r.found ?? 0)}</b>${t('条记录', 'records')}</div><div><b>${count(r.issued ?? 0)}</b>${t('已制作', 'issued')}</div><div><b>${count(r.failed ?? 0)}</b>${t('未制作', 'refused')}</div></div>
    ${job.state === 'cancelled' && html`<p class="notice">${t('已停止；停止前制作的有效。', 'Stopped; what was issued before is in force.')}</p>`}
    ${r.problem && job.state !== 'cancelled' && html`<${ProblemBox} error=${{ ...r.problem, errors: r.problem.errors ?? [] }} />`}
    ${r.report?.length > 0 && html`<div class="table-wrap" tabindex="0" role="region" aria-label=${t('没有制作的', 'Those refused')}><table><thead><tr><th>${t('记录', 'Record')}</th><th>${t('原因', 'Why')}</th></tr></thead>
      <tbody>${r.report.map((x) => html`<tr><td><a href=${recordAddress(e, x.id)}><${RecordRef} to=${e.full} id=${x.id} plain /></a></td><td>${x.errors.map(itemText).join(t('；', '; ')) || x.code}</td></tr>`)}</tbody></table></div>`}
    ${r.file && html`<a class="button main" href=${`/api/v1/files/${r.file}?inline=true`} target="_blank" rel="noopener">${t('打开全部，打印', 'Open all of them to print')}</a><p class="hint">${t('一份 PDF，24 小时内可取。', 'One PDF, kept for 24 hours.')}</p>`}`;
}

export function Page({ e, filters, sealed, total, close }) {
  const kinds = documentsOf(e), [name, setName] = useState(kinds[0].name), [language, setLanguage] = useState(lang()), [purpose, setPurpose] = useState(''), [wants, setWants] = useState(false);
  const [id, setId] = useState(null), [error, setError] = useState(null), { job, error: lost, running } = useJob(id), d = kinds.find((x) => x.name === name);
  async function start(ev) {
    ev.preventDefault();
    setError(null);
    const states = d.states && !filters.state && !filters['state[in]'] ? { 'state[in]': d.states.join(',') } : {};
    try {
      const a = await api('POST', query(`${e.path}/documents/${d.name}`, { ...filters, ...states }), { lang: language, ...(purpose.trim() ? { purpose: purpose.trim() } : {}) });
      setId(a.body.id);
    } catch (x) { setError(x); }
  }
  const needs = wants || job?.result?.report?.some((x) => x.errors.some((y) => y.pointer === '/purpose'));
  return html`<${Dialog} title=${t('批量制作文书', 'Documents for this list')} close=${close} wide>
    ${!id && html`<form onSubmit=${start}>
      <p>${t(`为列表中${total === null ? '' : ` ${count(total)} 条`}记录各制作一份（按当前筛选），合成一份 PDF 供打印。一次最多 2,000 份。`, `One for each${total === null ? '' : ` of ${count(total)}`} of the list as it is filtered, and one PDF to print. At most 2,000.`)}</p>
      ${sealed && html`<p class="notice">${t('按加密字段筛选的列表不能批量制作，请先去掉该条件。', 'A list filtered by a sealed field cannot be taken: clear that filter.')}</p>`}
      <div class="form-fields"><div class="field"><label for="batch-doc">${t('文书', 'Document')}</label><select id="batch-doc" value=${name} onChange=${(ev) => setName(ev.target.value)}>${kinds.map((x) => html`<option value=${x.name}>${title(x.title, x.name)}</option>`)}</select></div>
        <div class="field"><label for="batch-lang">${t('语言', 'Language')}</label><select id="batch-lang" value=${language} onChange=${(ev) => setLanguage(ev.target.value)}><option value="zh">中文</option><option value="en">English</option></select></div>
        ${needs && html`<div class="field"><label for="batch-why">${t('用途', 'Purpose')}</label><input id="batch-why" maxlength="200" value=${purpose} onInput=${(ev) => setPurpose(ev.target.value)} /></div>`}</div>
      ${d.states && !filters.state && html`<p class="hint">${t('只包括这些状态：', 'Only those in these states: ')}${d.states.map((s) => stateTitle(e, s)).join(t('、', ', '))}</p>`}
      <${ProblemBox} error=${error} />
      <div class="form-end">${!needs && html`<button type="button" class="plain" onClick=${() => setWants(true)}>${t('注明用途', 'State a purpose')}</button>`}<button type="button" onClick=${close}>${t('取消', 'Cancel')}</button><button class="main" disabled=${sealed}>${t('开始制作', 'Begin')}</button></div></form>`}
    <${ProblemBox} error=${lost} />
    ${running && html`<${Progress} job=${job} id=${id} past=${(job?.done ?? 0) + (job?.failed ?? 0)} said=${t(`已制作 ${count(job?.done ?? 0)}`, `${count(job?.done ?? 0)} issued`)} />`}
    ${id && !running && job && html`<${Result} e=${e} job=${job} />
      <div class="form-end">${needs && html`<button type="button" onClick=${() => setId(null)}>${t('上一步', 'Back')}</button>`}<button type="button" onClick=${close}>${t('关闭', 'Close')}</button></div>`}<//>`;
}
