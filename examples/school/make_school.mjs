#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Writes the sample school into its folder: two seasons of 3,000 applicants, leads, a sheet with faults, and
// school.json, the steps by which people of the school take both seasons, and the year's money, to where they stand. The same
// bytes each time.
//
//   node make_school.mjs [FOLDER]
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { BORN, COLUMNS, FAULTS, MAJORS, REGIONS, SEED, applicant, below, line, mobile, name, pick, random, reseed, weighted } from './make_applicants.mjs';
import { RECEIPT, finance } from './make_finance.mjs';
import { personnel } from './make_personnel.mjs';
import { marketing } from './make_marketing.mjs';
import { teaching } from './make_teaching.mjs';
import { operations } from './make_operations.mjs';
import { service } from './make_service.mjs';
import { performance } from './make_performance.mjs';

const folder = argv[2] ?? dirname(fileURLToPath(import.meta.url));
const SEASONS = [2026, 2027], SIZE = 3000, CONVERTED = 60;      // of the 3,000 so many were leads
const CODES = { 软件技术: '510203', 机电一体化技术: '460301', 护理: '520201', 学前教育: '570102', 电子商务: '530701', 汽车检测与维修技术: '500211', 会计: '530302', 酒店管理: '540106', 动漫设计: '550109', 园林技术: '410202' };
const QUOTA = { 软件技术: [50, 25, 40], 机电一体化技术: [45, 20, 35], 护理: [50, 20, 35], 学前教育: [40, 15, 30], 电子商务: [40, 45], 汽车检测与维修技术: [30, 35], 会计: [30, 35], 酒店管理: [20, 25], 动漫设计: [20, 25], 园林技术: [10, 15] };
const ELSEWHERE = '其他省份', CAMPUSES = ['东校区', '西校区'];
const OFFICERS = { 东校区: ['xu.tao', 'he.qing', 'kong.fan', 'bai.xue'], 西校区: ['ma.rui', 'qiu.shi', 'yu.qian'] };
const CHANNELS = [       // name, type, how many come by it of a hundred, what it costs
  ['官方网站', 'online', 22, '12000.00'], ['微信公众号', 'online', 18, '8000.00'], ['招生直播间', 'online', 8, '15000.00'],
  ['清河县初中联盟', 'partner', 14, '20000.00'], ['晴天教育咨询', 'partner', 8, '30000.00'], ['江南职教集团', 'partner', 7, '18000.00'],
  ['校友推荐', 'social', 12, '3000.00'], ['社区与乡镇宣传', 'social', 6, '5000.00'],
];
const ACTIVITIES = [     // code, name, type, month, day; of the season that begins with October
  ['A', '秋季招生咨询会', 'fair', 10, 17], ['B', '校园开放日', 'open_day', 10, 31], ['C', '专业介绍直播', 'live', 11, 14],
  ['D', '县城巡回咨询会', 'fair', 12, 5], ['E', '春季校园开放日', 'open_day', 4, 17], ['F', '志愿填报直播', 'live', 6, 12],
];

// What a school keeps about applicants beside themselves.
function surroundings(a, season) {
  const october = `${season - 1}-10-`, november = `${season - 1}-11-`;
  const day = below(48);                                        // the intake runs from 8 October to 24 November
  const late = season === 2026 && random() < 0.2;               // and last year's went on until June
  const registered_on = late ? `2026-0${1 + below(6)}-${String(1 + below(28)).padStart(2, '0')}`
    : day < 24 ? october + String(8 + day).padStart(2, '0') : november + String(day - 23).padStart(2, '0');
  const channel = weighted([...CHANNELS.map((c) => [c[0], c[2]]), ['', 5]]);
  const [code] = pick(ACTIVITIES.slice(0, 3));
  const at = random() < 0.12 ? `QH${season}${code}` : '';
  return { ...a, season: String(season), registered_on, source: random() < 0.35 ? 'form' : 'staff', officer: pick(OFFICERS[a.campus]), channel, activity: at };
}
const people = {};
reseed(SEED);
for (const season of [2027, 2026]) people[season] = Array.from({ length: SIZE }, () => applicant(season));
for (const season of SEASONS) people[season] = people[season].map((a) => surroundings(a, season));
const csv = (file, columns, rows) => writeFileSync(join(folder, file), columns.join(',') + '\n' + rows.map((r) => line(r, columns)).join(''));
const columns = [...COLUMNS, 'season', 'registered_on', 'source', 'officer', 'channel', 'activity'];
for (const season of SEASONS) csv(`applicants-${season}.csv`, columns, people[season].slice(0, SIZE - CONVERTED));

