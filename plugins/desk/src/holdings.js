// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is reserved of a record, as a bar, and by whom: seats of a plan line, money of a budget line.
import { html } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { entities, entity } from './state.js';
import { ProblemBox, useLoad } from './ui.js';
import { RecordRef, text, time } from './format.js';

// Parts of a pool in the order in which a thing passes through them.
export const PARTS = [['settled', ['已结算', 'Settled'], 'c0'], ['committed', ['已占用', 'Committed'], 'c2'], ['reserved', ['预占', 'Reserved'], 'c1'], ['left', ['剩余', 'Left'], 'rest']];
const number = (v) => Number(v ?? 0);

// of: { settled, committed, reserved, left } as the service writes them; told(v): in words.
export function PoolBar({ of, told, legend = true }) {
  const shown = PARTS.filter(([k]) => of[k] !== undefined && of[k] !== null), whole = Math.max(1e-9, shown.reduce((n, [k]) => n + Math.max(0, number(of[k])), 0)), over = number(of.left) < 0;
  const said = shown.map(([k, w]) => `${t(...w)} ${told(of[k])}`).join(t('，', ', '));
  return html`<div class="pool ${over ? 'over' : ''}"><span class="bar" role="img" aria-label=${said} title=${said}>${shown.filter(([k]) => k !== 'left' && number(of[k]) > 0).map(([k, , c]) => html`<i class=${c} style=${{ width: `${(100 * number(of[k])) / whole}%` }}></i>`)}</span>
    ${legend && html`<ul class="legend">${shown.map(([k, w, c]) => html`<li class=${k === 'left' && over ? 'bad-text' : ''}><i class="dot ${c}"></i>${t(...w)} <b>${told(of[k])}</b></li>`)}</ul>`}</div>`;
}

// The parts of a pool that an entity keeps as fields, derived = "left(amount)": { left: field, … }, or null.
export const partOf = (e, k) => e.fields.find((f) => f.derived?.startsWith(`${k}(`) && f.view !== 'hidden');
export function poolFields(e) {
  const found = Object.fromEntries(PARTS.map(([k]) => [k, partOf(e, k)]).filter(([, f]) => f));
  return found.left && Object.keys(found).length > 1 ? found : null;
}

const uses = (full) => entities().flatMap((h) => (h.workflow?.transitions ?? []).flatMap((x) => x.reserve ?? []).map((name) => h.fields.find((f) => f.name === name))).some((f) => f?.to === full);
export const isPool = (e) => !!poolFields(e) || uses(e.full);
const STATES = { reserved: ['预占', 'reserved'], committed: ['已占用', 'committed'], settled: ['已结算', 'settled'] };

export function Holdings({ e, record }) {
  const load = useLoad((signal) => get(`${e.path}/${record.id}/reservations?limit=20`, { signal }), [record.id, record.rev]);
  if (load.error) return load.error.status === 404 ? null : html`<section class="card"><${ProblemBox} error=${load.error} again=${load.again} /></section>`;
  const pools = Object.entries(load.data?.pool ?? {});
  if (!pools.length) return null;
  return html`<section class="card holdings"><h2>${t('额度', 'What is left')}</h2>
    ${pools.map(([name, of]) => { const f = e.fields.find((x) => x.name === name) ?? { type: 'integer' }, told = (v) => text(f, v); return html`<div key=${name}><p><b>${title(f.title, name)}</b> ${told(of.limit)}${String(of.most) !== String(of.limit) ? html` <small>${t('可用到', 'up to')} ${told(of.most)}</small>` : ''}</p><${PoolBar} of=${of} told=${told} /></div>`; })}
    ${load.data.items.length > 0 && html`<details><summary>${t('由谁占用', 'Held by')} ${load.data.items.length}${load.data.more ? '+' : ''}</summary><ul class="rows">${load.data.items.map((x) => { const [full, id] = x.holder.split('/'), f = e.fields.find((y) => y.name === x.limit);
      return html`<li class="held"><span class="name">${entity(full) ? html`<${RecordRef} to=${full} id=${id} />` : `#${id.slice(-6)}`} <span class="hint">${t(...(STATES[x.state] ?? [x.state, x.state]))} · ${time(x.at)}</span></span><b>${x.amount === undefined ? '' : f ? text(f, x.amount) : x.amount}</b></li>`; })}</ul></details>`}</section>`;
}
