// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// examples/walkthrough.sh: the season with curl, to its end (ADM-1, ADM-3 to ADM-8).
// backend: sqlite
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { binary, root } from '../lib/server.mjs';

test('the walkthrough meets no surprise', { timeout: 300000 }, () => {
  const r = spawnSync(join(root, 'examples/walkthrough.sh'), [dirname(binary)], { encoding: 'utf8', cwd: root, timeout: 290000 });
  assert.equal(r.status, 0, `${r.stdout}\n${r.stderr}`);
  assert.match(r.stdout, /the season went as it should/);
});
