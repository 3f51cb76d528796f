// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What happened to a record, newest first: who, when, what, and the values before.
import { html } from './vendor/preact.js';
import { t, title } from './i18n.js';
import { Busy, ProblemBox, stateTitle } from './ui.js';
import { Person, RecordRef, text, time } from './format.js';

export const VERBS = {
  create: ['建立', 'created'], update: ['修改', 'changed'], delete: ['归档', 'archived'], archive: ['归档', 'archived'], import: ['导入', 'imported'],
  read: ['查看', 'read'], search: ['查找', 'searched'], reveal: ['查看明文', 'revealed'], export: ['导出', 'exported'], history: ['查看历史', 'read the history'],
};
export const verbTitle = (e, v) => (VERBS[v] ? t(...VERBS[v]) : title(e?.workflow?.transitions.find((x) => x.name === v)?.title, v));

function Before({ e, k, v }) {
  const f = e.fields.find((x) => x.name === k);
  return html`${title(f?.title, k === 'state' ? t('状态', 'State') : k)}: ${k === 'state' ? stateTitle(e, v) : !f || (v ?? '') === '' ? v || '—' : f.type === 'person' ? html`<${Person} id=${v} />` : f.type === 'reference' ? html`<${RecordRef} to=${f.to} id=${v} plain />` : text(f, v)}`;
}

export function History({ e, load }) {
  return html`<section class="card history"><h2>${t('经过', 'History')}</h2>
    ${load.error && html`<${ProblemBox} error=${load.error} again=${load.again} />`}
    ${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && html`<ol>${[...load.data.items].reverse().map((x) => html`<li key=${x.rev}><p><b>${verbTitle(e, x.verb)}</b> <${Person} id=${x.actor} /></p>
      <p class="hint">${time(x.at)}</p>${x.before && Object.keys(x.before).length > 0 && html`<p class="hint">${t('原来', 'Before')} ${Object.entries(x.before).map(([k, v], i) => html`${i > 0 && t('；', '; ')}<${Before} e=${e} k=${k} v=${v} />`)}</p>`}</li>`)}</ol>`}</section>`;
}
