// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Signing in, with a one-time code where there is one, and the first change of a password.
import { html, useState } from './vendor/preact.js';
import { api } from './api.js';
import { t } from './i18n.js';
import { ProblemBox } from './ui.js';
import { LangSwitch } from './shell.js';

export const signIn = (user, password, code) => api('POST', 'session', { user, password, ...(code ? { code } : {}) }).then((a) => a.body.user);

// Changes one's own password and signs in with the new one: the old session has ended with it.
export async function changePassword(user, old, fresh, code) {
  await api('POST', 'session/password', { old, new: fresh });
  return signIn(user, fresh, code);
}

const refusal = (e) => (e.status === 401 ? { title: t('账号、密码或验证码不对', 'Name, password or code is wrong') }
  : e.status === 429 ? { title: t(`尝试次数过多，请${e.retry > 60 ? ` ${Math.ceil(e.retry / 60)} 分钟` : ` ${e.retry} 秒`}后再试`, `Too many attempts; try again in ${e.retry > 60 ? `${Math.ceil(e.retry / 60)} minutes` : `${e.retry} seconds`}`) } : e);

export function NewPassword({ user, old, done, code }) {
  const [s, set] = useState({ a: '', b: '' });
  async function save(event) {
    event.preventDefault();
    if (s.a !== s.b) return set({ ...s, error: { title: t('两次输入的新密码不一样', 'The two new passwords differ') } });
    set({ ...s, busy: true, error: null });
    try {
      done(await changePassword(user.name, old ?? s.old, s.a, code ?? s.code));
    } catch (error) {
      set({ ...s, busy: false, error });
    }
  }
  const input = (k, label, complete) => html`<div class="field"><label for=${`pw-${k}`}>${label}</label>
    <input id=${`pw-${k}`} type="password" autocomplete=${complete} required value=${s[k] ?? ''} onInput=${(e) => set({ ...s, [k]: e.target.value })} /></div>`;
  return html`<form class="stack" onSubmit=${save}>
    <input class="away" type="text" autocomplete="username" value=${user.name} readonly tabindex="-1" aria-hidden="true" />
    ${old === undefined && input('old', t('原密码', 'Old password'), 'current-password')}
    ${input('a', t('新密码', 'New password'), 'new-password')}
    ${input('b', t('再输一次', 'Once more'), 'new-password')}
    ${user.has_code && code === undefined && html`<div class="field"><label for="pw-code">${t('动态验证码', 'One-time code')}</label>
      <input id="pw-code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" value=${s.code ?? ''} onInput=${(e) => set({ ...s, code: e.target.value.trim() })} /></div>`}
    <p class="hint">${t('至少 10 个字符；不要用姓名、学校名或常见密码', 'At least 10 characters; not a name or a common password')}</p>
    <${ProblemBox} error=${s.error} />
    <button class="main" disabled=${s.busy}>${t('保存新密码', 'Save the new password')}</button></form>`;
}

export function SignIn({ done, note }) {
  const [s, set] = useState({ user: '', password: '', code: '' });
  const [first, setFirst] = useState(null);
  async function submit(event) {
    event.preventDefault();
    set({ ...s, busy: true, error: null });
    try {
      const user = await signIn(s.user.trim(), s.password, s.code.trim());
      if (user.must_change) setFirst(user);
      else done(user);
    } catch (error) {
      set({ ...s, busy: false, error: refusal(error) });
    }
  }
  const put = (k) => (e) => set({ ...s, [k]: e.target.value });
  return html`<main class="sign-in"><div class="card">
    <div class="sign-head"><img src="icon.svg" alt="" width="40" height="40" /><h1>${t('校务工作台', 'School desk')}</h1><${LangSwitch} /></div>
    ${first ? html`<h2>${t(`${first.display}，请先设置新密码`, `${first.display}, choose a password first`)}</h2>
      <p class="hint">${t('初始密码只能用一次。', 'The first password is for one use.')}</p>
      <${NewPassword} user=${first} old=${s.password} code=${s.code || null} done=${done} />`
    : html`<form onSubmit=${submit}>
      ${note && html`<p class="notice" role="status">${note}</p>`}
      <div class="field"><label for="user">${t('账号', 'Name')}</label>
        <input id="user" autocomplete="username" autocapitalize="none" spellcheck=${false} required autofocus value=${s.user} onInput=${put('user')} /></div>
      <div class="field"><label for="password">${t('密码', 'Password')}</label>
        <input id="password" type="password" autocomplete="current-password" required value=${s.password} onInput=${put('password')} /></div>
      <div class="field"><label for="code">${t('动态验证码', 'One-time code')} <small>${t('未开启可不填', 'only if you use one')}</small></label>
        <input id="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" value=${s.code} onInput=${put('code')} /></div>
      <${ProblemBox} error=${s.error} />
      <button class="main" disabled=${s.busy}>${s.busy ? t('登录中…', 'Signing in…') : t('登录', 'Sign in')}</button></form>`}
  </div></main>`;
}
