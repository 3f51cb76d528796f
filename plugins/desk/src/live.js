// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Server-sent events, read as a stream: every type of event is seen, and where it broke off it goes
// on. Pages subscribe to the records of an entity.
import { app } from './state.js';

const listeners = new Set();
let stop, last, wait = 1000;

// f({ entity, record, rev, state, type }) for every change that this person may see; f({ reset: true })
// when some were missed. Gives the function that ends it.
export function onChange(f) {
  listeners.add(f);
  return () => listeners.delete(f);
}
const tell = (x) => listeners.forEach((f) => f(x));

function status(s) {
  if (app.live === s) return;
  app.live = s;
  app.render();
}

function take(block) {
  let type = 'message', data = '';
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) last = line.slice(4);
    else if (line.startsWith('event: ')) type = line.slice(7);
    else if (line.startsWith('data: ')) data += line.slice(6);
  }
  if (type === 'reset') { last = undefined; tell({ reset: true }); return; }
  if (!data || type === 'bye') return;
  const e = JSON.parse(data), slash = e.subject?.indexOf('/');
  if (slash > 0) tell({ type: e.type, entity: e.subject.slice(0, slash), record: e.subject.slice(slash + 1), rev: e.data?.rev, state: e.data?.state });
}

async function listen(signal) {
  while (!signal.aborted) {
    try {
      const answer = await fetch('/api/v1/events', { signal, headers: last ? { 'Last-Event-ID': last } : {} });
      if (answer.status === 401 || answer.status === 403) return;
      if (!answer.ok) throw new Error(String(answer.status));
      status('on');
      wait = 1000;
      let rest = '';
      for (const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
        const { value, done } = await reader.read();
        if (done) break;
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop();
        blocks.filter(Boolean).forEach(take);
      }
      await new Promise((r) => setTimeout(r, 100 + Math.random() * 300));   // ended by the service: come back
      continue;
    } catch (e) {
      if (signal.aborted) return;
    }
    status('waiting');
    await new Promise((r) => setTimeout(r, wait * (0.75 + Math.random() / 2)));
    wait = Math.min(wait * 2, 30000);
  }
}

export function startLive() {
  stopLive();
  stop = new AbortController();
  listen(stop.signal);
}
export function stopLive() {
  stop?.abort();
  stop = last = undefined;
  app.live = 'off';
}
