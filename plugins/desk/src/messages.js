// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What was sent about a record and how it went, and by when its state has to end.
import { html } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { app } from './state.js';
import { ProblemBox, useLoad } from './ui.js';
import { Person, ago, time } from './format.js';

const STATES = { queued: ['待发送', 'waiting'], sent: ['已发送', 'sent'], failed: ['未送达', 'failed'], dropped: ['未发送', 'not sent'] };
const CHANNELS = { sms: ['短信', 'SMS'], mail: ['邮件', 'Mail'], wecom: ['企业微信', 'WeCom'], dingtalk: ['钉钉', 'DingTalk'], feishu: ['飞书', 'Feishu'] };
const REASONS = { opted_out: ['对方已退订', 'they refuse this topic'], cap: ['已达次数上限', 'as many as may be sent'], no_recipient: ['没有联系方式', 'no address'], no_channel: ['未设置通道', 'no channel is set up'], erased: ['个人信息已删除', 'the person was erased'] };
const word = (of, k) => (of[k] ? t(...of[k]) : k);
// To whom: a role by its name; a field by its title; a person by theirs.
function To({ e, x }) {
  if (/^[0-9a-f-]{36}$/.test(x.to ?? '')) return html`<${Person} id=${x.to} />`;
  const f = e.fields.find((y) => y.name === x.to);
  return f ? title(f.title, x.to) : (x.to ?? '').replace(/^role:/, '');
}

export function Messages({ e, id, rev }) {
  const declared = app.meta.plugins.flatMap((p) => p.messages ?? []).filter((m) => m.entity === e.full);
  const load = useLoad((signal) => (declared.length ? get(`${e.path}/${id}/messages?limit=50`, { signal }) : Promise.resolve({ items: [] })), [e.full, id, rev]);
  if (load.error) return html`<section class="card"><${ProblemBox} error=${load.error} again=${load.again} /></section>`;
  if (!load.data?.items.length) return null;
  return html`<section class="card history messages"><h2>${t('消息', 'Messages')}</h2><ol>${load.data.items.map((x) => html`<li key=${x.id}><p><b>${title(declared.find((m) => m.name === x.name)?.title, x.name)}</b> <span class=${x.state === 'failed' || x.state === 'dropped' ? 'bad-text' : 'hint'}>${word(STATES, x.state)}${x.reason ? ` · ${word(REASONS, x.reason)}` : ''}</span></p>
    <p class="hint">${word(CHANNELS, x.channel)} → <${To} e=${e} x=${x} /> · ${time(x.sent_at ?? x.at)}${x.attempts > 1 ? t(` · 第 ${x.attempts} 次`, ` · attempt ${x.attempts}`) : ''}</p></li>`)}</ol></section>`;
}

export const Deadline = ({ record: { deadline } }) => deadline?.due_at && html`<p class=${deadline.overdue ? 'problem due' : 'notice due'} role="status"><b>${deadline.overdue ? t('已逾期', 'Overdue') : t('办理期限', 'Due')}</b> ${time(deadline.due_at)} · ${ago(deadline.due_at)}</p>`;
