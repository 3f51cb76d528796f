// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Who belongs where: people by whom they answer to, groups with heads and members, posts and roles with who holds them, acts in
// them or has lent them, and until when. What groups and posts are for is told by records: those of an entity whose
// unique text is called `group` or `post`.
import { html } from './vendor/preact.js';
import { get, query } from './api.js';
import { t, title } from './i18n.js';
import { app, entities, recordAddress, roleTitle } from './state.js';
import { Busy, Empty, ProblemBox, useLoad } from './ui.js';
import { recordName } from './format.js';

const EVER = '9999-12-31', TEXTS = ['longtext'];
const describes = (what) => entities().find((e) => e.may.read && e.fields.some((f) => f.name === what && f.type === 'text' && f.unique));
const told = (e) => (e ? get(query(e.path, { limit: 500 })).then((a) => a.items) : Promise.resolve([]));
async function load() {
  const [chart, groups, posts] = await Promise.all([get('organisation'), told(describes('group')), told(describes('post'))]);
  const of = (list, key) => Object.fromEntries(list.map((r) => [r[key], r]));
  return { ...chart, by: Object.fromEntries(chart.people.map((p) => [p.id, p])), group: of(groups, 'group'), post: of(posts, 'post') };
}

const since = (x) => { const begins = x.from > app.meta.school.today, ends = x.until !== EVER; return (begins || ends) && html` <span class="hint">${begins ? `${x.from} ` : ''}${ends ? t(`至 ${x.until}`, `until ${x.until}`) : t('起', 'on')}</span>`; };
const name = (o, id) => o.by[id]?.display ?? id.slice(-6);
const groupName = (o, g) => (o.group[g] ? recordName(describes('group'), o.group[g]) : g);
const postName = (o, p) => (o.post[p] ? recordName(describes('post'), o.post[p]) : p === 'head' ? t('负责人', 'Head') : roleTitle(p));
const listed = (items) => items.flatMap((x, i) => (i ? [t('、', ', '), x] : [x]));

// What a record says of a group or a post, as far as it is there.
function About({ what, r }) {
  const e = describes(what);
  return r && html`${e.fields.filter((f) => TEXTS.includes(f.type) && r[f.name]).map((f) => html`<div key=${f.name}><dt>${title(f.title, f.name)}</dt><dd class="long">${r[f.name]}</dd></div>`)}`;
}

// People below whom they answer to; who answers to nobody here, and has nobody below, is not of the tree.
function Tree({ o }) {
  const below = (id) => o.people.filter((p) => p.supervisor === id), tops = o.people.filter((p) => !o.by[p.supervisor] && below(p.id).length);
  const is = (p) => [...o.posts.filter((x) => x.person === p.id).map((x) => `${x.group ? groupName(o, x.group) : ''}${postName(o, x.post)}${x.acting ? t('（代理）', ' (acting)') : ''}`), ...o.roles.filter((x) => x.person === p.id).map((x) => roleTitle(x.role))];
  const Branch = ({ p, up }) => html`<li><b>${p.display}</b> <span class="hint">${listed([...new Set(is(p))])}</span>${!up.includes(p.id) && below(p.id).length > 0 && html`<ul>${below(p.id).map((c) => html`<${Branch} key=${c.id} p=${c} up=${[...up, p.id]} />`)}</ul>`}</li>`;
  if (!tops.length) return html`<p class="hint">${t('还没有登记上级', 'No supervisors are kept yet')}</p>`;
  return html`<ul class="tree">${tops.map((p) => html`<${Branch} key=${p.id} p=${p} up=${[]} />`)}</ul>`;
}

const holder = (o) => (x) => html`<span><b>${name(o, x.person)}</b>${x.acting ? t('（代理）', ' (acting)') : ''}${since(x)}</span>`;
function Group({ o, g }) {
  const r = o.group[g], posts = o.posts.filter((x) => x.group === g), members = o.members.filter((x) => x.group === g);
  return html`<section class="card"><header><h3>${r ? html`<a href=${recordAddress(describes('group'), r.id)}>${groupName(o, g)}</a>` : g}</h3><span class="hint">${t(`${members.length} 人`, `${members.length} people`)}</span></header>
    <dl class="facts tall">${[...new Set(posts.map((x) => x.post))].map((p) => html`<div key=${p}><dt>${postName(o, p)}</dt><dd>${listed(posts.filter((x) => x.post === p).map(holder(o)))}</dd></div>`)}
      <div><dt>${t('成员', 'Members')}</dt><dd>${members.length ? listed(members.map(holder(o))) : '—'}</dd></div><${About} what="group" r=${r} /></dl></section>`;
}

function Posts({ o }) {
  const known = [...new Set([...Object.keys(o.post), ...o.posts.filter((x) => !x.group).map((x) => x.post)])];
  const roles = (p) => o.roles.filter((x) => x.role === p), held = (p) => o.posts.filter((x) => x.post === p);
  const lent = (p) => o.delegations.filter((d) => (d.roles ? new RegExp(`(^|[^\\w.])${p.replaceAll('.', '\\.')}($|[^\\w.])`).test(String(d.roles)) : roles(p).some((x) => x.person === d.person)));
  return known.map((p) => html`<section class="card" key=${p}><header><h3>${o.post[p] ? html`<a href=${recordAddress(describes('post'), o.post[p].id)}>${postName(o, p)}</a>` : postName(o, p)}</h3></header>
    <dl class="facts tall"><div><dt>${t('任职', 'Held by')}</dt><dd>${roles(p).length + held(p).length ? listed([...roles(p).map((x) => html`<b>${name(o, x.person)}</b>`), ...held(p).map((x) => html`${x.group ? `${groupName(o, x.group)} ` : ''}${holder(o)(x)}`)]) : t('空缺', 'vacant')}</dd></div>
      ${lent(p).length > 0 && html`<div><dt>${t('委托代办', 'Lent')}</dt><dd>${listed(lent(p).map((d) => html`<span>${name(o, d.person)} → <b>${name(o, d.to)}</b>${since(d)}</span>`))}</dd></div>`}<${About} what="post" r=${o.post[p]} /></dl></section>`);
}

export function Page() {
  const asked = useLoad(load, []), o = asked.data;
  if (asked.error && !o) return html`<${ProblemBox} error=${asked.error} again=${asked.again} />`;
  if (!o) return html`<${Busy} />`;
  const groups = [...new Set([...Object.values(o.group).sort((a, b) => (a.order ?? 0) - (b.order ?? 0)).map((r) => r.group), ...o.members.map((x) => x.group), ...o.posts.map((x) => x.group).filter(Boolean)])];
  return html`<div class="page"><div class="page-head"><h1>${t('组织架构', 'Organisation')}</h1><span class="hint">${app.meta.school.today}</span></div>
    <section class="card"><h2>${t('上下级', 'Who answers to whom')}</h2><${Tree} o=${o} /></section>
    <h2>${t('小组与部门', 'Groups')}</h2>${groups.length ? html`<div class="cards">${groups.map((g) => html`<${Group} key=${g} o=${o} g=${g} />`)}</div>` : html`<${Empty} title=${t('还没有小组', 'No groups yet')} />`}
    <h2>${t('岗位', 'Posts')}</h2><div class="cards"><${Posts} o=${o} /></div></div>`;
}
