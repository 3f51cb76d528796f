// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a rule says of a step, in words: after it was pressed, and beside the button before.
import { html } from './vendor/preact.js';
import { get } from './api.js';
import { t, title } from './i18n.js';
import { itemText, useLoad } from './ui.js';

// The reasons of a decision, met and not met, in words.
export function Reasons({ decision, e }) {
  const name = (at) => title(e.fields.find((f) => f.name === at)?.title, at);
  return html`<ul class="reasons">${decision.reasons.map((r) => html`<li class=${r.ok ? 'ok' : 'no'}><span aria-hidden="true">${r.ok ? '✓' : '✗'}</span>
    <span><span class="away">${r.ok ? t('符合：', 'met: ') : t('不符合：', 'not met: ')}</span>${r.text ?? (r.at ? name(r.at) : r.code)}${r.policy && html` <code>${r.policy}</code>`}</span></li>`)}</ul>`;
}

// What the rule of a step would say now, before anybody presses: what is not met in sight, the rest folded.
export function Foresight({ e, id, rev, step }) {
  const load = useLoad((signal) => (step ? get(`${e.path}/${id}/${step.name}`, { signal }).catch((x) => ({ refused: x })) : Promise.resolve(null)), [e.full, id, rev, step?.name]);
  const d = load.data?.decision, refused = load.data?.refused;
  // separation of duty and the like are told as pressing would tell them
  if (refused) return refused.status === 403 && refused.errors.length ? html`<p class="ahead no">✗ ${refused.errors.some((x) => x.code === 'exclusive_duty') ? t('职责分离：', 'Separation of duty: ') : ''}${refused.errors.map(itemText).join(t('；', '; '))}</p>` : null;
  if (!d || !d.reasons.length) return null;
  const bad = d.reasons.filter((r) => !r.ok), met = d.reasons.filter((r) => r.ok);
  return html`<div class="ahead ${d.pass ? 'ok' : 'no'}">${bad.length > 0 && html`<${Reasons} decision=${{ reasons: bad }} e=${e} />`}
    ${met.length > 0 && html`<details><summary>${d.pass ? t(`✓ 规则允许，符合 ${met.length} 项`, `✓ The rule allows it: ${met.length} met`) : t(`符合 ${met.length} 项`, `${met.length} met`)}</summary><${Reasons} decision=${{ reasons: met }} e=${e} /></details>`}</div>`;
}
