// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Records by one of their dates, a month at a time; on a telephone the days that have any.
import { html } from './vendor/preact.js';
import { get, query } from './api.js';
import { locale, t, title } from './i18n.js';
import { app, listAddress, recordAddress, replaceRoute } from './state.js';
import { Busy, Empty, ProblemBox, State, useLoad } from './ui.js';
import { count, instant, nameField, recordName, time } from './format.js';
import { ofDay } from './figures.js';
import { useFresh } from './fresh.js';
import { Ways, datesOf } from './ways.js';

const MOST = 500, SHOWN = 4;
const monthOf = (month, by) => { const [y, m] = month.split('-').map(Number), at = y * 12 + m - 1 + by; return `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`; };
const weekday = (day) => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;      // Monday is 0

export function Page({ e }) {
  return datesOf(e).length ? html`<${Calendar} e=${e} />` : html`<${Empty} title=${t('这里没有日期', 'There are no dates here')} action=${html`<a class="button" href=${listAddress(e)}>${t('回到列表', 'To the list')}</a>`} />`;
}

function Calendar({ e }) {
  const dates = datesOf(e), asked = app.route.query, f = dates.find((x) => x.name === (asked.get('by') ?? e.overview?.date)) ?? dates[0], { today } = app.meta.school;
  const month = /^\d{4}-(0[1-9]|1[0-2])$/.test(asked.get('month')) ? asked.get('month') : today.slice(0, 7), first = `${month}-01`, end = `${monthOf(month, 1)}-01`;
  const from = ofDay(first, -weekday(first)), days = Array.from({ length: 42 }, (_, i) => ofDay(from, i)).filter((d, i, l) => i < 28 || l[i - (i % 7)] < end), until = ofDay(days.at(-1), 1);
  const at = (day) => (f.type === 'datetime' ? instant(`${day}T00:00`) : day), key = [e.full, f.name, month];
  const load = useLoad((signal) => get(query(e.path, { [`${f.name}[gte]`]: at(from), [`${f.name}[lt]`]: at(until), sort: f.name, limit: MOST, fields: [nameField(e)?.name, f.name].filter(Boolean).join(',') }), { signal }), key);
  useFresh(load, [e.full]);
  const show = (more) => replaceRoute(query(`${listAddress(e)}/calendar`, { by: f.name, month, ...more }));
  const dayOf = (r) => (f.type === 'datetime' ? time(r[f.name]).slice(0, 10) : r[f.name]), items = load.data?.items ?? [], of = (day) => items.filter((r) => dayOf(r) === day);
  const named = new Intl.DateTimeFormat(locale(), { weekday: 'short', timeZone: 'UTC' }), said = (d) => `${Number(d.slice(8))}`;
  const day = (d) => { const mine = of(d); return html`<div key=${d} role="gridcell" class="day ${d === today ? 'today' : ''} ${d.slice(0, 7) === month ? '' : 'other'} ${mine.length ? '' : 'free'}"><p><span>${said(d)}</span> <span class="narrow-only hint">${named.format(new Date(`${d}T00:00:00Z`))}</span></p>
    <ul>${mine.slice(0, SHOWN).map((r) => html`<li key=${r.id}><a href=${recordAddress(e, r.id)} title=${recordName(e, r)}>${f.type === 'datetime' && html`<small>${time(r[f.name], { day: false })}</small> `}${recordName(e, r)}</a>${r.state && html` <${State} e=${e} name=${r.state} />`}</li>`)}</ul>
    ${mine.length > SHOWN && html`<a class="hint" href=${query(listAddress(e), { [`${f.name}[gte]`]: at(d), [`${f.name}[lt]`]: at(ofDay(d, 1)) })}>${t(`另 ${count(mine.length - SHOWN)} 条`, `${count(mine.length - SHOWN)} more`)}</a>`}</div>`; };
  return html`<div class="page calendar-page"><div class="page-head"><h1>${title(e.title, e.name)}</h1><${Ways} e=${e} at="calendar" />
      <div class="tools">${dates.length > 1 && html`<select aria-label=${t('按哪个日期', 'By which date')} value=${f.name} onChange=${(ev) => show({ by: ev.target.value })}>${dates.map((x) => html`<option value=${x.name}>${title(x.title, x.name)}</option>`)}</select>`}
        <button type="button" aria-label=${t('上个月', 'The month before')} onClick=${() => show({ month: monthOf(month, -1) })}>←</button><button type="button" onClick=${() => show({ month: today.slice(0, 7) })}>${t('本月', 'This month')}</button><button type="button" aria-label=${t('下个月', 'The next month')} onClick=${() => show({ month: monthOf(month, 1) })}>→</button></div></div>
    <h2 role="status">${new Intl.DateTimeFormat(locale(), { year: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(`${first}T00:00:00Z`))} <small>${load.data && t(`${count(items.filter((r) => dayOf(r).slice(0, 7) === month).length)} 条`, `${count(items.filter((r) => dayOf(r).slice(0, 7) === month).length)}`)}</small></h2>
    <${ProblemBox} error=${load.error} again=${load.again} />${!load.data && !load.error && html`<${Busy} />`}
    ${load.data?.next && html`<p class="notice">${t(`只显示前 ${MOST} 条`, `Only the first ${MOST} are shown`)}</p>`}
    ${load.data && !items.some((r) => dayOf(r).slice(0, 7) === month) && html`<div class="narrow-only"><${Empty} title=${t('这个月没有记录', 'Nothing in this month')} /></div>`}
    <div class="month ${items.some((r) => dayOf(r).slice(0, 7) === month) ? '' : 'free'}" role="grid" aria-label=${t('日历', 'Calendar')}><div role="row" class="week heads">${days.slice(0, 7).map((d) => html`<div role="columnheader">${named.format(new Date(`${d}T00:00:00Z`))}</div>`)}</div>
      ${Array.from({ length: days.length / 7 }, (_, w) => html`<div role="row" class="week ${days.slice(w * 7, w * 7 + 7).some((d) => d.slice(0, 7) === month && of(d).length) ? '' : 'free'}" key=${w}>${days.slice(w * 7, w * 7 + 7).map(day)}</div>`)}</div></div>`;
}
