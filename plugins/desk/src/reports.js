// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// All reports of all departments, for a period.
import { html, useState } from './vendor/preact.js';
import { t, title } from './i18n.js';
import { app } from './state.js';
import { Empty } from './ui.js';
import { Report } from './report.js';
import { inOrder } from './figures.js';

export function Page() {
  const [s, set] = useState({ from: '', until: '', asked: '' });
  const plugins = app.meta.plugins.filter((p) => p.reports.length);
  return html`<div class="page"><div class="page-head"><h1>${t('统计', 'Figures')}</h1>
      <form class="tools" onSubmit=${(ev) => { ev.preventDefault(); set({ ...s, asked: s.from || s.until ? `${s.from},${s.until}` : '' }); }}>
        <input type="date" aria-label=${t('从', 'From')} value=${s.from} onInput=${(ev) => set({ ...s, from: ev.target.value })} /> – <input type="date" aria-label=${t('到', 'Until')} value=${s.until} onInput=${(ev) => set({ ...s, until: ev.target.value })} />
        <button>${t('统计这段时间', 'Count this period')}</button><button type="button" class="wide-only" onClick=${() => window.print()}>${t('打印', 'Print')}</button></form></div>
    ${s.asked && html`<p class="hint">${t('统计期间', 'Period')} ${s.asked.replace(',', ' – ')}</p>`}
    ${!plugins.length && html`<${Empty} title=${t('没有可看的统计', 'No figures for you')} />`}
    ${plugins.map((p) => html`<h2 key=${p.name}>${title(p.title, p.name)}</h2><div class="cards reports">${[...p.reports].sort(inOrder).map((r) => html`<${Report} key=${r.path} r=${r} between=${s.asked} />`)}</div>`)}</div>`;
}
