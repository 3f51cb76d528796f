// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One's own password and one-time code.
import { html, useState } from './vendor/preact.js';
import { api, get, post } from './api.js';
import { t } from './i18n.js';
import { roleTitle } from './state.js';
import { Once, ProblemBox, toast } from './ui.js';
import { NewPassword } from './signin.js';
import { Delegations } from './admin_people.js';

function Codes({ user, changed }) {
  const [s, set] = useState({ password: '', code: '' });
  const begin = async (ev) => {
    ev.preventDefault();
    try { set({ ...s, made: await post('session/totp', { password: s.password }), error: null, password: '' }); } catch (error) { set({ ...s, error }); }
  };
  const confirm = async (ev) => {
    ev.preventDefault();
    try {
      await api('POST', 'session/totp/confirm', { code: s.code });
      toast(t('动态口令已启用', 'One-time codes are on'));
      set({ password: '', code: '' });
      changed({ ...user, has_code: true });
    } catch (error) { set({ ...s, error }); }
  };
  return html`<section class="card stack"><h2>${t('动态口令', 'One-time codes')}</h2>
    <p>${user.has_code ? t('已启用。换手机时可以重新设置。', 'In use. Set it up again for another phone.') : t('未启用。启用后登录时需再输入手机上的 6 位验证码。', 'Not in use. With it, signing in asks for six digits from your phone too.')}</p>
    ${!s.made ? html`<form class="inline" onSubmit=${begin}><div class="field"><label for="code-pw">${t('密码', 'Password')}</label><input id="code-pw" type="password" autocomplete="current-password" required value=${s.password} onInput=${(e) => set({ ...s, password: e.target.value })} /></div>
      <button class="main">${user.has_code ? t('重新设置', 'Set up again') : t('启用', 'Begin')}</button></form>`
    : html`<ol class="stack"><li>${t('在手机的验证器中添加密钥（只显示这一次）：', 'Add this key to the authenticator on your phone; it is shown only now:')}<${Once} label=${t('密钥', 'Key')} value=${s.made.secret} />
        <a href=${s.made.uri}>${t('用本机的验证器打开', 'Open in an authenticator on this device')}</a></li>
      <li>${t('输入手机显示的 6 位验证码：', 'Type the six digits that it shows:')}<form class="inline" onSubmit=${confirm}><div class="field"><label for="code-new">${t('验证码', 'Code')}</label><input id="code-new" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required value=${s.code} onInput=${(e) => set({ ...s, code: e.target.value.trim() })} /></div><button class="main">${t('确认', 'Confirm')}</button></form></li></ol>`}
    <${ProblemBox} error=${s.error} /></section>`;
}

export function Page({ user, changed }) {
  return html`<div class="page"><h1>${user.display}</h1><p class="hint">${user.name} · ${user.roles.map(roleTitle).join(t('、', ', ')) || t('没有岗位', 'no role')}${user.campus ? ` · ${user.campus}` : ''}</p>
    <div class="cards"><section class="card stack"><h2>${t('修改密码', 'Change the password')}</h2><${NewPassword} user=${user} done=${(u) => { toast(t('密码已修改', 'Password changed')); changed(u); }} /></section>
    <${Codes} user=${user} changed=${changed} /><${Delegations} p=${user} list=${user.delegates_to} acts=${user.acts_for} done=${() => get('session').then((a) => changed(a.user))} /></div></div>`;
}
