// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One record: what it says, what may be done with it and why not, what happened to it.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { api, get, query } from './api.js';
import { t, title } from './i18n.js';
import { app, go, listAddress, recordAddress } from './state.js';
import { Busy, Empty, ProblemBox, State, toast, useLoad } from './ui.js';
import { onChange } from './live.js';
import { Person, Value, recordName, time } from './format.js';
import { FormField, isFillable, presets, same, toSend } from './form.js';
import { Documents } from './documents.js';
import { waitForFiles } from './files.js';
import { Merge, mergeOf } from './merge.js';
import { Steps, Track } from './steps.js';
import { actionsOf } from './actions.js';
import { Approvals } from './approval.js';
import { RevealButton, keepPurpose, rememberedPurpose } from './reveal.js';
import { History } from './history.js';
import { Explain } from './explain.js';
import { Deadline, Messages } from './messages.js';
import { Later } from './later.js';
import { Holdings, isPool, poolFields } from './holdings.js';

const fieldNames = (e) => Object.fromEntries(e.fields.map((f) => [f.name, title(f.title, f.name)]));

function Fields({ e, record, revealed, reveal }) {
  const parts = Object.values(poolFields(e) ?? {}), inWords = e.fields.filter((f) => f.view !== 'hidden' && f.name in record && !parts.includes(f));
  return html`<dl class="fields">${inWords.map((f) => {
    const shown = revealed && f.name in revealed, masked = record._masked?.includes(f.name) && !shown;
    const v = shown ? revealed[f.name] : record[f.name];
    return html`<div class=${['longtext', 'list', 'json'].includes(f.type) ? 'whole' : ''} key=${f.name}><dt>${title(f.title, f.name)}</dt>
      <dd class=${shown ? 'revealed' : ''}><${Value} f=${f} v=${v} masked=${masked} e=${e} id=${record.id} />
      ${masked && e.may.reveal && record[f.name] !== null && html`<${RevealButton} e=${e} id=${record.id} f=${f} reveal=${reveal} />`}</dd></div>`;
  })}</dl>`;
}

function Edit({ e, loaded, close, saved }) {
  const { record, etag } = loaded;
  const [mine, setMine] = useState({}), [error, setError] = useState(null), [busy, setBusy] = useState(false), [merge, setMerge] = useState(null);
  const form = useRef(), base = useRef({ record, etag });
  useEffect(() => {
    form.current?.querySelector('input:not([type=checkbox]), select, textarea')?.focus();
    return () => { app.dirty = null; };
  }, []);
  const fields = e.fields.filter((f) => isFillable(f) && (f.name in record));
  const start = (f) => (record._masked?.includes(f.name) ? '' : record[f.name]);
  const put = (f, v) => {
    const next = { ...mine, [f.name]: v };
    if (same(v, start(f))) delete next[f.name];
    setMine(next);
    app.dirty = Object.keys(next).length > 0;
  };
  async function send(changes, tag) {
    setError(waitForFiles());
    if (waitForFiles()) return undefined;
    if (!Object.keys(changes).length) return close();
    setBusy(true);
    try {
      const body = Object.fromEntries(Object.entries(changes).map(([k, v]) => [k, toSend(e.fields.find((f) => f.name === k), v)]));
      const a = await api('PATCH', `${e.path}/${record.id}`, body, { headers: { 'If-Match': tag } });
      app.dirty = null;
      toast(t('已保存', 'Saved'));
      saved({ record: a.body, etag: a.etag });
    } catch (x) {
      if (x.status === 412) {
        try {
          const now = await api('GET', `${e.path}/${record.id}`);
          setMerge({ now: { record: now.body, etag: now.etag }, ...mergeOf(e, base.current.record, now.body, changes) });
        } catch (y) { setError(y); }
      } else setError(x);
      setBusy(false);
    }
  }
  const keys = (ev) => {
    if (ev.key === 'Escape' && !Object.keys(mine).length) close();
    if (ev.key === 's' && (ev.ctrlKey || ev.metaKey)) { ev.preventDefault(); send(mine, base.current.etag); }
  };
  const known = new Set(fields.map((f) => `/${f.name}`));
  const other = error && { ...error, title: error.title, errors: error.errors?.filter((x) => !known.has(x.pointer)) ?? [], detail: error.detail };
  return html`<form ref=${form} class="form" noValidate onKeyDown=${keys} onSubmit=${(ev) => { ev.preventDefault(); send(mine, base.current.etag); }}>
    <${ProblemBox} error=${other} names=${fieldNames(e)} />
    <div class="form-fields">${fields.map((f) => html`<${FormField} key=${f.name} f=${f} value=${f.name in mine ? mine[f.name] : start(f)} set=${(v) => put(f, v)}
      errors=${error?.errors} masked=${record._masked?.includes(f.name) && record[f.name] !== null} changed=${f.name in mine} />`)}</div>
    <div class="form-end"><span class="hint">${Object.keys(mine).length ? t(`改了 ${Object.keys(mine).length} 项`, `${Object.keys(mine).length} changed`) : t('还没有修改', 'Nothing changed yet')}</span>
      <button type="button" onClick=${close}>${t('取消', 'Cancel')}</button>
      <button class="main" disabled=${busy}>${busy ? t('保存中…', 'Saving…') : t('保存', 'Save')}</button></div>
    ${merge && html`<${Merge} e=${e} m=${merge} close=${() => setMerge(null)} decide=${(changes) => {
      base.current = merge.now;
      setMerge(null);
      setMine(changes);
      send(changes, merge.now.etag);
      if (!Object.keys(changes).length) saved(merge.now);
    }} />`}</form>`;
}