// Those who asked and have not registered; one in forty asks twice.
function lead(season) {
  const campus = pick(CAMPUSES);
  return { name: name(), phone: mobile(), season: String(season), region: weighted(REGIONS.map((r) => [r[0], r[2]])), interest: weighted(MAJORS),
    education: pick(Object.keys(BORN)), source: 'list', campus, channel: weighted(CHANNELS.map((c) => [c[0], c[2]])),
    activity: random() < 0.3 ? `QH${season}${pick(ACTIVITIES.slice(0, 3))[0]}` : '', officer: pick(OFFICERS[campus]) };
}
// When somebody asked: a day of the season's first seven weeks, by the last digits of the telephone.
const came = (season, phone) => new Date(Date.UTC(season - 1, 9, 8 + (Number(phone.slice(-3)) % 48))).toISOString().slice(0, 10);
const leads = SEASONS.flatMap((season) => Array.from({ length: 300 }, () => lead(season)));
leads.forEach((l, i) => { if (i % 40 === 39) Object.assign(l, { name: leads[i - 7].name, phone: leads[i - 7].phone, season: leads[i - 7].season }); });
for (const l of leads) l.came_on = came(Number(l.season), l.phone);
csv('leads.csv', ['name', 'phone', 'season', 'region', 'came_on', 'interest', 'education', 'source', 'campus', 'channel', 'activity', 'officer'], leads);

// A sheet as it comes in, every fault once, and what is wrong said in the note.
const sheet = Array.from({ length: 40 }, () => ({ ...applicant(2027), season: '2027' }));
FAULTS.forEach(([what, spoil], i) => { const a = sheet[5 + i * 5]; spoil(a, sheet[4 + i * 5]); a.note = what; });
csv('with-faults.csv', [...COLUMNS, 'season'], sheet);

const steps = [];
const A = '/api/v1/admissions', B = '/api/v1/basics';
const filters = (o) => Object.entries(o).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join('&');
const say = (en, zh) => steps.push({ say: { en, zh } });
const post = (as, path, body, keep) => steps.push({ as, post: path, body, keep });
const sheetIn = (entity, file) => steps.push({ post: `${A}/${entity}/import`, file });
// One step for many; refuses: it is for the rule to say who goes on.
const move = (as, step, where, body = {}, more = {}) => steps.push({ as, post: `${A}/applicants/bulk/${step}?${filters(where)}`, body, ...more });
const settle = () => steps.push({ settle: true });
const note = (text) => ({ note: text });

say('years, majors and classes …', '正在建立学年、专业、班级……');
for (const c of CAMPUSES) post('yan.ming', `${B}/campuses`, { name: c, address: `清河县职教路 ${c === '东校区' ? 1 : 88} 号` }, `campus ${c}`);
for (const y of [2025, 2026, 2027]) post('yan.ming', `${B}/school_years`, { name: `${y}-${y + 1}`, starts_on: `${y}-09-01`, ends_on: `${y + 1}-07-10` }, `year ${y}`);
for (const [n, y, from, to] of [[1, 2026, '2026-09-01', '2027-01-22'], [2, 2026, '2027-03-01', '2027-07-10'], [1, 2027, '2027-09-01', '2028-01-21']])
  post('yan.ming', `${B}/terms`, { school_year: `{{year ${y}}}`, name: `${y}-${y + 1}-${n}`, number: n, starts_on: from, ends_on: to });
for (const [m] of MAJORS) post('yan.ming', `${B}/majors`, { code: CODES[m], name: m, years: 3, tuition: '6500.00' }, `major ${m}`);
for (const [m] of MAJORS) for (const c of CAMPUSES)
  post('yan.ming', `${B}/classes`, { name: `${m}2601${c[0]}`, major: `{{major ${m}}}`, school_year: '{{year 2026}}', campus: `{{campus ${c}}}`, capacity: 60 }, `class ${m} ${c}`);

