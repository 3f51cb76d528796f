// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A list of any length, fetched page by page with the service's cursor as somebody scrolls.
import { get, query } from './api.js';

const PAGE = 500;

export class Pager {
  constructor(path, params, changed) {
    Object.assign(this, { path, params, changed, rows: [], next: null, total: null, busy: false, error: null, started: false });
    this.stop = new AbortController();
  }

  get hasMore() { return !this.started || this.next !== null; }

  async more() {
    if (this.busy || !this.hasMore || this.stop.signal.aborted) return;
    this.busy = true;
    this.error = null;
    this.changed();
    try {
      const a = await get(query(this.path, { ...this.params, limit: this.started ? PAGE : 60, total: this.started ? undefined : 'true', cursor: this.next }), { signal: this.stop.signal });
      for (const r of a.items) this.rows.push(r);
      this.next = a.next;
      this.total = a.total ?? this.total;
      this.started = true;
    } catch (e) {
      if (e.name === 'AbortError') return;
      this.error = e;
    }
    this.busy = false;
    this.changed();
  }

  // As many rows as a paper takes.
  async fill(most) {
    while (this.rows.length < most && this.hasMore && !this.error) {
      if (this.busy) await new Promise((r) => setTimeout(r, 50));
      else await this.more();
    }
  }

  // Somebody changed this record: shows it anew where it stands, so that nothing jumps.
  async refresh(id) {
    const i = this.rows.findIndex((r) => r.id === id);
    if (i < 0) return false;
    try {
      const r = await get(query(`${this.path}/${id}`, { fields: this.params.fields }), { signal: this.stop.signal });
      if (this.rows[i]?.id === id) this.rows[i] = r;
    } catch (e) {
      if (e.status !== 404) return true;
      this.rows.splice(i, 1);
    }
    this.changed();
    return true;
  }

  close() { this.stop.abort(); }
}
