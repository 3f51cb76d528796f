// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Any entity as a list: filters, order and columns in the address; only the rows in sight are drawn.
import { html, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from './vendor/preact.js';
import { lang, t, title } from './i18n.js';
import { app, go, listAddress, recall, recordAddress, remember, replaceRoute } from './state.js';
import { Empty, ProblemBox, State, stateTitle } from './ui.js';
import { Later } from './later.js';
import { Pager } from './pager.js';
import { onChange } from './live.js';
import { RecordRef, Value, count, isNumber, nameField, recordName, text, time } from './format.js';
import { AddFilter, filterName, filterText, parseKey, searchFor } from './filters.js';
import { Views } from './views.js';
import { Ways } from './ways.js';
import { PoolBar, poolFields } from './holdings.js';
import { isByCase } from './approval.js';
import { documentsOf } from './documents.js';

const WIDTH = { date: 112, datetime: 150, time: 80, integer: 90, decimal: 96, money: 120, boolean: 76, choice: 165, multichoice: 190, longtext: 240, list: 90 };
const PICK_MAX = 100;      // as many ids as one request takes
const TIMES = { created_at: ['建立时间', 'Created'], updated_at: ['更新时间', 'Changed'] };

export function columnsOf(e) {
  const name = nameField(e);
  const all = e.fields.filter((f) => f.view !== 'hidden' && !['json', 'file'].includes(f.type));
  const standard = all.filter((f) => !f.sealed && !['longtext', 'list'].includes(f.type)).sort((a, b) => (b === name) - (a === name)).slice(0, 6).map((f) => f.name), left = poolFields(e)?.left.name;
  if (left && !standard.includes(left)) standard.splice(-1, 1, left);      // what is left of it, with its bar
  return { all, standard };
}
const isSortable = (f) => !f.sealed && !['multichoice', 'list', 'json', 'longtext', 'file'].includes(f.type);

function useNarrow() {
  const m = useMemo(() => matchMedia('(max-width: 640px)'), []);
  const [narrow, set] = useState(m.matches);
  useEffect(() => { const f = () => set(m.matches); m.addEventListener('change', f); return () => m.removeEventListener('change', f); }, []);
  return narrow;
}

function Rows({ e, pager, columns, sort, setSort, narrow, force, picked, pick }) {
  const ref = useRef(), [view, setView] = useState({ top: 0, height: 600 }), [active, setActive] = useState(0);
  const high = narrow ? 66 : 42, { rows } = pager;
  const first = Math.max(0, Math.floor(view.top / high) - 8), end = Math.min(rows.length, Math.ceil((view.top + view.height) / high) + 8);
  useLayoutEffect(() => {
    const grid = ref.current, see = () => setView({ top: grid.scrollTop, height: grid.clientHeight });
    see();
    const size = new ResizeObserver(see);
    size.observe(grid);
    grid.addEventListener('scroll', see, { passive: true });
    return () => { size.disconnect(); grid.removeEventListener('scroll', see); };
  }, []);
  useEffect(() => { if (ref.current) { ref.current.scrollTop = 0; setActive(0); } }, [pager]);
  useEffect(() => { if (end + 120 > rows.length && pager.hasMore && !pager.busy && !pager.error) pager.more(); }, [end, rows.length, pager, force]);
  function keys(ev) {
    const page = Math.max(1, Math.floor(view.height / high) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -active, End: rows.length - 1 - active }[ev.key];
    if (ev.target !== ref.current) return;
    if (ev.key === 'Enter' && rows[active]) go(recordAddress(e, rows[active].id));
    if (step === undefined) return;
    ev.preventDefault();
    const to = Math.max(0, Math.min(rows.length - 1, active + step)), y = to * high, head = narrow ? 0 : 40;
    setActive(to);
    if (y < ref.current.scrollTop) ref.current.scrollTop = y;
    else if (y + high + head > ref.current.scrollTop + view.height) ref.current.scrollTop = y + high + head - view.height;
  }
  const name = nameField(e), pool = poolFields(e);
  const widths = (picked ? '44px ' : '') + columns.map((c) => (c.state ? '110px' : c.f === name ? 'minmax(120px, 1.3fr)' : WIDTH[c.f?.type] ? `minmax(${WIDTH[c.f.type]}px, .7fr)` : c.at ? '150px' : 'minmax(110px, 1fr)')).join(' ');
  const [by, down] = sort ? [sort.replace('-', ''), sort.startsWith('-')] : [];
  const head = (c) => {
    const label = c.state ? t('状态', 'State') : c.at ? t(...TIMES[c.at]) : title(c.f.title, c.f.name), key = c.state ? 'state' : c.at ?? c.f.name;
    const can = !c.f || isSortable(c.f);
    return html`<div role="columnheader" class=${c.f && isNumber(c.f) ? 'right' : ''} aria-sort=${by === key ? (down ? 'descending' : 'ascending') : undefined} key=${key}>
      ${can ? html`<button type="button" class="plain" onClick=${() => setSort(by !== key ? key : down ? null : `-${key}`)}>${label}${by === key && html`<span aria-hidden="true">${down ? ' ↓' : ' ↑'}</span>`}</button>` : label}</div>`;
  };
  const tick = (r) => picked && html`<input type="checkbox" aria-label=${t(`选中 ${recordName(e, r)}`, `Select ${recordName(e, r)}`)} checked=${picked.includes(r.id)} onClick=${(ev) => ev.stopPropagation()} onChange=${(ev) => pick(r.id, ev.target.checked)} />`;
  const cell = (r, c) => (c.state ? html`<${State} e=${e} name=${r.state} />` : c.at ? time(r[c.at]) : pool && c.f === pool.left && !narrow && (r[c.f.name] ?? null) !== null ? html`<span class="left-cell"><${Value} f=${c.f} v=${r[c.f.name]} /><${PoolBar} of=${Object.fromEntries(Object.entries(pool).map(([k, f]) => [k, r[f.name]]))} told=${(v) => text(c.f, v)} legend=${false} /></span>`
    : html`<${Value} f=${c.f} v=${r[c.f.name]} masked=${r._masked?.includes(c.f.name)} />`);
  const plainly = (r, c) => (c.f.type === 'reference' && r[c.f.name] ? html`<${RecordRef} to=${c.f.to} id=${r[c.f.name]} plain />` : cell(r, c));
  const row = (r, i) => html`<div role="row" id=${`row-${i}`} key=${r.id} class="row ${i === active ? 'active' : ''}" aria-rowindex=${i + 2}
    style=${{ transform: `translateY(${i * high}px)`, gridTemplateColumns: narrow ? undefined : widths }} onClick=${(ev) => { if (ev.defaultPrevented || ev.target.closest('a, input') || String(getSelection())) return; if (picked) pick(r.id, !picked.includes(r.id)); else go(recordAddress(e, r.id)); }}>
    ${narrow ? html`<div role="gridcell" class="narrow"><span class="first">${tick(r)}<a href=${recordAddress(e, r.id)} tabindex="-1">${recordName(e, r)}</a></span><${State} e=${e} name=${r.state} />
        <p>${columns.filter((c) => c.f && c.f !== name && (r[c.f.name] ?? '') !== '').map((c, k) => html`${k > 0 && ' · '}${plainly(r, c)}`)}</p></div>`
    : html`${picked && html`<div role="gridcell">${tick(r)}</div>`}${columns.map((c, k) => html`<div role="gridcell" key=${k} class=${c.f && ['integer', 'decimal', 'money'].includes(c.f.type) ? 'right' : ''}>
        ${k === 0 ? html`<a href=${recordAddress(e, r.id)} tabindex="-1">${c.f === name ? recordName(e, r) : c.state ? cell(r, c) : plainly(r, c)}</a>` : cell(r, c)}</div>`)}`}</div>`;
  return html`<div class="grid ${narrow ? 'narrow' : ''}" role="grid" tabindex="0" ref=${ref} onKeyDown=${keys} aria-label=${title(e.title, e.name)}
      aria-rowcount=${(pager.total ?? rows.length) + 1} aria-activedescendant=${active >= first && active < end ? `row-${active}` : undefined}>
    <div class="grid-head ${narrow ? 'away' : ''}" role="rowgroup"><div role="row" style=${{ gridTemplateColumns: widths }}>${picked && html`<div role="columnheader"><span class="away">${t('选择', 'Pick')}</span></div>`}${columns.map(head)}</div></div>
    <div class="grid-body" role="rowgroup" style=${{ height: `${rows.length * high + (pager.hasMore ? high : 0)}px` }}>
      ${rows.slice(first, end).map((r, i) => row(r, first + i))}
      ${pager.hasMore && html`<div role="row" class="row loading" style=${{ transform: `translateY(${rows.length * high}px)` }}><div role="gridcell">${t('载入中…', 'Loading…')}</div></div>`}</div></div>`;
}

// The list on paper: a plain table of what has been loaded, in its columns.
const PAPER = 1000;
function Paper({ e, pager, columns, chips }) {
  const rows = pager.rows.slice(0, PAPER);
  return html`${chips.length > 0 && html`<p class="hint">${chips.map(([k, v], i) => html`${i > 0 && t('；', '; ')}${filterText(e, k, v)}`)}</p>`}
    ${(pager.total ?? 0) > rows.length && html`<p class="hint">${t(`前 ${count(rows.length)} 条，共 ${count(pager.total)} 条`, `The first ${count(rows.length)} of ${count(pager.total)}`)}</p>`}
    <table class="paper"><thead><tr>${columns.map((c) => html`<th>${c.state ? t('状态', 'State') : c.at ? t(...TIMES[c.at]) : title(c.f.title, c.f.name)}</th>`)}</tr></thead>
    <tbody>${rows.map((r) => html`<tr>${columns.map((c) => html`<td class=${c.f && isNumber(c.f) ? 'number' : ''}>${c.state ? stateTitle(e, r.state) : c.at ? time(r[c.at]) : c.f.type === 'reference' && r[c.f.name] ? html`<${RecordRef} to=${c.f.to} id=${r[c.f.name]} plain />` : html`<${Value} f=${c.f} v=${r[c.f.name]} masked=${r._masked?.includes(c.f.name)} />`}</td>`)}</tr>`)}</tbody></table>`;
}

const without = (o, k) => Object.fromEntries(Object.entries(o).filter(([x]) => x !== k));

export function Page({ e }) {
  const route = app.route.query, [, force] = useReducer((n) => n + 1, 0), narrow = useNarrow();
  const [sealed, setSealed] = useState({});   // never in an address: it would stay in the browser's history
  const [adding, setAdding] = useState(false), [typed, setTyped] = useState(''), [news, setNews] = useState(0);
  const [picked, setPicked] = useState(null), [asking, setAsking] = useState(null);
  const { all, standard } = columnsOf(e);
  const [chosen, setChosen] = useState(() => recall(`columns.${e.full}`, null));
  const names = (chosen ?? standard).filter((n) => n in TIMES || all.some((f) => f.name === n));
  const columns = [...names.filter((n) => !(n in TIMES)).slice(0, 1).map((n) => ({ f: all.find((f) => f.name === n) })), ...(e.workflow ? [{ state: true }] : []),
    ...names.filter((n) => !(n in TIMES)).slice(1).map((n) => ({ f: all.find((f) => f.name === n) })), ...names.filter((n) => n in TIMES).map((at) => ({ at }))];
  const filters = Object.fromEntries([...route].filter(([k]) => k !== 'sort' && parseKey(k)));
  const sort = route.get('sort');
  const pool = poolFields(e), fields = [...new Set([nameField(e)?.name, ...names.filter((n) => !(n in TIMES)), ...(pool && names.includes(pool.left.name) ? Object.values(pool).map((f) => f.name) : [])])].filter(Boolean).join(',');
  const key = JSON.stringify([e.full, filters, sealed, sort, fields]);
  const ref = useRef();
  if (ref.current?.key !== key) {
    ref.current?.pager.close();
    ref.current = { key, pager: new Pager(e.path, { ...filters, ...sealed, sort: 'q' in sealed ? undefined : sort, fields }, () => force()) };
  }
  const { pager } = ref.current;
  useEffect(() => setPicked(null), [key]);
  useEffect(() => () => ref.current.pager.close(), []);
  useEffect(() => { setNews(0); }, [pager]);
  useEffect(() => {
    let seen = [], timer;
    const flush = async () => {
      timer = undefined;
      const ids = seen;
      seen = [];
      if (ids.length > 20) { setNews((n) => n + ids.length); return; }
      for (const x of ids) if (!await ref.current.pager.refresh(x.record) && x.rev === 1) setNews((n) => n + 1);
    };
    const end = onChange((x) => {
      if (x.reset) { setNews((n) => n + 1); return; }
      if (x.entity !== e.full) return;
      seen = [...seen.filter((y) => y.record !== x.record), x];
      timer ??= setTimeout(flush, 300);
    });
    return () => { clearTimeout(timer); end(); };
  }, [e.full]);
  const reload = () => { ref.current = null; setNews(0); force(); };
  const change = (f) => { const q = new URLSearchParams(route); f(q); const s = q.toString(); replaceRoute(listAddress(e) + (s ? `?${s}` : '')); };
  const add = (k, v) => (e.fields.find((f) => f.name === parseKey(k).name)?.sealed ? setSealed({ ...sealed, [k]: v }) : change((q) => q.set(k, v)));
  function search(ev) {
    ev.preventDefault();
    const hit = typed.trim() && searchFor(e, typed);
    if (!hit) return;
    if (hit.sealed) setSealed({ ...sealed, [hit.key]: hit.value });
    else { if (hit.key in sealed) setSealed(without(sealed, hit.key)); change((q) => q.set(hit.key, hit.value)); }
    setTyped('');
  }
  const choose = (list) => { setChosen(list); remember(`columns.${e.full}`, list); };
  const toggle = (n, on) => choose(on ? [...names, n] : names.filter((x) => x !== n));
  const state = filters.state ?? '', active = Object.keys({ ...filters, ...sealed }).length > 0;
  const chips = [...Object.entries(filters).filter(([k]) => k !== 'state' || state.includes(',')), ...Object.entries(sealed)];
  const asked = { ...filters, ...sealed, sort: 'q' in sealed ? undefined : sort }, does = e.workflow?.transitions.some((x) => x.may && !isByCase(e, x));
  const clear = () => { setSealed({}); replaceRoute(listAddress(e)); };
  // Names of people and records are asked for as rows are drawn: the paper waits for them.
  async function print() {
    await pager.fill(PAPER);
    app.printing = true;
    app.render();
    for (let i = 0; i < 60 && document.querySelector('table.paper')?.innerText.includes('…'); i++) await new Promise((r) => setTimeout(r, 50));
    window.print();
    app.printing = false;
    app.render();
  }
  useEffect(() => {
    const key = (ev) => { if (ev.key === 'p' && (ev.ctrlKey || ev.metaKey)) { ev.preventDefault(); print(); } };
    window.addEventListener('keydown', key);
    return () => window.removeEventListener('keydown', key);
  }, [pager]);
  return html`<div class="page list-page">
    <div class="page-head"><h1>${title(e.title, e.name)}</h1><${Ways} e=${e} at="" />
      <span class="hint" role="status">${pager.total !== null && t(`共 ${count(pager.total)} 条`, `${count(pager.total)} records`)}</span>
      <div class="tools">${documentsOf(e).length > 0 && html`<button type="button" onClick=${() => setAsking('batch')}>${t('批量文书', 'Documents')}</button>`}
        ${does && html`<button type="button" aria-pressed=${picked ? 'true' : 'false'} onClick=${() => setPicked(picked ? null : [])}>${t('批量', 'Several')}</button>`}
        ${e.may.export && html`<button type="button" onClick=${() => setAsking('export')}>${t('导出', 'Export')}</button>`}
        <button type="button" class="wide-only" disabled=${!pager.rows.length} onClick=${print}>${t('打印', 'Print')}</button>
        ${e.may.import && html`<a class="button" href=${`${listAddress(e)}/import`}>${t('导入', 'Import')}</a>`}
        ${e.may.create && html`<a class="button main" href=${`${listAddress(e)}/new`}>＋ ${t('新建', 'New')}</a>`}</div></div>
    <div class="filters">
      <form role="search" onSubmit=${search}><input type="search" aria-label=${t('在列表中查找', 'Search this list')} placeholder=${t('查找，回车', 'Search, Enter')} value=${typed} onInput=${(ev) => setTyped(ev.target.value)} /></form>
      ${e.workflow && html`<div class="tabs" role="group" aria-label=${t('状态', 'State')}>
        <button type="button" aria-pressed=${!state} onClick=${() => change((q) => q.delete('state'))}>${t('全部', 'All')}</button>
        ${e.workflow.states.map((s) => html`<button type="button" aria-pressed=${state === s.name} onClick=${() => change((q) => q.set('state', s.name))}>${title(s.title, s.name)}</button>`)}</div>`}
      <button type="button" aria-expanded=${adding} onClick=${() => setAdding(!adding)}>＋ ${t('筛选', 'Filter')}</button>
      <${Views} e=${e} asked=${[...route]} columns=${chosen} show=${(v) => { setSealed({}); choose(v.columns ?? null); const q = String(new URLSearchParams(v.asked)); replaceRoute(listAddress(e) + (q ? `?${q}` : '')); }} />
      <details class="menu"><summary>${t('列', 'Columns')}</summary><div class="card">${all.map((f) => html`<label><input type="checkbox" checked=${names.includes(f.name)} onChange=${(ev) => toggle(f.name, ev.target.checked)} />${title(f.title, f.name)}</label>`)}
        ${Object.entries(TIMES).map(([n, w]) => html`<label><input type="checkbox" checked=${names.includes(n)} onChange=${(ev) => toggle(n, ev.target.checked)} />${t(...w)}</label>`)}
        <button type="button" class="plain" onClick=${() => choose(null)}>${t('恢复默认', 'Standard columns')}</button></div></details>
    </div>
    ${asking === 'batch' && html`<${Later} name="batch" e=${e} filters=${filters} sealed=${Object.keys(sealed).length > 0} total=${pager.total} close=${() => setAsking(null)} />`}
    ${adding && html`<${AddFilter} e=${e} add=${add} close=${() => setAdding(false)} />`}
    ${chips.length > 0 && html`<div class="chips">${chips.map(([k, v]) => html`<span class="chip">${filterText(e, k, v)}<button type="button" class="plain" aria-label=${`${t('去掉', 'Remove')} ${filterName(e, k)}`}
      onClick=${() => (k in sealed ? setSealed(without(sealed, k)) : change((q) => q.delete(k)))}>✕</button></span>`)}
      <button type="button" class="plain" onClick=${clear}>${t('清除', 'Clear')}</button></div>`}
    ${picked && html`<div class="card picking" role="status"><span>${t(`已选 ${count(picked.length)} 条`, `${count(picked.length)} picked`)}${picked.length === PICK_MAX ? t('（一次最多 100 条）', ' (100 at most)') : ''}</span>
      <button type="button" class="main" disabled=${!picked.length} onClick=${() => setAsking('picked')}>${t('办理选中的', 'Step for those')}</button><button type="button" disabled=${!pager.total} onClick=${() => setAsking('all')}>${t(`办理全部 ${count(pager.total ?? 0)} 条`, `Step for all ${count(pager.total ?? 0)}`)}</button><button type="button" class="plain" onClick=${() => setPicked(null)}>${t('取消', 'Cancel')}</button></div>`}
    ${asking === 'export' && html`<${Later} name="export" e=${e} asked=${asked} shown=${names.filter((n) => !(n in TIMES))} total=${pager.total} close=${() => setAsking(null)} />`}
    ${(asking === 'picked' || asking === 'all') && html`<${Later} name="bulk" e=${e} ids=${asking === 'picked' ? picked : null} asked=${{ ...filters, ...sealed }} total=${pager.total} close=${(moved) => { setAsking(null); if (moved) { setPicked(null); reload(); } }} />`}
    ${news > 0 && html`<button type="button" class="news" onClick=${reload}>${t('有更新，点此刷新', 'There is news: show it')}</button>`}
    <${ProblemBox} error=${pager.error} again=${() => pager.more()} />
    ${pager.started && !pager.rows.length ? html`<${Empty} title=${active ? t('没有符合条件的记录', 'Nothing matches') : t('还没有记录', 'No records yet')}
        action=${active ? html`<button type="button" onClick=${clear}>${t('清除条件', 'Clear the filters')}</button>` : e.may.import && html`<a class="button" href=${`${listAddress(e)}/import`}>${t('从表格导入', 'Import a table')}</a>`}>
        ${active ? t('换个条件，或清除后再看。', 'Change a filter, or clear them.') : e.may.create && t('点“新建”开始，或从表格导入。', 'Start with New, or import a table.')}<//>`
    : app.printing ? html`<${Paper} e=${e} pager=${pager} columns=${columns} chips=${Object.entries(filters)} />`
    : html`<${Rows} key=${lang()} e=${e} pager=${pager} columns=${columns} sort=${sort} narrow=${narrow} setSort=${(s) => change((q) => (s ? q.set('sort', s) : q.delete('sort')))} force=${pager.busy} picked=${picked} pick=${(id, on) => setPicked((p) => (on ? [...p, id].slice(0, PICK_MAX) : p.filter((x) => x !== id)))} />`}
  </div>`;
}
