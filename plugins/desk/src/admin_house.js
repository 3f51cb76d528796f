// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What whoever keeps the service looks at: backups, the calendar of working time.
import { html, useEffect, useState } from './vendor/preact.js';
import { api, get } from './api.js';
import { t } from './i18n.js';
import { Busy, ProblemBox, useLoad } from './ui.js';
import { ago, count, time } from './format.js';
import { bytes } from './upload.js';
import { Progress, useJob } from './jobwatch.js';

const OLD_MS = 36 * 36e5;    // a backup is a day's; older than that somebody forgot

export function House() {
  const load = useLoad((signal) => get('admin/house', { signal }), []), [id, setId] = useState(null), [error, setError] = useState(null), { job, running } = useJob(id);
  useEffect(() => { if (job && !running) load.again(); }, [running]);
  const begin = async () => { setError(null); try { setId((await api('POST', 'admin/backups', {})).body.id); } catch (x) { setError(x); } };
  if (load.error) return html`<${ProblemBox} error=${load.error} again=${load.again} />`;
  if (!load.data) return html`<${Busy} />`;
  const { backup: b, calendar } = load.data, missing = calendar.filter((y) => y.wanted && !y.known), late = !b.at || Date.now() - Date.parse(b.at) > OLD_MS;
  return html`<div class="stack"><section class="card stack"><h3>${t('备份', 'Backups')}</h3>
      ${!b.key ? html`<p class="notice">${t('还没有备份密钥。请在服务器上执行 campusd backup keygen，并把私钥保存在别处。', 'There is no backup key yet: run campusd backup keygen on the server, and keep the secret half elsewhere.')}</p>` : late && html`<p class="notice">${b.at ? t(`最近一次备份是 ${ago(b.at)}，请尽快备份。`, `The newest backup is of ${ago(b.at)}: make one.`) : t('还没有备份。', 'There is no backup yet.')}</p>`}
      ${b.at && html`<dl class="facts"><div><dt>${t('最近一次', 'Newest')}</dt><dd>${time(b.at)}</dd></div><div><dt>${t('大小', 'Size')}</dt><dd>${bytes(b.bytes)}</dd></div><div><dt>${t('文件', 'File')}</dt><dd><code>${b.newest}</code></dd></div><div><dt>${t('保留份数', 'Kept')}</dt><dd>${count(b.count)}</dd></div></dl>`}
      <${ProblemBox} error=${error} />
      ${running && html`<${Progress} job=${job} id=${id} said=${bytes(job?.done ?? 0)} />`}
      ${job && !running && html`<p class=${job.state === 'done' ? 'good-text' : 'bad-text'} role="status">${job.state === 'done' ? t(`已备份，${bytes(job.result.bytes)}`, `Backed up, ${bytes(job.result.bytes)}`) : job.state === 'cancelled' ? t('已停止，没有留下不完整的文件', 'Stopped; nothing half made is left') : t('备份没有完成', 'The backup did not finish')}</p>`}
      <div class="chips"><button type="button" class="main" disabled=${!b.key || running} onClick=${begin}>${t('立即备份', 'Back up now')}</button></div></section>
    <section class="card stack"><h3>${t('校历', 'Calendar')}</h3>
      ${missing.map((y) => html`<p class="notice" key=${y.year}>${t(`校历中没有 ${y.year} 年的节假日与调休，期限会按普通工作日计算。请在 policies/calendar.yaml 中补充国务院办公厅公布的安排，再载入版本。`, `The calendar has no holidays of ${y.year}: deadlines count every weekday. Add what the State Council announced to policies/calendar.yaml, then reload.`)}</p>`)}
      <ul class="rights">${calendar.map((y) => html`<li><span><b>${y.year}</b></span><span class=${y.known ? 'good-text' : y.wanted ? 'bad-text' : 'hint'}>${y.known ? t('已有节假日与调休', 'holidays known') : y.wanted ? t('缺少', 'missing') : t('尚未公布', 'not announced yet')}</span></li>`)}</ul></section></div>`;
}
