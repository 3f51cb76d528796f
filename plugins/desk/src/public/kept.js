// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What stays on the telephone while this page is open, so that a reload loses nothing: never longer.
const at = (plugin, name) => `campusd.public.${plugin}.${name}`;

export function kept(plugin, name) {
  try { return JSON.parse(sessionStorage.getItem(at(plugin, name))); } catch { return null; }
}
export function keep(plugin, name, value) {
  try {
    if (value === null) sessionStorage.removeItem(at(plugin, name));
    else sessionStorage.setItem(at(plugin, name), JSON.stringify(value));
  } catch { /* a browser that keeps nothing */ }
}

// A code as people type it: in groups, in small letters, O for 0.
export function tidy(typed) {
  const s = typed.trim().replace(/[\s-]/g, ''), plain = s.toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');
  return /^[0-9A-Z]{16}$/.test(plain) ? plain : s;
}
export const grouped = (code) => (/^[0-9A-Z]{16}$/.test(code) ? code.replace(/(.{4})(?=.)/g, '$1 ') : code);

// A key that nobody guesses, also where a page is not served over TLS.
export function unique() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}
