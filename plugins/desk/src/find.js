// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One search over everything: words of names and texts, pinyin, a phone or identity number. What was
// typed stays in memory.
import { html } from './vendor/preact.js';
import { get, query } from './api.js';
import { t, title } from './i18n.js';
import { app, entity, recordAddress } from './state.js';
import { Busy, Empty, ProblemBox, State, useLoad } from './ui.js';
import { recordName, text } from './format.js';

function Found({ found }) {
  const e = entity(found.entity);
  if (!e) return null;
  const told = (r, f) => (typeof r[f.name] === 'string' ? text(f, r[f.name]).slice(0, 60) : '');
  return html`<section class="card"><h2>${title(e.title, e.name)} <small>${found.found > found.list.items.length ? t(`前 ${found.list.items.length} 条，共 ${found.found} 条`, `the first ${found.list.items.length} of ${found.found}`) : found.found}</small></h2>
    <ul class="rows">${found.list.items.map((r) => html`<li><a href=${recordAddress(e, r.id)}><span class="name"><b>${recordName(e, r)}</b> ${e.fields.slice(1).map((f) => told(r, f)).filter(Boolean).join(' · ')}</span><${State} e=${e} name=${r.state} /></a></li>`)}</ul></section>`;
}

export function Page() {
  const typed = typeof app.find === 'string' ? app.find.trim() : '';
  const load = useLoad((signal) => (typed ? get(query('/api/v1/search', { q: typed, limit: 20 }), { signal }) : Promise.resolve({ items: [] })), [typed]);
  return html`<div class="page"><div class="page-head"><h1>${t('查找', 'Find')}</h1><span class="hint">${typed}</span></div>
    ${load.error && html`<${ProblemBox} error=${load.error} again=${load.again} />`}
    ${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && !load.data.items.length && html`<${Empty} title=${typed ? t('没有找到', 'Nothing found') : t('请在上方输入姓名、手机号或身份证号', 'Type a name, phone or identity number above')}>${typed && t('可用姓名的任意部分或拼音；手机号、身份证号可用全部或末四位，需要相应权限。', 'Any part of a name, or its pinyin; of phone and identity numbers all or the last four digits, with the right to.')}<//>`}
    ${load.data?.items.map((x) => html`<${Found} key=${x.entity} found=${x} />`)}</div>`;
}
