// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is around every page: school, search, language, account, the ways to the lists.
import { html, useEffect, useState } from './vendor/preact.js';
import { lang, setLang, t, title } from './i18n.js';
import { app, can, go, listAddress, recall, remember } from './state.js';
import { time } from './format.js';

export const LangSwitch = () => html`<button type="button" class="plain lang" lang=${lang() === 'zh' ? 'en' : 'zh-CN'}
  onClick=${() => setLang(lang() === 'zh' ? 'en' : 'zh')}>${lang() === 'zh' ? 'English' : '中文'}</button>`;

const LIVE = {
  on: ['实时更新中', 'Live'], waiting: ['连接中断，正在重连', 'Connection lost, reconnecting'], off: ['未连接', 'Not connected'],
};

export const isAdministrator = () => ['core.admin', 'core.people', 'core.release', 'core.keys', 'core.audit', 'core.policy'].some(can);

function Find() {
  const [q, set] = useState('');
  const find = (e) => {
    e.preventDefault();
    const scanned = /#\/d\/(\S+)$|(\S+第\S+号)$/.exec(q.trim()); // a QR code or the number of a document
    if (scanned) { set(''); go(`#/d/${encodeURIComponent(scanned[1] ?? scanned[2])}`); }
    else if (q.trim()) { app.find = q.trim(); go(`#/find?${Date.now().toString(36)}`); }
  };
  return html`<form role="search" class="find" onSubmit=${find}>
    <input type="search" aria-label=${t('查找', 'Find')} placeholder=${t('姓名、手机号、身份证号', 'Name, phone, identity number')} value=${q} onInput=${(e) => set(e.target.value)} /></form>`;
}

// The lists of a department, shut where all of them are more than a page: but where one is, and where one has opened it.
const MANY = 30;
function Group({ p, here }) {
  const [chosen, choose] = useState(recall(`menu.${p.name}`, null)), few = app.meta.plugins.reduce((n, x) => n + x.entities.length, 0) <= MANY;
  const open = chosen ?? (few || app.route.path[1] === p.name);
  const turn = () => { remember(`menu.${p.name}`, !open); choose(!open); };
  return html`<div class="group"><button type="button" aria-expanded=${open ? 'true' : 'false'} onClick=${turn}>${title(p.title, p.name)}</button>
    ${open && p.entities.map((e) => html`<a href=${listAddress(e)} aria-current=${here(['e', p.name, e.name])}>${title(e.title, e.name)}</a>`)}</div>`;
}

export function Shell({ children, signOut }) {
  const at = app.route.path, here = (p) => (at.slice(0, p.length).join('/') === p.join('/') && (p.length || !at.length) ? 'page' : undefined);
  const [zh, en] = LIVE[app.live];
  useEffect(() => {      // on a telephone the menu is one line: where we are is in sight
    for (const bar of document.querySelectorAll('.side, .subnav')) { const now = bar.querySelector('[aria-current]'); if (now && bar.scrollWidth > bar.clientWidth) bar.scrollLeft = now.offsetLeft - bar.offsetLeft - 40; }
  }, [app.route.hash]);
  return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.getElementById('main').focus(); }}>${t('跳到正文', 'Skip to content')}</a>
  <header class="top">
    <a class="brand" href="#/"><img src="icon.svg" alt="" width="26" height="26" /><span>${app.meta.school.name}</span></a>
    <${Find} />
    <div class="me"><span class="live ${app.live}" role="img" aria-label=${t(zh, en)} title=${t(zh, en)}></span>
      <${LangSwitch} />
      <a href="#/account" class="who" aria-current=${here(['account'])}>${app.user.display}</a>
      <button type="button" class="plain" onClick=${signOut}>${t('退出', 'Sign out')}</button></div>
  </header>
  <div class="frame">
    <nav class="side" aria-label=${t('主菜单', 'Main')}>
      <a href="#/" aria-current=${here([])}>${t('总览', 'Overview')}</a>
      <a href="#/inbox" aria-current=${here(['inbox'])}>${t('待办', 'Inbox')}${app.waiting ? html` <b class="badge">${app.waiting}</b>` : ''}</a>
      <a href="#/obligations" aria-current=${here(['obligations'])}>${t('定期任务', 'Obligations')}</a>
      ${can('core.organisation') && html`<a href="#/organisation" aria-current=${here(['organisation'])}>${t('组织架构', 'Organisation')}</a>`}
      ${app.meta.plugins.some((p) => p.reports.length) && html`<a href="#/reports" aria-current=${here(['reports'])}>${t('统计', 'Figures')}</a>`}
      ${app.meta.plugins.filter((p) => p.entities.length).map((p) => html`<${Group} key=${p.name} p=${p} here=${here} />`)}
      <div class="group"><h2>${t('系统', 'System')}</h2>
        ${isAdministrator() && html`<a href="#/admin" aria-current=${here(['admin'])}>${t('管理', 'Administration')}</a>`}
        <a href="#/jobs" aria-current=${here(['jobs'])}>${t('任务', 'Jobs')}</a></div>
    </nav>
    <main id="main" tabindex="-1"><p class="paper-head"><b>${app.meta.school.name}</b><span>${t('打印人', 'Printed by')} ${app.user.display}</span><span>${time(new Date().toISOString())}</span></p>${children}</main>
  </div>`;
}
