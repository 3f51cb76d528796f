// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Seeing a protected field: asks what for once a case and day, then one press is enough.
import { html, useState } from './vendor/preact.js';
import { t, title } from './i18n.js';
import { app, recall, remember } from './state.js';
import { Dialog, ProblemBox } from './ui.js';

const PURPOSES = [['联系考生或家长', 'Contact the family'], ['核对身份', 'Check the identity'], ['核对材料', 'Check the documents'], ['寄送通知书', 'Send a notice'], ['答复咨询', 'Answer an enquiry']];

// What this person said today about this case, or undefined.
export function rememberedPurpose(e, id) {
  const all = recall('purposes', {});
  return all.day === app.meta.school.today ? all[`${e.full}/${id}`] : undefined;
}
export function keepPurpose(e, id, purpose) {
  const all = recall('purposes', {}), day = app.meta.school.today;
  remember('purposes', { ...(all.day === day ? all : { day }), [`${e.full}/${id}`]: purpose });
}

// Asks what for, and gives it to `give`, which may throw.
export function AskPurpose({ title: head, close, give, verb = t('查看', 'Reveal') }) {
  const [own, setOwn] = useState(''), [error, setError] = useState(null);
  const go = (purpose) => { setError(null); Promise.resolve(give(purpose)).catch(setError); };
  return html`<${Dialog} title=${head} close=${close}>
      <p>${t('为了什么？查看会记入审计；今天在这条记录上不再询问。', 'What for? It is put on record; today you are not asked again for this case.')}</p>
      <div class="chips">${PURPOSES.map((p) => html`<button type="button" class="chip" onClick=${() => go(t(...p))}>${t(...p)}</button>`)}</div>
      <form onSubmit=${(ev) => { ev.preventDefault(); if (own.trim()) go(own.trim()); }}><div class="field"><label for="purpose">${t('其他用途', 'Another purpose')}</label>
        <input id="purpose" maxlength="200" value=${own} onInput=${(ev) => setOwn(ev.target.value)} /></div>
        <${ProblemBox} error=${error} />
        <div class="form-end"><button class="main" disabled=${!own.trim()}>${verb}</button></div></form><//>`;
}

export function RevealButton({ e, id, f, reveal }) {
  const known = rememberedPurpose(e, id), [open, setOpen] = useState(false), name = title(f.title, f.name);
  const show = async (purpose) => { await reveal(f, purpose); setOpen(false); };
  return html`<button type="button" class="plain reveal" aria-label=${t(`查看${name}`, `Reveal ${name}`)} title=${known ? t(`用途：${known}`, `Purpose: ${known}`) : undefined}
      onClick=${() => { const again = rememberedPurpose(e, id); if (again) show(again).catch(() => setOpen(true)); else setOpen(true); }}>${t('查看', 'Reveal')}</button>
    ${open && html`<${AskPurpose} title=${t(`查看${name}`, `Reveal ${name}`)} close=${() => setOpen(false)} give=${show} />`}`;
}
