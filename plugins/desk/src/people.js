// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Picking a person or a record: type a part of the name (or its pinyin), choose from what is called so.
import { html, useEffect, useState } from './vendor/preact.js';
import { get, query } from './api.js';
import { t } from './i18n.js';
import { entity } from './state.js';
import { Person, RecordRef, nameField, recordName } from './format.js';

// ask(text, signal) -> [{ id, name }]; told: how the chosen one is shown. Without a text the first ones are shown, where asked for.
function Picker({ id, value, set, ask, told, first, none, ...rest }) {
  const [typed, setTyped] = useState(''), [open, setOpen] = useState(false), [found, setFound] = useState(null);
  useEffect(() => {
    const q = typed.trim();
    if (!q && !(first && open)) { setFound(null); return undefined; }
    const stop = new AbortController();
    const soon = setTimeout(() => ask(q, stop.signal).then(setFound, () => {}), 180);
    return () => { clearTimeout(soon); stop.abort(); };
  }, [typed, open]);
  const pick = (p) => { set(p.id); setTyped(''); setOpen(false); };
  if (value) {
    return html`<span class="chip person">${told}
      <button type="button" class="plain" id=${id} aria-label=${t('换一个', 'Another one')} onClick=${() => set('')}>✕</button></span>`;
  }
  return html`<div class="picker"><input ...${rest} id=${id} type="text" autocomplete="off" placeholder=${t('输入名称查找', 'Type a name')} value=${typed} onFocus=${() => setOpen(true)}
      onInput=${(e) => setTyped(e.target.value)} onKeyDown=${(e) => { if (e.key === 'Escape' && found) { e.stopPropagation(); setTyped(''); setOpen(false); } if (e.key === 'Enter' && found?.length) { e.preventDefault(); pick(found[0]); } }} />
    ${found && html`<ul aria-label=${t('找到的', 'Found')}>${found.map((p) => html`<li key=${p.id}><button type="button" class="plain" onClick=${() => pick(p)}>${p.name}</button></li>`)}
      ${!found.length && html`<li class="hint">${none}</li>`}</ul>`}</div>`;
}

const askPeople = (q, signal) => get(query('people', { q }), { signal }).then((a) => a.items.map((p) => ({ id: p.id, name: p.display })));
export const PersonPicker = (props) => html`<${Picker} ...${props} ask=${askPeople} told=${html`<${Person} id=${props.value} />`} none=${t('没有这样的人', 'Nobody is called so')} />`;

export function RecordPicker({ to, ...props }) {
  const e = entity(to), f = e?.may.read && nameField(e);
  if (!f) return html`<input ...${props} type="text" autocomplete="off" set=${undefined} onInput=${(ev) => props.set(ev.target.value)} />`;
  const ask = (q, signal) => get(query(e.path, { ...(q && (e.may.find ? { q } : { [`${f.name}[has]`]: q })), fields: f.name, limit: 12 }), { signal }).then((a) => a.items.map((r) => ({ id: r.id, name: recordName(e, r) })));
  return html`<${Picker} ...${props} first ask=${ask} told=${html`<${RecordRef} to=${to} id=${props.value} plain />`} none=${t('没有这样的记录', 'Nothing is called so')} />`;
}
