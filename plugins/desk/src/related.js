// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Records that lead to this one: its tasks first, each with the step that closes it; then all others.
import { html, useState } from './vendor/preact.js';
import { api, get, query } from './api.js';
import { t, title } from './i18n.js';
import { app, entities, listAddress, recordAddress } from './state.js';
import { ProblemBox, State, toast, useLoad } from './ui.js';
import { Person, count, nameField, recordName, text, time } from './format.js';
import { isFillable } from './form.js';
import { useFresh } from './fresh.js';
import { Why } from './approval.js';

const MOST = 6;
export const isTasksOf = (e, c) => c.plugin.name === e.plugin.name && c.name === `${e.name}_tasks`;
const isPart = (c, f) => (c.part_of ?? []).includes(f.name);
// Every kind of record with a reference to this kind, and the field that it is; what says that it is part of this one first.
export const childrenOf = (e) => entities().flatMap((c) => (c.may.read ? c.fields.filter((f) => f.type === 'reference' && f.to === e.full && !f.sealed && f.view === 'clear').sort((a, b) => isPart(c, b) - isPart(c, a)).slice(0, 1).map((f) => ({ c, f, part: isPart(c, f) })) : []))
  .sort((a, b) => isTasksOf(e, b.c) - isTasksOf(e, a.c) || b.part - a.part || (b.c.plugin.name === e.plugin.name) - (a.c.plugin.name === e.plugin.name));

const isFinal = (c, state) => c.workflow?.states.find((s) => s.name === state)?.final;
function Row({ c, r, tasks, steps, changed }) {
  const [error, setError] = useState(null), [busy, setBusy] = useState(false), name = nameField(c), due = c.fields.find((f) => f.type === 'date' && f.name in r && f.view === 'clear'), who = c.fields.find((f) => f.type === 'person' && r[f.name]);
  const money = c.fields.find((f) => f.type === 'money' && f.view === 'clear' && (r[f.name] ?? '') !== ''), late = tasks && due && r[due.name] && r[due.name] < app.meta.school.today && !isFinal(c, r.state);
  const press = (x) => async () => {
    setBusy(true);
    setError(null);
    try { await api('POST', `${c.path}/${r.id}/${x.name}`, {}); toast(`${title(x.title, x.name)}：${t('已完成', 'done')}`); changed(); } catch (problem) { setError(problem); }
    setBusy(false);
  };
  return html`<li><div class="child"><a class="name" href=${recordAddress(c, r.id)}>${recordName(c, r)}</a> <${State} e=${c} name=${r.state} />
      <span class="hint">${who && html`<${Person} id=${r[who.name]} /> `}${r.due_at ? html`<span class=${r.deadline?.overdue ? 'bad-text' : ''}>${time(r.due_at)}</span> ` : due && r[due.name] && html`<span class=${late ? 'bad-text' : ''}>${text(due, r[due.name])}</span> `}${money && money !== name && text(money, r[money.name])}</span>
      ${steps.filter((x) => x.from.includes(r.state)).map((x) => html`<button type="button" key=${x.name} disabled=${busy} aria-label=${`${title(x.title, x.name)}: ${recordName(c, r)}`} onClick=${press(x)}>${title(x.title, x.name)}</button>`)}</div>
    <${Why} error=${error} /></li>`;
}

function Kind({ e, c, f, part, record, changed }) {
  const tasks = isTasksOf(e, c), date = c.fields.find((x) => x.type === 'date' && x.view === 'clear' && !x.sealed);
  const load = useLoad((signal) => get(query(c.path, { [f.name]: record.id, limit: tasks ? 50 : MOST, total: true, sort: tasks && date ? date.name : '-created_at' }), { signal }), [c.full, record.id, record.rev]);
  useFresh(load, [c.full]);
  const steps = tasks ? (c.workflow?.transitions ?? []).filter((x) => x.may && !x.approvals && !x.needs.length) : [], items = load.data?.items ?? [];
  const adds = c.may.create && isFillable(f), empty = load.data && !items.length;
  if (load.error) return html`<section class="card"><${ProblemBox} error=${load.error} again=${load.again} /></section>`;
  if (!load.data || (empty && !((tasks || part) && adds))) return null;
  const open = tasks ? items.filter((r) => !isFinal(c, r.state)).length : 0;
  return html`<section class="card children ${tasks ? 'tasks' : ''}"><header><h2>${title(c.title, c.name)} <small>${tasks ? t(`${open} 项未完成，共 ${count(load.data.total)} 项`, `${open} open of ${count(load.data.total)}`) : count(load.data.total)}</small></h2>
      ${adds && html`<a class="button plain" href=${query(`${listAddress(c)}/new`, { [f.name]: record.id })}>＋ ${t('新建', 'New')}</a>`}${load.data.total > items.length && html`<a href=${query(listAddress(c), { [f.name]: record.id })}>${t('全部', 'All')} →</a>`}</header>
    ${items.length > 0 && html`<ul class="parts">${items.map((r) => html`<${Row} key=${r.id} c=${c} r=${r} tasks=${tasks} steps=${steps} changed=${() => { load.again(); changed(); }} />`)}</ul>`}</section>`;
}

export function Page({ e, record, changed }) {
  return childrenOf(e).map(({ c, f, part }) => html`<${Kind} key=${c.full} e=${e} c=${c} f=${f} part=${part} record=${record} changed=${changed} />`);
}
