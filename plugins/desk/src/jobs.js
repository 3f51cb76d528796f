// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Long work: how far it is, what came of it, and stopping it.
import { html, useEffect, useState } from './vendor/preact.js';
import { get } from './api.js';
import { t } from './i18n.js';
import { Busy, Dialog, Empty, ProblemBox, useLoad } from './ui.js';
import { Person, count, time } from './format.js';
import { Stop, isOpen, jobName } from './jobwatch.js';

const STATES = { queued: ['排队', 'Queued'], running: ['进行中', 'Running'], done: ['完成', 'Done'], failed: ['失败', 'Failed'], cancelled: ['已停止', 'Stopped'] };
const FIGURES = { rows: ['行', 'rows'], found: ['条记录', 'records'], created: ['已导入', 'taken'], issued: ['已制作', 'issued'], done: ['已办', 'done'], replayed: ['已重算', 'replayed'], flipped: ['结果改变', 'flipped'], failed: ['未成', 'refused'] };

// What came of one job, in figures; of one that was stopped what had been done until then.
function Outcome({ id, close }) {
  const load = useLoad((signal) => get(`jobs/${id}`, { signal }), [id]), job = load.data, r = job?.result ?? {};
  const shown = Object.keys(FIGURES).filter((k) => typeof r[k] === 'number'), problem = r.problem ?? (r.code ? r : null);
  return html`<${Dialog} title=${job ? jobName(job.kind) : t('任务', 'Job')} close=${close}>
    <${ProblemBox} error=${load.error} again=${load.again} />${!job && !load.error && html`<${Busy} />`}
    ${job?.state === 'cancelled' && html`<p class="notice">${t('已停止；停止前完成的都有效，没有做完一半的。', 'Stopped. What was done before counts; nothing is half done.')}</p>`}
    ${shown.length > 0 && html`<div class="figures">${shown.map((k) => html`<div><b>${count(r[k])}</b>${t(...FIGURES[k])}</div>`)}</div>`}
    ${job && !shown.length && html`<p>${job.total ? t(`完成 ${count(job.done)} / ${count(job.total)}`, `${count(job.done)} of ${count(job.total)} done`) : t(...(STATES[job.state] ?? [job.state, job.state]))}</p>`}
    ${problem && job.state !== 'cancelled' && html`<${ProblemBox} error=${{ ...problem, title: problem.code === 'interrupted' ? t('服务停止时中断，请重新开始', 'Interrupted as the service stopped: begin again') : problem.title, errors: problem.errors ?? [] }} />`}
    ${job?.kind === 'import' && r.failed > 0 && html`<a class="button" download href=${`/api/v1/jobs/${id}/rejected.xlsx`}>${t('下载有错误的行', 'Download the rejected rows')}</a>`}
    ${r.file && html`<a class="button" href=${`/api/v1/files/${r.file}?inline=true`} target="_blank" rel="noopener">${t('打开结果', 'Open the result')}</a>`}<//>`;
}

export function Page() {
  const load = useLoad((signal) => get('jobs', { signal }), []), [seen, see] = useState(null);
  const busy = load.data?.items.some(isOpen);
  useEffect(() => { const n = busy && setInterval(load.again, 1500); return () => clearInterval(n); }, [busy]);
  return html`<div class="page"><div class="page-head"><h1>${t('任务', 'Jobs')}</h1><div class="tools"><button type="button" onClick=${load.again}>${t('刷新', 'Refresh')}</button></div></div>
    ${load.error && html`<${ProblemBox} error=${load.error} again=${load.again} />`}${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && !load.data.items.length && html`<${Empty} title=${t('没有任务', 'No jobs')}>${t('导入、备份等较长的工作会显示在这里。', 'Imports, backups and other long work show up here.')}<//>`}
    ${load.data?.items.length > 0 && html`<section class="card scroll-x" tabindex="0"><table><thead><tr><th>${t('任务', 'Job')}</th><th>${t('状态', 'State')}</th><th class="number">${t('完成', 'Done')}</th><th class="number">${t('未成', 'Refused')}</th><th>${t('谁', 'By')}</th><th>${t('开始', 'Started')}</th><th></th></tr></thead>
      <tbody>${load.data.items.map((j) => html`<tr key=${j.id}><td>${jobName(j.kind)}</td><td>${t(...(STATES[j.state] ?? [j.state, j.state]))}${isOpen(j) && j.progress !== null ? ` ${j.progress}%` : ''}</td><td class="number">${count(j.done ?? 0)}${j.total ? ` / ${count(j.total)}` : ''}</td><td class="number">${count(j.failed ?? 0)}</td>
        <td><${Person} id=${j.by} /></td><td>${time(j.at)}</td><td>${isOpen(j) ? html`<${Stop} id=${j.id} done=${load.again} />` : html`<button type="button" class="plain" onClick=${() => see(j.id)}>${t('结果', 'Result')}</button>`}</td></tr>`)}</tbody></table></section>`}
    ${seen && html`<${Outcome} id=${seen} close=${() => see(null)} />`}</div>`;
}
