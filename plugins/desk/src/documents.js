// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Documents of a record: those that were issued, and those that can be. One that is void or replaced
// keeps its number and stays in the list.
import { html, useState } from './vendor/preact.js';
import { Problem, api, get } from './api.js';
import { lang, t, title } from './i18n.js';
import { Dialog, ProblemBox, stateTitle, toast, useLoad } from './ui.js';
import { Person, time } from './format.js';
import { AskPurpose, keepPurpose, rememberedPurpose } from './reveal.js';
import { openAddress } from './files.js';

export const documentsOf = (e) => e.plugin.documents?.filter((d) => d.entity === e.name) ?? [];
const STATES = { issued: ['有效', 'In force'], void: ['已作废', 'Void'], replaced: ['已替换', 'Replaced'] };
export const isForPurpose = (x) => x.errors?.some((y) => y.pointer === '/purpose');

// A drawing that is kept nowhere: the address of its bytes in this page.
async function preview(path, body) {
  const a = await fetch(`${path}?preview=true`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Accept-Language': lang() === 'zh' ? 'zh-CN' : 'en' }, body: JSON.stringify(body) });
  if (!a.ok) throw new Problem(a.status, await a.json().catch(() => undefined));
  return URL.createObjectURL(await a.blob());
}

function Make({ e, record, d, replaces, close, made }) {
  const [language, setLanguage] = useState(lang()), [error, setError] = useState(null), [busy, setBusy] = useState(false), [drawn, setDrawn] = useState(null), [asks, ask] = useState(null);
  const path = `${e.path}/${record.id}/documents/${d.name}`, name = title(d.title, d.name);
  async function run(what, purpose = rememberedPurpose(e, record.id)) {
    setBusy(true);
    setError(null);
    const body = { lang: language, ...(purpose ? { purpose } : {}) };
    try {
      if (what === 'preview') {
        const url = await preview(path, body);
        setDrawn(url);
        openAddress(url);
      } else {
        const a = await api('POST', path, { ...body, ...(replaces ? { replaces: replaces.id } : {}) });
        toast(t(`已制作 ${a.body.number}`, `${a.body.number} is issued`));
        made();
      }
      ask(null);
    } catch (x) {
      if (isForPurpose(x) && !purpose) ask(what);
      else setError(x);
    }
    setBusy(false);
  }
  return html`<${Dialog} title=${replaces ? t(`重新制作 ${replaces.number}`, `Issue ${replaces.number} again`) : name} close=${close}>
    ${replaces && html`<p>${t('新的一份有新的编号；原来的一份标为“已替换”，不能再用。', 'The new one has a number of its own; the old one is marked as replaced.')}</p>`}
    <div class="field"><label for="doc-lang">${t('语言', 'Language')}</label><select id="doc-lang" value=${language} onChange=${(ev) => { setLanguage(ev.target.value); setDrawn(null); }}><option value="zh">中文</option><option value="en">English</option></select></div>
    <${ProblemBox} error=${error} names=${Object.fromEntries(e.fields.map((f) => [f.name, title(f.title, f.name)]))} />
    ${drawn && html`<p class="hint">${t('预览已在新窗口打开。没有打开？', 'The preview is in a new window. Not there?')} <a href=${drawn} target="_blank" rel="noopener">${t('点这里', 'Open it')}</a></p>`}
    <div class="form-end"><button type="button" disabled=${busy} onClick=${() => run('preview')}>${t('预览', 'Preview')}</button>
      <button type="button" class="main" disabled=${busy} onClick=${() => run('make')}>${t('制作', 'Issue')}</button></div>
    ${asks && html`<${AskPurpose} title=${name} verb=${t('继续', 'Go on')} close=${() => ask(null)} give=${(p) => { keepPurpose(e, record.id, p); ask(null); return run(asks, p); }} />`}<//>`;
}

function Void({ one, close, done }) {
  const [reason, set] = useState(''), [error, setError] = useState(null);
  const go = async (ev) => {
    ev.preventDefault();
    try {
      await api('POST', `documents/${one.id}/void`, { reason: reason.trim() });
      toast(t('已作废', 'It is void'));
      done();
    } catch (x) { setError(x); }
  };
  return html`<${Dialog} title=${t(`作废 ${one.number}`, `Make ${one.number} void`)} close=${close}><form onSubmit=${go}>
    <div class="field"><label for="void-why">${t('原因', 'Reason')}<i aria-hidden="true"> *</i></label><input id="void-why" maxlength="130" required value=${reason} onInput=${(ev) => set(ev.target.value)} /></div>
    <${ProblemBox} error=${error} /><div class="form-end"><button class="danger" disabled=${!reason.trim()}>${t('作废', 'Make it void')}</button></div></form><//>`;
}

export function Documents({ e, record }) {
  const kinds = documentsOf(e);
  return kinds.length ? html`<${Panel} e=${e} record=${record} kinds=${kinds} />` : null;
}

function Panel({ e, record, kinds }) {
  const load = useLoad((signal) => get(`${e.path}/${record.id}/documents`, { signal }), [record.id, record.rev]);
  const [open, set] = useState(null), items = load.data?.items ?? [], again = () => { set(null); load.again(); };
  const kind = (one) => kinds.find((d) => d.name === one.document) ?? { name: one.document };
  const fits = (d) => !d.states || d.states.includes(record.state);
  const ready = kinds.filter((d) => fits(d) && (d.many || !items.some((x) => x.document === d.name && x.state === 'issued')));
  const see = (one, purpose) => openAddress(`/api/v1/documents/${one.id}?${new URLSearchParams({ format: 'pdf', ...(purpose ? { purpose } : {}) })}`);
  const press = (one) => { const purpose = rememberedPurpose(e, record.id); if (one.looks && !purpose) set({ ask: one }); else see(one, one.looks ? purpose : null); };
  return html`<section class="card documents"><h2>${t('文书', 'Documents')}</h2>
    ${load.error && html`<${ProblemBox} error=${load.error} again=${load.again} />`}
    ${items.length > 0 && html`<ul>${items.map((one) => { const d = kind(one), what = title(d.title, d.name); return html`<li key=${one.id} class=${one.state}><div><b>${what}</b><span class="state ${one.state === 'issued' ? 'tone2' : 'final'}">${t(...(STATES[one.state] ?? [one.state, one.state]))}</span></div>
      <div class="doc-number">${one.number}</div><p class="hint">${time(one.issued_at)} <${Person} id=${one.issued_by} />${one.reason ? ` · ${one.reason}` : ''}</p>
      <div class="doc-tools"><button type="button" class="plain" aria-label=${t(`打开 ${one.number}`, `Open ${one.number}`)} onClick=${() => press(one)}>${t('打开', 'Open')}</button>
        ${one.state === 'issued' && html`${fits(d) && html`<button type="button" class="plain" aria-label=${t(`重新制作 ${one.number}`, `Issue again ${one.number}`)} onClick=${() => set({ make: d, replaces: one })}>${t('重新制作', 'Issue again')}</button>`}
        <button type="button" class="plain" aria-label=${t(`作废 ${one.number}`, `Make void ${one.number}`)} onClick=${() => set({ end: one })}>${t('作废', 'Make void')}</button>`}</div></li>`; })}</ul>`}
    ${ready.map((d) => html`<button type="button" key=${d.name} onClick=${() => set({ make: d })}>${t(`制作${title(d.title, d.name)}`, `Issue: ${title(d.title, d.name)}`)}</button>`)}
    ${kinds.filter((d) => !fits(d)).map((d) => html`<p class="hint">${title(d.title, d.name)}${t('：可在这些状态制作——', ': can be issued in the states ')}${d.states.map((s) => stateTitle(e, s)).join(t('、', ', '))}</p>`)}
    ${open?.make && html`<${Make} e=${e} record=${record} d=${open.make} replaces=${open.replaces} close=${() => set(null)} made=${again} />`}
    ${open?.end && html`<${Void} one=${open.end} close=${() => set(null)} done=${again} />`}
    ${open?.ask && html`<${AskPurpose} title=${open.ask.number} close=${() => set(null)} give=${(p) => { keepPurpose(e, record.id, p); see(open.ask, p); set(null); }} />`}</section>`;
}
