// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Requests to the service. Whoever asks gets { status, body, etag } or a Problem.
import { lang, t } from './i18n.js';
import { itemText, toast } from './ui.js';

export class Problem extends Error {
  constructor(status, body) {
    super(body?.title ?? String(status));
    Object.assign(this, { status, code: body?.code, title: body?.title, detail: body?.detail,
      errors: body?.errors ?? [], decision: body?.decision, request: body?.request_id });
  }
}

let ended = () => {};
// What to do when the session is over.
export const onSignedOut = (f) => { ended = f; };

export async function api(method, path, body, { headers = {}, type, signal } = {}) {
  const h = { 'Accept-Language': lang() === 'zh' ? 'zh-CN' : 'en', ...headers };
  if (body !== undefined) h['Content-Type'] = type ?? 'application/json';
  let answer;
  try {
    answer = await fetch(path.startsWith('/') ? path : `/api/v1/${path}`, { method, headers: h, signal,
      body: body === undefined ? undefined : type ? body : JSON.stringify(body) });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Problem(0, { code: 'offline', title: t('连不上服务器，请稍后再试', 'The server cannot be reached; try again') });
  }
  const text = await answer.text();
  let parsed;
  if (/json/.test(answer.headers.get('content-type') ?? '') && text) parsed = JSON.parse(text);
  if (answer.ok) {
    if (method !== 'GET' && Array.isArray(parsed?.warnings)) for (const x of parsed.warnings) toast(itemText(x), 'warn');      // done all the same
    return { status: answer.status, body: parsed, text, etag: answer.headers.get('ETag') };
  }
  const problem = new Problem(answer.status, parsed);
  problem.retry = Number(answer.headers.get('Retry-After')) || 0;
  if (answer.status === 401 && path !== 'session') ended(problem);
  throw problem;
}

export const get = (path, options) => api('GET', path, undefined, options).then((a) => a.body);
export const post = (path, body = {}, options) => api('POST', path, body, options).then((a) => a.body);

// The address of a list with these parameters; undefined and "" are left out.
export function query(path, params) {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== null && v !== '') q.append(k, v);
  const s = q.toString();
  return s ? `${path}?${s}` : path;
}

// Hands a text to the browser as a file; a byte-order mark lets a spreadsheet see UTF-8.
export function download(name, text, type = 'text/csv;charset=utf-8') {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob(['\ufeff', text], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}
