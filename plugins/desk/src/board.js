// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Records by state, side by side: how many, which have stood there longest, and the steps on from there.
import { html, useState } from './vendor/preact.js';
import { api, get, query } from './api.js';
import { t, title } from './i18n.js';
import { listAddress, recordAddress } from './state.js';
import { Busy, Empty, ProblemBox, stateTitle, toast, useLoad } from './ui.js';
import { Person, ago, count, nameField, recordName, text } from './format.js';
import { useFresh } from './fresh.js';
import { Ways } from './ways.js';
import { Why, isByCase } from './approval.js';
import { actionsOf } from './actions.js';

const MOST = 20;
// What a card says beside the name: the few plain fields that tell records apart.
const told = (e) => e.fields.filter((f) => f.view === 'clear' && !f.sealed && f !== nameField(e) && ['choice', 'date', 'money', 'integer', 'person', 'text'].includes(f.type)).slice(0, 6);

function Card({ e, r, moved }) {
  const [error, setError] = useState(null), steps = e.workflow.transitions.filter((x) => x.may && x.from.includes(r.state) && !isByCase(e, x, r.state) && !x.needs.some((n) => (r[n] ?? '') === '') && x.to !== r.state && !actionsOf(e, r).some((a) => a.name === x.name));
  const who = e.fields.find((f) => f.type === 'person' && f.view === 'clear' && r[f.name]);
  const go = async (ev) => {
    const step = steps.find((x) => x.name === ev.target.value);
    ev.target.value = '';
    setError(null);
    try { await api('POST', `${e.path}/${r.id}/${step.name}`, {}, { headers: { 'If-Match': `"${r.rev}"` } }); toast(`${recordName(e, r)}：${title(step.title, step.name)}`); moved(); } catch (x) { setError(x); if (x.status === 412) moved(); }
  };
  return html`<li class="card"><a href=${recordAddress(e, r.id)}><b>${recordName(e, r)}</b></a>
    <p class="hint">${told(e).filter((f) => f.type !== 'person').map((f) => text(f, r[f.name])).filter(Boolean).slice(0, 3).join(' · ')}</p>
    <p class="hint">${who && html`<${Person} id=${r[who.name]} /> · `}${ago(r.updated_at)}</p>
    ${steps.length > 0 && html`<select aria-label=${t(`办理 ${recordName(e, r)}`, `Step for ${recordName(e, r)}`)} value="" onChange=${go}><option value="">${t('办理…', 'Step…')}</option>${steps.map((x) => html`<option value=${x.name}>${title(x.title, x.name)}</option>`)}</select>`}
    <${Why} error=${error} /></li>`;
}

function Column({ e, s, again, n }) {
  const fields = [nameField(e)?.name, ...told(e).map((f) => f.name), ...e.fields.filter((f) => f.type === 'person' && f.view === 'clear').map((f) => f.name), ...new Set(e.workflow.transitions.flatMap((x) => x.needs))].filter((x, i, l) => x && l.indexOf(x) === i && e.fields.some((f) => f.name === x));
  const load = useLoad((signal) => get(query(e.path, { state: s.name, limit: MOST, total: true, sort: 'updated_at', fields: fields.join(',') }), { signal }), [e.full, s.name, n]);
  const items = load.data?.items;
  return html`<section class="lane" aria-label=${stateTitle(e, s.name)}><header><h2>${stateTitle(e, s.name)}</h2><b>${load.data ? count(load.data.total) : ''}</b></header>
    ${load.error && !items && html`<${ProblemBox} error=${load.error} again=${load.again} />`}${!items && !load.error && html`<${Busy} />`}
    <ul>${items?.map((r) => html`<${Card} key=${r.id} e=${e} r=${r} moved=${again} />`)}</ul>
    ${load.data?.total > MOST && html`<a class="button plain" href=${query(listAddress(e), { state: s.name, sort: 'updated_at' })}>${t(`全部 ${count(load.data.total)} 条`, `All ${count(load.data.total)}`)} →</a>`}</section>`;
}

export function Page({ e }) {
  return e.workflow ? html`<${Board} e=${e} />` : html`<${Empty} title=${t('这里没有流程', 'There is no workflow here')} action=${html`<a class="button" href=${listAddress(e)}>${t('回到列表', 'To the list')}</a>`} />`;
}

function Board({ e }) {
  const [n, set] = useState(0), again = () => set((x) => x + 1);
  useFresh({ again }, [e.full]);
  const open = e.workflow.states.filter((s) => !s.final), over = e.workflow.states.filter((s) => s.final), [ended, showEnded] = useState(false);
  return html`<div class="page board-page"><div class="page-head"><h1>${title(e.title, e.name)}</h1><${Ways} e=${e} at="board" />
      <div class="tools">${over.length > 0 && html`<button type="button" aria-pressed=${ended} onClick=${() => showEnded(!ended)}>${t('含已结束', 'With those ended')}</button>`}</div></div>
    <div class="board" tabindex="0" role="region" aria-label=${t('看板', 'Board')}>${[...open, ...(ended ? over : [])].map((s) => html`<${Column} key=${s.name} e=${e} s=${s} n=${n} again=${again} />`)}</div></div>`;
}
