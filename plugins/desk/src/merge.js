// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Two people changed one record: what each did, field by field, before anything is written.
import { html, useState } from './vendor/preact.js';
import { t, title } from './i18n.js';
import { Dialog } from './ui.js';
import { Value } from './format.js';
import { same } from './form.js';

// base: as we read it; now: as it is; mine: our changes. both: fields that both changed, differently.
export function mergeOf(e, base, now, mine) {
  const theirs = e.fields.filter((f) => f.name in now && !same(base[f.name], now[f.name]));
  const both = theirs.filter((f) => f.name in mine && !same(mine[f.name], now[f.name]));
  return { base, mine, theirs, both, stateMoved: base.state !== now.state };
}

export function Merge({ e, m, close, decide }) {
  const [keep, set] = useState({});
  const ready = m.both.every((f) => keep[f.name]);
  const done = () => decide(Object.fromEntries(Object.entries(m.mine).filter(([k]) => keep[k] !== 'theirs')));
  const only = m.theirs.filter((f) => !m.both.includes(f));
  const masked = (f) => m.now.record._masked?.includes(f.name);
  return html`<${Dialog} title=${t('别人同时改了这条记录', 'Somebody else changed this record')} close=${close} wide>
    <p>${m.both.length ? t('下面的字段两边都改了，请逐项选择。其余修改会合在一起。', 'You both changed these fields: choose for each. Everything else is kept together.')
    : t('两边改的不是同一处，可以直接合并保存。', 'You changed different fields: both can be kept.')}</p>
    ${m.stateMoved && html`<p class="notice">${t('状态也已改变。', 'Its state has changed too.')}</p>`}
    ${m.both.length > 0 && html`<table class="merge"><thead><tr><th>${t('字段', 'Field')}</th><th>${t('原来', 'Before')}</th><th>${t('对方', 'Theirs')}</th><th>${t('我的', 'Mine')}</th></tr></thead>
      <tbody>${m.both.map((f) => html`<tr><th scope="row">${title(f.title, f.name)}</th><td><${Value} f=${f} v=${m.base[f.name]} masked=${masked(f)} /></td>
        ${[['theirs', m.now.record[f.name]], ['mine', m.mine[f.name]]].map(([who, v]) => html`<td><label><input type="radio" name=${`keep-${f.name}`} checked=${keep[f.name] === who} onChange=${() => set({ ...keep, [f.name]: who })} />
          <span class="away">${who === 'mine' ? t('用我的', 'Keep mine') : t('用对方的', 'Keep theirs')}</span><${Value} f=${f} v=${v} masked=${who === 'theirs' && masked(f)} /></label></td>`)}</tr>`)}</tbody></table>`}
    ${only.length > 0 && html`<p class="hint">${t('对方还改了：', 'They also changed: ')}${only.map((f) => title(f.title, f.name)).join(t('、', ', '))}</p>`}
    <div class="form-end"><button type="button" onClick=${close}>${t('返回继续编辑', 'Back to editing')}</button>
      <button type="button" class="main" disabled=${!ready} onClick=${done}>${t('合并并保存', 'Merge and save')}</button></div><//>`;
}
