// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One file on its way to the service: what is wrong with it is said before it is sent, how far it is
// while it is sent, and it can be stopped.
import { lang, t } from './i18n.js';
import { Problem } from './api.js';

const MEDIA = { pdf: 'application/pdf', png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp' };
const ENDINGS = { jpeg: '.jpg,.jpeg', pdf: '.pdf', png: '.png', webp: '.webp' };
export const takesImages = (f) => !f.types || f.types.some((x) => ['png', 'jpeg', 'webp'].includes(x));
export const accepts = (f) => f.types?.map((x) => (MEDIA[x] ? `${MEDIA[x]},${ENDINGS[x]}` : `.${x}`)).join(',');
export const bytes = (n) => (n < 1e6 ? `${Math.max(1, Math.round(n / 1e3))} KB` : `${(n / (n % 1048576 ? 1e6 : 1048576)).toFixed(1).replace(/\.0$/, '')} MB`);
export const wants = (f) => [f.types?.map((x) => x.toUpperCase()).join(' / '), f.max_bytes && t(`不超过 ${bytes(f.max_bytes)}`, `at most ${bytes(f.max_bytes)}`)].filter(Boolean).join(t('，', ', '));

// A photograph that is too large for the field, made smaller; anything else as it is.
async function smaller(file, most) {
  if (!most || file.size <= most || !/^image\/(jpeg|png|webp)$/.test(file.type)) return file;
  try {
    const image = await createImageBitmap(file), by = Math.min(1, 2400 / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.width * by);
    canvas.height = Math.round(image.height * by);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    const made = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.85));
    return made && made.size <= most ? new File([made], file.name.replace(/\.\w+$/, '') + '.jpg', { type: 'image/jpeg' }) : file;
  } catch { return file; }
}

function wrong(f, file) {
  const say = (code, zh, en) => new Problem(422, { code, title: t(zh, en) });
  if (!file.size) return say('empty', '文件是空的', 'The file is empty');
  if (f.max_bytes && file.size > f.max_bytes) return say('file_too_large', `文件太大（${bytes(file.size)}），最大 ${bytes(f.max_bytes)}`, `The file is too large (${bytes(file.size)}); at most ${bytes(f.max_bytes)}`);
  const type = Object.keys(MEDIA).find((x) => MEDIA[x] === file.type);
  if (f.types && type && !f.types.includes(type)) return say('file_type', `不接受这种文件，只接受 ${wants({ types: f.types })}`, `This type of file is not taken; only ${wants({ types: f.types })}`);
  return null;
}

// To the service's answer. path(name): where it goes. progress(0…1). signal: an AbortSignal.
export async function upload(f, given, path, { progress = () => {}, signal } = {}) {
  const file = await smaller(given, f.types && !f.types.includes('jpeg') ? 0 : f.max_bytes), bad = wrong(f, file);
  if (bad) throw bad;
  return new Promise((done, fail) => {
    const x = new XMLHttpRequest(), stop = () => x.abort();
    x.open('POST', path(encodeURIComponent(file.name)));
    x.setRequestHeader('Accept-Language', lang() === 'zh' ? 'zh-CN' : 'en');
    x.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    x.upload.onprogress = (e) => { if (e.lengthComputable) progress(e.loaded / e.total); };
    x.onerror = () => fail(new Problem(0, { code: 'offline', title: t('没有传上去：连不上服务器，请再试', 'Not sent: the server cannot be reached; try again') }));
    x.onabort = () => fail(Object.assign(new Error('stopped'), { name: 'AbortError' }));
    x.onload = () => {
      let body;
      try { body = JSON.parse(x.responseText); } catch { /* not ours */ }
      if (x.status < 300) { done(body); return; }
      const own = x.status === 413 ? t('文件太大', 'The file is too large')
        : x.status === 415 ? t(`不接受这种文件${f.types ? `，只接受 ${wants({ types: f.types })}` : ''}`, `This type of file is not taken${f.types ? `; only ${wants({ types: f.types })}` : ''}`) : null;
      const problem = new Problem(x.status, own ? { ...body, title: own, detail: undefined } : body);
      problem.retry = Number(x.getResponseHeader('Retry-After')) || 0;
      fail(problem);
    };
    signal?.addEventListener('abort', stop);
    x.send(file);
  });
}
