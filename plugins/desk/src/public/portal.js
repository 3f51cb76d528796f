// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The pages of /public/PLUGIN/FORM for people without an account, drawn from what the form says of
// itself: one that makes a record, shows one, or takes files for one. The code stands after the #,
// where no server and no log sees it.
import { html, render, useEffect, useState } from './vendor/preact.js';
import { get } from './api.js';
import { lang, onLang, setLang, t, title } from './i18n.js';
import { Busy, ProblemBox, Toasts, useLoad } from './ui.js';
import { grouped, keep, kept, tidy } from './kept.js';
import { Register } from './register.js';

const decode = (s) => { try { return decodeURIComponent(s); } catch { return s; } };
const [, , plugin, name, inPath] = location.pathname.split('/').map(decode);
const codeHere = () => tidy(decode(location.hash.slice(1)) || inPath || '');
const later = {};
function Later({ page, ...props }) {
  const [, again] = useState(0);
  useEffect(() => { if (!later[page]) import(`./${page}.js`).then((m) => { later[page] = m.Page; again(1); }, () => location.reload()); }, [page]);
  return later[page] ? html`<${later[page]} ...${props} />` : html`<${Busy} />`;
}

function AskCode({ form }) {
  const once = form.kind === 'answer';
  const known = kept(plugin, 'code'), [typed, set] = useState('');
  const go = (ev) => { ev.preventDefault(); if (tidy(typed)) location.hash = encodeURIComponent(tidy(typed)); };
  return html`<section class="card stack"><form class="stack" onSubmit=${go}>
      <div class="field"><label for="code">${once ? t('答卷码', 'Your code') : t('查询码', 'Your code')}</label>
        <input id="code" class="code-input" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="64" value=${typed} onInput=${(e) => set(e.target.value)} aria-describedby="code-hint" />
        <p class="hint" id="code-hint">${once ? t('学校发给您的 16 位答卷码，空格和大小写不限。', 'The 16 characters that the school gave you.') : t('提交后给您的 16 位查询码，空格和大小写不限。', 'The 16 characters that you were given when you sent the form.')}</p></div>
      <button class="main big" disabled=${!tidy(typed)}>${once ? t('开始', 'Begin') : t('查询', 'Look it up')}</button></form>
    ${known && !once && html`<button type="button" class="big" onClick=${() => { location.hash = encodeURIComponent(known); }}>${t('用刚才的查询码 ', 'Use the code from before ')}<span class="code-small">${grouped(known)}</span></button>`}</section>`;
}

function Page({ form }) {
  const [code, set] = useState(codeHere());
  useEffect(() => { const f = () => set(codeHere()); addEventListener('hashchange', f); return () => removeEventListener('hashchange', f); }, []);
  if (form.kind === 'record') return html`<${Register} plugin=${plugin} name=${name} form=${form} />`;
  if (!code) return html`<${AskCode} form=${form} />`;
  const to = (other) => `/public/${plugin}/${other}#${encodeURIComponent(code)}`, shows = form.others.find((o) => o.kind === 'shows');
  if (form.kind === 'step' && shows) { location.replace(to(shows.name)); return null; }     // it is taken from there
  return html`<${Later} page=${{ files: 'materials', answer: 'answer' }[form.kind] ?? 'status'} key=${code} plugin=${plugin} name=${name} form=${form} code=${code} to=${to}
    forget=${() => { keep(plugin, 'code', null); location.hash = ''; }} />`;
}

function Root() {
  const load = useLoad((signal) => get(`/public/${plugin}/${name}`, { signal }), []), form = load.data;
  document.title = form ? `${title(form.title, name)} · ${form.school}` : '…';
  const missing = load.error?.status === 404;
  return html`<header class="head"><img src="/public/icon.svg" alt="" width="28" height="28" /><span class="school">${form?.school ?? ''}</span>
      <button type="button" class="plain lang" lang=${lang() === 'zh' ? 'en' : 'zh-CN'} onClick=${() => setLang(lang() === 'zh' ? 'en' : 'zh')}>${lang() === 'zh' ? 'English' : '中文'}</button></header>
    <main id="main">${form ? html`<h1>${title(form.title, name)}</h1><${Page} form=${form} />`
    : missing ? html`<section class="card"><h1>${t('没有这个表单', 'There is no such form')}</h1><p>${t('请核对网址或重新扫码。', 'Check the address, or scan the code again.')}</p></section>`
      : load.error ? html`<${ProblemBox} error=${load.error} again=${load.again} />` : html`<${Busy} />`}</main><${Toasts} />`;
}

const draw = () => render(html`<${Root} now=${{}} />`, document.getElementById('app'));
onLang(draw);
setLang(lang());
