// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What waits for me: overdue first; signed or returned in place, one at a time or as a sheet.
import { html, useState } from './vendor/preact.js';
import { get, post, query } from './api.js';
import { t, title } from './i18n.js';
import { app, entity, recordAddress, recount } from './state.js';
import { Busy, Empty, ProblemBox, State, useLoad } from './ui.js';
import { useFresh } from './fresh.js';
import { Value, ago, count, nameField, recordName, time } from './format.js';
import { kindName } from './kinds.js';
import { CaseActions, CaseSteps, Note, Why, said, verbName } from './approval.js';

const READ = ['copy', 'alert', 'notice'];

// The few fields by which one recognises the case: what stands in the clear, amounts first.
function facts(e, r) {
  const name = nameField(e)?.name;
  const shown = e.fields.filter((f) => f.name !== name && f.name in r && r[f.name] !== null && r[f.name] !== '' && !r._masked?.includes(f.name) && !['longtext', 'list', 'json', 'file'].includes(f.type));
  return [...shown.filter((f) => f.type === 'money'), ...shown.filter((f) => f.type !== 'money')].slice(0, 4);
}

function Item({ item, gone, picked, pick }) {
  const e = item.entity && entity(item.entity), r = item.expanded;
  const [open, setOpen] = useState(false), [error, setError] = useState(null);
  const load = useLoad((signal) => (open && item.kind !== 'obligation' && ['approval', 'confirm'].includes(item.kind) ? get(`approvals/${item.ref}`, { signal }) : Promise.resolve(null)), [open, item.ref]);
  const read = () => post(`inbox/${item.id}/done`).then(() => gone(item), setError);
  const name = e && r ? recordName(e, r) : title(item.title, kindName(item.kind)), signs = ['approval', 'confirm'].includes(item.kind);
  return html`<li class="card todo ${item.overdue ? 'late' : ''}">
    <header>${item.kind === 'approval' && html`<input type="checkbox" aria-label=${t(`选中 ${name}`, `Select ${name}`)} checked=${picked} onChange=${(ev) => pick(ev.target.checked)} />`}
      <span class="kind">${kindName(item.kind)}</span>
      ${e ? html`<a href=${recordAddress(e, item.record)}><b>${name}</b></a>` : html`<b>${name}</b>`}
      ${e && r && html`<${State} e=${e} name=${r.state} />`}
      <span class="when hint">${item.due_at ? html`<span class=${item.overdue ? 'bad-text' : ''}>${item.overdue ? t('已逾期 ', 'overdue ') : t('期限 ', 'due ')}${time(item.due_at)}</span>` : ago(item.created_at)}${item.urged_at && html` <b class="bad-text">${t('已催办', 'urged')}</b>`}</span></header>
    <p class="hint">${title(item.title)}${e && ` · ${title(item.entity_title)}`}</p>
    ${e && r && html`<dl class="facts">${facts(e, r).map((f) => html`<div key=${f.name}><dt>${title(f.title, f.name)}</dt><dd><${Value} f=${f} v=${r[f.name]} /></dd></div>`)}</dl>`}
    ${signs && !open && html`<div class="chips"><button type="button" class="main" onClick=${() => setOpen(true)}>${t('处理', 'Handle')}</button></div>`}
    ${READ.includes(item.kind) && html`<div class="chips"><button type="button" onClick=${read}>${t('已阅', 'Noted')}</button></div>`}
    ${open && (load.loading && !load.data ? html`<${Busy} />` : load.error ? html`<${ProblemBox} error=${load.error} again=${load.again} />`
      : load.data && html`<${CaseSteps} c=${load.data} /><${CaseActions} c=${load.data} done=${(_, verb) => { said(verb); if (['urge', 'copy', 'add'].includes(verb)) load.again(); else gone(item); }} />`)}
    <${Why} error=${error} /></li>`;
}

// The sheet: everything picked is signed with one note; what does not go stays, with its reason.
function Sheet({ items, done, close }) {
  const [note, setNote] = useState(''), [at, setAt] = useState(null), [wrong, setWrong] = useState([]);
  async function sign(ev) {
    ev.preventDefault();
    const bad = [];
    for (let i = 0; i < items.length; i++) {
      setAt(i);
      try {
        await post(`approvals/${items[i].ref}/sign`, note ? { note } : {});
        done(items[i]);
      } catch (error) { bad.push({ item: items[i], error }); }
    }
    setAt(null);
    setWrong(bad);
    said('sign');
    if (!bad.length) close();
  }
  return html`<form class="card sheet" onSubmit=${sign}><p><b>${t(`一次签批 ${count(items.length)} 件`, `Sign ${count(items.length)} together`)}</b></p>
    <${Note} id="sheet-note" value=${note} set=${setNote} />
    ${at !== null && html`<progress max=${items.length} value=${at}></progress>`}
    ${wrong.map(({ item, error }) => html`<div key=${item.id}><b>${item.expanded ? recordName(entity(item.entity), item.expanded) : title(item.title)}</b><${Why} error=${error} /></div>`)}
    <div class="form-end"><button type="button" onClick=${close}>${t('取消', 'Cancel')}</button><button class="main" disabled=${at !== null}>${verbName('sign')}</button></div></form>`;
}

export function Page() {
  const kind = app.route.query.get('kind') ?? '';
  const load = useLoad((signal) => get(query('inbox', { expand: 'record', limit: 50, kind }), { signal }), [kind]);
  const [gone, setGone] = useState([]), [picked, setPicked] = useState([]);
  useFresh(load, [''], 600);
  const leave = (item) => { setGone((g) => [...g, item.id]); setPicked((p) => p.filter((id) => id !== item.id)); recount(); };
  const items = load.data?.items.filter((x) => !gone.includes(x.id)) ?? [];
  const chosen = items.filter((x) => picked.includes(x.id)), approvals = items.filter((x) => x.kind === 'approval');
  const tabs = ['', 'approval', 'task', 'deadline', 'obligation', 'copy'];
  return html`<div class="page inbox"><div class="page-head"><h1>${t('待办', 'Inbox')}</h1><span class="hint">${load.data && count(items.length)}${load.data?.next && '+'}</span></div>
    <div class="tabs" role="group" aria-label=${t('种类', 'Kinds')}>${tabs.map((k) => html`<button type="button" aria-pressed=${k === kind ? 'true' : 'false'} onClick=${() => { location.hash = k ? `#/inbox?kind=${k}` : '#/inbox'; }}>${k ? kindName(k) : t('全部', 'All')}</button>`)}</div>
    ${approvals.length > 1 && html`<label class="hint pick-all"><input type="checkbox" checked=${chosen.length === approvals.length} onChange=${(e) => setPicked(e.target.checked ? approvals.map((x) => x.id) : [])} /> ${t('全选审批', 'Select all approvals')}</label>`}
    ${chosen.length > 0 && html`<${Sheet} items=${chosen} done=${leave} close=${() => setPicked([])} />`}
    ${load.error && !load.data && html`<${ProblemBox} error=${load.error} again=${load.again} />`}
    ${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && !items.length && html`<${Empty} title=${t('没有待办', 'Nothing waits for you')}>${t('需要您审批、确认或按期完成的事会出现在这里。', 'What wants your approval, your word or your work by a date appears here.')}<//>`}
    <ul class="todos">${items.map((item) => html`<${Item} key=${item.id} item=${item} gone=${leave} picked=${picked.includes(item.id)} pick=${(on) => setPicked((p) => (on ? [...p, item.id] : p.filter((x) => x !== item.id)))} />`)}</ul></div>`;
}
