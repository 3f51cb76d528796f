// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is on a page, loaded again when something of it changes.
import { useEffect } from './vendor/preact.js';
import { onChange } from './live.js';

// Not too often, when something of these entities changes ("" is any).
export function useFresh(load, names, ms = 800) {
  useEffect(() => {
    let soon;
    const end = onChange((x) => { if (x.reset || names.includes('') || names.includes(x.entity)) soon ??= setTimeout(() => { soon = undefined; load.again(); }, ms); });
    return () => { clearTimeout(soon); end(); };
  }, [names.join()]);
}
