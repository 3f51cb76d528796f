// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// An approval: its steps with who signed and when, and what this person can do with it now.
import { html, useEffect, useState } from './vendor/preact.js';
import { get, post } from './api.js';
import { t, title } from './i18n.js';
import { entity, roleTitle } from './state.js';
import { Busy, Dialog, ProblemBox, Refused, problemText, toast, useLoad } from './ui.js';
import { Person, time } from './format.js';
import { PersonPicker } from './people.js';
import { Foresight } from './foresight.js';

const STATUS = { signed: ['已签', 'signed'], open: ['待签', 'to sign'], ahead: ['未到', 'to come'], passed: ['已越过', 'passed on'], waiting: ['无人可签', 'nobody to sign'] };
const VERBS = {
  sign: ['同意', 'Approve'], confirm: ['确认我的纸质审批', 'Confirm my paper approval'], return: ['退回', 'Return'], transfer: ['转办', 'Hand over'], add: ['加签', 'Add a signer'],
  copy: ['抄送', 'Copy to'], urge: ['催办', 'Urge'], withdraw: ['撤回', 'Withdraw'], paper: ['补录纸质审批', 'Record a paper approval'],
};
const DONE = {
  sign: ['已同意', 'Approved'], confirm: ['已确认', 'Confirmed'], return: ['已退回', 'Returned'], transfer: ['已转办', 'Handed over'], add: ['已加签', 'Signer added'],
  copy: ['已抄送', 'Copied'], urge: ['已催办', 'Urged'], withdraw: ['已撤回', 'Withdrawn'], paper: ['已补录', 'Recorded'],
};
const LOG = { opened: ['提交', 'submitted'], sign: ['同意', 'signed'], return: ['退回', 'returned'], transfer: ['转办', 'handed over'], add: ['加签', 'added a signer'], copy: ['抄送', 'copied'],
  urge: ['催办', 'urged'], withdraw: ['撤回', 'withdrew'], paper: ['补录纸质审批', 'recorded on paper'], confirm: ['确认', 'confirmed'], deny: ['否认', 'denied'], migrate: ['改按新制度', 'moved to the new policy'] };
export const verbName = (v) => t(...(VERBS[v] ?? [v, v]));
export const stepName = (s) => title(s.title, s.role ? roleTitle(s.role) : s.name);

let phrases;
const loadPhrases = () => (phrases ??= get('phrases').then((a) => a.items, () => []));

// A note with the phrases of this person beside it.
export function Note({ id, value, set, required }) {
  const [list, setList] = useState([]);
  useEffect(() => { loadPhrases().then(setList); }, []);
  return html`<div class="field"><label for=${id}>${t('意见', 'Note')}${required && html`<i aria-hidden="true"> *</i>`}</label>
    <input id=${id} maxlength="500" value=${value} onInput=${(e) => set(e.target.value)} />
    ${list.length > 0 && html`<div class="chips">${list.map((p) => html`<button type="button" class="chip" key=${p} onClick=${() => set(p)}>${p}</button>`)}</div>`}</div>`;
}

// Why something did not go: the reasons of a rule, or what the service says.
export const Why = ({ error }) => error && html`<div class="why" role="alert"><p><b>${error.code === 'rule_refused' ? t('规则不允许', 'The rule refuses') : problemText(error)}</b></p>
  ${error.errors?.length > 0 && html`<${Refused} errors=${error.errors} />`}</div>`;

