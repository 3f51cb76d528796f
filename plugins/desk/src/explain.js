// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Why may I, and why may I not: every verb and step on this record, with the rule it rests on.
import { html, useState } from './vendor/preact.js';
import { post } from './api.js';
import { t, title } from './i18n.js';
import { Busy, ProblemBox, useLoad } from './ui.js';
import { roleTitle } from './state.js';
import { verbTitle } from './history.js';

const ASKED = ['read', 'update', 'delete', 'reveal', 'export', 'history'];

function Answers({ e, record }) {
  const verbs = [...ASKED, ...(e.workflow?.transitions.map((x) => x.name) ?? [])];
  const load = useLoad((signal) => Promise.all(verbs.map((verb) => post('access/explain', { verb, record: `${e.full}/${record.id}` }, { signal }).catch((error) => ({ error })))), [e.full, record.id, record.rev]);
  if (load.error) return html`<${ProblemBox} error=${load.error} />`;
  if (!load.data) return html`<${Busy} />`;
  const label = (v) => ({ read: t('查看', 'Read'), update: t('修改', 'Change'), delete: t('归档', 'Archive'), reveal: t('查看明文', 'Reveal'), export: t('导出', 'Export'), history: t('查看经过', 'History') }[v] ?? verbTitle(e, v));
  return html`<ul class="reasons">${verbs.map((v, i) => {
    const a = load.data[i], step = e.workflow?.transitions.find((x) => x.name === v);
    if (a.error) return null;
    return html`<li class=${a.allowed ? 'ok' : 'no'}><span aria-hidden="true">${a.allowed ? '✓' : '✗'}</span><span><b>${label(v)}</b> <span class="away">${a.allowed ? t('可以', 'allowed') : t('不可以', 'not allowed')}</span>
      ${a.allowed && step && !step.from.includes(record.state) && html`<small>${t('（现在的状态不能走这一步）', '(not from the present state)')}</small>`}
      ${a.rule ? html`<small>${a.rule.name} <code>${a.rule.at}</code></small>` : !a.allowed && !a.nearest && html`<small>${t('没有规则允许', 'no rule allows it')}</small>`}
      ${a.nearest && html`<small>${t('最接近的规则：', 'nearest rule: ')}${a.nearest.name} <code>${a.nearest.at}</code>${a.nearest.failed && html` · ${t('条件不满足', 'condition not met')} <code>${a.nearest.failed.condition}</code>`}</small>`}
      ${a.granted_by?.length > 0 && html`<small>${t('谁可以：', 'who may: ')}${a.granted_by.map(roleTitle).join(t('、', ', '))}</small>`}</span></li>`;
  })}</ul>`;
}

export function Explain({ e, record }) {
  const [open, setOpen] = useState(false);
  return html`<section class="card explain"><details onToggle=${(ev) => setOpen(ev.target.open)}><summary>${t('我能做什么，为什么', 'What may I do, and why')}</summary>
    ${open && html`<${Answers} e=${e} record=${record} />`}</details></section>`;
}
