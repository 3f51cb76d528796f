// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// An approved admission plan for tests: lines that seats are taken from, made as a school makes them.
import assert from 'node:assert/strict';
import { eventually } from './server.mjs';

let serial = 0;

// lines: [{ region, quota, major_name }] -> the plan lines, in that order.
export async function approvedPlan(server, lines, { season = '2027' } = {}) {
  const n = ++serial;
  const teaching = await server.bearer(`plan.teaching${n}`, ['teaching.lead']);
  const author = await server.bearer(`plan.author${n}`, ['admissions.lead']), leader = await server.bearer(`plan.leader${n}`, ['principal']);
  const majors = {};
  for (const { major_name: name = '护理' } of lines)
    majors[name] ??= (await teaching.ok('POST', 'basics/majors', { code: `T${n}${Object.keys(majors).length}`, name, years: 3 })).id;
  const full = lines.map(({ major_name = '护理', region = '河北', quota }) => ({ major: majors[major_name], major_name, region, quota }));
  const plan = await author.ok('POST', 'admissions/plans', { season, name: `${season} 年招生计划 ${n}`, rests_on_development: '发展规划',
    rests_on_demand: '需求调查', strategy: '稳住本地', headcount: full.reduce((t, l) => t + l.quota, 0), lines: full });
  await author.ok('POST', `admissions/plans/${plan.id}/submit`, {});
  const done = await leader.ok('POST', `admissions/plans/${plan.id}/approve`, { approval: { note: '同意' } });
  assert.equal(done.state, 'approved');
  const made = await linesOf(author, plan.id, full.length);
  return Object.assign(full.map((l) => made.find((m) => m.region === l.region && m.major === l.major)), { plan, author, leader, teaching });
}

// They come of the approval by themselves.
export function linesOf(who, plan, n) {
  return eventually(async () => {
    const { items } = await who.ok('GET', `admissions/plan_lines?plan=${plan}&limit=500`);
    assert.equal(items.length, n);
    return items;
  }, 15000);
}
