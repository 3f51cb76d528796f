// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A report as its declaration asks: bars and pies are drawn here, lines by uPlot, and every chart
// has its figures as a table.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { Busy, ProblemBox, useLoad } from './ui.js';
import { Person, count, text } from './format.js';
import { onChange } from './live.js';

const column = (r, key) => r.columns.find((c) => c.name === key);
const label = (r, key, v) => {
  if (v === null || v === undefined || v === '') return t('（未填）', '(none)');
  const c = column(r, key), choice = c.choices?.find((x) => x.name === v);
  return choice ? title(choice.title, v) : text(c, v);
};
const heading = (r, key) => title(column(r, key).title, key);

// Rows of one or two groupings as series: { keys, series: [{ name, values }] }, by count.
function shape(r, rows) {
  const [a, b] = r.group;
  const of = (k) => [...new Set(rows.map((x) => x[k]))];
  const keys = of(a), parts = b ? of(b) : [null];
  const series = parts.map((p) => ({ name: b ? label(r, b, p) : t('数量', 'Count'), key: p,
    values: keys.map((k) => rows.filter((x) => x[a] === k && (!b || x[b] === p)).reduce((n, x) => n + (x.count ?? 0), 0)) }));
  if (!b && r.compare && r.chart === 'line') series.push({ name: t('上年同期', 'A year before'), key: 'last', values: keys.map((k) => rows.find((x) => x[a] === k)?.last_count ?? 0) });
  return { keys, labels: keys.map((k) => label(r, a, k)), series };
}

// A funnel: all, then each named count, as far as they came.
const funnel = (r, data) => {
  const steps = r.columns.filter((c) => c.type === 'integer' && data.total[c.name] !== undefined && !/^(last_|target$|sum_|min_|max_)/.test(c.name));
  return { keys: steps.map((c) => c.name), labels: steps.map((c) => title(c.title, c.name)), series: [{ name: t('数量', 'Count'), values: steps.map((c) => data.total[c.name] ?? 0) }] };
};

const TONES = 6;
const Legend = ({ series }) => series.length > 1 && html`<ul class="legend">${series.map((s, i) => html`<li><i class="dot c${i % TONES}"></i>${s.name}</li>`)}</ul>`;

function Bars({ d }) {
  const [all, setAll] = useState(false);
  const rows = d.labels.map((l, i) => ({ l, i, sum: d.series.reduce((n, s) => n + s.values[i], 0) })).sort((x, y) => y.sum - x.sum);
  const most = Math.max(1, ...rows.map((x) => x.sum)), shown = all ? rows : rows.slice(0, 10);
  return html`<${Legend} series=${d.series} /><div class="bars">${shown.map((x) => html`<div class="bar-row"><span class="bar-label" title=${x.l}>${x.l}</span>
    <span class="bar">${d.series.map((s, k) => s.values[x.i] > 0 && html`<i class="c${k % TONES}" style=${{ width: `${(100 * s.values[x.i]) / most}%` }} title=${`${x.l} · ${s.name} ${count(s.values[x.i])}`}></i>`)}</span>
    <b>${count(x.sum)}</b></div>`)}</div>
    ${rows.length > 10 && html`<button type="button" class="plain" onClick=${() => setAll(!all)}>${all ? t('只看前 10 项', 'Only the first 10') : t(`其余 ${rows.length - 10} 项`, `${rows.length - 10} more`)}</button>`}`;
}

function Pie({ d }) {
  const values = d.labels.map((l, i) => ({ l, v: d.series.reduce((n, s) => n + s.values[i], 0) })).sort((a, b) => b.v - a.v);
  const sum = values.reduce((n, x) => n + x.v, 0) || 1, round = 2 * Math.PI * 40;
  let at = 0;
  return html`<div class="pie"><svg viewBox="0 0 120 120" aria-hidden="true">${values.map((x, i) => {
    const part = (x.v / sum) * round, from = at;
    at += part;
    return html`<circle class="s${i % TONES}" cx="60" cy="60" r="40" stroke-dasharray=${`${Math.max(part - 0.8, 0.1)} ${round}`} stroke-dashoffset=${-from} />`;
  })}</svg><ul class="legend tall">${values.map((x, i) => html`<li><i class="dot c${i % TONES}"></i><span>${x.l}</span><b>${count(x.v)}</b><small>${((100 * x.v) / sum).toFixed(1)}%</small></li>`)}</ul></div>`;
}

