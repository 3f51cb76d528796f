// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Files for what was sent, one by one: by the camera or from the telephone, each kept as it comes in.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { Busy, ProblemBox, itemText, problemText, useLoad } from './ui.js';
import { keep, grouped } from './kept.js';
import { accepts, bytes, takesImages, upload, wants } from './upload.js';

function Slot({ f, at, there }) {
  const [s, set] = useState({ there }), stop = useRef(), name = title(f.title, f.name), id = `m-${f.name}`;
  useEffect(() => () => stop.current?.abort(), []);
  async function take(ev) {
    const file = ev.target.files[0];
    ev.target.value = '';
    if (!file) return;
    stop.current = new AbortController();
    set((x) => ({ there: x.there, part: 0, sending: file.name }));
    try {
      const made = await upload(f, file, (n) => `${at}?name=${n}`, { signal: stop.current.signal, progress: (part) => set((x) => ({ ...x, part })) });
      set({ there: true, made });
    } catch (error) { set((x) => ({ there: x.there, error: error.name === 'AbortError' ? null : error })); }
  }
  const error = s.error && (s.error.errors?.length ? s.error.errors.map(itemText).join(t('；', '; '))
    : s.error.status === 403 || s.error.status === 404 ? t('现在不能再交这份材料，请联系学校', 'This can no longer be sent; please ask the school') : problemText(s.error));
  const pick = (label, more, main) => html`<label class="button big ${main ? 'main' : ''}"><input class="away" type="file" aria-label=${`${name}：${label}`} aria-describedby=${`${id}-note`} onChange=${take} ...${more} />${label}</label>`;
  return html`<section class="card stack slot ${s.there ? 'there' : ''}" aria-labelledby=${id}><header><h2 id=${id}>${name}</h2><b>${s.there ? t('✓ 已收到', '✓ received') : t('未上传', 'not sent')}</b></header>
    <p class="hint" id=${`${id}-note`} role="status">${s.made ? `${s.made.name} · ${bytes(s.made.size)}` : wants(f)}</p>
    ${s.sending ? html`<div class="sending"><progress max="1" value=${s.part} aria-label=${t(`${s.sending} 上传进度`, `Progress of ${s.sending}`)}></progress><span>${Math.round(s.part * 100)}%</span>
        <button type="button" onClick=${() => stop.current.abort()}>${t('取消', 'Cancel')}</button></div>`
    : html`<div class="picks">${takesImages(f) && pick(s.there ? t('重拍', 'Take again') : t('拍照', 'Take a photo'), { accept: 'image/*', capture: 'environment' }, !s.there)}
        ${pick(s.there ? t('更换文件', 'Another file') : t('选择文件', 'Choose a file'), { accept: accepts(f) }, !s.there && !takesImages(f))}</div>`}
    <div role="alert">${error && html`<p class="bad-text">${error}</p>`}</div></section>`;
}

export function Page({ plugin, name, form, code, to, forget }) {
  const at = `/public/${plugin}/${name}/${encodeURIComponent(code)}`, load = useLoad((signal) => get(at, { signal }), []);
  const shows = form.others?.find((o) => o.kind === 'shows');
  useEffect(() => { if (load.data) keep(plugin, 'code', code); }, [load.data]);
  if (load.error) {
    return [400, 404].includes(load.error.status) ? html`<section class="card stack"><h2>${t('没有找到', 'Not found')}</h2><p>${t(`没有查询码 ${grouped(code)} 的记录，请核对。`, `Nothing has the code ${grouped(code)}; please check it.`)}</p><button type="button" class="main big" onClick=${forget}>${t('重新输入', 'Type it again')}</button></section>`
      : html`<${ProblemBox} error=${load.error} again=${load.again} />`;
  }
  if (!load.data) return html`<${Busy} />`;
  return html`<p class="hint">${t('每份材料传完即保存，可以随时离开，以后再补。', 'Each is kept as soon as it is sent: leave when you like and come back for the rest.')}</p>
    ${form.fields.map((f) => html`<${Slot} key=${f.name} f=${f} at=${`${at}/${f.name}`} there=${load.data[f.name]} />`)}
    ${shows && html`<a class="button big" href=${to(shows.name)}>${t('完成，查看进度', 'Done: to the status')}</a>`}`;
}
