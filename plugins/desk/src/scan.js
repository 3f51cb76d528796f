// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// #/d/DOCUMENT, where the QR code of a document leads: to the record of who holds it, if it is in force.
import { html } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { entity, recordAddress, replaceRoute } from './state.js';
import { Busy, ProblemBox, useLoad } from './ui.js';

export function Page({ id }) {
  const load = useLoad(async (signal) => {
    const d = await get(`documents/${encodeURIComponent(id)}?format=json`, { signal });
    const e = entity(d.entity);
    if (e && d.state === 'issued') replaceRoute(recordAddress(e, d.record));
    return { d, e };
  }, [id]);
  if (load.error) return html`<div class="page"><${ProblemBox} error=${load.error} again=${load.again} /></div>`;
  if (!load.data || load.data.d.state === 'issued') return html`<${Busy} />`;
  const { d, e } = load.data;
  return html`<div class="page"><div class="page-head"><h1>${d.number}</h1></div>
    <div class="problem" role="alert"><p>${d.state === 'void' ? t('该文书已作废', 'This document is void') : t('该文书已被新的替换', 'Another one has replaced this document')}${d.reason && `：${d.reason}`}</p></div>
    ${e && html`<p><a class="button" href=${recordAddress(e, d.record)}>${t(`打开${title(e.title, e.name)}记录`, 'Open the record')}</a></p>`}</div>`;
}
