// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is owed every period: when it is due, what it takes to close it, and what closed it.
import { html, useState } from './vendor/preact.js';
import { get, post, query } from './api.js';
import { t, title } from './i18n.js';
import { app, entity, listAddress, recordAddress, recount, roleTitle } from './state.js';
import { Busy, Dialog, Empty, ProblemBox, toast, useLoad } from './ui.js';
import { upload } from './upload.js';
import { Person, RecordRef, count, nameField, recordName, time } from './format.js';

const EVIDENCE = { note: ['说明', 'a note'], document: ['文件', 'a file'], record: ['记录', 'a record'] };
const owner = (o) => (o.owner.startsWith('role:') ? roleTitle(o.owner.slice(5)) : o.owner);

// The record that proves it: the newest ones to choose from.
function Records({ full, value, set }) {
  const e = entity(full), name = e && nameField(e)?.name;
  const load = useLoad((signal) => (e?.may.read ? get(query(e.path, { limit: 20, sort: '-created_at', fields: name }), { signal }) : Promise.resolve({ items: [] })), [full]);
  if (!load.data) return html`<${Busy} />`;
  return html`<div class="field"><label for="ob-record">${title(e?.title, full)}</label><select id="ob-record" required value=${value} onChange=${(ev) => set(ev.target.value)}><option value=""></option>${load.data.items.map((r) => html`<option value=${r.id}>${recordName(e, r)}</option>`)}</select>
    ${e?.may.create && html`<a href=${`${listAddress(e)}/new`}>＋ ${t('新建', 'New')}</a>`}</div>`;
}

function Close({ o, close, done }) {
  const [s, set] = useState({ note: '', record: '', file: null }), [error, setError] = useState(null), [busy, setBusy] = useState(false);
  async function send(ev) {
    ev.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const body = { ...(s.note && { note: s.note }), ...(s.record && { record: s.record }) };
      if (s.file) body.file = (await upload({}, s.file, (name) => `/api/v1/files?name=${name}`)).id;
      await post(`obligations/${o.id}/close`, body);
      toast(t('已办结', 'Closed'));
      recount();
      done();
    } catch (x) { setError(x); setBusy(false); }
  }
  return html`<${Dialog} title=${`${t('办结', 'Close')}: ${title(o.title, o.name)}`} close=${close}><form onSubmit=${send}>
    ${o.evidence === 'record' && html`<${Records} full=${o.entity} value=${s.record} set=${(record) => set({ ...s, record })} />`}
    ${o.evidence === 'document' && html`<div class="field"><label for="ob-file">${t('文件', 'File')}</label><input id="ob-file" type="file" required onChange=${(ev) => set({ ...s, file: ev.target.files[0] })} /></div>`}
    <div class="field"><label for="ob-note">${t('说明', 'Note')}${o.evidence === 'note' && html`<i aria-hidden="true"> *</i>`}</label><textarea id="ob-note" rows="4" maxlength="4000" required=${o.evidence === 'note'} value=${s.note} onInput=${(ev) => set({ ...s, note: ev.target.value })}></textarea></div>
    <${ProblemBox} error=${error} />
    <div class="form-end"><button type="button" onClick=${close}>${t('取消', 'Cancel')}</button><button class="main" disabled=${busy}>${t('办结', 'Close')}</button></div></form><//>`;
}

function One({ o, closing }) {
  const e = o.entity && entity(o.entity);
  return html`<li class="card todo ${o.state === 'open' && o.overdue ? 'late' : ''}"><header><b>${title(o.title, o.name)}</b><span class="kind">${o.period}</span>
      <span class="when hint">${o.state === 'closed' ? html`${t('办结', 'closed')} ${time(o.closed_at)}${o.overdue ? html` <b class="bad-text">${t('逾期办结', 'late')}</b>` : ''}` : html`<span class=${o.overdue ? 'bad-text' : ''}>${o.overdue ? t('已逾期 ', 'overdue ') : t('期限 ', 'due ')}${time(o.due_at)}</span>`}</span></header>
    <dl class="facts"><div><dt>${t('由谁', 'Owed by')}</dt><dd>${owner(o)}</dd></div><div><dt>${t('凭据', 'Closed by')}</dt><dd>${t(...(EVIDENCE[o.evidence] ?? [o.evidence, o.evidence]))}${e ? ` (${title(e.title)})` : ''}</dd></div>
      ${o.serves?.length > 0 && html`<div><dt>${t('条款', 'Clauses')}</dt><dd>${o.serves.join(' ')}</dd></div>`}
      ${o.closed_by && html`<div><dt>${t('办结人', 'By')}</dt><dd><${Person} id=${o.closed_by} /></dd></div>`}</dl>
    ${o.note && html`<p class="long">${o.note}</p>`}
    ${o.record && html`<p>${e ? html`<a href=${recordAddress(e, o.record)}><${RecordRef} to=${o.entity} id=${o.record} plain /></a>` : html`<${RecordRef} to=${o.entity} id=${o.record} />`}</p>`}
    ${o.file && html`<p><a class="button" href=${`/api/v1/files/${o.file}`} download>${t('下载凭据', 'Download the evidence')}</a></p>`}
    ${o.state === 'open' && html`<div class="chips"><button type="button" class="main" onClick=${() => closing(o)}>${t('办结', 'Close')}</button></div>`}</li>`;
}

export function Page() {
  const state = app.route.query.get('state') === 'closed' ? 'closed' : 'open', [o, closing] = useState(null);
  const load = useLoad((signal) => get(query('obligations', { state, limit: 100 }), { signal }), [state]);
  const items = load.data?.items;
  return html`<div class="page"><div class="page-head"><h1>${t('定期任务', 'Obligations')}</h1><span class="hint">${items && count(items.length)}${load.data?.more ? '+' : ''}</span></div>
    <div class="tabs" role="group" aria-label=${t('状态', 'State')}>${[['open', t('未办结', 'Owed')], ['closed', t('已办结', 'Closed')]].map(([k, label]) => html`<button type="button" aria-pressed=${k === state ? 'true' : 'false'} onClick=${() => { location.hash = k === 'open' ? '#/obligations' : '#/obligations?state=closed'; }}>${label}</button>`)}</div>
    ${load.error && !items && html`<${ProblemBox} error=${load.error} again=${load.again} />`}${!items && !load.error && html`<${Busy} />`}
    ${items && !items.length && html`<${Empty} title=${state === 'open' ? t('没有未办结的定期任务', 'Nothing is owed') : t('还没有办结过', 'Nothing was closed yet')}>${t('制度规定每月、每学期、每年要做的事，到期自动出现在这里。', 'What has to be done every month, term or year appears here by itself.')}<//>`}
    <ul class="todos">${items?.map((x) => html`<${One} key=${x.id} o=${x} closing=${closing} />`)}</ul>
    ${o && html`<${Close} o=${o} close=${() => closing(null)} done=${() => { closing(null); load.again(); }} />`}</div>`;
}
