// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Two languages side by side where a text is used: nothing can be missing in one of them.
let now = 'zh', told = () => {};
try { now = localStorage.getItem('campusd.lang') === 'en' ? 'en' : 'zh'; } catch { /* a browser that keeps nothing */ }

export const lang = () => now;
export const locale = () => (now === 'zh' ? 'zh-CN' : 'en-GB');
export const t = (zh, en) => (now === 'zh' ? zh : en);
// A declared title { zh, en } of the release.
export const title = (of, fallback = '') => of?.[now] || of?.zh || of?.en || fallback;
export const onLang = (f) => { told = f; };
export function setLang(l) {
  now = l;
  document.documentElement.lang = l === 'zh' ? 'zh-CN' : 'en';
  try { localStorage.setItem('campusd.lang', l); } catch { /* for this page only */ }
  told();
}
