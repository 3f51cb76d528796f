// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The first page: what waits for me, what comes next, and the figures that the declarations give to
// one of my roles. Nothing here knows a department.
import { html } from './vendor/preact.js';
import { get, query } from './api.js';
import { locale, t, title } from './i18n.js';
import { app, entities, entity, listAddress, recordAddress, roleTitle } from './state.js';
import { Busy, Empty, ProblemBox, State, useLoad } from './ui.js';
import { useFresh } from './fresh.js';
import { ago, count, instant, nameField, recordName, text, time } from './format.js';
import { Report } from './report.js';
import { inOrder, isOnFirstPage, ofDay } from './figures.js';
import { kindName } from './kinds.js';

// States that somebody has to take a record on from, by a step that this person may make: not those
// where it rests (only back or to an end), nor those that a case of approval moves.
export function waitingStates(e) {
  if (!e.workflow || !e.may.read) return [];
  const { states, transitions } = e.workflow, at = (n) => states.findIndex((s) => s.name === n);
  const leads_on = (x, s) => x.may && !x.approvals && x.from.includes(s.name) && at(x.to) >= at(s.name) && !(states[at(x.to)].final && x.needs.includes('note'));
  return states.filter((s) => !s.final).map((s) => ({ ...s, steps: transitions.filter((x) => leads_on(x, s)) })).filter((s) => s.steps.some((x) => x.to !== s.name));
}

function Inbox() {
  const load = useLoad((signal) => get('inbox?limit=6&expand=record', { signal }), []);
  useFresh(load, ['']);
  const items = load.data?.items, signs = items?.filter((x) => x.kind === 'approval').length;
  return html`<section class="card todo-card"><header><h2>${t('待办', 'For you')}</h2><a href="#/inbox">${load.data?.next ? t('全部', 'All') : t('打开', 'Open')} →</a></header>
    ${load.error && !items && html`<${ProblemBox} error=${load.error} again=${load.again} />`}${!items && !load.error && html`<${Busy} />`}
    ${items && !items.length && html`<p class="hint">${t('没有等您审批、确认或到期的事。', 'Nothing waits for your word or falls due.')}</p>`}
    ${items?.length > 0 && html`<ul class="rows">${items.map((x) => {
      const e = x.entity && entity(x.entity), name = e && x.expanded ? recordName(e, x.expanded) : title(x.title, kindName(x.kind));
      return html`<li key=${x.id}><a href=${e ? recordAddress(e, x.record) : x.kind === 'obligation' ? '#/obligations' : '#/inbox'}><span class="name"><span class="kind">${kindName(x.kind)}</span> ${name}${e && html` <span class="hint">${title(x.title)}</span>`}</span>
        <span class="hint ${x.overdue ? 'bad-text' : ''}">${x.overdue ? t('已逾期', 'overdue') : x.due_at ? time(x.due_at).slice(5) : ago(x.created_at)}</span></a></li>`;
    })}</ul>`}
    ${signs > 1 && html`<a class="button main" href="#/inbox?kind=approval">${t('一次签批多件', 'Sign several at once')}</a>`}</section>`;
}

// How many stand in each of those states, and the one that has stood there longest.
function Waiting({ list }) {
  const asked = list.flatMap((e) => waitingStates(e).map((s) => ({ e, s })));
  const load = useLoad((signal) => Promise.all(asked.map(({ e, s }) => get(query(e.path, { state: s.name, total: true, limit: 1, sort: 'updated_at', fields: nameField(e)?.name }), { signal }).catch(() => ({ total: 0, items: [] })))), []);
  useFresh(load, list.map((e) => e.full));
  if (!asked.length) return null;
  const some = load.data && asked.map((x, i) => ({ ...x, ...load.data[i] })).filter((x) => x.total > 0);
  // Where one could only end it, and nothing runs against the clock, it may as well stay.
  const rests = ({ e, s }) => !s.deadline && s.steps.every((x) => x.to === s.name || e.workflow.states.find((y) => y.name === x.to).final);
  const now = some?.filter((x) => !rests(x)) ?? [], later = some?.filter(rests) ?? [];
  const row = ({ e, s, total, items: [first] }) => html`<li key=${e.full + s.name} class="pair"><a href=${query(listAddress(e), { state: s.name, sort: 'updated_at' })} title=${s.steps.map((x) => title(x.title, x.name)).join(t('、', ', '))}><span class="name">${title(e.title)} <${State} e=${e} name=${s.name} /></span><b class="big">${count(total)}</b></a>
      ${first && html`<a class="oldest hint" href=${recordAddress(e, first.id)}>${t('最早', 'oldest')}: ${recordName(e, first)} · ${ago(first.updated_at)}</a>`}</li>`;
  return html`<section class="card waiting"><header><h2>${t('等您处理', 'Waiting for a step of yours')}</h2></header>
    ${!some && html`<${Busy} />`}
    ${some && !some.length && html`<p class="hint">${t('没有等您处理的记录。', 'No records wait for a step of yours.')}</p>`}
    ${now.length > 0 && html`<ul class="rows">${now.map(row)}</ul>`}
    ${later.length > 0 && html`<details><summary class="hint">${t(`另有 ${later.length} 处可以办结`, `${later.length} more that could be ended`)}</summary><ul class="rows">${later.map(row)}</ul></details>`}</section>`;
}

