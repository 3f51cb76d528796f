// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The author's guide, plugins/README.md: its commands are typed as they stand there, and what it shows of the worked
// example is what the example says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/server.mjs'; // backend: sqlite
import { typed } from '../lib/typed.mjs';

test('the guide builds the canteen as it is printed there', { timeout: 300000 }, () => typed('plugins/README.md', 'From nothing: the canteen', {
  links: ['examples', 'policies'], least: 12,
}));

test('what the guide shows of the canteen stands in its files', () => {
  const section = readFileSync(join(root, 'plugins/README.md'), 'utf8').split('\n## From nothing: the canteen\n')[1].split('\n## ')[0];
  const blocks = [...section.matchAll(/```(?:lua|yaml)\n(?:--|#) (\S+)\n([^]*?)```/g)];
  assert.ok(blocks.length >= 4);
  for (const [, file, text] of blocks) {
    const whole = readFileSync(join(root, 'examples/plugins/canteen', file), 'utf8').replace(/\s+/g, ' ');
    for (const part of text.split('…')) assert.ok(whole.includes(part.trim().replace(/\s+/g, ' ')), `${file}: ${part}`);
  }
});
