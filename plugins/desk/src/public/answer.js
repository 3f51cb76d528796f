// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A form that is answered once, by a link: what it is about, then its questions. Nothing is kept on the
// device once it is sent, and the code is not kept at all.
import { html } from './vendor/preact.js';
import { get } from './api.js';
import { t } from './i18n.js';
import { Busy, ProblemBox, useLoad } from './ui.js';
import { grouped } from './kept.js';
import { Register, Thanks } from './register.js';

const tapped = (f) => (f.type === 'integer' && f.max - f.min <= 10 ? { ...f, tapped: true } : f);

export function Page({ plugin, name, form, code, forget }) {
  const load = useLoad((signal) => get(`/public/${plugin}/${name}/${encodeURIComponent(code)}`, { signal }), []);
  if (load.error) {
    return [400, 404].includes(load.error.status) ? html`<section class="card stack"><h2>${t('没有找到', 'Not found')}</h2><p>${t(`没有答卷码 ${grouped(code)}，请核对。`, `There is no code ${grouped(code)}; please check it.`)}</p><button type="button" class="main big" onClick=${forget}>${t('重新输入', 'Type it again')}</button></section>`
      : html`<${ProblemBox} error=${load.error} again=${load.again} />`;
  }
  if (!load.data) return html`<${Busy} />`;
  const { title, state } = load.data;
  if (state === 'used') return html`<${Thanks} />`;
  return html`${title && html`<p class="about"><b>${title}</b></p>`}
    ${state === 'closed' ? html`<section class="card"><p role="status">${t('现在不能填写：还没有开始，或已经结束。', 'It cannot be answered now: it has not begun, or is over.')}</p></section>`
    : html`<${Register} plugin=${plugin} name=${name} form=${{ ...form, fields: form.fields.map(tapped) }} code=${code} />`}`;
}