// What comes next by a date of an entity, as it is declared: mine and open, where it says whose.
function Agenda({ e }) {
  const { date, who, days = 14 } = e.overview, f = e.fields.find((x) => x.name === date), { today } = app.meta.school;
  const at = (day) => (f?.type === 'datetime' ? instant(`${day}T00:00`) : day);
  const open = e.workflow?.states.filter((s) => !s.final).map((s) => s.name).join(',');
  const asked = { 'state[in]': open, sort: date, [`${date}[lt]`]: at(ofDay(today, days + 1)), ...(who ? { [who]: app.user.id } : { [`${date}[gte]`]: at(today) }) };
  const load = useLoad((signal) => (f ? get(query(e.path, { ...asked, limit: 5, total: true }), { signal }) : Promise.resolve({ items: [] })), [e.full]);
  useFresh(load, [e.full]);
  if (!load.data?.items.length) return load.error ? html`<${ProblemBox} error=${load.error} again=${load.again} />` : null;
  const late = (r) => who && String(r[date]).slice(0, 10) < today;
  return html`<section class="card"><header><h2>${title(e.title)} <small class="hint">${title(f.title, date)}</small></h2><a href=${query(listAddress(e), asked)}>${load.data.total > 5 ? t(`全部 ${count(load.data.total)} 条`, `all ${count(load.data.total)}`) : t('打开', 'Open')} →</a></header>
    <ul class="rows">${load.data.items.map((r) => html`<li key=${r.id}><a href=${recordAddress(e, r.id)}><span class="name">${recordName(e, r)} <${State} e=${e} name=${r.state} /></span><span class="hint ${late(r) ? 'bad-text' : ''}">${text(f, r[date])}</span></a></li>`)}</ul></section>`;
}

export function Overview() {
  const all = entities(), working = all.filter((e) => waitingStates(e).length), agenda = all.filter(isOnFirstPage).filter((e) => e.may.read).sort(inOrder);
  const mine = app.meta.plugins.flatMap((p) => p.reports).filter(isOnFirstPage).sort(inOrder);
  const tiles = mine.filter((r) => r.chart === 'number' && !r.group.length), charts = mine.filter((r) => !tiles.includes(r));
  const makes = all.filter((e) => e.may.create && e.workflow), { today } = app.meta.school;
  const open = all.filter((e) => e.may.read), roles = app.meta.user.roles.map(roleTitle).join(t('、', ', '));
  return html`<div class="page overview"><div class="page-head"><h1>${t('总览', 'Overview')}</h1><span class="hint">${today} ${new Intl.DateTimeFormat(locale(), { weekday: 'long', timeZone: 'UTC' }).format(new Date(`${today}T00:00:00Z`))}${roles && ` · ${roles}`}</span>
      <div class="tools">${mine.length > 0 && html`<a class="button" href="#/bulletin">${t('今日简报', 'Bulletin of today')}</a><a class="button" href="#/reports">${t('全部统计', 'All figures')}</a>`}</div></div>
    ${tiles.length > 0 && html`<div class="tiles">${tiles.map((r) => html`<${Report} key=${r.path} r=${r} first />`)}</div>`}
    <div class="halves"><div class="stack"><${Inbox} /><${Waiting} list=${working} />${agenda.map((e) => html`<${Agenda} key=${e.full} e=${e} />`)}
        ${makes.length > 0 && html`<section class="card no-paper"><h2>${t('新建', 'Begin something')}</h2><div class="chips">${makes.map((e) => html`<a class="button" href=${`${listAddress(e)}/new`}>＋ ${title(e.title, e.name)}</a>`)}</div></section>`}</div>
      <div class="stack">${charts.map((r) => html`<${Report} key=${r.path} r=${r} first />`)}
        ${!charts.length && (open.length ? html`<section class="card"><h2>${t('您可以查看', 'Open to you')}</h2><div class="chips">${open.map((e) => html`<a class="button" href=${listAddress(e)}>${title(e.title, e.name)}</a>`)}</div></section>`
        : html`<${Empty} title=${t('这里还没有内容', 'Nothing here yet')}>${makes.length || agenda.length || working.length ? t('需要您处理的事会出现在这里；要新办的事请从“新建”开始。', 'What needs you appears here; begin something new on the left.') : t('您的岗位目前没有可看的记录；如有需要，请联系系统管理员。', 'Your post has no records to see yet; ask the administrator if it should.')}<//>`)}</div></div>
  </div>`;
}
