// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Parts that not everybody opens come when they are opened: <${Later} name="inbox" …> is the Page of inbox.js.
import { html } from './vendor/preact.js';
import { app } from './state.js';
import { Busy, ProblemBox } from './ui.js';

const later = {};
export function Later({ name, ...props }) {
  if (!later[name]) {
    later[name] = { };
    import(`./${name}.js`).then((m) => { later[name].page = m.Page; app.render(); }, (error) => { later[name].error = error; app.render(); });
  }
  const { page, error } = later[name];
  return page ? html`<${page} ...${props} />` : error ? html`<${ProblemBox} error=${error} again=${() => location.reload()} />` : html`<${Busy} />`;
}
