// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The workflow of a record: where it stands, the next steps, and beside each what a rule said.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { api } from './api.js';
import { t, title } from './i18n.js';
import { Refused, itemText, problemText, toast } from './ui.js';
import { FormField, toSend } from './form.js';
import { isByCase } from './approval.js';
import { Foresight, Reasons } from './foresight.js';
import { Actions, actionsOf } from './actions.js';
import { Person, time } from './format.js';

// Where it has been, with who brought it there and when, where it is, and what lies ahead.
export function Track({ e, record, history }) {
  const { states } = e.workflow, been = [];
  const moves = (history ?? []).filter((x, i) => i === 0 || x.before?.state);
  moves.forEach((x, i) => been.push({ name: moves[i + 1]?.before.state ?? record.state, by: x.actor, at: x.at }));
  if (!been.length) been.push({ name: record.state });
  const at = states.findIndex((s) => s.name === record.state), over = states[at]?.final, ahead = over ? [] : states.filter((s, i) => i > at && !s.final && !been.some((x) => x.name === s.name));
  const name = (n) => { const s = states.find((x) => x.name === n); return title(s?.title, n); };
  return html`<ol class="track" aria-label=${t('流程', 'Workflow')}>${been.slice(-6).map((x, i, l) => html`<li class=${i < l.length - 1 ? 'past' : 'now'} aria-current=${i === l.length - 1 ? 'step' : undefined}>${name(x.name)}${x.at && html`<small><${Person} id=${x.by} /> ${time(x.at).slice(5)}</small>`}</li>`)}
    ${ahead.map((s) => html`<li>${name(s.name)}</li>`)}</ol>`;
}

function Step({ e, step, loaded, done, stale, first }) {
  const { record, etag } = loaded;
  const needs = step.needs.map((n) => e.fields.find((f) => f.name === n)).filter((f) => f && (record[f.name] ?? '') === '');
  const [open, setOpen] = useState(false), [values, set] = useState({}), [error, setError] = useState(null), [busy, setBusy] = useState(false);
  const form = useRef();
  useEffect(() => { if (open) form.current.querySelector('input, select, textarea')?.focus(); }, [open]);
  async function run(ev) {
    ev?.preventDefault();
    if (needs.length && !open) { setOpen(true); return; }
    setBusy(true);
    setError(null);
    try {
      const body = Object.fromEntries(needs.map((f) => [f.name, toSend(f, values[f.name])]));
      const a = await api('POST', `${e.path}/${record.id}/${step.name}`, body, { headers: { 'If-Match': etag } });
      const { decision, warnings: _said, ...rest } = a.body;
      setOpen(false);
      toast(t(`已${title(step.title, step.name)}`, `${title(step.title, step.name)}: done`));
      done({ record: rest, etag: a.etag, decision, step });
    } catch (x) {
      if (x.status === 412) stale();
      setError(x);
    }
    setBusy(false);
  }
  const refused = error?.code === 'rule_refused';
  return html`<div class="step">
    <form ref=${form} onSubmit=${run}>
      ${open && needs.map((f) => html`<${FormField} key=${f.name} f=${f} required prefix=${`step-${step.name}`} value=${values[f.name]} set=${(v) => set({ ...values, [f.name]: v })} errors=${error?.errors} />`)}
      <button class=${first ? 'main' : ''} disabled=${busy} aria-describedby=${error ? `why-${step.name}` : undefined}>${busy ? '…' : title(step.title, step.name)}</button>
      ${open && html`<button type="button" onClick=${() => { setOpen(false); setError(null); }}>${t('取消', 'Cancel')}</button>`}
    </form>
    ${!refused && html`<${Foresight} e=${e} id=${record.id} rev=${record.rev} step=${step} />`}
    ${error && html`<div class="why" id=${`why-${step.name}`} role="alert">
      ${refused ? html`<p><b>${t('规则不允许', 'The rule refuses')}</b></p><${Refused} errors=${error.errors} />`
      : error.status === 412 ? html`<p>${t('记录刚被别人改过，已重新载入，请核对后再点。', 'The record has just been changed; look again, then repeat.')}</p>`
        : html`<p>${problemText(error)}</p>${!open && html`<ul>${error.errors?.map((x) => html`<li>${itemText(x)}</li>`)}</ul>`}`}</div>`}
  </div>`;
}

export function Steps({ e, loaded, done, stale }) {
  const actions = actionsOf(e, loaded.record);      // one of a step's name stands in its place
  const steps = (e.workflow?.transitions ?? []).filter((s) => s.may && s.from.includes(loaded.record.state) && !isByCase(e, s, loaded.record.state) && !actions.some((a) => a.name === s.name));
  // first what leads on, then what stays, last what ends it
  const final = (s) => e.workflow.states.find((x) => x.name === s.to)?.final;
  const rank = (s) => (final(s) ? 2 : s.to === loaded.record.state ? 1 : 0);
  steps.sort((a, b) => rank(a) - rank(b));
  return html`<section class="card steps"><h2>${t('下一步', 'Next step')}</h2>
    ${!steps.length && !actions.length && html`<p class="hint">${t('现在没有您可以做的步骤。', 'No step is yours to take now.')}</p>`}
    <${Actions} e=${e} record=${loaded.record} done=${stale} />
    ${steps.map((s, i) => html`<${Step} key=${s.name} e=${e} step=${s} loaded=${loaded} done=${done} stale=${stale} first=${i === 0 && !final(s)} />`)}
    ${loaded.decision && html`<div class="why good" role="status"><p><b>${title(loaded.step.title, loaded.step.name)}</b> · ${loaded.decision.pass ? t('通过', 'passed') : t('未通过', 'not passed')}</p><${Reasons} decision=${loaded.decision} e=${e} /></div>`}
  </section>`;
}
