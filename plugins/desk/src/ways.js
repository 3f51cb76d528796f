// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The ways to look at one kind of record: as a list, by state, by date.
import { html } from './vendor/preact.js';
import { t } from './i18n.js';
import { listAddress } from './state.js';

export const datesOf = (e) => e.fields.filter((f) => ['date', 'datetime'].includes(f.type) && !f.sealed && f.view === 'clear');
export function Ways({ e, at }) {
  const ways = [['', t('列表', 'List'), true], ['board', t('看板', 'Board'), !!e.workflow], ['calendar', t('日历', 'Calendar'), datesOf(e).length > 0]].filter((x) => x[2]);
  return ways.length > 1 && html`<nav class="ways" aria-label=${t('看法', 'Ways to look')}>${ways.map(([k, name]) => html`<a href=${`${listAddress(e)}${k && `/${k}`}`} aria-current=${k === at ? 'page' : undefined}>${name}</a>`)}</nav>`;
}
