// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A report as its declaration asks: numbers, bars and pies are drawn here, lines by uPlot, and every
// chart has its figures as a table. Figures lead to the records behind them.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { Busy, ProblemBox, useLoad } from './ui.js';
import { count, text } from './format.js';
import { useFresh } from './fresh.js';
import { entity } from './state.js';
import { PARTS, PoolBar, partOf } from './holdings.js';
import { Behind, Label, change, column, counted, heading, label, listOf, mean, reportAddress } from './figures.js';

const TONES = 6;
const sumOf = (rows, key) => rows.reduce((n, x) => n + Number(x[key] ?? 0), 0);
const Legend = ({ names }) => names.length > 1 && html`<ul class="legend">${names.map((n, i) => html`<li><i class="dot c${i % TONES}"></i>${n}</li>`)}</ul>`;
const More = ({ all, set, n }) => n > 0 && html`<button type="button" class="plain" onClick=${() => set(!all)}>${all ? t('只看前 10 项', 'Only the first 10') : t(`其余 ${n} 项`, `${n} more`)}</button>`;

// A big number, beside it the same a year before, below it the counts that are part of it.
function Numbers({ r, rows }) {
  const row = rows[0] ?? { count: 0 }, d = r.compare && change(row.count, row.last_count);
  return html`<div class="number-tile"><${Behind} class="huge" href=${listOf(r)}>${count(row.count ?? 0)}<//>
    ${r.compare && html`<p class="hint">${t('上年同期', 'a year before')} ${count(row.last_count ?? 0)}${d && html` <b class=${d.startsWith('-') ? 'bad-text' : 'good-text'}>${d}</b>`}</p>`}
    ${counted(r).map((c) => html`<p class="hint">${title(c.title, c.name)} <b>${count(row[c.name] ?? 0)}</b>${r.compare && ` / ${count(row[`last_${c.name}`] ?? 0)}`}</p>`)}</div>`;
}

// One bar a row: named counts lie within it, each as far as it comes, sums of money behind one another; with a target the
// whole width is the target.
function Nested({ r, rows, keys }) {
  const [all, setAll] = useState(false), named = counted(r), hasTarget = rows.some((x) => x.target !== null && x.target !== undefined);
  const sums = named.length ? [] : r.columns.filter((c) => c.type === 'money' && c.name.startsWith('sum_')), money = sums[0], mid = mean(r), behind = hasTarget && sums.length > 1, main = money || mid || { name: 'count', title: column(r, 'count').title }, last = r.compare && { name: `last_${main.name}`, title: { zh: '上年同期', en: 'A year before' }, last: true };
  const parts = behind ? [...sums].reverse() : hasTarget && named.length ? named : [main, ...(last ? [] : named)];
  const kept = hasTarget ? rows.filter((x) => x.target) : rows;
  const value = (x, c) => (behind ? sums.slice(0, sums.indexOf(c) + 1) : [c]).reduce((n, s) => n + Number(x[s.name] ?? 0), 0), most = Math.max(1, ...kept.flatMap((x) => [value(x, main), last ? value(x, last) : 0]));
  const sorted = hasTarget ? kept : [...kept].sort((a, b) => value(b, main) - value(a, main)), shown = all ? sorted : sorted.slice(0, 10);
  const figure = (n) => (money ? text(money, n.toFixed(2)) : mid ? count(Number(n.toFixed(1))) : count(n)), told = (x, c) => figure(value(x, c));
  const wide = (x, c) => `${Math.min(100, (100 * value(x, c)) / (hasTarget ? Number(x.target) : most))}%`;
  const said = (x) => parts.map((c) => `${title(c.title, c.name)} ${figure(Number(x[c.name] ?? 0))}`).join(t('，', ', '));
  return html`<${Legend} names=${[...parts, ...(last ? [last] : [])].map((c) => title(c.title, c.name))} />
    <div class="bars">${shown.map((x) => html`<div class="bar-row ${hasTarget || last || money ? 'of' : ''}"><span class="bar-label"><${Behind} href=${listOf(r, x)}><${Label} r=${r} row=${x} keys=${keys} /><//></span>
      <span class="bar-pair"><span class="bar nested" title=${said(x)}>${parts.map((c, i) => value(x, c) > 0 && html`<i class="c${i % TONES}" style=${{ width: wide(x, c) }}></i>`)}</span>
        ${last && html`<span class="bar thin">${value(x, last) > 0 && html`<i class="c1" style=${{ width: wide(x, last) }}></i>`}</span>`}</span>
      <b>${parts.length > 1 && (behind || !hasTarget) ? told(x, parts[0]) : parts.map((c) => told(x, c)).join(' · ')}${hasTarget && html`<small> / ${figure(Number(x.target))}</small>`}${last && html`<small> / ${told(x, last)}</small>`}</b></div>`)}</div>
    ${hasTarget && !mid && html`<p class="bar-row of sum"><span>${t('合计', 'Sum')}</span><span></span><b>${behind ? figure(sums.reduce((n, c) => n + sumOf(kept, c.name), 0)) : parts.map((c) => figure(sumOf(kept, c.name))).join(' · ')}<small> / ${figure(sumOf(kept, 'target'))}</small></b></p>`}
    <${More} all=${all} set=${setAll} n=${sorted.length - 10} />`;
}

