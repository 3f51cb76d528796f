// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The small parts that pages are made of.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { t } from './i18n.js';

// Runs an asynchronous load again whenever deps change: { data, error, loading, again }.
export function useLoad(load, deps) {
  const [s, set] = useState({ loading: true });
  const [n, again] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    set((old) => ({ ...old, loading: true }));
    Promise.resolve(load(stop.signal)).then((data) => { if (!stop.signal.aborted) set({ data, loading: false }); },
      (error) => { if (!stop.signal.aborted) set((old) => ({ data: old.data, error, loading: false })); });
    return () => stop.abort();
  }, [...deps, n]);
  return { ...s, again: () => again((x) => x + 1) };
}

export const Busy = () => html`<p class="busy" role="status"><span class="spin" aria-hidden="true" />${t('载入中…', 'Loading…')}</p>`;

export const Empty = ({ title, children, action }) => html`<div class="empty">
  <p class="empty-title">${title}</p>${children && html`<p>${children}</p>`}${action}</div>`;

const GENERIC = {
  offline: ['连不上服务器，请稍后再试', 'The server cannot be reached; try again'],
};
export function problemText(e) {
  if (!e) return '';
  const g = GENERIC[e.code];
  const head = e.title || (g ? t(...g) : e.message);
  return e.detail && !e.errors?.length ? t(`${head}：${e.detail}`, `${head}: ${e.detail}`) : head;
}
// A problem in words, with every item of it.
export function ProblemBox({ error, names = {}, again }) {
  if (!error) return null;
  return html`<div class="problem" role="alert"><p>${problemText(error)}</p>
    ${error.errors?.length > 0 && html`<ul>${error.errors.map((x) => html`<li>
      ${names[x.pointer?.replace('/', '')] && html`<b>${names[x.pointer.replace('/', '')]}</b>`} ${itemText(x)}</li>`)}</ul>`}
    ${again && html`<button type="button" onClick=${again}>${t('重试', 'Try again')}</button>`}</div>`;
}
const WORDS = {
  required: ['必填', 'is required'],
  unique: ['已存在相同的值', 'is taken'],
  masked_value: ['不能保存掩码，请填写完整的值', 'is a mask; write the whole value'],
  password_wrong: ['密码不对', 'is not the password'],
  too_short: ['太短', 'is too short'],
  too_long: ['太长', 'is too long'],
  holds_name: ['不能含有账号名', 'must not hold the account’s name'],
  common: ['太常见，容易被猜到', 'is a common password'],
  unchanged: ['不能与原密码相同', 'is the old password'],
};
// A detail in the caller's language comes from the service; where it has only English, the code is put into words.
const isChinese = (s) => /[\u4e00-\u9fff]/.test(s ?? '');
export const itemText = (x) => (x.detail_zh ? t(x.detail_zh, x.detail) : WORDS[x.code] && !isChinese(x.detail) ? t(...WORDS[x.code]) : x.detail || x.code);
// What a refusal says, each with the key and the line of the policy that it rests on.
export const Refused = ({ errors }) => html`<ul class="reasons">${errors.map((x) => html`<li class="no"><span aria-hidden="true">✗</span><span>${itemText(x)}
  ${x.policy && html`<small class="hint">${t('依据', 'by')} ${x.policy}${x.file && t(`（${x.file}，第 ${x.line} 行）`, ` (${x.file}, line ${x.line})`)}</small>`}</span></li>`)}</ul>`;

// A modal dialog of the browser's own: focus stays inside, Escape closes it.
export function Dialog({ title, close, children, wide }) {
  const ref = useRef();
  useEffect(() => {
    const d = ref.current, before = document.activeElement;
    d.showModal();
    return () => { if (d.open) d.close(); before?.focus?.(); };
  }, []);
  return html`<dialog ref=${ref} class=${wide ? 'wide' : ''} aria-label=${title} onCancel=${(e) => { e.preventDefault(); close(); }}
      onMouseDown=${(e) => { if (e.target === ref.current) close(); }}>
    <div class="dialog-body"><header><h2>${title}</h2>
      <button type="button" class="plain" aria-label=${t('关闭', 'Close')} onClick=${close}>✕</button></header>
    ${children}</div></dialog>`;
}

let say = () => {};
// What is said goes by itself; a warning stays until somebody has seen it.
export const toast = (text, kind = 'ok') => say({ text, kind, at: `${Date.now()} ${text}` });
export function Toasts() {
  const [list, set] = useState([]);
  const drop = (x) => set((l) => l.filter((y) => y !== x));
  useEffect(() => {
    say = (x) => {
      set((l) => [...l.filter((y) => y.text !== x.text).slice(-3), x]);
      if (x.kind !== 'warn') setTimeout(() => drop(x), 5000);
    };
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">${list.map((x) => html`<p key=${x.at} class=${x.kind}>${x.text}${x.kind === 'warn' && html`<button type="button" class="plain" aria-label=${t('知道了', 'Seen')} onClick=${() => drop(x)}>✕</button>`}</p>`)}</div>`;
}

export const State = ({ e, name }) => {
  const s = e.workflow?.states.find((x) => x.name === name);
  if (!name) return null;
  const i = e.workflow?.states.indexOf(s) ?? 0;
  return html`<span class="state ${s?.final ? 'final' : `tone${i % 4}`}">${stateTitle(e, name)}</span>`;
};
export const stateTitle = (e, name) => {
  const s = e.workflow?.states.find((x) => x.name === name);
  return s?.title ? t(s.title.zh || s.title.en || name, s.title.en || s.title.zh || name) : name;
};

// Copies of a short secret that is shown once.
export const Once = ({ label, value }) => html`<p class="once"><span>${label}</span><code>${value}</code>
  <button type="button" onClick=${() => navigator.clipboard?.writeText(value).then(() => toast(t('已复制', 'Copied')))}>${t('复制', 'Copy')}</button></p>`;
