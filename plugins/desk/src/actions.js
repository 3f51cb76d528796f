// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Actions that a plugin declares for records of this kind: a button each, and a form for what the record
// does not say itself.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { api } from './api.js';
import { t, title } from './i18n.js';
import { app } from './state.js';
import { Dialog, toast } from './ui.js';
import { FormField, isFillable, toSend } from './form.js';
import { Why } from './approval.js';
import { waitForFiles } from './files.js';

const target = (a) => a.input?.find((f) => f.name === a.on);
export const actionsOf = (e, record) => app.meta.plugins.flatMap((p) => p.actions)
  .filter((a) => target(a)?.to === e.full && (!a.states || a.states.includes(record.state)));

function Ask({ e, record, a, close, done }) {
  const fields = a.input.filter((f) => f.name !== a.on && isFillable(f));
  // what the record says already and shows in the clear is not typed again
  const [values, set] = useState(() => Object.fromEntries(fields.map((f) => [f.name, record._masked?.includes(f.name) || f.type === 'file' ? undefined : record[f.name]])));
  const [error, setError] = useState(null), [busy, setBusy] = useState(false);
  const form = useRef();
  useEffect(() => { form.current.querySelector('.bad input, .bad select, .bad textarea')?.focus(); }, [error]);
  async function run(ev) {
    ev.preventDefault();
    setError(waitForFiles());
    if (waitForFiles()) return;
    setBusy(true);
    const said = fields.map((f) => [f.name, toSend(f, values[f.name])]).filter(([, v]) => v !== null);
    try {
      await api('POST', a.path, { ...Object.fromEntries(said), [a.on]: record.id });
      toast(`${title(a.title, a.name)}：${t('已完成', 'done')}`);
      done();
    } catch (x) { setError(x); setBusy(false); }
  }
  const known = new Set(fields.map((f) => `/${f.name}`));
  return html`<${Dialog} title=${title(a.title, a.name)} close=${close}><form ref=${form} class="form" noValidate onSubmit=${run}>
    ${fields.length > 0 && html`<div class="form-fields">${fields.map((f) => html`<${FormField} key=${f.name} f=${f} prefix=${`do-${a.name}`} value=${values[f.name]} set=${(v) => set({ ...values, [f.name]: v })} errors=${error?.errors} />`)}</div>`}
    <${Why} error=${error && { ...error, title: error.title, detail: error.detail, errors: error.errors?.filter((x) => !known.has(x.pointer)) }} />
    <div class="form-end"><button type="button" onClick=${close}>${t('取消', 'Cancel')}</button><button class="main" disabled=${busy}>${title(a.title, a.name)}</button></div></form><//>`;
}

export function Actions({ e, record, done }) {
  const [asked, ask] = useState(null);
  return html`${actionsOf(e, record).map((a) => html`<div class="step" key=${a.name}><form onSubmit=${(ev) => { ev.preventDefault(); ask(a); }}><button>${title(a.title, a.name)}</button></form></div>`)}
    ${asked && html`<${Ask} e=${e} record=${record} a=${asked} close=${() => ask(null)} done=${() => { ask(null); done(); }} />`}`;
}
