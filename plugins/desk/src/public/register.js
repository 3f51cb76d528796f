// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A form that makes a record: kept on the telephone until it is sent, sent once however often it is
// tapped, and then the code that finds it again.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { api } from './api.js';
import { t, title } from './i18n.js';
import { Busy, ProblemBox, toast } from './ui.js';
import { grouped, keep as keepHere, kept as keptHere, unique } from './kept.js';
import { Field, faults, inWords, toSend } from './fields.js';

// What the address says of fields, such as ?activity=CODE from a poster.
function given(form) {
  const q = new URLSearchParams(location.search);
  return Object.fromEntries(form.fields.filter((f) => ['text', 'reference', 'choice'].includes(f.type) && q.get(f.name)).map((f) => [f.name, q.get(f.name).slice(0, 200)]));
}
function hash(s) {
  let h = 0;
  for (let i = 0; i < s.length; i++) h = (Math.imul(h, 31) + s.charCodeAt(i)) | 0;
  return (h >>> 0).toString(36);
}
// The first field with something wrong, for the thumb and for a screen reader.
function show(pointer) {
  const name = pointer?.split('/')[1], at = name && (document.getElementById(`f-${name}`) ?? document.getElementById(name));
  if (!at) return;
  (at.matches('input, select, textarea') ? at : at.querySelector('input, button') ?? at).focus({ preventScroll: true });
  at.closest('.field')?.scrollIntoView({ block: 'center' });
}

// code: of a link that answers once; nothing of what was answered stays here then.
export function Register({ plugin, name, form, code }) {
  const preset = given(form), drafted = `draft.${name}`;
  const keep = code ? () => {} : keepHere, kept = code ? () => null : keptHere;    // who answers next on this device sees nothing of it
  const [sent, setSent] = useState(() => kept(plugin, `sent.${name}`));
  const [values, setValues] = useState(() => ({ ...(kept(plugin, drafted)?.values ?? {}), ...preset }));
  const [agreed, setAgreed] = useState(false), [errors, setErrors] = useState([]), [problem, setProblem] = useState(null), [busy, setBusy] = useState(false);
  const on = useRef(false);
  const put = (f, v) => {
    const next = { ...values, [f.name]: v };
    setValues(next);
    keep(plugin, drafted, { values: next, key: kept(plugin, drafted)?.key ?? unique() });
    if (errors.length) setErrors(errors.filter((x) => x.pointer !== `/${f.name}` && !x.pointer?.startsWith(`/${f.name}/`)));
  };
  async function send(ev) {
    ev.preventDefault();
    if (on.current) return;                        // a second tap
    setProblem(null);
    const wrong = faults(form.fields, values);
    if (form.consent && !agreed) wrong.push({ pointer: '/consent', code: 'consent' });
    setErrors(wrong);
    if (wrong.length) { setTimeout(() => show(wrong[0].pointer)); return; }
    const body = Object.fromEntries(form.fields.map((f) => [f.name, toSend(f, values[f.name], form.timezone)]).filter(([, v]) => v !== undefined));
    if (form.consent) body.consent = true;
    if (code) body.code = code;
    const text = JSON.stringify(body), key = kept(plugin, drafted)?.key ?? unique();
    keep(plugin, drafted, { values, key });        // sent again after a lost answer, it is the same request
    on.current = true;
    setBusy(true);
    try {
      const a = await api('POST', `/public/${plugin}/${name}`, body, code ? {} : { headers: { 'Idempotency-Key': `${key}-${hash(text)}` } });
      const done = { code: a.body.code ?? null, once: !!code };
      keep(plugin, drafted, null);
      keep(plugin, `sent.${name}`, done);
      if (done.code) keep(plugin, 'code', done.code);
      setSent(done);
      scrollTo(0, 0);
    } catch (x) {
      setErrors(x.errors ?? []);
      setProblem(x);
      const known = x.errors?.find((y) => form.fields.some((f) => y.pointer?.split('/')[1] === f.name));
      if (known) setTimeout(() => show(known.pointer));
    }
    on.current = false;
    setBusy(false);
  }
  if (sent?.once) return html`<${Thanks} />`;
  if (sent) return html`<${Sent} plugin=${plugin} form=${form} code=${sent.code} again=${() => { keep(plugin, `sent.${name}`, null); setValues(preset); setAgreed(false); setErrors([]); setSent(null); scrollTo(0, 0); }} />`;
  const mine = errors.filter((x) => form.fields.some((f) => x.pointer?.split('/')[1] === f.name) || x.pointer === '/consent');
  const status = form.others?.find((o) => o.kind === 'shows');
  return html`<form class="stack" noValidate onSubmit=${send}>
    <section class="card stack">${form.fields.map((f) => html`<${Field} key=${f.name} f=${f} value=${values[f.name]} set=${(v) => put(f, v)} errors=${errors} fixed=${f.type !== 'choice' && preset[f.name] && preset[f.name] === values[f.name] && !errors.some((x) => x.pointer === `/${f.name}`)} />`)}</section>
    ${form.consent && html`<section class="card stack consent ${errors.some((x) => x.pointer === '/consent') ? 'bad' : ''}"><h2>${t('个人信息的使用', 'How your data is used')}</h2><p>${title(form.consent)}</p>
      <label class="tick" for="consent"><input id="consent" type="checkbox" checked=${agreed} aria-describedby="consent-error" onChange=${(e) => { setAgreed(e.target.checked); setErrors(errors.filter((x) => x.pointer !== '/consent')); }} /><span>${t('我已阅读并同意', 'I have read this and agree')}</span></label>
      <p class="bad-text" id="consent-error">${errors.some((x) => x.pointer === '/consent') ? t('请先阅读并勾选', 'Please read it and tick the box') : ''}</p></section>`}
    <div role="alert">${mine.length > 0 && html`<div class="problem"><p>${t(`有 ${mine.length} 处需要修改：`, mine.length === 1 ? 'One thing to change:' : `${mine.length} things to change:`)}</p>
        <ul>${mine.map((x) => { const f = form.fields.find((y) => y.name === x.pointer.split('/')[1]);
          return html`<li><button type="button" class="plain jump" onClick=${() => show(x.pointer)}>${f ? title(f.title, f.name) : t('同意', 'Consent')}</button>${f ? ` ${inWords(f, x)}` : ''}</li>`; })}</ul></div>`}
      ${problem && !mine.length && html`<${ProblemBox} error=${problem.retry > 60 ? { ...problem, title: t(`提交太频繁，请 ${Math.ceil(problem.retry / 60)} 分钟后再试`, `Too many at once: try again in ${Math.ceil(problem.retry / 60)} minutes`), detail: undefined } : problem} />`}</div>
    <button class="main big" disabled=${busy} aria-busy=${busy}>${busy ? t('正在提交…', 'Sending…') : t('提交', 'Send')}</button>
    <p class="hint center">${t('填写的内容只保存在这台手机上，提交后清除。', 'What you type stays on this telephone until you send it.')}</p>
    ${status && html`<p class="center"><a class="button plain" href=${`/public/${plugin}/${status.name}`}>${t('已经提交过？查询进度', 'Sent already? Look it up')}</a></p>`}</form>`;
}

