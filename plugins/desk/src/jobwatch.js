// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Long work followed to its end, with how far it is and a way to stop it.
import { html, useEffect, useState } from './vendor/preact.js';
import { api, get } from './api.js';
import { t } from './i18n.js';
import { problemText, toast } from './ui.js';
import { count } from './format.js';

const KINDS = { import: ['导入', 'Import'], bulk: ['批量办理', 'One step for many'], documents: ['批量文书', 'Documents'], lab: ['制度推演', 'Policy trial'], backup: ['备份', 'Backup'],
  'key.rotate': ['更换密钥', 'Key rotation'], 'search.index': ['建立检索', 'Search index'] };
export const jobName = (kind) => t(...(KINDS[kind] ?? [kind, kind]));
export const isOpen = (job) => ['queued', 'running'].includes(job.state);

// It ends between two slices: until then it says that it is about to.
export function Stop({ id, done = () => {} }) {
  const [asked, ask] = useState(false);
  const stop = () => { ask(true); api('DELETE', `jobs/${id}`).then(done, (x) => { ask(false); if (x.status !== 404) toast(problemText(x), 'bad'); done(); }); };
  return html`<button type="button" class="plain" disabled=${asked} onClick=${stop}>${asked ? t('正在停止…', 'Stopping…') : t('停止', 'Stop')}</button>`;
}

// Follows a job to its end.
export function useJob(id) {
  const [job, set] = useState(null), [error, setError] = useState(null);
  useEffect(() => {
    set(null);
    setError(null);
    if (!id) return undefined;
    let timer, over = false;
    const ask = async (wait) => {
      try {
        const j = await get(`jobs/${id}`);
        if (over) return;
        set(j);
        if (isOpen(j)) timer = setTimeout(() => ask(Math.min(wait * 1.4, 1500)), wait);
      } catch (x) { if (!over) setError(x); }
    };
    ask(150);
    return () => { over = true; clearTimeout(timer); };
  }, [id]);
  return { job, error, running: !!id && !error && (!job || isOpen(job)) };
}

// past: how far it has come, with what was refused; said: in words.
export function Progress({ job, id, past = job?.done ?? 0, said = t(`已处理 ${count(past)} 行`, `${count(past)} rows done`) }) {
  const total = job?.total || 0;
  return html`<div class="stack" role="status"><progress max=${total || undefined} value=${total ? past : undefined} aria-label=${t('进度', 'Progress')}></progress>
    <p>${said}${total ? ` / ${count(total)}` : ''}
      <${Stop} id=${id} /></p></div>`;
}
