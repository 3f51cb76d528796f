// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// How far it is, by its code: where it stands, what comes next and until when, what is missing, and
// the steps that are its sender's to take.
import { html, useEffect, useState } from './vendor/preact.js';
import { api, get } from './api.js';
import { locale, t, title } from './i18n.js';
import { Busy, Dialog, ProblemBox, toast, useLoad } from './ui.js';
import { grouped, keep } from './kept.js';

function text(f, v, zone) {
  if (v === null || v === undefined || v === '') return '—';
  const one = (x) => title(f.choices?.find((c) => c.name === x)?.title, x);
  switch (f.type) {
    case 'choice': return one(v);
    case 'multichoice': return v.map(one).join(t('、', ', '));
    case 'boolean': return v ? t('是', 'yes') : t('否', 'no');
    case 'date': return day(`${v}T12:00:00Z`, 'UTC');
    case 'datetime': return day(v, zone, true);
    case 'money': return `¥${v}`;
    default: return typeof v === 'object' ? JSON.stringify(v) : String(v);
  }
}
function day(s, zone, clock) {
  const d = new Date(s);
  return Number.isNaN(d.getTime()) ? s : new Intl.DateTimeFormat(locale(), { timeZone: zone, year: 'numeric', month: 'long', day: 'numeric', weekday: 'short', ...(clock ? { hour: '2-digit', minute: '2-digit' } : {}) }).format(d);
}

function Step({ plugin, step, code, done, main }) {
  const [asked, ask] = useState(false), [error, setError] = useState(null), [busy, setBusy] = useState(false), name = title(step.title, step.name);
  async function go() {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await api('POST', `/public/${plugin}/${step.name}`, { code });
      ask(false);
      toast(t(`${name}：已办理`, `${name}: done`));
      done();
    } catch (x) { setError(x); }
    setBusy(false);
  }
  return html`<button type="button" class="big ${main ? 'main' : ''}" onClick=${() => ask(true)}>${name}</button>
    ${asked && html`<${Dialog} title=${name} close=${() => ask(false)}><p>${t(`确定要“${name}”吗？提交后不能自行更改。`, `“${name}”: are you sure? You cannot take it back yourself.`)}</p><${ProblemBox} error=${error} />
      <div class="form-end"><button type="button" class="big" onClick=${() => ask(false)}>${t('再想想', 'Not yet')}</button><button type="button" class="main big" disabled=${busy} onClick=${go}>${t('确定', 'Yes')}</button></div><//>`}`;
}

function Missing({ plugin, files, code, to }) {
  const about = useLoad((signal) => get(`/public/${plugin}/${files.name}`, { signal }), []);
  const there = useLoad((signal) => get(`/public/${plugin}/${files.name}/${encodeURIComponent(code)}`, { signal }), []);
  if (!about.data || !there.data) return null;
  const left = about.data.fields.filter((f) => !there.data[f.name]).length;
  return html`<section class="card stack"><h2>${title(files.title, files.name)}</h2><ul class="papers">${about.data.fields.map((f) => html`<li class=${there.data[f.name] ? 'there' : ''}><span>${title(f.title, f.name)}</span>
      <b>${there.data[f.name] ? t('✓ 已收到', '✓ received') : t('未上传', 'not sent')}</b></li>`)}</ul>
    <a class="button big" href=${to(files.name)}>${left ? t('去上传', 'Send them') : t('查看或更换', 'Look at them')}</a></section>`;
}

export function Page({ plugin, name, form, code, to, forget }) {
  const load = useLoad((signal) => get(`/public/${plugin}/${name}/${encodeURIComponent(code)}`, { signal }), []);
  useEffect(() => { if (load.data) keep(plugin, 'code', code); }, [load.data]);
  if (load.error) {
    return [400, 404].includes(load.error.status) ? html`<section class="card stack"><h2>${t('没有找到', 'Not found')}</h2><p>${t(`没有查询码 ${grouped(code)} 的记录，请核对。`, `Nothing has the code ${grouped(code)}; please check it.`)}</p><button type="button" class="main big" onClick=${forget}>${t('重新输入', 'Type it again')}</button></section>`
      : html`<${ProblemBox} error=${load.error} again=${load.again} />`;
  }
  if (!load.data) return html`<${Busy} />`;
  const r = load.data, open = form.others.filter((o) => r.open?.includes(o.name)), files = open.find((o) => o.kind === 'files'), steps = open.filter((o) => o.kind === 'step');
  const shown = form.fields.filter((f) => f.name in r && f.name !== 'due_at' && (r[f.name] ?? '') !== '');
  return html`<section class="card stack"><div class="now" role="status"><span class="hint">${t('当前状态', 'It is now')}</span><strong>${title(r.state_title, r.state)}</strong></div>
      ${r.next && html`<p class="next">${title(r.next)}</p>`}
      ${r.due_at && html`<p class=${Date.parse(r.due_at) < Date.now() ? 'notice' : 'until'}>${steps.length ? t('请在此之前办理：', 'Please act before ') : t('预计办理期限：', 'To be dealt with before ')}<b>${day(r.due_at, form.timezone, true)}</b></p>`}
      ${steps.map((s, i) => html`<${Step} key=${s.name} plugin=${plugin} step=${s} code=${code} main=${i === 0} done=${load.again} />`)}
      <dl class="answers">${shown.map((f) => html`<div><dt>${title(f.title, f.name)}</dt><dd>${text(f, r[f.name], form.timezone)}</dd></div>`)}
        <div><dt>${t('查询码', 'Code')}</dt><dd class="code-small" translate="no">${grouped(code)}</dd></div></dl></section>
    ${files && html`<${Missing} plugin=${plugin} files=${files} code=${code} to=${to} />`}
    <div class="stack"><button type="button" class="big" onClick=${load.again}>${t('刷新', 'Refresh')}</button><button type="button" class="plain big" onClick=${forget}>${t('查询另一个', 'Look up another one')}</button></div>`;
}