say('plans, channels, events and leads …', '正在建立招生计划、渠道、活动、线索……');
const regions = (m) => QUOTA[m].length === 3 ? ['浙江', '安徽', ELSEWHERE] : ['浙江', ELSEWHERE];
const lines = MAJORS.flatMap(([m]) => regions(m).map((region, i) => ({ major: m, region, quota: QUOTA[m][i], key: `${m}·${region}` })));
for (const season of SEASONS) {
  post('lin.mei', `${A}/plans`, { season: String(season), name: `${season} 年招生计划`, headcount: lines.reduce((n, l) => n + l.quota, 0),
    rests_on_development: '《清河职业学校事业发展规划（2025—2030）》第三章：办学规模与专业布局', rests_on_demand: '本市人社局技能人才需求目录与本校近三年生源、就业分析',
    strategy: '稳住省内生源，扩大护理与软件专业，省外以安徽为主', lines: lines.map((l) => ({ major: `{{major ${l.major}}}`, major_name: l.major, region: l.region, quota: l.quota })) }, `plan ${season}`);
  post('lin.mei', `${A}/plans/{{plan ${season}}}/submit`, {});
  post('zhou.lan', `${A}/plans/{{plan ${season}}}/approve`, { approval: { note: '同意' } });
}
for (const [n, type, , cost] of CHANNELS) {
  const agreed = type === 'partner' ? { partner: n, contact: `${name()}老师`, agreement_number: `QH-HZ-${1 + below(90)}`, agreed_from: '2025-09-01', agreed_until: '2027-08-31',
    rights: '甲方提供招生宣传资料并接受核验；乙方推荐生源', duties: '乙方如实宣传，不收取任何报名费用，不按人头计酬' } : {};
  post('lin.mei', `${A}/channels`, { name: n, type, officer: '{{lin.mei}}', analysis: '见年度生源分析', pays: type === 'social' ? 'nothing' : 'fixed', cost, ...agreed }, `channel ${n}`);
  post('lin.mei', `${A}/channels/{{channel ${n}}}/activate`, {});
}
for (const season of SEASONS) ACTIVITIES.forEach(([code, n, type, month, day], i) => {
  const on = `${month > 9 ? season - 1 : season}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`, key = `QH${season}${code}`, at = `${A}/activities/{{${key}}}`;
  const over = season === 2026 || i < 3, [east, west] = [OFFICERS['东校区'][i % 4], OFFICERS['西校区'][i % 3]];
  post('lin.mei', `${A}/activities`, { name: `${season} ${n}`, type, season: String(season), capture_code: key, officer: `{{${east}}}`, budget: '6000.00', channel: type === 'live' ? '{{channel 招生直播间}}' : undefined }, key);
  if (season === 2027 && i === 5) return;                       // planned, and no more
  post('lin.mei', `${at}/prepare`, { starts_at: `${on}T01:00:00Z`, ends_at: `${on}T08:00:00Z`, place: type === 'live' ? '直播间' : i % 2 ? '东校区体育馆' : '清河县文化广场', content: '专业介绍、政策咨询、现场登记',
    form: type === 'live' ? 'online' : 'on_site', roster: [{ person: `{{${east}}}`, duty: '咨询' }, { person: `{{${west}}}`, duty: '登记' }] });
  if (!over) return;
  post('lin.mei', `${at}/hold`, { spent: `${3000 + below(30) * 100}.00` });
  if (season === 2026) post('lin.mei', `${at}/review`, { lessons: '下午人少，明年提前半天；省外家长多问住宿，备一页说明。' });
});
settle();
steps.push({ as: 'lin.mei', find: `${A}/plan_lines?limit=500`, keep: 'line {season} {name}' });
for (const season of SEASONS) {
  for (const [c, list] of Object.entries(OFFICERS)) for (const o of list)
    post('lin.mei', `${A}/targets`, { season: String(season), plan: `{{plan ${season}}}`, officer: `{{${o}}}`, leads: 45, applicants: c === '东校区' ? 450 : 400, confirmed: c === '东校区' ? 110 : 95 });
  for (const [n, , share] of CHANNELS) post('lin.mei', `${A}/targets`, { season: String(season), plan: `{{plan ${season}}}`, channel: `{{channel ${n}}}`, applicants: share * 30, confirmed: share * 7 });
}
sheetIn('leads', 'leads.csv');

