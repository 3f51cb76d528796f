// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A time on the school's clock as an instant: found by asking which offset shows it. What is no time
// comes back as it is.
export function instant(local, zone) {
  const guess = Date.parse(`${local}:00Z`);
  if (Number.isNaN(guess)) return local;
  const shown = Date.parse(`${new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(guess).replace(' ', 'T')}Z`);
  return new Date(guess - (shown - guess)).toISOString();
}
