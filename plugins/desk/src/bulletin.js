// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The bulletin of the day: the figures of the first page as a text to send on. Sums only: nobody's
// name is in it.
import { html, useState } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { app } from './state.js';
import { Busy, ProblemBox, toast, useLoad } from './ui.js';
import { count } from './format.js';
import { change, counted, inOrder, isOnFirstPage, label, reportAddress } from './figures.js';

const colon = () => t('：', ': ');
function lines(r, { rows, total }) {
  const name = title(r.title, r.name), target = r.columns.some((c) => c.name === 'target');
  if (target) {      // of the newest season or year
    const newest = r.group.length > 1 && [...rows].filter((x) => x.target).map((x) => x[r.group[0]]).sort().at(-1), mine = rows.filter((x) => x.target && (!newest || x[r.group[0]] === newest));
    const sum = (k) => count(mine.reduce((n, x) => n + Number(x[k] ?? 0), 0));
    return mine.length ? `${name}${newest ? t(`（${label(r, r.group[0], newest)}）`, ` (${label(r, r.group[0], newest)})`) : ''}${colon()}${counted(r).map((c) => `${title(c.title, c.name)} ${sum(c.name)}`).join(t('，', ', '))}${t('，目标', ', target')} ${sum('target')}` : null;
  }
  const now = total?.count ?? 0, last = total?.last_count, d = r.compare && change(now, last);
  const beside = r.compare ? t(`（上年同期 ${count(last ?? 0)}${d ? `，${d}` : ''}）`, ` (a year before ${count(last ?? 0)}${d ? `, ${d}` : ''})`) : '';
  return `${name}${colon()}${count(now)}${beside}${counted(r).map((c) => `${t('，', ', ')}${title(c.title, c.name)} ${count(total?.[c.name] ?? 0)}`).join('')}`;
}

export function Page() {
  const mine = app.meta.plugins.flatMap((p) => p.reports).filter(isOnFirstPage).filter((r) => !r.min_cell && !['line', 'funnel'].includes(r.chart)).sort(inOrder);
  const load = useLoad((signal) => Promise.all(mine.map((r) => get(reportAddress(r, { older: r.overview.older }), { signal }).then((a) => lines(r, a)))), []);
  const [typed, type] = useState(null);
  const made = load.data && [t(`【${app.meta.school.name}】${app.meta.school.today} 简报`, `${app.meta.school.name}, ${app.meta.school.today}`), ...load.data.filter(Boolean)].join('\n');
  const value = typed ?? made;
  return html`<div class="page"><nav class="crumbs"><a href="#/">← ${t('总览', 'Overview')}</a></nav><h1>${t('今日简报', 'Bulletin of today')}</h1>
    ${load.error && html`<${ProblemBox} error=${load.error} again=${load.again} />`}${!load.data && !load.error && html`<${Busy} />`}
    ${made && html`<section class="card stack"><label for="bulletin">${t('只有合计，不含个人信息；可先修改再复制。', 'Sums only, nobody’s data; change it before you copy it.')}</label>
      <textarea id="bulletin" rows="10" value=${value} onInput=${(ev) => type(ev.target.value)}></textarea>
      <div class="form-end"><button type="button" class="wide-only" onClick=${() => window.print()}>${t('打印', 'Print')}</button>
        <button type="button" class="main" onClick=${() => navigator.clipboard.writeText(value).then(() => toast(t('已复制', 'Copied')), () => { document.getElementById('bulletin').select(); })}>${t('复制', 'Copy')}</button></div></section>`}</div>`;
}
