// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What belongs to a record: its tasks, its contacts; whatever entity says that it is part of another.
import { html, useEffect } from './vendor/preact.js';
import { get, query } from './api.js';
import { t, title } from './i18n.js';
import { entities, listAddress, recordAddress } from './state.js';
import { ProblemBox, State, useLoad } from './ui.js';
import { onChange } from './live.js';
import { Value, recordName, time } from './format.js';

const MOST = 20;

function Part({ e, id, name }) {
  const load = useLoad((signal) => get(query(e.path, { [name]: id, sort: '-created_at', limit: MOST }), { signal }), [e.full, id]);
  useEffect(() => onChange((x) => { if (x.reset || x.entity === e.full) load.again(); }), [e.full, id]);
  const owner = e.fields.find((f) => f.type === 'person' && f.view === 'clear');
  if (load.error) return html`<section class="card"><${ProblemBox} error=${load.error} again=${load.again} /></section>`;
  const items = load.data?.items ?? [];
  if (!items.length && !e.may.create) return null;
  return html`<section class="card history"><h2>${title(e.title, e.name)}</h2>
    ${items.length > 0 && html`<ul class="parts">${items.map((r) => html`<li key=${r.id}><p><a href=${recordAddress(e, r.id)}><b>${recordName(e, r)}</b></a></p>
      <p class="hint"><${State} e=${e} name=${r.state} /> ${owner && r[owner.name] && html`<${Value} f=${owner} v=${r[owner.name]} /> `}${r.due_at && html`<span class=${r.deadline?.overdue ? 'bad-text' : ''}>${time(r.due_at)}</span>`}</p></li>`)}</ul>`}
    <div class="chips">${e.may.create && html`<a class="button" href=${`${listAddress(e)}/new?${name}=${encodeURIComponent(id)}`}>＋ ${t('新建', 'New')}</a>`}
      ${load.data?.next && html`<a class="button" href=${`${listAddress(e)}?${name}=${encodeURIComponent(id)}`}>${t('全部', 'All of them')}</a>`}</div></section>`;
}

export const Parts = ({ e, id }) => entities().filter((x) => x.part_of && x.may.read)
  .map((x) => [x, x.part_of.find((name) => x.fields.find((f) => f.name === name)?.to === e.full)])
  .map(([x, name]) => name && html`<${Part} key=${x.full} e=${x} id=${id} name=${name} />`);
