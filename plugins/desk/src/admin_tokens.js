// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// API tokens: made once, shown once, revoked any time.
import { html, useState } from './vendor/preact.js';
import { api, get } from './api.js';
import { t } from './i18n.js';
import { Busy, Empty, Once, ProblemBox, toast, useLoad } from './ui.js';
import { Person, time } from './format.js';

export function Tokens() {
  const load = useLoad((signal) => get('admin/tokens', { signal }), []), [s, set] = useState({ user: '', label: '', days: '90', scopes: '' }), [made, setMade] = useState(null), [error, setError] = useState(null);
  async function make(ev) {
    ev.preventDefault();
    setError(null);
    try {
      const a = await api('POST', 'admin/tokens', { ...(s.user ? { user: s.user } : {}), label: s.label, ...(s.scopes.trim() && { scopes: s.scopes.trim().split(/[\s,，]+/) }), expires_at: new Date(Date.now() + Number(s.days) * 86400000).toISOString() });
      setMade(a.body.token);
      set({ ...s, label: '' });
      load.again();
    } catch (x) { setError(x); }
  }
  const revoke = (id) => async () => {
    try { await api('DELETE', `admin/tokens/${id}`); toast(t('已撤销', 'Revoked')); load.again(); } catch (x) { setError(x); }
  };
  const input = (k, label, more) => html`<div class="field"><label for=${`tok-${k}`}>${label}</label><input id=${`tok-${k}`} value=${s[k]} onInput=${(ev) => set({ ...s, [k]: ev.target.value })} ...${more} /></div>`;
  return html`<div class="stack"><section class="card stack"><form class="inline" onSubmit=${make}>${input('label', t('用途', 'For what'), { required: true, maxlength: 200 })}${input('user', t('代表谁（账号，空为自己）', 'As whom (empty: yourself)'))}${input('days', t('有效天数', 'Days'), { inputmode: 'numeric', pattern: '[0-9]{1,3}', required: true })}${input('scopes', t('范围（空为全部）', 'Scopes (empty: all)'), { placeholder: 'admissions.applicants:read' })}<button class="main">${t('新建令牌', 'New token')}</button></form>
      <${ProblemBox} error=${error} />${made && html`<${Once} label=${t('令牌（只显示一次）', 'Token, shown only now')} value=${made} />`}</section>
    <${ProblemBox} error=${load.error} again=${load.again} />${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && !load.data.items.length && html`<${Empty} title=${t('没有令牌', 'No tokens')}>${t('令牌让程序以某人的身份调用接口。', 'A token lets a program act as somebody.')}<//>`}
    ${load.data?.items.length > 0 && html`<section class="card scroll-x" tabindex="0"><table><thead><tr><th>${t('用途', 'For what')}</th><th>${t('代表', 'As')}</th><th>${t('到期', 'Ends')}</th><th></th></tr></thead><tbody>${load.data.items.map((x) => html`<tr key=${x.id}><td>${x.label}</td><td><${Person} id=${x.person} /></td><td>${time(x.expires_at)}</td>
      <td><button type="button" class="plain" onClick=${revoke(x.id)}>${t('撤销', 'Revoke')}</button></td></tr>`)}</tbody></table></section>`}</div>`;
}
