// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What every page shares: who is signed in, what the release declares, where we are.
import { get } from './api.js';
import { t, title } from './i18n.js';

export const app = { user: null, meta: null, live: 'off', route: null, render: () => {}, dirty: null };

export const can = (permission) => app.user?.permissions?.includes(permission) ?? false;
export const entities = () => app.meta?.plugins.flatMap((p) => p.entities.map((e) => ({ ...e, plugin: p }))) ?? [];
export const entity = (full) => entities().find((e) => e.full === full);
export const roleTitle = (name) => (name === 'everyone' ? t('所有人', 'Everyone') : title(app.meta?.roles?.find((r) => r.name === name)?.title, name));
export const listAddress = (e) => `#/e/${e.full.replace('.', '/')}`;
export const recordAddress = (e, id) => `${listAddress(e)}/r/${encodeURIComponent(id)}`;

export async function loadMeta() {
  app.meta = await get('meta');
  return app.meta;
}

// '#/e/admissions/applicants/r/ID?tab=x' -> { path: ['e', …], query }
export function parseRoute(hash = location.hash) {
  const [path, q = ''] = hash.replace(/^#\/?/, '').split('?');
  const decode = (s) => { try { return decodeURIComponent(s); } catch { return s; } };
  return { path: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(q), hash };
}
export const go = (hash) => { location.hash = hash; };
// Changes the address of this page without a step in the history.
export function replaceRoute(hash) {
  history.replaceState(null, '', hash);
  app.route = parseRoute(hash);
  app.render();
}

const keep = (name) => `campusd.${app.user?.id ?? ''}.${name}`;
export function recall(name, otherwise) {
  try { return JSON.parse(localStorage.getItem(keep(name))) ?? otherwise; } catch { return otherwise; }
}
export function remember(name, value) {
  try { localStorage.setItem(keep(name), JSON.stringify(value)); } catch { /* not kept */ }
}
// What this person left in this browser, apart from the language.
export function forgetAll() {
  try {
    for (const k of Object.keys(localStorage)) if (k.startsWith('campusd.') && k !== 'campusd.lang') localStorage.removeItem(k);
  } catch { /* nothing was kept */ }
}

// How many to-dos wait, for the menu.
export async function recount() {
  try {
    const a = await get('inbox?limit=100');
    app.waiting = a.next ? '99+' : a.items.length;
    app.render();
  } catch { /* the menu goes without a number */ }
}
