// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The five minutes of README.md, typed as they stand there into a shell.
import { test } from 'node:test';
import { typed } from '../lib/typed.mjs';

test('the tour of README.md goes as it is printed there', { timeout: 300000 }, () => typed('README.md', 'Five minutes', {
  least: 20,
  rewrite: (c) => c.startsWith('campusd decision explain')
    ? `campusd decision explain $(grep -oh '"decision":"[^"]*' out.* | tail -n 1 | cut -c13-)` : c,
}));
