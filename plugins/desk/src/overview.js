// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The first page: what waits for a decision that this person may take, then the reports.
import { html, useEffect } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { app, entities, listAddress, recordAddress } from './state.js';
import { Busy, Empty, ProblemBox, State, useLoad } from './ui.js';
import { onChange } from './live.js';
import { ago, count, nameField, recordName } from './format.js';
import { Report } from './report.js';

// States of an entity that this person can move on from, with what they may do there.
export function waitingStates(e) {
  if (!e.workflow || !e.may.read) return [];
  return e.workflow.states.filter((s) => !s.final).map((s) => ({ ...s,
    steps: e.workflow.transitions.filter((x) => x.may && x.from.includes(s.name) && x.name !== 'withdraw') }))
    .filter((s) => s.steps.length);
}

function Waiting({ e }) {
  const states = waitingStates(e), name = nameField(e);
  const fields = ['id', 'state', 'updated_at', ...(name ? [name.name] : [])];
  const load = useLoad((signal) => Promise.all(states.map((s) => get(`${e.path}?state=${s.name}&total=true&limit=5&sort=updated_at&fields=${fields.slice(3).join(',')}`, { signal }))), [e.full]);
  useEffect(() => {
    let soon;
    const end = onChange((x) => {
      if (!x.reset && x.entity !== e.full) return;
      soon ??= setTimeout(() => { soon = undefined; load.again(); }, 400);
    });
    return () => { clearTimeout(soon); end(); };
  }, [e.full]);
  if (!states.length) return null;
  if (load.error && !load.data) return html`<${ProblemBox} error=${load.error} again=${load.again} />`;
  if (!load.data) return html`<${Busy} />`;
  const some = states.map((s, i) => ({ s, list: load.data[i] })).filter((x) => x.list.items.length);
  if (!some.length) return html`<${Empty} title=${t('没有待办', 'Nothing waits for you')}>${t(`${title(e.title)}中没有等您处理的记录。`, `No ${title(e.title)} wait for a step of yours.`)}<//>`;
  return some.map(({ s, list }) => html`<section class="card waiting">
    <header><h3><a href=${`${listAddress(e)}?state=${s.name}`}>${title(e.title)} · ${title(s.title, s.name)}</a></h3>
      <b class="big">${count(list.total ?? list.items.length)}</b></header>
    <p class="hint">${t('可以：', 'You may: ')}${s.steps.map((x) => title(x.title, x.name)).join(t('、', ', '))}</p>
    <ul class="rows">${list.items.map((r) => html`<li><a href=${recordAddress(e, r.id)}><span class="name">${recordName(e, r)}</span><span class="hint">${ago(r.updated_at)}</span></a></li>`)}</ul>
    ${list.total > list.items.length && html`<a class="more" href=${`${listAddress(e)}?state=${s.name}&sort=updated_at`}>${t(`全部 ${count(list.total)} 条，最早的在前`, `All ${count(list.total)}, oldest first`)} →</a>`}
  </section>`);
}

export function Overview() {
  const mine = entities().filter((e) => waitingStates(e).length);
  const reports = app.meta.plugins.flatMap((p) => p.reports);
  return html`<div class="page"><div class="page-head"><h1>${t('总览', 'Overview')}</h1><span class="hint">${app.meta.school.today}</span></div>
    ${mine.length > 0 && html`<h2>${t('等您处理', 'Waiting for you')}</h2><div class="cards">${mine.map((e) => html`<${Waiting} key=${e.full} e=${e} />`)}</div>`}
    ${reports.length > 0 && html`<h2>${t('统计', 'Figures')}</h2><div class="cards reports">${reports.map((r) => html`<${Report} key=${r.path} r=${r} />`)}</div>`}
    ${!mine.length && !reports.length && html`<${Empty} title=${t('这里还没有内容', 'Nothing here yet')}>${t('您的岗位目前没有待办和统计；可从左侧菜单进入。', 'Your post has no tasks or figures yet; use the menu.')}<//>`}
  </div>`;
}
