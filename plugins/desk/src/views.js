// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Views that somebody keeps of a list: filters, order and columns under a name, with the service, so
// that they are there on every machine. What was typed of a sealed number is never part of one.
import { html, useState } from './vendor/preact.js';
import { api, get } from './api.js';
import { t } from './i18n.js';
import { ProblemBox, toast } from './ui.js';

const read = (items) => items.map((x) => { try { return JSON.parse(x); } catch { return null; } }).filter((v) => v?.name);

export function Views({ e, asked, columns, show }) {
  const [list, setList] = useState(null), [name, setName] = useState(''), [error, setError] = useState(null);
  const fill = () => list || get(`views/${e.full}`).then((a) => setList(read(a.items)), setError);
  async function keep(next, said) {
    setError(null);
    try {
      const a = await api('PUT', `views/${e.full}`, { items: next.map((v) => JSON.stringify(v)) });
      setList(read(a.body.items));
      setName('');
      toast(said);
    } catch (x) { setError(x); }
  }
  const save = (ev) => {
    ev.preventDefault();
    const v = { name: name.trim(), asked, ...(columns && { columns }) };
    if (v.name) keep([...list.filter((x) => x.name !== v.name), v], t('视图已保存', 'View kept'));
  };
  return html`<details class="menu views" onToggle=${(ev) => { if (ev.target.open) fill(); }}><summary>${t('视图', 'Views')}</summary><div class="card">
    <${ProblemBox} error=${error} />
    ${list && !list.length && html`<p class="hint">${t('还没有保存的视图。设好条件、排序和列，起个名字保存。', 'No views yet. Set filters, order and columns, and keep them under a name.')}</p>`}
    ${list?.length > 0 && html`<ul class="rows">${list.map((v) => html`<li key=${v.name}><button type="button" class="plain" onClick=${(ev) => { ev.target.closest('details').open = false; show(v); }}>${v.name}</button>
      <button type="button" class="plain" aria-label=${t(`删除视图 ${v.name}`, `Drop the view ${v.name}`)} onClick=${() => keep(list.filter((x) => x !== v), t('已删除', 'Dropped'))}>✕</button></li>`)}</ul>`}
    ${list && html`<form onSubmit=${save}><input aria-label=${t('视图名称', 'Name of the view')} placeholder=${t('名称', 'Name')} maxlength="40" required value=${name} onInput=${(ev) => setName(ev.target.value)} /><button>${t('保存当前视图', 'Keep this view')}</button></form>`}</div></details>`;
}
