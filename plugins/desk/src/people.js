// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Picking a person: type a part of the name, choose from who is called so.
import { html, useEffect, useState } from './vendor/preact.js';
import { get, query } from './api.js';
import { t } from './i18n.js';
import { Person } from './format.js';

export function PersonPicker({ id, value, set, ...rest }) {
  const [typed, setTyped] = useState(''), [found, setFound] = useState(null);
  useEffect(() => {
    const q = typed.trim();
    if (!q) { setFound(null); return undefined; }
    const stop = new AbortController();
    const soon = setTimeout(() => get(query('people', { q }), { signal: stop.signal }).then((a) => setFound(a.items), () => {}), 180);
    return () => { clearTimeout(soon); stop.abort(); };
  }, [typed]);
  const pick = (p) => { set(p.id); setTyped(''); };
  if (value) {
    return html`<span class="chip person"><${Person} id=${value} />
      <button type="button" class="plain" id=${id} aria-label=${t('换一个人', 'Someone else')} onClick=${() => set('')}>✕</button></span>`;
  }
  return html`<div class="picker"><input ...${rest} id=${id} type="text" autocomplete="off" placeholder=${t('输入姓名', 'Type a name')} value=${typed}
      onInput=${(e) => setTyped(e.target.value)} onKeyDown=${(e) => { if (e.key === 'Enter' && found?.length) { e.preventDefault(); pick(found[0]); } }} />
    ${found && html`<ul aria-label=${t('找到的人', 'People found')}>${found.map((p) => html`<li key=${p.id}><button type="button" class="plain" onClick=${() => pick(p)}>${p.display}</button></li>`)}
      ${!found.length && html`<li class="hint">${t('没有这样的人', 'Nobody is called so')}</li>`}</ul>`}</div>`;
}
