// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Releases: load from disk, go back, see what differs; errors stand at file, line and column.
// Policies: what is in force and where each value comes from.
import { html, useState } from './vendor/preact.js';
import { api, get } from './api.js';
import { t } from './i18n.js';
import { Busy, ProblemBox, problemText, toast, useLoad } from './ui.js';
import { Person, time } from './format.js';

export function BuildErrors({ error }) {
  if (!error) return null;
  const placed = error.errors.filter((x) => x.file);
  if (!placed.length) return html`<${ProblemBox} error=${error} />`;
  return html`<div class="problem" role="alert"><p>${problemText(error)}</p><p>${t('运行中的版本没有改变。', 'The release that runs is unchanged.')}</p>
    <ul class="plain-list">${placed.map((x) => html`<li><code>${x.file}:${x.line}:${x.col ?? x.column ?? 1}</code> ${x.code}: ${x.detail}</li>`)}</ul></div>`;
}

export function Releases() {
  const load = useLoad((signal) => get('admin/releases', { signal }), []), [error, setError] = useState(null), [busy, setBusy] = useState(false), [diff, setDiff] = useState(null);
  const run = (path, said) => async () => {
    setBusy(true);
    setError(null);
    try { await api('POST', path, {}); toast(said); load.again(); } catch (x) { setError(x); }
    setBusy(false);
  };
  const compare = (from) => async () => { try { setDiff(await get(`admin/releases/diff?from=${from}`)); } catch (x) { setError(x); } };
  const items = load.data?.items ?? [], now = items.find((r) => r.active);
  return html`<div class="stack"><div class="page-head"><p>${now && t(`现行版本 ${now.number}，${time(now.created_at)}`, `Release ${now.number} is in force, made ${time(now.created_at)}`)}</p>
      <div class="tools"><button type="button" disabled=${busy} onClick=${() => window.confirm(t('退回上一个版本？', 'Go back to the release before?')) && run('admin/releases/rollback', t('已退回', 'Rolled back'))()}>${t('退回上一版', 'Roll back')}</button>
      <button type="button" class="main" disabled=${busy} onClick=${run('admin/reload', t('新版本已启用', 'The new release is in force'))}>${busy ? t('检查中…', 'Checking…') : t('从磁盘载入', 'Reload from disk')}</button></div></div>
    <${BuildErrors} error=${error} /><${ProblemBox} error=${load.error} again=${load.again} />${!load.data && !load.error && html`<${Busy} />`}
    ${items.length > 0 && html`<section class="card scroll-x" tabindex="0"><table><thead><tr><th class="number">${t('版本', 'Release')}</th><th>${t('时间', 'When')}</th><th>${t('谁', 'By')}</th><th>${t('指纹', 'Hash')}</th><th></th></tr></thead><tbody>${items.map((r) => html`<tr key=${r.number}><td class="number">${r.number}</td><td>${time(r.created_at)}</td><td><${Person} id=${r.created_by} /></td><td><code>${r.hash.slice(0, 12)}</code></td>
      <td>${r.active ? html`<span class="state tone2">${t('现行', 'in force')}</span>` : r.waiting ? html`<span class="state tone1">${t('等待第二人', 'waits for a second person')}</span>` : html`<button type="button" class="plain" onClick=${compare(r.number)}>${t('与现行比较', 'Compare')}</button><button type="button" class="plain" disabled=${busy} onClick=${run(`admin/releases/${r.number}/activate`, t('已启用', 'Activated'))}>${t('启用', 'Activate')}</button>`}</td></tr>`)}</tbody></table></section>`}
    ${diff && html`<section class="card stack"><h3>${t(`版本 ${diff.from} 与 ${diff.to} 的差别`, `What differs between ${diff.from} and ${diff.to}`)}</h3><pre tabindex="0">${diff.diff || t('没有差别', 'nothing')}</pre></section>`}</div>`;
}
