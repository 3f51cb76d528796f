// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Policies as forms, with units and limits; a draft is tried on the cases decided so far before it is put
// in force, by a second person where governance asks for one.
import { html, useState } from './vendor/preact.js';
import { api, download, get } from './api.js';
import { lang, t, title } from './i18n.js';
import { app, can, entity, recordAddress } from './state.js';
import { Busy, ProblemBox, toast, useLoad } from './ui.js';
import { Person, RecordRef, count, time } from './format.js';
import { Progress, useJob } from './jobwatch.js';
import { BuildErrors } from './admin_releases.js';

const named = (s, name) => (lang() === 'zh' ? s['x-title-zh'] : s.title) ?? s.title ?? s['x-title-zh'] ?? name;
const isGroup = (s) => s.type === 'object' && s.properties;
// Every value of a policy: its path, what it may be, and the titles on the way to it.
export function leaves(schema, path = [], heads = []) {
  return Object.entries(schema.properties ?? {}).filter(([k]) => path.length || !['policy', 'valid_from'].includes(k))
    .flatMap(([k, s]) => (isGroup(s) ? leaves(s, [...path, k], [...heads, named(s, k)]) : [{ key: [...path, k].join('.'), s, title: named(s, k), heads }]));
}
const parsed = (v) => { try { return JSON.parse(v); } catch { return v; } };
// "age.min = 16    # school, policies/admissions.yaml:4" a line
export const valuesOf = (text) => Object.fromEntries(text.trim().split('\n').map((l) => /^(\S+) = (.*?)\s+# (\w+), (.*)$/.exec(l)).filter(Boolean).map(([, k, v, layer, at]) => [k, { value: parsed(v), layer, at }]));

// A value as the file writes it: money in yuan, durations with their unit.
const written = (s, v) => (v && typeof v === 'object' && 'n' in v && 'unit' in v ? `${v.n}${v.unit}` : s?.format === 'money' && Number.isInteger(v) ? (v / 100).toFixed(2).replace(/\.00$/, '') : v);

// As a school's file: only what it says itself. Texts that YAML could read otherwise are quoted.
const isPlain = (s) => /^\d{4}-\d\d-\d\d$/.test(s) || (/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(s) && !/^(yes|no|on|off|y|n|true|false|null|[-.\d]+)$/i.test(s));
const scalar = (v) => (typeof v === 'string' ? (isPlain(v) ? v : JSON.stringify(v)) : typeof v === 'object' ? JSON.stringify(v) : String(v));
export function toYaml(name, own) {
  const tree = {};
  for (const [key, v] of Object.entries(own)) {
    const parts = key.split('.'), last = parts.pop();
    parts.reduce((o, p) => (o[p] ??= { sub: {} }).sub, tree)[last] = { leaf: v };
  }
  const lines = (o, pad) => Object.entries(o).flatMap(([k, x]) => (x.sub ? [`${pad}${k}:`, ...lines(x.sub, `${pad}  `)] : [`${pad}${k}: ${scalar(x.leaf)}`]));
  return `policy: ${name}\n${lines(tree, '').join('\n')}\n`;
}

function Value({ id, s, value, set, label }) {
  const base = { id, 'aria-label': label };
  if (s.enum) return html`<select ...${base} value=${value ?? ''} onChange=${(e) => set(e.target.value)}>${s.enum.map((x) => html`<option value=${x}>${x}</option>`)}</select>`;
  if (s.type === 'boolean') return html`<select ...${base} value=${String(value ?? '')} onChange=${(e) => set(e.target.value === 'true')}><option value="true">${t('是', 'yes')}</option><option value="false">${t('否', 'no')}</option></select>`;
  if (s.type === 'array' && s.items?.enum) return html`<div class="checks" role="group" ...${base}>${s.items.enum.map((x) => html`<label><input type="checkbox" checked=${value?.includes(x)} onChange=${(e) => set(s.items.enum.filter((y) => (y === x ? e.target.checked : value?.includes(y))))} />${x}</label>`)}</div>`;
  if (s.type === 'array' && ['string', undefined].includes(s.items?.type)) return html`<textarea ...${base} rows="3" value=${(value ?? []).join('\n')} onInput=${(e) => set(e.target.value.split('\n').map((x) => x.trim()).filter(Boolean))} />`;
  if (s.type === 'object' || s.type === 'array') return html`<textarea ...${base} rows="3" class="code" value=${typeof value === 'string' ? value : JSON.stringify(value ?? null)} onInput=${(e) => set(parsed(e.target.value))} />`;
  if (s.format === 'date') return html`<input ...${base} type="date" value=${value ?? ''} onInput=${(e) => set(e.target.value)} />`;
  const number = ['integer', 'number'].includes(s.type);
  return html`<span class="unit"><input ...${base} type="text" inputmode=${number ? 'decimal' : undefined} pattern=${s.pattern} value=${value ?? ''} onInput=${(e) => set(number && e.target.value.trim() !== '' && Number.isFinite(Number(e.target.value)) ? Number(e.target.value) : e.target.value)} />${s.description && html`<span>${s.description}</span>`}</span>`;
}
const limits = (s) => [s.minimum !== undefined && t(`不小于 ${s.minimum}`, `at least ${s.minimum}`), s.maximum !== undefined && t(`不大于 ${s.maximum}`, `at most ${s.maximum}`), s.pattern?.includes('wd') && t('如 3wd（工作日）、7d、4h', 'such as 3wd (working days), 7d, 4h'), s.type === 'array' && s.items && !s.items.enum && t('每行一个', 'one a line')].filter(Boolean).join(t('，', ', '));

// What the trial found: what changes, how many cases would fall otherwise, whose.
function Found({ r }) {
  return html`<section class="card stack" role="status"><h3>${t('试算结果', 'What it would have done')}</h3>
    <div class="figures"><div><b>${count(r.replayed)}</b>${t('件已判定', 'decided so far')}</div><div><b>${count(r.flipped)}</b>${t('件结果会变', 'would fall otherwise')}</div><div><b>${count(r.to_pass)}</b>${t('件变为通过', 'to passed')}</div><div><b>${count(r.to_fail)}</b>${t('件变为不通过', 'to refused')}</div></div>
    ${r.changes?.length > 0 && html`<ul>${r.changes.map((c) => html`<li><b>${c.title ?? c.key}</b> ${c.text}</li>`)}</ul>`}
    ${r.groups?.map((g) => html`<div key=${g.field}><h4>${g.title}</h4><table><thead><tr><th>${g.title}</th><th class="number">${t('变为通过', 'To passed')}</th><th class="number">${t('变为不通过', 'To refused')}</th></tr></thead><tbody>${g.values.slice(0, 12).map((v) => html`<tr><td>${/^[0-9a-f-]{36}$/.test(v.value ?? '') ? html`<${Person} id=${v.value} />` : v.value ?? t('（未填）', '(none)')}</td><td class="number">${count(v.to_pass)}</td><td class="number">${count(v.to_fail)}</td></tr>`)}</tbody></table></div>`)}
    ${r.quotas?.length > 0 && html`<p class="hint">${t(`涉及 ${r.quotas.length} 个名额或额度`, `${r.quotas.length} pools are concerned`)}</p>`}
    ${r.flips?.length > 0 && html`<details><summary>${t(`看看是谁（前 ${Math.min(50, r.flips.length)} 件）`, `Whom (the first ${Math.min(50, r.flips.length)})`)}</summary><ul>${r.flips.slice(0, 50).map((x) => { const e = entity(x.entity); return html`<li>${e ? html`<a href=${recordAddress(e, x.record)}><${RecordRef} to=${x.entity} id=${x.record} plain /></a>` : x.record} ${x.now ? t('→ 通过', '→ passed') : t('→ 不通过', '→ refused')}</li>`; })}</ul></details>`}
    ${r.not_shown > 0 && html`<p class="hint">${t(`另有 ${count(r.not_shown)} 件您无权查看`, `${count(r.not_shown)} more are not for you to see`)}</p>`}</section>`;
}

function Policy({ name, changed }) {
  const load = useLoad((signal) => Promise.all([get(`admin/policies/${name}`, { signal }), api('GET', `admin/policies/${name}/schema`, undefined, { signal }).then((a) => a.body ?? JSON.parse(a.text))]), [name]);
  const [mine, setMine] = useState({}), [run, setRun] = useState(null), [error, setError] = useState(null), [busy, setBusy] = useState(false), { job, running } = useJob(run);
  if (load.error) return html`<${ProblemBox} error=${load.error} again=${load.again} />`;
  if (!load.data) return html`<${Busy} />`;
  const [now, schema] = load.data, values = valuesOf(now.text), all = leaves(schema), n = Object.keys(mine).length;
  for (const [k, v] of Object.entries(values)) v.value = written(all.find((x) => x.key === k)?.s, v.value);
  const put = (key, v) => { const next = { ...mine, [key]: v }; if (JSON.stringify(v) === JSON.stringify(values[key]?.value)) delete next[key]; setMine(next); setRun(null); app.dirty = Object.keys(next).length > 0; };
  const own = Object.fromEntries([...Object.entries(values).filter(([, v]) => v.layer === 'school').map(([k, v]) => [k, v.value]), ...Object.entries(mine)]), yaml = toYaml(name, own);
  const attempt = (f) => async () => { setBusy(true); setError(null); try { await f(); } catch (x) { setError(x); } setBusy(false); };
  const tryIt = attempt(async () => setRun((await api('POST', 'admin/policies/try', { plugin: name, yaml, job: true })).body.id));
  const activate = attempt(async () => {
    const a = await api('PUT', `admin/policies/${name}`, { yaml });
    toast(a.body.waits_for ? t('已提交，等待第二人启用', 'Handed in: a second person puts it in force') : t(`版本 ${a.body.number} 已启用`, `Release ${a.body.number} is in force`));
    app.dirty = null;
    setMine({});
    setRun(null);
    load.again();
    changed();
  });
  let head = '';
  const found = job && !running && job.state === 'done' ? job.result : null;
  return html`<section class="card stack policy"><h3>${title(app.meta.plugins.find((p) => p.name === name)?.title, name)} <small>${now.valid_from ? t(`自 ${now.valid_from} 起`, `since ${now.valid_from}`) : ''}</small></h3>
    <form noValidate onSubmit=${(ev) => { ev.preventDefault(); tryIt(); }}>${all.map(({ key, s, title: label, heads }) => { const h = heads.join(' · '), first = h !== head; head = h; const id = `po-${name}-${key}`, v = key in mine ? mine[key] : values[key]?.value;
      return html`${first && h && html`<h4>${h}</h4>`}<div class="policy-row ${key in mine ? 'changed' : ''}" key=${key}><label for=${id}>${label}<code>${key}</code></label>
        <div><${Value} id=${id} s=${s} value=${v} label=${h ? `${h} ${label}` : label} set=${(x) => put(key, x)} />${limits(s) && html`<p class="hint">${limits(s)}</p>`}</div>
        <p class="hint">${key in mine ? html`${t('现行', 'in force')}: ${values[key] === undefined ? '—' : typeof values[key].value === 'object' ? JSON.stringify(values[key].value) : String(values[key].value)}` : values[key] ? ({ school: t('本校设定', 'set by the school'), shipped: t('随产品提供', 'as shipped'), default: t('默认', 'default') }[values[key].layer] ?? values[key].layer) : t('未设定', 'not set')}</p></div>`; })}
      <${BuildErrors} error=${error} />
      ${n > 0 && html`<div class="form-end policy-end"><span class="hint">${t(`改了 ${n} 项`, `${n} changed`)}</span><button type="button" onClick=${() => { setMine({}); setRun(null); setError(null); app.dirty = null; }}>${t('放弃修改', 'Drop the changes')}</button>
        <button type="button" onClick=${() => download(`${name}.yaml`, yaml, 'text/yaml')}>${t('下载草稿', 'Download the draft')}</button><button class=${found ? '' : 'main'} disabled=${busy || running}>${t('用已判定的事项试算', 'Try it on what was decided')}</button>
        ${can('core.release') && html`<button type="button" class=${found ? 'main' : ''} disabled=${busy || running} onClick=${activate}>${t('启用', 'Put in force')}</button>`}</div>`}</form>
    ${running && html`<${Progress} job=${job} id=${run} said=${t(`已重算 ${count(job?.done ?? 0)} 件`, `${count(job?.done ?? 0)} replayed`)} />`}
    ${job && !running && job.state !== 'done' && (job.state === 'cancelled' ? html`<p class="notice">${t('试算已停止，没有改变任何事', 'Stopped: nothing was changed')}</p>` : html`<${BuildErrors} error=${{ errors: [], ...job.result?.problem }} />`)}
    ${found && html`<${Found} r=${found} />`}</section>`;
}

// Releases that a second person has to put in force.
function Waiting({ load }) {
  const [error, setError] = useState(null), items = load.data?.items.filter((r) => r.waiting) ?? [];
  const go = (r) => async () => { setError(null); try { await api('POST', `admin/releases/${r.number}/activate`, {}); toast(t(`版本 ${r.number} 已启用`, `Release ${r.number} is in force`)); load.again(); } catch (x) { setError(x); } };
  return html`${items.map((r) => html`<section class="card stack" key=${r.number}><p><b>${t(`版本 ${r.number} 等待第二人启用`, `Release ${r.number} waits for a second person`)}</b> <span class="hint"><${Person} id=${r.waiting.by} /> ${time(r.waiting.at)} · ${r.waits_for}</span></p>
    <div class="form-end"><button type="button" class="main" disabled=${r.waiting.by === app.user.id} onClick=${go(r)}>${t('启用', 'Put in force')}</button></div></section>`)}<${BuildErrors} error=${error} />`;
}

export function Policies({ item }) {
  const load = useLoad((signal) => get('admin/policies', { signal }), []), releases = useLoad((signal) => get('admin/releases', { signal }), []), names = load.data?.items.map((p) => p.name) ?? [], now = names.includes(item) ? item : names[0];
  return html`<div class="stack"><p class="hint">${t('改动先试算：按新规定重新判定以往的事项，看谁会受影响，再启用。', 'Try a change first: what was decided is decided again under it, and you see whom it would concern.')}</p>
    <${Waiting} load=${releases} /><${ProblemBox} error=${load.error} again=${load.again} />${!load.data && !load.error && html`<${Busy} />`}
    ${names.length > 1 && html`<div class="tabs">${names.map((n) => html`<a class="button" href=${`#/admin/policies/${n}`} aria-current=${n === now ? 'page' : undefined}>${title(app.meta.plugins.find((p) => p.name === n)?.title, n)}</a>`)}</div>`}
    ${now && html`<${Policy} key=${now} name=${now} changed=${releases.again} />`}</div>`;
}