say('applicants of two seasons …', '正在导入两个年度的报名学生……');
for (const season of [2027, 2026]) {                             // a list begins with what came in first: this year's
  sheetIn('applicants', `applicants-${season}.csv`);
  people[season].slice(SIZE - CONVERTED).forEach((a, i) => {
    const as = a.officer, key = `lead ${season} ${i}`, same = { region: a.region, education: a.education, campus: a.campus, season: a.season, name: a.name, phone: a.phone };
    post(as, `${A}/leads`, { ...same, came_on: new Date(Date.parse(a.registered_on) - (1 + (i % 9)) * 864e5).toISOString().slice(0, 10), interest: a.major, officer: `{{${as}}}`, channel: a.channel ? `{{channel ${a.channel}}}` : undefined, activity: a.activity ? `{{${a.activity}}}` : undefined }, key);
    if (i % 3 === 0) post(as, `${A}/contacts`, { lead: `{{${key}}}`, asked: '学费、住宿与实习单位', answered: '已说明收费公示与住宿安排，邀请到校参观' });
    post(as, `${A}/actions/convert`, { lead: `{{${key}}}`, id_number: a.id_number, birth_date: a.birth_date, registered_on: a.registered_on, score: a.score || undefined, health_note: a.health_note || undefined });
  });
}
const forLeads = (step, where, body = {}) => steps.push({ as: 'lin.mei', post: `${A}/leads/bulk/${step}?${filters(where)}`, body });
settle();
forLeads('lose', { season: 2026, state: 'new' }, note('已在他校报名'));
forLeads('touch', { season: 2027, state: 'new', 'education[in]': 'junior,senior' });

// The rule eligible, as far as the sample's policy asks: where a line's seats end must be known beforehand.
const LEAST = { junior: 280, senior: 300, vocational: 260, college: 0 };
function isEligible(a) {
  const age = 2027 - a.birth_date.slice(0, 4) - (a.birth_date.slice(5) > '09-01' ? 1 : 0);
  return age >= 15 && age <= 25 && Number(a.score) >= LEAST[a.education] && !a.health_note.includes('严重心脏病');
}
const regionsOf = (l) => l.region !== ELSEWHERE ? [l.region] : REGIONS.map((r) => r[0]).filter((r) => !regions(l.major).includes(r));
const WANTED = ['护理·浙江', '学前教育·浙江'];                    // full already in the middle of the season
// Seats of each line to the best, those with a college behind them first: they bring no score.
function admit(season, until, share) {
  for (const l of lines) {
    const there = people[season].filter((a) => a.major === l.major && regionsOf(l).includes(a.region) && a.registered_on <= until && isEligible(a));
    const full = share === 1 || WANTED.includes(l.key), seats = full ? l.quota : Math.floor(l.quota * share), where = { season, state: 'eligible', major: l.major, 'region[in]': regionsOf(l).join(',') }, seat = { plan_line: `{{line ${season} ${l.key}}}` };
    const college = there.filter((a) => a.education === 'college').length;
    if (college) move('lin.mei', 'admit', { ...where, education: 'college' }, seat);
    const scores = there.filter((a) => a.score !== '').map((a) => Number(a.score)).sort((a, b) => b - a), left = Math.max(seats - college, 0);
    const least = scores[left - 1] === scores[left] ? scores.slice(0, left).filter((s) => s > scores[left]).at(-1) : scores[Math.min(left, scores.length) - 1];
    if (least !== undefined) move('lin.mei', 'admit', { ...where, 'score[gte]': least }, seat);
    if (full && scores.length > left) move('lin.mei', 'wait', where, { ...seat, waits_since: season === 2026 ? '2026-07-05' : '2026-11-20' });
  }
}
// What is told to come on a day is told once.
function notices(season, day, where) {
  for (const c of CAMPUSES) move('lin.mei', 'send_notice', { season, state: 'admitted', campus: c, ...where }, { report_on: day, report_place: `${c}体育馆` });
  steps.push({ as: 'lin.mei', post: `${A}/applicants/documents/notice?${filters({ state: 'notified', report_on: day })}`, body: { purpose: '发放录取通知书', print: false } });
}

