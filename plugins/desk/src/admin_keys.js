// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Keys that open the vault, and events that could not be delivered.
import { html, useState } from './vendor/preact.js';
import { api, get } from './api.js';
import { t } from './i18n.js';
import { Busy, Empty, Once, ProblemBox, toast, useLoad } from './ui.js';
import { time } from './format.js';

const KINDS = { keyfile: ['密钥文件', 'key file'], passphrase: ['口令', 'passphrase'], recovery: ['纸质恢复码', 'printed recovery'], credential: ['系统凭据', 'credential'] };

export function Keys() {
  const load = useLoad((signal) => get('admin/keys', { signal }), []), [error, setError] = useState(null), [secret, setSecret] = useState(''), [made, setMade] = useState(null);
  const run = (f, said) => async () => { setError(null); try { const a = await f(); if (a.body?.secret ?? a.body?.recovery) setMade(a.body.secret ?? a.body.recovery); toast(said); load.again(); } catch (x) { setError(x); } };
  const add = (ev) => { ev.preventDefault(); run(() => api('POST', 'admin/keys/slots', { kind: 'passphrase', label: t('口令', 'passphrase'), secret }), t('已添加', 'Added'))().then(() => setSecret('')); };
  return html`<div class="stack"><${ProblemBox} error=${error ?? load.error} again=${load.again} />${made && html`<${Once} label=${t('请打印并离线保存，只显示一次', 'Print it and keep it elsewhere; shown only now')} value=${made} />`}${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && html`<section class="card scroll-x" tabindex="0"><h3>${t('解锁方式', 'What opens the vault')} <small>${t('密钥版本', 'key version')} ${load.data.version}</small></h3>
      <table><thead><tr><th>${t('方式', 'Kind')}</th><th>${t('说明', 'Label')}</th><th>${t('建立', 'Made')}</th><th></th></tr></thead><tbody>${load.data.slots.map((x) => html`<tr key=${x.id}><td>${KINDS[x.kind] ? t(...KINDS[x.kind]) : x.kind}</td><td>${x.label}</td><td>${time(x.created_at)}</td>
        <td><button type="button" class="plain" onClick=${() => window.confirm(t('删除这种解锁方式？', 'Remove this way in?')) && run(() => api('DELETE', `admin/keys/slots/${x.id}`), t('已删除', 'Removed'))()}>${t('删除', 'Remove')}</button></td></tr>`)}</tbody></table></section>
    <section class="card stack"><form class="inline" onSubmit=${add}><div class="field"><label for="slot">${t('新口令（至少 12 个字符）', 'New passphrase, 12 characters or more')}</label><input id="slot" type="password" autocomplete="new-password" minlength="12" required value=${secret} onInput=${(ev) => setSecret(ev.target.value)} /></div><button class="main">${t('添加口令', 'Add a passphrase')}</button></form>
      <div class="chips"><button type="button" onClick=${run(() => api('POST', 'admin/keys/slots', { kind: 'recovery' }), t('已生成', 'Made'))}>${t('生成恢复码', 'Make a recovery code')}</button>
        <button type="button" onClick=${() => window.confirm(t('更换加密密钥？后台进行，可在任务中查看进度。', 'Rotate the keys? It runs beside the work; see Jobs.')) && run(() => api('POST', 'admin/keys/rotate', {}), t('已开始', 'Started'))()}>${t('更换加密密钥', 'Rotate the keys')}</button></div></section>`}</div>`;
}

export function Delivery() {
  const hooks = useLoad((signal) => get('admin/webhooks', { signal }), []), dead = useLoad((signal) => get('admin/dead', { signal }), []), [error, setError] = useState(null);
  const run = (method, path, said) => async () => { try { await api(method, path, method === 'POST' ? {} : undefined); toast(said); dead.again(); } catch (x) { setError(x); } };
  return html`<div class="stack"><${ProblemBox} error=${error ?? hooks.error ?? dead.error} />
    <section class="card scroll-x" tabindex="0"><h3>${t('外部接收方', 'Receivers')}</h3>${hooks.data?.items.length ? html`<table><thead><tr><th>${t('地址', 'Address')}</th><th>${t('状态', 'State')}</th></tr></thead><tbody>${hooks.data.items.map((h) => html`<tr><td><code>${h.url}</code></td><td>${h.disabled || h.enabled === false ? t('停用', 'off') : t('启用', 'on')}</td></tr>`)}</tbody></table>` : html`<p class="hint">${t('还没有', 'None yet')}</p>`}</section>
    ${dead.data && !dead.data.items.length && html`<${Empty} title=${t('没有投递失败的事件', 'No undeliverable events')} />`}
    ${dead.data?.items.length > 0 && html`<section class="card scroll-x" tabindex="0"><h3>${t('投递失败', 'Undeliverable')}</h3><table><thead><tr><th>${t('事件', 'Event')}</th><th>${t('原因', 'Reason')}</th><th></th></tr></thead><tbody>${dead.data.items.map((x) => html`<tr key=${x.id}><td><code>${x.type ?? x.id}</code></td><td>${x.error ?? x.reason ?? ''}</td>
      <td><button type="button" class="plain" onClick=${run('POST', `admin/dead/${x.id}/replay`, t('已重新投递', 'Sent again'))}>${t('重新投递', 'Send again')}</button><button type="button" class="plain" onClick=${run('DELETE', `admin/dead/${x.id}`, t('已丢弃', 'Discarded'))}>${t('丢弃', 'Discard')}</button></td></tr>`)}</tbody></table></section>`}</div>`;
}
