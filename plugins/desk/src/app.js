// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The desk: who is signed in, which page, drawn from what the release declares.
import { html, render } from './vendor/preact.js';
import { api, get, onSignedOut } from './api.js';
import { lang, onLang, setLang, t } from './i18n.js';
import { forgetNames } from './format.js';
import { app, entity, forgetAll, loadMeta, parseRoute, recount } from './state.js';
import { Busy, Empty, ProblemBox, Toasts } from './ui.js';
import { Shell } from './shell.js';
import { SignIn } from './signin.js';
import { onChange, startLive, stopLive } from './live.js';
import { Later, fetchSoon } from './later.js';
import { Overview } from './overview.js';

// The menu counts to-dos again when something changes.
let soon;
onChange(() => { if (app.user) soon ??= setTimeout(() => { soon = undefined; recount(); }, 1500); });

const Nowhere = () => html`<${Empty} title=${t('没有这一页，或您无权查看', 'There is no such page, or not for you')} action=${html`<a class="button" href="#/">${t('回到总览', 'To the overview')}</a>`} />`;

function Page() {
  const [a, plugin, name, what, id] = app.route.path;
  if (!a) return html`<${Overview} />`;
  if (a === 'e') {
    const e = entity(`${plugin}.${name}`);
    if (!e) return html`<${Nowhere} />`;
    if (!what) return html`<${Later} name="list" key=${e.full} e=${e} at=${{}} />`;
    if (what === 'new') return html`<${Later} name="record" part="Create" key=${e.full} e=${e} />`;
    if (what === 'board' || what === 'calendar') return html`<${Later} name=${what} key=${e.full} e=${e} at=${app.route.hash} />`;
    if (what === 'import') return html`<${Later} name="import" key=${e.full} e=${e} />`;
    if (what === 'r' && id) return html`<${Later} name="record" key=${id} e=${e} id=${id} />`;
  }
  if (a === 'inbox') return html`<${Later} name="inbox" key=${app.route.hash} />`;
  if (['obligations', 'reports', 'bulletin', 'organisation'].includes(a)) return html`<${Later} name=${a} key=${app.route.hash} />`;
  if (a === 'find') return html`<${Later} name="find" key=${app.route.hash} />`;
  if (a === 'd') return html`<${Later} name="scan" key=${plugin} id=${plugin} />`;
  if (a === 'admin') return html`<${Later} name="admin" tab=${plugin} item=${name} />`;
  if (a === 'jobs') return html`<${Later} name="jobs" />`;
  if (a === 'account') return html`<${Later} name="account" user=${app.user} changed=${signedIn} />`;
  return html`<${Nowhere} />`;
}

async function signOut() {
  stopLive();
  await api('DELETE', 'session').catch(() => {});
  forgetAll();
  forgetNames();
  Object.assign(app, { user: null, meta: null, note: null, find: null, waiting: 0 });
  location.hash = '#/';
  app.render();
}

async function signedIn(user) {
  app.user = user;
  app.note = null;
  try {
    await loadMeta();
    startLive();
    recount();
    fetchSoon('list', 'record');
  } catch (error) {
    app.error = error;
  }
  app.render();
}

function Root() {
  document.title = app.meta && app.user ? `${t('工作台', 'Desk')} · ${app.meta.school.name}` : t('校务工作台', 'School desk');
  let page;
  if (app.error) page = html`<main class="sign-in"><${ProblemBox} error=${app.error} again=${() => { app.error = null; start(); }} /></main>`;
  else if (app.starting) page = html`<main class="sign-in"><${Busy} /></main>`;
  else if (!app.user || !app.meta) page = html`<${SignIn} key=${app.note} done=${signedIn} note=${app.note} />`;
  else page = html`<${Shell} signOut=${signOut}><${Page} /><//>`;
  return html`${page}<${Toasts} />`;
}

app.render = () => render(html`<${Root} now=${{}} />`, document.getElementById('app'));
onLang(() => app.render());
onSignedOut(() => {
  if (!app.user) return;
  stopLive();
  Object.assign(app, { user: null, meta: null, note: t('登录已过期，请重新登录', 'Your session has ended; sign in again') });
  app.render();
});

// The same page again, unless something typed would be lost.
let back = location.hash;
window.addEventListener('hashchange', () => {
  if (location.hash === back) return;
  if (app.dirty && !window.confirm(t('有未保存的修改，确定离开？', 'Leave without saving your changes?'))) {
    history.replaceState(null, '', back);
    return;
  }
  app.dirty = null;
  back = location.hash;
  app.route = parseRoute();
  app.render();
  window.scrollTo(0, 0);
  document.getElementById('main')?.focus({ preventScroll: true });
});
window.addEventListener('beforeunload', (e) => { if (app.dirty) e.preventDefault(); });
onChange((x) => { if (x.reset && app.user) loadMeta().then(app.render, () => {}); });

// On paper a list is whole, and the head says when.
const onPaper = (is) => () => { if (app.user) { app.printing = is; app.render(); } };
window.addEventListener('beforeprint', onPaper(true));
window.addEventListener('afterprint', onPaper(false));

async function start() {
  app.starting = true;
  setLang(lang());
  try {
    const me = await get('session');
    if (!me.user.must_change) await signedIn(me.user);
  } catch (e) {
    if (e.status !== 401) app.error = e;
  }
  app.starting = false;
  app.render();
}
app.route = parseRoute();
start();