// Pools, each with what is left of it: the sums of fields that an entity keeps of its reservations.
function poolColumns(r) {
  const e = entity(r.entity), found = PARTS.map(([k, w, c]) => { const f = e && partOf(e, k); return { k, w, c, column: f && column(r, `sum_${f.name}`) }; }).filter((x) => x.column);
  return found.length > 1 && found.at(-1).k === 'left' ? found : null;
}
function Pools({ r, rows, keys, parts }) {
  const [all, setAll] = useState(false), left = parts.at(-1).column, shown = all ? rows : rows.slice(0, 10), of = (x) => Object.fromEntries(parts.map((p) => [p.k, x[p.column.name]]));
  const told = (v) => (left.type === 'integer' ? count(v) : text(left, v));
  return html`<ul class="legend">${parts.map((p) => html`<li><i class="dot ${p.c}"></i>${t(...p.w)}</li>`)}</ul>
    <div class="bars">${shown.map((x) => html`<div class="bar-row of"><span class="bar-label"><${Behind} href=${listOf(r, x)}><${Label} r=${r} row=${x} keys=${keys} /><//></span><${PoolBar} of=${of(x)} told=${told} legend=${false} />
      <b class=${Number(x[left.name]) < 0 ? 'bad-text' : ''}>${told(x[left.name] ?? 0)}</b></div>`)}</div><${More} all=${all} set=${setAll} n=${rows.length - 10} />`;
}

// Two groupings: the second as parts of the bar.
function Stacked({ r, rows }) {
  const [all, setAll] = useState(false), [a, b] = r.group, of = (k) => [...new Set(rows.map((x) => x[k]))], parts = of(b);
  const bars = of(a).map((k) => { const mine = rows.filter((x) => x[a] === k); return { row: mine[0], sum: sumOf(mine, 'count'), values: parts.map((p) => sumOf(mine.filter((x) => x[b] === p), 'count')) }; }).sort((x, y) => y.sum - x.sum);
  const most = Math.max(1, ...bars.map((x) => x.sum)), shown = all ? bars : bars.slice(0, 10);
  return html`<${Legend} names=${parts.map((p) => label(r, b, p))} /><div class="bars">${shown.map((x) => html`<div class="bar-row"><span class="bar-label"><${Label} r=${r} row=${x.row} keys=${[a]} /></span>
    <span class="bar">${x.values.map((v, i) => v > 0 && html`<i class="c${i % TONES}" style=${{ width: `${(100 * v) / most}%` }} title=${`${label(r, b, parts[i])} ${count(v)}`}></i>`)}</span><b>${count(x.sum)}</b></div>`)}</div>
    <${More} all=${all} set=${setAll} n=${bars.length - 10} />`;
}

