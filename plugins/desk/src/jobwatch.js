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

// past: how far it has come, with what was refused; said: in words.
export function Progress({ job, id, past = job?.done ?? 0, said = t(`已处理 ${count(past)} 行`, `${count(past)} rows done`) }) {
  const total = job?.total || 0;
  return html`<div class="stack" role="status"><progress max=${total || undefined} value=${total ? past : undefined} aria-label=${t('进度', 'Progress')}></progress>
    <p>${said}${total ? ` / ${count(total)}` : ''}
      <button type="button" class="plain" onClick=${() => api('DELETE', `jobs/${id}`).catch(() => {})}>${t('停止', 'Stop')}</button></p></div>`;
}