function Line({ d }) {
  const ref = useRef();
  useEffect(() => {
    let chart, gone = false, resize;
    if (!document.getElementById('uplot-css')) {
      document.head.append(Object.assign(document.createElement('link'), { id: 'uplot-css', rel: 'stylesheet', href: 'vendor/uplot.css' }));
    }
    import('./vendor/uplot.js').then(({ default: UPlot }) => {
      if (gone) return;
      const order = d.keys.map((k, i) => [Date.parse(k) / 1000, i]);
      const dated = order.every(([x]) => Number.isFinite(x));
      if (dated) order.sort((a, b) => a[0] - b[0]);
      const style = getComputedStyle(ref.current);
      const size = () => ({ width: ref.current.clientWidth, height: 220 });
      chart = new UPlot({ ...size(), scales: { x: { time: dated } }, legend: { show: d.series.length > 1 },
        series: [{}, ...d.series.map((s, i) => ({ label: s.name, width: 2, stroke: style.getPropertyValue(`--c${i % TONES}`).trim() }))],
        axes: [dated ? { values: (_, xs) => xs.map((x) => new Date(x * 1000).toISOString().slice(5, 10)) } : { values: (_, xs) => xs.map((x) => d.labels[x] ?? '') }, { size: 50 }] },
      [order.map(([x], i) => (dated ? x : i)), ...d.series.map((s) => order.map(([, i]) => s.values[i]))], ref.current);
      resize = new ResizeObserver(() => chart.setSize(size()));
      resize.observe(ref.current);
    });
    return () => { gone = true; resize?.disconnect(); chart?.destroy(); };
  }, [JSON.stringify(d)]);
  return html`<div class="line" ref=${ref} aria-hidden="true"></div>`;
}

function Table({ r, rows }) {
  const figures = r.columns.filter((c) => !r.group.includes(c.name));
  const figure = (c, v) => (v === null ? (r.min_cell ? t('不足，不显示', 'too few to show') : '') : c.type === 'integer' ? count(v) : text(c, v));
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${title(r.title, r.name)}><table><thead><tr>${r.group.map((g) => html`<th>${heading(r, g)}</th>`)}${figures.map((c) => html`<th class="number">${title(c.title, c.name)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${r.group.map((g) => html`<td>${column(r, g).type === 'person' && row[g] ? html`<${Person} id=${row[g]} />` : label(r, g, row[g])}</td>`)}${figures.map((c) => html`<td class="number">${figure(c, row[c.name])}</td>`)}</tr>`)}</tbody></table></div>`;
}

export function Report({ r }) {
  const [table, setTable] = useState(r.chart === 'table');
  const load = useLoad((signal) => get(r.path, { signal }), [r.path]);
  useEffect(() => {
    let soon;
    const end = onChange((x) => { if (x.entity === r.entity || x.reset) soon ??= setTimeout(() => { soon = undefined; load.again(); }, 3000); });
    return () => { clearTimeout(soon); end(); };
  }, [r.path]);
  const rows = load.data?.rows, d = !rows?.length ? null : r.chart === 'funnel' ? funnel(r, load.data) : shape(r, rows);
  const Chart = { pie: Pie, line: Line }[r.chart] ?? Bars;
  return html`<section class="card report"><header><h3>${title(r.title, r.name)}</h3>
    <div class="tools"><button type="button" class="plain" aria-pressed=${table} onClick=${() => setTable(!table)}>${table ? t('图', 'Chart') : t('表', 'Table')}</button>
      <a class="button plain" href=${`${r.path}?format=csv`} download=${`${r.name}.csv`}>CSV</a></div></header>
    ${load.error && !rows && html`<${ProblemBox} error=${load.error} again=${load.again} />`}
    ${!rows && !load.error && html`<${Busy} />`}
    ${rows && !rows.length && html`<p class="hint">${t('还没有数据', 'No data yet')}</p>`}
    ${d && (table || (!r.group.length && r.chart !== 'funnel') ? html`<${Table} r=${r} rows=${rows} />` : html`<${Chart} d=${d} />`)}</section>`;
}