say('last season, to its end …', '正在推演上一年度……');
const rule = { refuses: true };
move('lin.mei', 'assess', { season: 2026 }, {}, rule);
move('lin.mei', 'qualify', { season: 2026 });
move('lin.mei', 'withdraw', { season: 2026, state: 'registered', 'score[lt]': 225 }, note('改报他校'));
move('lin.mei', 'propose_refusal', { season: 2026, state: 'registered' }, note('不符合报名条件，见资格判定'));
move('qian.yu', 'refuse', { season: 2026 }, note('复核属实'));
admit(2026, '2026-12-31', 1);
notices(2026, '2026-09-01', {});
move('lin.mei', 'decline', { season: 2026, state: 'notified', 'score[gte]': 645 });
move('lin.mei', 'lapse', { season: 2026, 'score[gte]': 600, 'score[lt]': 606 });
move('lin.mei', 'confirm', { season: 2026 });
move('lin.mei', 'not_arrived', { season: 2026, 'score[gte]': 570, 'score[lt]': 578 }, note('三日内未报到，已电话确认'));
settle();                                                        // the waiting list moves
notices(2026, '2026-09-08', {});
move('lin.mei', 'confirm', { season: 2026 });
move('lin.mei', 'decline', { season: 2026, state: 'waiting' });                       // and is closed
for (const [m] of MAJORS) for (const c of CAMPUSES) move('lin.mei', 'arrive', { season: 2026, major: m, campus: c }, { class: `{{class ${m} ${c}}}`, originals_checked: true });
post('lin.mei', `${A}/plans/{{plan 2026}}/complete`, note('全部报到，计划完成情况见年度总结'));
post('lin.mei', `${A}/summaries`, { season: '2026', results: '报名 3,000 人，各分项均已录满，报到率约九成五。', analysis: '省内生源约四成；微信公众号与官方网站合计带来约四成报名。', lessons: '高分考生放弃较多，候补须提前备足；省外咨询集中在晚间。' });

say('this season, to its middle …', '正在推演本年度……');
const by = (day) => ({ season: 2027, 'registered_on[lte]': `2026-${day}` });
move('lin.mei', 'assess', by('11-16'), {}, rule);
move('lin.mei', 'qualify', by('11-12'));
move('lin.mei', 'ask_exception', { season: 2027, state: 'reviewing', 'score[gte]': 640 }, note('技能大赛获奖，申请特批'));
move('xu.tao', 'propose_refusal', { ...by('11-05'), state: 'registered', 'score[lt]': 255 }, note('成绩低于最低线'));
move('lin.mei', 'propose_refusal', { ...by('11-05'), state: 'registered', 'score[gte]': 255, 'score[lt]': 300 }, note('不符合报名条件，见资格判定'));
move('qian.yu', 'refuse', { ...by('11-01') }, note('复核属实'));
move('lin.mei', 'withdraw', { ...by('11-12'), state: 'eligible', 'score[gte]': 655 }, note('已被本科院校录取'));
admit(2027, '2026-11-12', 0.6);
notices(2027, '2027-09-01', { 'registered_on[lte]': '2026-10-20' });
move('lin.mei', 'confirm', by('10-15'));
move('lin.mei', 'decline', { season: 2027, state: 'notified', 'score[gte]': 630 });
settle();

writeFileSync(join(folder, 'receipt.pdf'), RECEIPT);
finance(steps, SEED + 1);
personnel(steps, SEED + 2);
marketing(steps);
teaching(steps);
operations(steps);
service(steps, SEED + 5);
performance(steps);
const text = `{"steps": [\n${steps.map((s) => JSON.stringify(s)).join(',\n')}\n]}\n`;
writeFileSync(join(folder, 'school.json'), text);
