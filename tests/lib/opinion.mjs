// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A department that asks: students about a course, without a name; colleagues by name; raters about a
// candidate; and that keeps a log of whom it talked to.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './server.mjs';

const PLUGIN = `local field = campus.field
local named = { name = field.text { title = { zh = "名称", en = "Name" }, required = true } }
local courses = campus.entity { title = { zh = "课程", en = "Courses" }, fields = named }
local candidates = campus.entity { title = { zh = "应聘人", en = "Candidates" }, subject = "self", fields = named }
local questions = {
  { name = "clear", title = { zh = "讲解清楚", en = "It was clear" }, type = "scale", weight = 60 },
  { name = "useful", title = { zh = "有用", en = "It was useful" }, weight = 40 },
  { name = "pace", title = { zh = "进度", en = "Pace" }, type = "choice", choices = { "slow", "right", "fast" } },
  { name = "remark", title = { zh = "意见", en = "Remark" }, type = "text", max = 200 },
}
return { version = "1.0.0", title = { zh = "评价", en = "Opinion" },
  entities = { courses = courses, candidates = candidates,
    talks = campus.contact_log { about = { candidate = field.reference "candidates" } } },
  messages = { invited = campus.message { title = { zh = "评教", en = "Please say" }, entity = "teaching_links", to = "phone", channels = "sms",
    text = { zh = "请评教：https://school.example/public/opinion/teaching#{code}", en = "https://school.example/public/opinion/teaching#{code}" } } },
  surveys = {
    teaching = campus.survey { title = { zh = "评教", en = "Evaluation of teaching" }, about = "courses", questions = questions,
      anonymous = true, min_respondents = 3, invite = "invited", serves = { "TCH-6" },
      consent = { zh = "不记名。", en = "No name is kept." } },
    signed = campus.survey { title = { zh = "记名问卷", en = "Signed" }, anonymous = false, min_respondents = "policy:least",
      questions = { { name = "mark" }, { name = "why", type = "text" } } },
  },
  scorecards = { interview = campus.scorecard { title = { zh = "面试评分", en = "Interview" }, about = "candidates",
    criteria = { { name = "skill", title = { zh = "专业", en = "Skill" } }, { name = "manner", max = 5 } }, weights = "policy:interview", min_raters = 2 } },
}
`;
const SCHEMA = `policy: opinion
keys:
  least: { type: integer, min: 1, default: 2 }
  interview: { type: weights, default: { skill: 70, manner: 30 } }
`;
const BOTH = (what) => `[opinion.teaching_${what}, opinion.signed_${what}]`;
const ACCESS = `
  - { name: courses and candidates, allow: [read, create, update], entity: [opinion.courses, opinion.candidates], roles: [admissions.lead, teacher] }
  - { name: talks are noted, allow: [read, create, update], entity: opinion.talks, roles: [admissions.lead] }
  - { name: rounds are kept, allow: [read, create, update, open, close, history], entity: ${BOTH('rounds')}, roles: [admissions.lead] }
  - { name: links are handed out, allow: [read, create, update, import, reveal, history], entity: ${BOTH('links')}, roles: [admissions.lead] }
  - { name: links are sent, allow: [send], entity: opinion.teaching_links, roles: [admissions.lead] }
  - { name: answers are read, allow: [read, history, export], entity: ${BOTH('answers')}, roles: [admissions.lead] }
  - { name: links are made, permissions: [opinion.actions.teaching_issue, opinion.actions.signed_issue, opinion.exports.teaching_codes, opinion.exports.signed_codes], roles: [admissions.lead] }
  - { name: the public answers by a code, allow: [read, search, answer], entity: ${BOTH('links')}, roles: [public], fields: { only: [code] } }
  - { name: the public sees what it is asked about, allow: [read], entity: ${BOTH('rounds')}, roles: [public], fields: { only: [title] } }
  - { name: raters of candidates fill in their own cards, allow: [read, create, update, submit], entity: opinion.interview_cards, roles: [teacher], when: { rater: $actor } }
  - { name: cards are looked at, allow: [read], entity: opinion.interview_cards, roles: [admissions.lead] }
`;

export function install(server, { plugin = PLUGIN, policy } = {}) {
  const dir = join(server.home, 'plugins/opinion');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), plugin);
  writeFileSync(join(dir, 'policy.schema.yaml'), SCHEMA);
  if (policy) writeFileSync(join(server.home, 'policies/opinion.yaml'), policy);
  writeFileSync(join(server.home, 'policies/access.yaml'), readFileSync(join(root, 'policies/access.yaml'), 'utf8') + ACCESS);
  return server.run(['reload']);
}
export { PLUGIN };

// A round that is open, and the codes of n links of it.
export async function round(keeper, survey, n, fields = {}) {
  const made = await keeper.ok('POST', `opinion/${survey}_rounds`, { title: '一轮', ...fields });
  await keeper.ok('POST', `opinion/actions/${survey}_issue`, { round: made.id, count: n });
  await keeper.ok('POST', `opinion/${survey}_rounds/${made.id}/open`, {});
  const csv = await keeper.get(`opinion/exports/${survey}_codes?format=csv&round=${made.id}`);
  const codes = csv.text.match(/\b[0-9A-HJKMNP-TV-Z]{16}\b/g) ?? [];
  return { ...made, codes };
}