// All, then each named count, and how many of the one before came so far.
function Funnel({ r, rows }) {
  const steps = [column(r, 'count'), ...r.columns.filter((c) => 'where' in c)].map((c) => ({ c, n: sumOf(rows, c.name) })), most = Math.max(1, steps[0].n);
  return html`<div class="bars">${steps.map(({ c, n }) => html`<div class="bar-row of"><span class="bar-label">${title(c.title, c.name)}</span><span class="bar">${n > 0 && html`<i class="c0" style=${{ width: `${(100 * n) / most}%` }}></i>`}</span>
    <b><${Behind} href=${listOf(r, undefined, c)}>${count(n)}<//><small> ${((100 * n) / most).toFixed(n * 10 < most ? 1 : 0)}%</small></b></div>`)}</div>`;
}

function Pie({ r, rows }) {
  const values = [...rows].sort((a, b) => b.count - a.count), sum = sumOf(values, 'count') || 1, round = 2 * Math.PI * 40;
  let at = 0;
  return html`<div class="pie"><svg viewBox="0 0 120 120" aria-hidden="true">${values.map((x, i) => {
    const part = (x.count / sum) * round, from = at;
    at += part;
    return html`<circle class="s${i % TONES}" cx="60" cy="60" r="40" stroke-dasharray=${`${Math.max(part - 0.8, 0.1)} ${round}`} stroke-dashoffset=${-from} />`;
  })}</svg><ul class="legend tall">${values.map((x, i) => html`<li><i class="dot c${i % TONES}"></i><span><${Behind} href=${listOf(r, x)}><${Label} r=${r} row=${x} /><//></span><b>${count(x.count)}</b><small>${((100 * x.count) / sum).toFixed(1)}%</small></li>`)}</ul></div>`;
}

// The chart library comes when a line is in sight.
function Line({ r, rows }) {
  const ref = useRef(), key = JSON.stringify(rows);
  useEffect(() => {
    let chart, gone = false, resize;
    const [by, part] = r.group, keys = [...new Set(rows.map((x) => x[by]))].sort(), mid = mean(r), figure = (mine) => (mid ? (mine[0]?.[mid.name] ?? null) && Number(mine[0][mid.name]) : sumOf(mine, 'count')), of = (f) => keys.map((k) => figure(rows.filter((x) => x[by] === k && f(x))));
    const series = part ? [...new Set(rows.map((x) => x[part]))].map((p) => ({ name: label(r, part, p), values: of((x) => x[part] === p) })) : [{ name: heading(r, mid?.name ?? 'count'), values: of(() => true) }];
    if (!part && r.compare) series.push({ name: t('上年同期', 'A year before'), values: keys.map((k) => sumOf(rows.filter((x) => x[by] === k), 'last_count')) });
    const draw = ({ default: UPlot }) => {
      if (gone) return;
      const at = keys.map((k) => Date.parse(k) / 1000), dated = at.every(Number.isFinite), style = getComputedStyle(ref.current);
      const size = () => ({ width: ref.current.clientWidth, height: 220 });
      chart = new UPlot({ ...size(), scales: { x: { time: dated } }, legend: { show: series.length > 1, live: false },
        series: [{}, ...series.map((s, i) => ({ label: s.name, width: 2, stroke: style.getPropertyValue(`--c${i % TONES}`).trim(), dash: i ? [6, 4] : undefined }))],
        axes: [dated ? { values: (_, xs) => xs.map((x) => new Date(x * 1000).toISOString().slice(5, 10)) } : { values: (_, xs) => xs.map((x) => keys[x] ?? '') }, { size: 50 }] },
      [dated ? at : keys.map((_, i) => i), ...series.map((s) => s.values)], ref.current);
      resize = new ResizeObserver(() => chart.setSize(size()));
      resize.observe(ref.current);
    };
    const sight = new IntersectionObserver((seen) => {
      if (!seen.some((x) => x.isIntersecting)) return;
      sight.disconnect();
      if (!document.getElementById('uplot-css')) document.head.append(Object.assign(document.createElement('link'), { id: 'uplot-css', rel: 'stylesheet', href: 'vendor/uplot.css' }));
      import('./vendor/uplot.js').then(draw);
    });
    sight.observe(ref.current);
    return () => { gone = true; sight.disconnect(); resize?.disconnect(); chart?.destroy(); };
  }, [key]);
  return html`<div class="line" ref=${ref} aria-hidden="true"></div>`;
}

