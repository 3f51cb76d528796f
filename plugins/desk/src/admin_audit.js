// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The audit log: who did and saw what. Searching it is itself on record.
import { html, useState } from './vendor/preact.js';
import { get, post, query } from './api.js';
import { t } from './i18n.js';
import { entity, recordAddress } from './state.js';
import { Busy, Empty, ProblemBox } from './ui.js';
import { Person, count, instant, time } from './format.js';
import { PersonPicker } from './people.js';
import { verbTitle } from './history.js';

const OUTCOMES = { ok: ['成功', 'ok'], refused: ['被拒绝', 'refused'] };

function Thing({ object }) {
  const slash = object.indexOf('/'), e = entity(slash > 0 ? object.slice(0, slash) : object);
  return e && slash > 0 ? html`<a href=${recordAddress(e, object.slice(slash + 1))}>${e.title.zh && t(e.title.zh, e.title.en ?? e.title.zh)} #${object.slice(-6)}</a>` : html`<code>${object}</code>`;
}

// The whole chain, from the first row to the last, against what was signed.
function Verify() {
  const [a, setA] = useState(null), [error, setError] = useState(null), [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setError(null);
    try { setA(await post('admin/audit/verify')); } catch (x) { setError(x); }
    setBusy(false);
  };
  return html`<section class="card stack"><div class="inline"><p>${t('每条审计记录都与上一条相连并定期签名；校验从头到尾核对一遍。', 'Each row is chained to the one before and signed from time to time; this goes over all of them.')}</p>
      <button type="button" disabled=${busy} onClick=${run}>${busy ? t('校验中…', 'Verifying…') : t('校验审计记录', 'Verify the log')}</button></div><${ProblemBox} error=${error} />
    ${a?.ok && html`<p class="good-text" role="status">${t(`通过：${count(a.rows)} 条记录与当初写下的一致`, `Good: ${count(a.rows)} rows are as they were written`)}</p>`}
    ${a && !a.ok && html`<div class="problem" role="alert"><p>${t(`发现 ${a.findings.length} 处问题，请立即联系负责人`, `${a.findings.length} findings: tell whoever is in charge at once`)}</p><ul>${a.findings.map((x) => html`<li>${x.detail}</li>`)}</ul></div>`}</section>`;
}

export function Audit() {
  const [s, set] = useState({ action: '', actor: '', object: '', subject: '', outcome: '', from: '', to: '' }), [a, setA] = useState(null), [error, setError] = useState(null), [busy, setBusy] = useState(false);
  async function search(before) {
    setBusy(true);
    setError(null);
    const at = (d, end) => d && instant(`${end ? new Date(Date.parse(d) + 86400000).toISOString().slice(0, 10) : d}T00:00`);
    try {
      const got = await get(query('admin/audit', { ...s, from: at(s.from), to: at(s.to, true), limit: 100, before }));
      setA(before ? { items: [...a.items, ...got.items], more: got.items.length === 100 } : { items: got.items, more: got.items.length === 100 });
    } catch (x) { setError(x); }
    setBusy(false);
  }
  const input = (k, label, more = {}) => html`<div class="field"><label for=${`au-${k}`}>${label}</label><input id=${`au-${k}`} value=${s[k]} onInput=${(ev) => set({ ...s, [k]: ev.target.value.trim() })} ...${more} /></div>`;
  return html`<div class="stack"><${Verify} /><form class="card inline" onSubmit=${(ev) => { ev.preventDefault(); search(); }}>
      ${input('action', t('动作', 'Action'), { placeholder: 'reveal' })}<div class="field"><label for="au-actor">${t('谁', 'Who')}</label><${PersonPicker} id="au-actor" value=${s.actor} set=${(actor) => set({ ...s, actor })} /></div>${input('object', t('对象', 'Object'), { placeholder: 'admissions.applicants/…' })}${input('subject', t('涉及的人', 'About whom'))}
      <div class="field"><label for="au-outcome">${t('结果', 'Outcome')}</label><select id="au-outcome" value=${s.outcome} onChange=${(ev) => set({ ...s, outcome: ev.target.value })}><option value="">${t('全部', 'all')}</option>${Object.entries(OUTCOMES).map(([k, w]) => html`<option value=${k}>${t(...w)}</option>`)}</select></div>
      ${input('from', t('从', 'From'), { type: 'date' })}${input('to', t('到', 'Until'), { type: 'date' })}<button class="main" disabled=${busy}>${t('查询', 'Search')}</button></form>
    <p class="hint">${t('查询本身也会记入审计。', 'Searching is on record too.')}</p><${ProblemBox} error=${error} />${busy && !a && html`<${Busy} />`}
    ${a && !a.items.length && html`<${Empty} title=${t('没有符合条件的记录', 'Nothing matches')} />`}
    ${a?.items.length > 0 && html`<section class="card scroll-x" tabindex="0"><table><thead><tr><th>${t('时间', 'When')}</th><th>${t('谁', 'Who')}</th><th>${t('动作', 'Action')}</th><th>${t('对象', 'Object')}</th><th>${t('结果', 'Outcome')}</th><th>${t('用途与字段', 'Purpose, fields')}</th></tr></thead>
      <tbody>${a.items.map((x) => html`<tr key=${`${x.writer}-${x.seq}`}><td>${time(x.at, { seconds: true })}</td><td><${Person} id=${x.actor} /></td><td>${verbTitle(entity(x.object.split('/')[0]), x.action)}</td><td><${Thing} object=${x.object} /></td>
        <td>${OUTCOMES[x.outcome] ? t(...OUTCOMES[x.outcome]) : x.outcome}${x.reason && html` <small>${x.reason}</small>`}</td><td>${x.purpose} ${x.fields && html`<code>${x.fields}</code>`}</td></tr>`)}</tbody></table>
      ${a.more && html`<div class="form-end"><button type="button" disabled=${busy} onClick=${() => search(a.items.at(-1).seq)}>${t('更早的', 'Earlier ones')}</button></div>`}</section>`}</div>`;
}
