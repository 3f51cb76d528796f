// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Long work: how far it is, what came of it, and stopping it.
import { html, useEffect } from './vendor/preact.js';
import { api, get } from './api.js';
import { t } from './i18n.js';
import { Busy, Empty, ProblemBox, useLoad } from './ui.js';
import { Person, count, time } from './format.js';

const KINDS = { import: ['导入', 'Import'], accounts: ['批量开户', 'Accounts'], rotate: ['更换密钥', 'Key rotation'], erase: ['删除个人数据', 'Erasure'], backup: ['备份', 'Backup'], documents: ['批量文书', 'Documents'] };
const STATES = { queued: ['排队', 'Queued'], running: ['进行中', 'Running'], done: ['完成', 'Done'], failed: ['失败', 'Failed'], cancelled: ['已停止', 'Stopped'] };

export function Page() {
  const load = useLoad((signal) => get('jobs', { signal }), []);
  const busy = load.data?.items.some((j) => ['queued', 'running'].includes(j.state));
  useEffect(() => { const n = busy && setInterval(load.again, 1500); return () => clearInterval(n); }, [busy]);
  const word = (table, k) => (table[k] ? t(...table[k]) : k);
  return html`<div class="page"><div class="page-head"><h1>${t('任务', 'Jobs')}</h1><div class="tools"><button type="button" onClick=${load.again}>${t('刷新', 'Refresh')}</button></div></div>
    ${load.error && html`<${ProblemBox} error=${load.error} again=${load.again} />`}${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && !load.data.items.length && html`<${Empty} title=${t('没有任务', 'No jobs')}>${t('导入、备份等较长的工作会显示在这里。', 'Imports, backups and other long work show up here.')}<//>`}
    ${load.data?.items.length > 0 && html`<section class="card scroll-x" tabindex="0"><table><thead><tr><th>${t('任务', 'Job')}</th><th>${t('状态', 'State')}</th><th class="number">${t('完成', 'Done')}</th><th class="number">${t('失败', 'Failed')}</th><th>${t('谁', 'By')}</th><th>${t('开始', 'Started')}</th><th></th></tr></thead>
      <tbody>${load.data.items.map((j) => html`<tr key=${j.id}><td>${word(KINDS, j.kind)}</td><td>${word(STATES, j.state)}</td><td class="number">${count(j.done ?? 0)}${j.total ? ` / ${count(j.total)}` : ''}</td><td class="number">${count(j.failed ?? 0)}</td>
        <td><${Person} id=${j.by} /></td><td>${time(j.at)}</td><td>${['queued', 'running'].includes(j.state) && html`<button type="button" class="plain" onClick=${() => api('DELETE', `jobs/${j.id}`).then(load.again, load.again)}>${t('停止', 'Stop')}</button>`}</td></tr>`)}</tbody></table></section>`}</div>`;
}