// One verb that asks for more than a press.
function Ask({ c, verb, close, done }) {
  const [note, setNote] = useState(''), [to, setTo] = useState(verb === 'return' ? 'submitter' : ''), [where, setWhere] = useState('before');
  const [error, setError] = useState(null), [busy, setBusy] = useState(false);
  const earlier = c.steps.filter((s) => c.step && s.number < c.step);
  const whom = ['transfer', 'copy', 'add', 'paper'].includes(verb);
  async function send(ev) {
    ev.preventDefault();
    setBusy(true);
    setError(null);
    const body = { ...(note && { note }) };
    if (verb === 'return') body.to = to === 'submitter' ? to : Number(to);
    else if (verb === 'add') Object.assign(body, { person: to, where });
    else if (verb === 'paper') body.approver = to;
    else if (whom) body.to = to;
    try { done(await post(`approvals/${c.id}/${verb}`, body), verb); } catch (x) { setError(x); setBusy(false); }
  }
  return html`<${Dialog} title=${verbName(verb)} close=${close}><form onSubmit=${send}>
    ${verb === 'return' && earlier.length > 0 && html`<div class="field"><label for="ask-to">${t('退回到', 'Back to')}</label><select id="ask-to" value=${to} onChange=${(e) => setTo(e.target.value)}>
      <option value="submitter">${t('提交人', 'Who submitted it')}</option>${earlier.map((s) => html`<option value=${s.number}>${s.number}. ${stepName(s)}</option>`)}</select></div>`}
    ${whom && html`<div class="field"><label for="ask-person">${verb === 'paper' ? t('谁在纸上签了字', 'Who signed on paper') : t('给谁', 'Whom')}</label><${PersonPicker} id="ask-person" value=${to} set=${setTo} /></div>`}
    ${verb === 'add' && html`<div class="field"><label for="ask-where">${t('在我', 'Signs')}</label><select id="ask-where" value=${where} onChange=${(e) => setWhere(e.target.value)}>
      <option value="before">${t('之前签', 'before me')}</option><option value="after">${t('之后签', 'after me')}</option></select></div>`}
    ${verb !== 'copy' && html`<${Note} id="ask-note" value=${note} set=${setNote} required=${verb === 'return'} />`}
    <${Why} error=${error} />
    <div class="form-end"><button type="button" onClick=${close}>${t('取消', 'Cancel')}</button>
      <button class="main" disabled=${busy || (whom && !to) || (verb === 'return' && !note.trim())}>${verbName(verb)}</button></div></form><//>`;
}

// What may be done with a case: sign with a note at once, the rest behind a question.
export function CaseActions({ c, done, compact }) {
  const [note, setNote] = useState(''), [asked, setAsked] = useState(null), [error, setError] = useState(null), [busy, setBusy] = useState(false);
  const can = (v) => c.may.includes(v);
  async function at_once(verb) {
    setBusy(true);
    setError(null);
    try { done(await post(`approvals/${c.id}/${verb}`, note ? { note } : {}), verb); } catch (x) { setError(x); }
    setBusy(false);
  }
  const finished = (answer, verb) => { setAsked(null); done(answer, verb); };
  const more = ['transfer', 'add', 'copy', 'paper'].filter(can), e = entity(c.entity), step = e?.workflow?.transitions.find((x) => x.name === c.transition);
  return html`<div class="case-actions">
    ${can('sign') && step && error?.code !== 'rule_refused' && html`<${Foresight} e=${e} id=${c.record} rev=${`${c.step} ${c.round}`} step=${step} />`}
    ${(can('sign') || can('confirm')) && html`<${Note} id=${`note-${c.id}`} value=${note} set=${setNote} />`}
    <div class="chips">${can('sign') && html`<button type="button" class="main" disabled=${busy} onClick=${() => at_once('sign')}>${verbName('sign')}</button>`}
      ${can('confirm') && html`<button type="button" class="main" disabled=${busy} onClick=${() => at_once('confirm')}>${verbName('confirm')}</button>`}
      ${can('return') && html`<button type="button" onClick=${() => setAsked('return')}>${verbName('return')}</button>`}
      ${can('urge') && html`<button type="button" disabled=${busy} onClick=${() => at_once('urge')}>${verbName('urge')}</button>`}
      ${can('withdraw') && html`<button type="button" disabled=${busy} onClick=${() => at_once('withdraw')}>${verbName('withdraw')}</button>`}
      ${!compact && more.map((v) => html`<button type="button" key=${v} onClick=${() => setAsked(v)}>${verbName(v)}</button>`)}</div>
    <${Why} error=${error} />
    ${asked && html`<${Ask} c=${c} verb=${asked} close=${() => setAsked(null)} done=${finished} />`}</div>`;
}
export const said = (verb) => toast(t(...(DONE[verb] ?? ['已完成', 'Done'])));

