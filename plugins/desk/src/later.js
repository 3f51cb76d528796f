// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Parts that the first view does without come when they are opened: <${Later} name="inbox" …> is the Page of inbox.js.
import { html } from './vendor/preact.js';
import { app } from './state.js';
import { Busy, ProblemBox } from './ui.js';

const later = {};
const bring = (name) => (later[name] ??= import(`./${name}.js`).then((m) => { Object.assign(later[name], { m }); app.render(); }, (error) => { Object.assign(later[name], { error }); app.render(); }));
// What comes next for most people is fetched when the first view is there.
export const fetchSoon = (...names) => setTimeout(() => names.forEach(bring), 2500);

export function Later({ name, part = 'Page', ...props }) {
  bring(name);
  const { m, error } = later[name], page = m?.[part];
  return page ? html`<${page} ...${props} />` : error ? html`<${ProblemBox} error=${error} again=${() => location.reload()} />` : html`<${Busy} />`;
}
