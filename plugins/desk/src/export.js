// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A list as a file: the kind, the columns, and what of the sealed ones in the clear, for a purpose.
import { html, useState } from './vendor/preact.js';
import { query } from './api.js';
import { t, title } from './i18n.js';
import { Dialog, ProblemBox, toast } from './ui.js';
import { count } from './format.js';

const PURPOSES = [['上级报送', 'Reporting to the authority'], ['联系考生或家长', 'Contact families'], ['会议材料', 'Papers for a meeting'], ['存档', 'For the archive']];

export function Page({ e, asked, shown, total, close }) {
  const all = e.fields.filter((f) => f.view !== 'hidden' && !['json', 'file'].includes(f.type)), sealed = all.filter((f) => f.sealed);
  const [s, set] = useState({ format: 'xlsx', only: true, reveal: [], purpose: '' }), [error, setError] = useState(null), [busy, setBusy] = useState(false);
  async function take(ev) {
    ev.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const fields = s.only ? [...new Set([...shown, ...s.reveal])].join(',') : undefined;
      const answer = await fetch(query(`${e.path}/export`, { ...asked, format: s.format, fields, reveal: s.reveal.join(','), purpose: s.reveal.length ? s.purpose.trim() : undefined }), { headers: { 'Accept-Language': t('zh-CN', 'en') } });
      if (!answer.ok) { const p = await answer.json(); throw Object.assign(new Error(p.title), p); }
      const a = document.createElement('a');
      a.href = URL.createObjectURL(await answer.blob());
      a.download = `${title(e.title, e.name)}.${s.format}`;
      a.click();
      setTimeout(() => URL.revokeObjectURL(a.href), 10000);
      toast(t('已导出，导出记入审计', 'Exported; it is on record'));
      close();
    } catch (x) { setError({ errors: [], ...x, title: x.title ?? x.message }); setBusy(false); }
  }
  const ready = !s.reveal.length || s.purpose.trim();
  return html`<${Dialog} title=${t('导出', 'Export')} close=${close}><form onSubmit=${take}>
    <p>${total === null ? '' : t(`按当前条件共 ${count(total)} 条。`, `${count(total)} records by the present filters. `)}${t('谁在何时导出了什么会记入审计。', 'Who exported what and when is put on record.')}</p>
    <div class="inline"><div class="field"><label for="ex-format">${t('格式', 'Format')}</label><select id="ex-format" value=${s.format} onChange=${(ev) => set({ ...s, format: ev.target.value })}><option value="xlsx">Excel (.xlsx)</option><option value="csv">CSV</option></select></div>
      <div class="field"><label for="ex-only">${t('列', 'Columns')}</label><select id="ex-only" value=${s.only ? '1' : ''} onChange=${(ev) => set({ ...s, only: !!ev.target.value })}><option value="1">${t('列表中显示的列', 'Those of the list')}</option><option value="">${t('全部列', 'All')}</option></select></div></div>
    ${e.may.reveal && sealed.length > 0 && html`<div class="field"><span class="hint">${t('以下列导出明文（须写明用途）', 'In the clear, for a purpose')}</span><div class="checks">${sealed.map((f) => html`<label><input type="checkbox" checked=${s.reveal.includes(f.name)} onChange=${(ev) => set({ ...s, reveal: sealed.map((x) => x.name).filter((n) => (n === f.name ? ev.target.checked : s.reveal.includes(n))) })} />${title(f.title, f.name)}</label>`)}</div></div>`}
    ${s.reveal.length > 0 && html`<div class="field"><label for="ex-purpose">${t('用途', 'Purpose')}<i aria-hidden="true"> *</i></label><input id="ex-purpose" required maxlength="200" value=${s.purpose} onInput=${(ev) => set({ ...s, purpose: ev.target.value })} />
      <div class="chips">${PURPOSES.map((p) => html`<button type="button" class="chip" onClick=${() => set({ ...s, purpose: t(...p) })}>${t(...p)}</button>`)}</div></div>`}
    <${ProblemBox} error=${error} names=${{ purpose: t('用途', 'Purpose') }} />
    <div class="form-end"><button type="button" onClick=${close}>${t('取消', 'Cancel')}</button><button class="main" disabled=${busy || !ready}>${busy ? t('导出中…', 'Exporting…') : t('导出', 'Export')}</button></div></form><//>`;
}
