// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One search over every list: a phone or identity number, or a name. What was typed stays in memory.
import { html } from './vendor/preact.js';
import { get, query } from './api.js';
import { t, title } from './i18n.js';
import { app, entities, recordAddress } from './state.js';
import { Busy, Empty, ProblemBox, State, useLoad } from './ui.js';
import { recordName, text } from './format.js';
import { searches } from './filters.js';

function Found({ e, hit }) {
  const load = useLoad((signal) => get(query(e.path, { [hit.key]: hit.value, limit: 20 }), { signal }), [e.full, hit.key, hit.value]);
  const shown = e.fields.filter((f) => !f.sealed && ['text', 'choice', 'date'].includes(f.type) && f.view !== 'hidden').slice(1, 5);
  return html`<section class="card"><h2>${title(e.title, e.name)} <small>${title(hit.f.title, hit.f.name)}</small></h2>
    ${load.error && html`<${ProblemBox} error=${load.error} again=${load.again} />`}
    ${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && !load.data.items.length && html`<p class="hint">${t('没有找到', 'Nothing found')}</p>`}
    ${load.data && html`<ul class="rows">${load.data.items.map((r) => html`<li><a href=${recordAddress(e, r.id)}><span class="name"><b>${recordName(e, r)}</b> ${shown.map((f) => text(f, r[f.name])).filter(Boolean).join(' · ')}</span><${State} e=${e} name=${r.state} /></a></li>`)}</ul>`}</section>`;
}

export function Page() {
  const typed = typeof app.find === 'string' ? app.find : '';
  const hits = typed ? entities().filter((e) => e.may.read).flatMap((e) => searches(e, typed).map((hit) => ({ e, hit }))) : [];
  return html`<div class="page"><div class="page-head"><h1>${t('查找', 'Find')}</h1><span class="hint">${typed}</span></div>
    ${!hits.length && html`<${Empty} title=${t('请在上方输入姓名、手机号或身份证号', 'Type a name, phone or identity number above')}>${typed && t('手机号为 11 位，身份证号为 18 位；按号码查找需要相应权限。', 'Phones have 11 digits, identity numbers 18; finding by number needs the right to.')}<//>`}
    ${hits.map(({ e, hit }) => html`<${Found} key=${e.full + hit.key} e=${e} hit=${hit} />`)}</div>`;
}