export function Page({ e, id }) {
  const [loaded, setLoaded] = useState(null), [editing, setEditing] = useState(false), [revealed, setRevealed] = useState(null);
  const [changed, setChanged] = useState(false), [asked, setAsked] = useState(null);
  const first = useLoad((signal) => api('GET', `${e.path}/${id}`, undefined, { signal }), [e.full, id]);
  useEffect(() => { if (first.data) take({ record: first.data.body, etag: first.data.etag }); }, [first.data]);
  const history = useLoad((signal) => (e.may.history && loaded ? get(`${e.path}/${id}/history`, { signal }) : Promise.resolve(null)), [e.full, id, loaded?.record.rev]);
  const state = useRef({});
  state.current = { editing, rev: loaded?.record.rev };
  const take = (x) => { setLoaded(x); setChanged(false); setRevealed(null); };
  useEffect(() => onChange((x) => {
    if (!x.reset && (x.entity !== e.full || x.record !== id || x.rev <= state.current.rev)) return;
    if (state.current.editing) setChanged(true);
    else setTimeout(() => { if (!state.current.editing && (x.reset || x.rev > state.current.rev)) first.again(); }, 150);
  }), [e.full, id]);
  async function reveal(f, purpose) {
    const names = [...new Set([...Object.keys(revealed ?? {}), f.name])];
    const a = await api('GET', query(`${e.path}/${id}`, { reveal: names.join(','), purpose }));
    keepPurpose(e, id, purpose);
    setRevealed(Object.fromEntries(names.filter((n) => !a.body._masked?.includes(n)).map((n) => [n, a.body[n]])));
  }
  async function archive() {
    if (!window.confirm(t('归档后将不再出现在列表中，确定吗？', 'Archive this record? It leaves the lists.'))) return;
    try {
      await api('DELETE', `${e.path}/${id}`, undefined, { headers: { 'If-Match': loaded.etag } });
      toast(t('已归档', 'Archived'));
      go(listAddress(e));
    } catch (x) { setAsked(x); }
  }
  if (first.error && !loaded) {
    return first.error.status === 404 ? html`<${Empty} title=${t('没有这条记录，或您无权查看', 'There is no such record, or not for you')} action=${html`<a class="button" href=${listAddress(e)}>${t('回到列表', 'To the list')}</a>`} />`
      : html`<${ProblemBox} error=${first.error} again=${first.again} />`;
  }
  if (!loaded) return html`<${Busy} />`;
  const { record } = loaded, purpose = rememberedPurpose(e, id);
  return html`<div class="page record">
    <nav class="crumbs" aria-label=${t('位置', 'Where')}><a href=${listAddress(e)}>← ${title(e.title, e.name)}</a></nav>
    <div class="page-head"><h1>${recordName(e, record)}</h1><${State} e=${e} name=${record.state} />
      <div class="tools">${!editing && e.may.update && html`<button type="button" onClick=${() => setEditing(true)}>${t('编辑', 'Edit')}</button>`}
        <button type="button" class="wide-only" onClick=${() => window.print()}>${t('打印', 'Print')}</button>
        ${e.may.create && !editing && html`<a class="button wide-only" href=${`${listAddress(e)}/new?copy=${id}`}>${t('复制', 'Copy')}</a>`}
        ${e.may.delete && !editing && html`<button type="button" class="plain" onClick=${archive}>${t('归档', 'Archive')}</button>`}</div></div>
    <p class="hint meta">${t('建立', 'Created')} ${time(record.created_at)} <${Person} id=${record.created_by} /> · ${t('更新', 'changed')} ${time(record.updated_at)} · ${t('第', 'revision ')}${record.rev}${t(' 版', '')}</p>
    <${ProblemBox} error=${asked} />
    ${changed && html`<p class="notice" role="status">${t('别人刚刚改了这条记录；保存时会让您核对。', 'Somebody has just changed this record; you will see both when you save.')}</p>`}
    ${e.workflow && html`<${Track} e=${e} record=${record} history=${history.data?.items} />`}
    <${Deadline} record=${record} />
    <div class="columns"><div class="main-column">
      <section class="card">${editing ? html`<${Edit} e=${e} loaded=${loaded} close=${() => { setEditing(false); if (changed) first.again(); }} saved=${(x) => { setEditing(false); take(x); }} />`
      : html`<${Fields} e=${e} record=${record} revealed=${revealed} reveal=${reveal} />
        ${revealed && html`<p class="hint">${purpose && t(`用途：${purpose}。已记入审计。`, `Purpose: ${purpose}. It is on record.`)} <button type="button" class="plain" onClick=${() => setRevealed(null)}>${t('重新遮住', 'Hide again')}</button></p>`}`}</section>
      ${!editing && html`${isPool(e) && html`<${Holdings} e=${e} record=${record} />`}<${Later} name="related" e=${e} record=${record} changed=${first.again} />`}
    </div><aside>
      ${!editing && html`<${Approvals} e=${e} record=${record} changed=${first.again} />`}
      ${(e.workflow || actionsOf(e, record).length > 0) && !editing && html`<${Steps} e=${e} loaded=${loaded} done=${take} stale=${first.again} />`}
      ${!editing && html`<${Documents} e=${e} record=${record} />`}
      <${Messages} e=${e} id=${id} rev=${record.rev} />
      ${e.may.history && html`<${History} e=${e} load=${history} />`}
      <${Explain} e=${e} record=${record} />
    </aside></div></div>`;
}

