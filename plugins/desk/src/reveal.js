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

export function RevealButton({ e, id, f, reveal }) {
  const known = rememberedPurpose(e, id), [open, setOpen] = useState(false), [own, setOwn] = useState(''), [error, setError] = useState(null);
  async function show(purpose) {
    setError(null);
    try {
      await reveal(f, purpose);
      setOpen(false);
    } catch (x) { setError(x); setOpen(true); }
  }
  const name = title(f.title, f.name);
  return html`<button type="button" class="plain reveal" aria-label=${t(`查看${name}`, `Reveal ${name}`)} title=${known ? t(`用途：${known}`, `Purpose: ${known}`) : undefined}
      onClick=${() => { const again = rememberedPurpose(e, id); if (again) show(again); else setOpen(true); }}>${t('查看', 'Reveal')}</button>
    ${open && html`<${Dialog} title=${t(`查看${name}`, `Reveal ${name}`)} close=${() => setOpen(false)}>
      <p>${t('为了什么？查看会记入审计；今天在这条记录上不再询问。', 'What for? It is put on record; today you are not asked again for this case.')}</p>
      <div class="chips">${PURPOSES.map((p) => html`<button type="button" class="chip" onClick=${() => show(t(...p))}>${t(...p)}</button>`)}</div>
      <form onSubmit=${(ev) => { ev.preventDefault(); if (own.trim()) show(own.trim()); }}><div class="field"><label for="purpose">${t('其他用途', 'Another purpose')}</label>
        <input id="purpose" maxlength="200" value=${own} onInput=${(ev) => setOwn(ev.target.value)} /></div>
        <${ProblemBox} error=${error} />
        <div class="form-end"><button class="main" disabled=${!own.trim()}>${t('查看', 'Reveal')}</button></div></form><//>`}`;
}
