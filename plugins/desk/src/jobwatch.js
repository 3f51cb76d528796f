// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Long work followed to its end, with how far it is and a way to stop it.
import { html, useEffect, useState } from './vendor/preact.js';
import { api, get } from './api.js';
import { t } from './i18n.js';
import { count } from './format.js';

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
        if (['queued', 'running'].includes(j.state)) timer = setTimeout(() => ask(Math.min(wait * 1.4, 1500)), wait);
      } catch (x) { if (!over) setError(x); }
    };
    ask(150);
    return () => { over = true; clearTimeout(timer); };
  }, [id]);
  return { job, error, running: !!id && !error && (!job || ['queued', 'running'].includes(job.state)) };
}

export function Progress({ job, id }) {
  const total = job?.total || 0;
  return html`<div class="stack" role="status"><progress max=${total || undefined} value=${total ? job.done : undefined} aria-label=${t('进度', 'Progress')}></progress>
    <p>${t(`已处理 ${count(job?.done ?? 0)} 行`, `${count(job?.done ?? 0)} rows done`)}${total ? ` / ${count(total)}` : ''}
      <button type="button" class="plain" onClick=${() => api('DELETE', `jobs/${id}`).catch(() => {})}>${t('停止', 'Stop')}</button></p></div>`;
}
