// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Files of a record: opened and taken home, for a purpose where they are protected; put in by dropping,
// choosing or the camera. An upload is the sender's alone until the record is saved.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { Problem, get } from './api.js';
import { t, title } from './i18n.js';
import { itemText, problemText } from './ui.js';
import { AskPurpose, keepPurpose, rememberedPurpose } from './reveal.js';
import { accepts, bytes, takesImages, upload, wants } from './upload.js';

const isGuarded = (f) => ['confidential', 'secret'].includes(f.class);
const isShown = (type) => /^(application\/pdf|image\/(png|jpeg|webp))$/.test(type);
const known = new Map();    // what uploads and lists have said of files
function useInfo(id) {
  const [info, set] = useState(known.get(id));
  useEffect(() => {
    if (known.has(id)) { set(known.get(id)); return undefined; }
    const stop = new AbortController();
    get(`files/${id}/info`, { signal: stop.signal }).then((x) => { known.set(id, x); set(x); }, (error) => { if (error.name !== 'AbortError') set({ error }); });
    return () => stop.abort();
  }, [id]);
  return info;
}

// A new window, or this one's download: the service says again who may.
export function openAddress(address, { download = false } = {}) {
  const a = document.createElement('a');
  a.href = address;
  if (download) a.download = '';
  else Object.assign(a, { target: '_blank', rel: 'noopener' });
  a.click();
}

function One({ f, id, e, record }) {
  const info = useInfo(id), [asks, ask] = useState(null);
  if (!info) return html`<span class="hint">…</span>`;
  if (info.error) return html`<span class="none" title=${problemText(info.error)}>${info.error.status === 404 ? t('（无权查看）', '(not for you)') : t('（读不到）', '(cannot be read)')}</span>`;
  const guarded = isGuarded(f) && e;
  const go = (how, purpose) => openAddress(`/api/v1/files/${id}?${new URLSearchParams({ ...(how === 'open' ? { inline: 'true' } : {}), ...(purpose ? { purpose } : {}) })}`, { download: how !== 'open' });
  const press = (how) => { const purpose = guarded && rememberedPurpose(e, record); if (guarded && !purpose) ask(how); else go(how, purpose); };
  return html`<span class="file"><span class="file-name">${info.name}</span> <small>${bytes(info.size)}</small>
    ${isShown(info.type) && html`<button type="button" class="plain" aria-label=${t(`打开 ${info.name}`, `Open ${info.name}`)} onClick=${() => press('open')}>${t('打开', 'Open')}</button>`}
    <button type="button" class="plain" aria-label=${t(`下载 ${info.name}`, `Download ${info.name}`)} onClick=${() => press('save')}>${t('下载', 'Download')}</button></span>
    ${asks && html`<${AskPurpose} title=${t(`查看 ${info.name}`, `Look at ${info.name}`)} close=${() => ask(null)} give=${(p) => { keepPurpose(e, record, p); go(asks, p); ask(null); }} />`}`;
}

export const Files = ({ f, v, e, id }) => html`<span class="files">${[v].flat().map((x) => html`<${One} key=${x} f=${f} id=${x} e=${e} record=${id} />`)}</span>`;

let running = 0;
// A form is not sent while a file is on its way into it.
export const waitForFiles = () => (running ? new Problem(0, { code: 'uploading', title: t('文件还在上传，请稍候再保存', 'A file is still on its way; save when it is there') }) : null);

function Kept({ id, drop }) {
  const info = useInfo(id), name = info?.name ?? `#${id.slice(-6)}`;
  return html`<li><span class="file-name">${name}</span> <small>${info?.size ? bytes(info.size) : ''}</small>
    <button type="button" class="plain" aria-label=${t(`移除 ${name}`, `Remove ${name}`)} onClick=${drop}>✕</button></li>`;
}

export function FileInput({ f, id, value, set, 'aria-describedby': describedby, 'aria-invalid': invalid }) {
  const ids = value ? [value].flat() : [], [coming, setComing] = useState([]), [errors, setErrors] = useState([]), [over, setOver] = useState(false);
  const choose = useRef(), camera = useRef(), now = useRef();
  now.current = { ids, set, coming };
  useEffect(() => () => now.current.coming.forEach((x) => x.stop.abort()), []);
  const put = (list) => { now.current.ids = list; now.current.set(f.many ? list : list.at(-1) ?? null); };
  async function take(file) {
    const one = { name: file.name, part: 0, stop: new AbortController() };
    const change = (g) => setComing((l) => g(l));
    change((l) => [...l, one]);
    running++;
    try {
      const made = await upload(f, file, (name) => `/api/v1/files?name=${name}`, { signal: one.stop.signal, progress: (part) => { one.part = part; change((l) => [...l]); } });
      known.set(made.id, made);
      put(f.many ? [...now.current.ids, made.id] : [made.id]);
    } catch (x) {
      if (x.name !== 'AbortError') setErrors((l) => [...l, `${file.name}：${x.errors?.length ? x.errors.map(itemText).join(t('；', '; ')) : problemText(x)}`]);
    }
    running--;
    change((l) => l.filter((x) => x !== one));
  }
  const takeAll = (list) => { setErrors([]); [...list].slice(0, f.many ? 50 : 1).forEach(take); };
  const picked = (ev) => { takeAll([...ev.target.files]); ev.target.value = ''; };
  const name = title(f.title, f.name);
  return html`<div class="file-input" id=${id} role="group" aria-label=${name} aria-describedby=${describedby}>
    ${ids.length > 0 && html`<ul class="file-list">${ids.map((x) => html`<${Kept} key=${x} id=${x} drop=${() => put(ids.filter((y) => y !== x))} />`)}</ul>`}
    ${coming.map((x) => html`<div class="sending" key=${x.name}><span class="file-name">${x.name}</span><progress max="1" value=${x.part} aria-label=${t(`${x.name} 上传进度`, `Progress of ${x.name}`)}></progress>
      <button type="button" class="plain" onClick=${() => x.stop.abort()}>${t('取消', 'Cancel')}</button></div>`)}
    <div class="drop small ${over ? 'over' : ''} ${invalid ? 'bad' : ''}" onDragOver=${(ev) => { ev.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${(ev) => { ev.preventDefault(); setOver(false); takeAll(ev.dataTransfer.files); }}>
      <span class="wide-only">${t('拖到这里，或', 'Drop it here, or')}</span>
      <button type="button" onClick=${() => choose.current.click()}>${ids.length && !f.many ? t('更换文件', 'Another file') : t('选择文件', 'Choose a file')}</button>
      ${takesImages(f) && html`<button type="button" class="touch-only" onClick=${() => camera.current.click()}>${t('拍照', 'Take a photo')}</button>`}
      <small>${wants(f)}</small>
      <input ref=${choose} class="away" type="file" tabindex="-1" aria-label=${t(`${name}：选择文件`, `${name}: choose a file`)} accept=${accepts(f)} multiple=${!!f.many} onChange=${picked} />
      <input ref=${camera} class="away" type="file" tabindex="-1" aria-label=${t(`${name}：拍照`, `${name}: take a photo`)} accept="image/*" capture="environment" onChange=${picked} /></div>
    <div role="alert">${errors.map((x) => html`<p class="bad-text">${x}</p>`)}</div></div>`;
}