function Table({ r, rows }) {
  const figures = r.columns.filter((c) => !r.group.includes(c.name));
  const figure = (c, v) => (v === null ? (r.min_cell ? t('不足，不显示', 'too few to show') : '') : c.type === 'integer' ? count(v) : text(c, v));
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${title(r.title, r.name)}><table><thead><tr>${r.group.map((g) => html`<th>${heading(r, g)}</th>`)}${figures.map((c) => html`<th class="number">${title(c.title, c.name)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${r.group.map((g) => html`<td><${Label} r=${r} row=${row} keys=${[g]} /></td>`)}${figures.map((c) => html`<td class="number">${figure(c, row[c.name])}</td>`)}</tr>`)}</tbody></table></div>`;
}

// With a target the first of several groups (a season, a year) is chosen; the newest to begin with.
function Chart({ r, rows }) {
  const sections = r.columns.some((c) => c.name === 'target') && r.group.length > 1 ? [...new Set(rows.filter((x) => x.target).map((x) => x[r.group[0]]))].sort().reverse() : [];
  const [chosen, choose] = useState(null), section = sections.includes(chosen) ? chosen : sections[0];
  if (r.chart === 'number' && !r.group.length) return html`<${Numbers} r=${r} rows=${rows} />`;
  if (r.chart === 'funnel') return html`<${Funnel} r=${r} rows=${rows} />`;
  if (!r.group.length) return html`<${Table} r=${r} rows=${rows} />`;
  const parts = poolColumns(r);
  if (parts && !sections.length) return html`<${Pools} r=${r} rows=${rows} keys=${r.group} parts=${parts} />`;
  if (r.chart === 'pie') return html`<${Pie} r=${r} rows=${rows} />`;
  if (r.chart === 'line' && new Set(rows.map((x) => x[r.group[0]])).size > 1) return html`<${Line} r=${r} rows=${rows} />`;
  if (sections.length) {
    return html`${sections.length > 1 && html`<div class="tabs" role="group" aria-label=${heading(r, r.group[0])}>${sections.map((s) => html`<button type="button" aria-pressed=${s === section ? 'true' : 'false'} onClick=${() => choose(s)}>${label(r, r.group[0], s)}</button>`)}</div>`}
      <${Nested} r=${r} rows=${rows.filter((x) => x[r.group[0]] === section)} keys=${r.group.slice(1)} />`;
  }
  return r.group.length > 1 && !counted(r).length && !mean(r) && !r.columns.some((c) => c.type === 'money') ? html`<${Stacked} r=${r} rows=${rows} />` : html`<${Nested} r=${r} rows=${rows} keys=${r.group} />`;
}

export function Report({ r, between, first }) {
  const [table, setTable] = useState(r.chart === 'table'), address = reportAddress(r, { older: r.overview?.older, between });
  const load = useLoad((signal) => get(address, { signal }), [r.path, between]);
  useFresh(load, [r.entity], 3000);
  const rows = load.data?.rows, tile = first && r.chart === 'number' && !r.group.length, file = (kind) => `${address}${address.includes('?') ? '&' : '?'}format=${kind}`;
  return html`<section class="card report ${tile ? 'tile' : ''}"><header><h3>${title(r.title, r.name)}</h3>
    ${!tile && html`<div class="tools"><button type="button" class="plain" aria-pressed=${table} onClick=${() => setTable(!table)}>${table ? t('图', 'Chart') : t('表', 'Table')}</button>
      <a class="button plain" href=${file('csv')} download=${`${r.name}.csv`}>CSV</a><a class="button plain" href=${file('xlsx')} download=${`${r.name}.xlsx`}>Excel</a></div>`}</header>
    ${load.error && !rows && html`<${ProblemBox} error=${load.error} again=${load.again} />`}
    ${!rows && !load.error && html`<${Busy} />`}
    ${rows && !rows.length && html`<p class="hint">${first ? t('目前没有', 'None at the moment') : t('还没有数据', 'No data yet')}</p>`}
    ${rows?.length > 0 && (table ? html`<${Table} r=${r} rows=${rows} />` : html`<${Chart} r=${r} rows=${rows} />`)}
    ${load.data?.suppressed > 0 && html`<p class="hint">${t(`另有 ${load.data.suppressed} 组人数过少，不显示`, `${load.data.suppressed} groups too small to show`)}</p>`}</section>`;
}