function copy(text) {
  const done = () => toast(t('已复制', 'Copied'));
  if (navigator.clipboard?.writeText) { navigator.clipboard.writeText(text).then(done, () => old(text, done)); return; }
  old(text, done);
}
// Where there is no clipboard for pages (no TLS, older WeChat).
function old(text, done) {
  const box = document.createElement('textarea');
  box.value = text;
  box.readOnly = true;
  box.className = 'away';
  document.body.append(box);
  box.select();
  if (document.execCommand('copy')) done();
  box.remove();
}

// A PNG, which WeChat saves when it is pressed long.
function picture(make, text) {
  const q = make(0, 'M'), canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
  q.addData(text);
  q.make();
  const n = q.getModuleCount(), size = 8, edge = 4;
  canvas.width = canvas.height = (n + 2 * edge) * size;
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = '#000';
  for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) if (q.isDark(y, x)) pen.fillRect((x + edge) * size, (y + edge) * size, size, size);
  return canvas.toDataURL('image/png');
}

function Code({ code, link }) {
  const [qr, set] = useState(null);
  useEffect(() => {
    if (link) import('./vendor/qrcode.js').then(({ default: make }) => set(picture(make, link)), () => {});
  }, [link]);
  return html`<p class="code-large" translate="no">${grouped(code)}</p>
    <button type="button" class="big" onClick=${() => copy(code)}>${t('复制查询码', 'Copy the code')}</button>
    ${link && html`<div class="qr">${qr ? html`<img src=${qr} alt=${t('查询页面的二维码', 'QR code of the status page')} width="200" height="200" />` : html`<${Busy} />`}
      <p class="hint">${t('长按保存二维码，以后扫码即可查询', 'Keep this picture: scanned, it leads to your status')}</p></div>`}`;
}

export function Thanks() {
  return html`<section class="card stack sent"><h2 id="sent" tabindex="-1"><span class="seal" aria-hidden="true">✓</span>${t('已收到，谢谢！', 'Received: thank you!')}</h2>
    <p>${t('这个链接已经用过，不能再次填写。', 'This link has been used and cannot be used again.')}</p></section>`;
}

function Sent({ plugin, form, code, again }) {
  const find = (kind) => form.others?.find((o) => o.kind === kind), shows = find('shows'), files = find('files');
  const at = (o) => `/public/${plugin}/${o.name}#${encodeURIComponent(code)}`;
  useEffect(() => { document.getElementById('sent')?.focus(); }, []);
  return html`<section class="card stack sent"><h2 id="sent" tabindex="-1"><span class="seal" aria-hidden="true">✓</span>${t('提交成功', 'It has been sent')}</h2>
      ${code ? html`<p>${t('请保存查询码。凭它查询进度、补交材料，请勿告诉他人。', 'Keep this code: with it you look up how far it is. Do not tell it to others.')}</p>
        <${Code} code=${code} link=${shows && location.origin + at(shows)} />` : html`<p>${t('我们已收到，会尽快与您联系。', 'We have it, and will be in touch.')}</p>`}</section>
    <div class="stack">${code && files && html`<a class="button main big" href=${at(files)}>${title(files.title, t('上传材料', 'Send documents'))}</a>`}
      ${code && shows && html`<a class="button big ${files ? '' : 'main'}" href=${at(shows)}>${title(shows.title, t('查询进度', 'Status'))}</a>`}
      <button type="button" class="plain big" onClick=${again}>${t('再填一份', 'Fill in another one')}</button></div>`;
}
