// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A reporter for `node --test`: names what fails and ends with how many cases (not suites, not
// files) passed, failed and were skipped, alike in node 18 and later.
import { basename } from 'node:path';

export default async function* count(source) {
  let passed = 0, failed = 0, skipped = 0;
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const isFile = data.nesting === 0 && /\.mjs$/.test(data.name) && basename(data.name) === basename(data.file ?? data.name);
    const isGroup = data.details?.type === 'suite' || isFile;
    const error = data.details?.error;
    if (type === 'test:pass') {
      if (isGroup) continue;
      if (data.skip !== undefined || data.todo !== undefined) skipped++;
      else passed++, yield `ok   ${data.name}\n`;
    } else if (!isGroup || error?.failureType !== 'subtestsFailed') {
      if (error?.failureType !== 'subtestsFailed') failed++;
      const cause = error?.cause ?? error;
      yield `FAIL ${data.name}\n${cause?.stack ?? cause ?? ''}\n`;
    }
  }
  yield `#counted ${passed} ${failed} ${skipped}\n`;
}