export function Create({ e }) {
  const [values, set] = useState(() => presets(e, app.route.query)), [error, setError] = useState(null), [busy, setBusy] = useState(false);
  // last year's plan as the beginning of this one: what is unique or protected is not copied
  const copied = app.route.query.get('copy');
  useEffect(() => {
    if (copied) get(`${e.path}/${copied}`).then((r) => set((v) => ({ ...v, ...Object.fromEntries(e.fields.filter((f) => isFillable(f) && !f.unique && !f.sealed && f.type !== 'file' && !r._masked?.includes(f.name) && (r[f.name] ?? '') !== '').map((f) => [f.name, r[f.name]])) })), setError);
  }, [copied]);
  const [key] = useState(() => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`);
  const fields = e.fields.filter(isFillable);
  useEffect(() => {
    document.querySelector('.form input, .form select')?.focus();
    return () => { app.dirty = null; };
  }, []);
  async function save(ev) {
    ev.preventDefault();
    setError(waitForFiles());
    if (waitForFiles()) return;
    setBusy(true);
    try {
      const body = Object.fromEntries(fields.map((f) => [f.name, toSend(f, values[f.name])]).filter(([, v]) => v !== null));
      const a = await api('POST', e.path, body, { headers: { 'Idempotency-Key': `${key}-${JSON.stringify(body).length}-${hash(JSON.stringify(body))}` } });
      app.dirty = null;
      toast(t('已建立', 'Created'));
      go(e.may.read ? recordAddress(e, a.body.id) : '#/');
    } catch (x) { setError(x); setBusy(false); }
  }
  const put = (f, v) => { app.dirty = true; set({ ...values, [f.name]: v }); };
  const known = new Set(fields.map((f) => `/${f.name}`));
  return html`<div class="page record"><nav class="crumbs"><a href=${listAddress(e)}>← ${title(e.title, e.name)}</a></nav>
    <div class="page-head"><h1>${copied ? t('复制', 'Copy') : t('新建', 'New')} · ${title(e.title, e.name)}</h1></div>
    <section class="card"><form class="form" noValidate onSubmit=${save}>
      ${error && html`<${ProblemBox} error=${{ ...error, title: error.title, errors: error.errors.filter((x) => !known.has(x.pointer)) }} names=${fieldNames(e)} />`}
      <div class="form-fields">${fields.map((f) => html`<${FormField} key=${f.name} f=${f} value=${values[f.name]} set=${(v) => put(f, v)} errors=${error?.errors} />`)}</div>
      <div class="form-end"><a class="button" href=${listAddress(e)}>${t('取消', 'Cancel')}</a><button class="main" disabled=${busy}>${t('保存', 'Save')}</button></div></form></section></div>`;
}

// One key for one content: sent twice it makes one record, corrected it is another request.
function hash(s) {
  let h = 0;
  for (let i = 0; i < s.length; i++) h = (Math.imul(h, 31) + s.charCodeAt(i)) | 0;
  return (h >>> 0).toString(36);
}