export function CaseSteps({ c }) {
  return html`<ol class="case-steps">${c.steps.map((s) => html`<li key=${s.number} class=${s.status} aria-current=${s.status === 'open' ? 'step' : undefined}>
    <p><b>${stepName(s)}</b> <span class="state">${t(...(STATUS[s.status] ?? [s.status, s.status]))}</span>${s.quorum > 1 && html` <small>${s.signatures.length}/${s.quorum}</small>`}</p>
    ${s.signatures.map((g) => html`<p class="hint"><${Person} id=${g.person} />${g.by && html` (${t('代签', 'signed for by')} <${Person} id=${g.by} />)`} · ${time(g.at)}${g.paper && ` · ${t('纸质', 'on paper')}`}${g.note && html`<br />“${g.note}”`}</p>`)}
    ${s.climbed && html`<p class="hint">${t('本人的事项，已上移', 'Their own case: it has climbed')}</p>`}</li>`)}</ol>`;
}

// The approvals of a record: the open one whole, earlier rounds folded.
export function Approvals({ e, record, changed }) {
  const has = e.workflow?.transitions.some((x) => x.approvals);
  const load = useLoad((signal) => (has ? get(`${e.path}/${record.id}/approvals`, { signal }) : Promise.resolve({ items: [] })), [e.full, record.id, record.rev]);
  if (!has || (load.error && load.error.status === 404)) return null;
  if (load.error) return html`<section class="card"><${ProblemBox} error=${load.error} again=${load.again} /></section>`;
  if (!load.data) return html`<${Busy} />`;
  if (!load.data.items.length) return null;
  const open = load.data.items.find((c) => !c.outcome), past = load.data.items.filter((c) => c.outcome);
  const done = (_, verb) => { said(verb); load.again(); changed(); };
  return html`<section class="card approvals"><h2>${t('审批', 'Approval')}</h2>
    ${open && html`<${CaseSteps} c=${open} /><${CaseActions} key=${`${open.id}-${record.rev}`} c=${open} done=${done} />`}
    ${past.map((c) => html`<details key=${c.id} open=${!open && c === past[0]}><summary>${t(`第 ${c.round} 轮`, `Round ${c.round}`)} · ${outcomeName(e, c)}</summary><${CaseSteps} c=${c} /></details>`)}
    <details><summary>${t('全部经过', 'All that happened')}</summary><ol class="case-log">${load.data.items.flatMap((c) => c.log).map((x) => html`<li><${Person} id=${x.by ?? x.person} /> ${t(...(LOG[x.kind] ?? [x.kind, x.kind]))}
      ${x.to && x.to.length === 36 && html` → <${Person} id=${x.to} />`} <span class="hint">${time(x.at)}</span>${x.note && html`<br /><span class="hint">“${x.note}”</span>`}</li>`)}</ol></details></section>`;
}
const outcomeName = (e, c) => { const s = e.workflow.states.find((x) => x.name === c.outcome); return s ? title(s.title, s.name) : t(...({ approved: ['已通过', 'approved'], returned: ['已退回', 'returned'], withdrawn: ['已撤回', 'withdrawn'], recalled: ['已撤回', 'withdrawn'], left: ['已离开', 'ended'] }[c.outcome] ?? [c.outcome, c.outcome])); };

// Transitions that a case makes are not pressed as plain steps: its own, and from the states where one may be
// open its ways back. Without a state: whether there is no other way to it.
export const isByCase = (e, step, state) => step.approvals || e.workflow.transitions.some((x) => x.approvals && x.approval && (x.approval.back === step.name || x.approval.recall === step.name)
  && (state ? x.from.includes(state) : step.from.every((s) => x.from.includes(s))));
