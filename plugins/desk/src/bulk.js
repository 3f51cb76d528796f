// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One step for many records: those picked, or all that the list shows by its filters; as a job that
// can be stopped, with what did not go and why.
import { html, useState } from './vendor/preact.js';
import { get, post, query } from './api.js';
import { t, title } from './i18n.js';
import { recordAddress } from './state.js';
import { Dialog, ProblemBox, itemText } from './ui.js';
import { FormField, toSend } from './form.js';
import { Progress, useJob } from './jobwatch.js';
import { RecordRef, count } from './format.js';
import { isByCase } from './approval.js';

export function Page({ e, ids, asked, total, close }) {
  const steps = e.workflow.transitions.filter((x) => x.may && !isByCase(e, x));
  const [s, set] = useState({ step: '', values: {} }), [run, setRun] = useState(null), [error, setError] = useState(null);
  const { job, error: lost, running } = useJob(run);
  const step = steps.find((x) => x.name === s.step), needs = step?.needs.map((n) => e.fields.find((f) => f.name === n)).filter(Boolean) ?? [], n = ids?.length ?? total ?? 0;
  async function start(ev) {
    ev.preventDefault();
    setError(null);
    try {
      const body = Object.fromEntries(needs.map((f) => [f.name, toSend(f, s.values[f.name])]).filter(([, v]) => v !== null));
      const a = await post(query(`${e.path}/bulk/${step.name}`, ids ? { 'id[in]': ids.join(',') } : asked), body);
      setRun(a.id);
    } catch (x) { setError(x); }
  }
  const r = job?.result, over = run && job && !running;
  return html`<${Dialog} title=${t('批量办理', 'One step for many')} close=${() => close(!!run)}>
    <${ProblemBox} error=${error ?? lost} />
    ${!run && html`<form onSubmit=${start}><p>${ids ? t(`选中的 ${count(n)} 条`, `The ${count(n)} records that are picked`) : t(`当前条件下的全部 ${count(n)} 条`, `All ${count(n)} records by the present filters`)}${t('；不在相应状态或规则不允许的会留下并说明原因。', '; what is in another state, or what a rule refuses, stays as it is and says why.')}</p>
      <div class="field"><label for="bulk-step">${t('步骤', 'Step')}</label><select id="bulk-step" required value=${s.step} onChange=${(ev) => set({ ...s, step: ev.target.value })}><option value=""></option>${steps.map((x) => html`<option value=${x.name}>${title(x.title, x.name)}</option>`)}</select></div>
      ${needs.map((f) => html`<${FormField} key=${f.name} f=${f} prefix="bulk" required value=${s.values[f.name]} set=${(v) => set({ ...s, values: { ...s.values, [f.name]: v } })} errors=${error?.errors} />`)}
      <div class="form-end"><button type="button" onClick=${() => close(false)}>${t('取消', 'Cancel')}</button><button class="main" disabled=${!step || !n}>${step ? t(`${title(step.title)} ${count(n)} 条`, `${title(step.title)}: ${count(n)}`) : t('开始', 'Start')}</button></div></form>`}
    ${run && !over && html`<${Progress} job=${job} id=${run} />`}
    ${over && html`<div class="figures"><div><b>${count(r?.done ?? job.done ?? 0)}</b>${t('已办', 'done')}</div><div><b>${count(r?.failed ?? job.failed ?? 0)}</b>${t('未办', 'not done')}</div></div>
      ${job.state === 'cancelled' && html`<p class="notice">${t('已停止；停止前办理的有效', 'Stopped; what was done before that counts')}</p>`}${r?.problem && job.state !== 'cancelled' && html`<${ProblemBox} error=${{ errors: [], ...r.problem }} />`}
      ${r?.report?.length > 0 && html`<div class="table-wrap" tabindex="0" role="region" aria-label=${t('未办的记录', 'What was not done')}><table><tbody>${r.report.map((x) => html`<tr><td><a href=${recordAddress(e, x.id)} onClick=${() => close(true)}><${RecordRef} to=${e.full} id=${x.id} plain /></a></td><td>${(x.errors ?? []).map((y) => html`<p>${itemText(y)}</p>`)}${!x.errors?.length && (x.detail || x.code)}</td></tr>`)}</tbody></table></div>`}
      <div class="form-end"><button type="button" class="main" onClick=${() => close(true)}>${t('完成', 'Done')}</button></div>`}<//>`;
}
