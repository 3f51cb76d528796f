#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Applicants that look real and are nobody: surnames as frequent as they are, identity numbers with a
// right check digit and a birth date that agrees, but of counties that do not exist (code 99), mobiles of
// blocks given out to nobody. The same arguments give the same bytes.
//
//   node make_applicants.mjs [ROWS] [--seed N] [--bad] > applicants.csv
//
// --bad spoils one row in a hundred (check digit, impossible date, unknown education, repeated identity
// number, mobile too short, score above 750, an empty name) and names the fault in the note.
import { argv, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';

export const SEED = 20270901;
let state;
export function reseed(n) { state = n >>> 0; }
export function random() {               // mulberry32
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
export const below = n => Math.floor(random() * n);
export const pick = list => list[below(list.length)];
// [value, weight] pairs
export function weighted(pairs) {
  let at = random() * pairs.reduce((sum, p) => sum + p[1], 0);
  for (const [value, weight] of pairs) if ((at -= weight) < 0) return value;
  return pairs[0][0];
}
export const two = n => String(n).padStart(2, '0');

// The hundred most frequent in their order, by the Ministry of Public Security's report on names of 2020; how many bear each,
// in ten thousands: told for the first, and from the twenty-third on down to the hundredth's 275 along a curve.
const BEARERS = [10150, 10090, 9540, 7210, 6330, 4620, 3370, 2860, 2780, 2680, 2020, 1940, 1910, 1810, 1650, 1580, 1480, 1410, 1420, 1400, 1100, 1010];
const SURNAMES = [...'王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严'].map((c, i) => [c, BEARERS[i] ?? 980 * ((i + 1) / 23) ** -0.865]);
const DOUBLE = ['欧阳', '上官', '诸葛', '司马', '令狐'];
const GIVEN = '伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英文华建国玉兰欣怡子涵浩然宇轩梓萱思远雨桐嘉懿晨曦若曦博雅俊熙诗涵天佑可馨佳琪一诺沐辰语嫣泽宇'.split('');
export const REGIONS = [                        // name, division code, weight
  ['浙江', ['330199', '330299', '330399', '330499', '330599'], 40], ['安徽', ['340199', '341299', '341599'], 16],
  ['江苏', ['320199', '320399', '320999'], 10], ['江西', ['360199', '360799', '361199'], 9], ['河南', ['410199', '411499', '411699'], 8],
  ['福建', ['350199', '350799'], 5], ['湖北', ['420199', '421099'], 4], ['湖南', ['430199', '430599'], 4], ['四川', ['510199', '511399'], 3],
  ['贵州', ['520199', '520399'], 3], ['云南', ['530199', '530399'], 2], ['甘肃', ['620199', '620599'], 1], ['新疆', ['650199'], 1],
];
export const MAJORS = [['软件技术', 9], ['机电一体化技术', 8], ['护理', 8], ['学前教育', 7], ['电子商务', 7], ['汽车检测与维修技术', 5], ['会计', 5], ['酒店管理', 3], ['动漫设计', 3], ['园林技术', 1]];
const EDUCATION = [['junior', 55], ['senior', 28], ['vocational', 14], ['college', 3]];
export const BORN = { junior: 2011, senior: 2008, vocational: 2008, college: 2005 };      // usual year for an intake of 2027
const CAMPUSES = [['东校区', 60], ['西校区', 40]];
const HEALTH = [['', 88], ['轻度近视', 5], ['青霉素过敏', 3], ['哮喘，随身带药', 2], ['曾骨折，已愈', 1.5], ['严重心脏病', 0.5]];
const BLOCKS = ['142', '143', '154'];         // given out to nobody
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

const check = body => '10X98765432'[[...body].reduce((sum, c, i) => sum + c * WEIGHTS[i], 0) % 11];
export const mobile = () => pick(BLOCKS) + String(below(1e8)).padStart(8, '0');
const seen = new Set();

function identity(codes, birth) {
  for (;;) {
    const body = pick(codes) + birth.replaceAll('-', '') + String(1 + below(998)).padStart(3, '0');
    if (seen.has(body)) continue;
    seen.add(body);
    return body + check(body);
  }
}

export function name() {
  const surname = random() < 0.01 ? pick(DOUBLE) : weighted(SURNAMES);
  return surname + pick(GIVEN) + (random() < 0.78 ? pick(GIVEN) : '');
}

// For the intake of a year.
export function applicant(intake = 2027) {
  const education = weighted(EDUCATION);
  const [region, codes] = weighted(REGIONS.map(r => [r, r[2]]));
  const year = BORN[education] + intake - 2027 + weighted([[0, 60], [-1, 20], [1, 15], [-2, 4], [-9, 1]]);
  const birth = `${year}-${two(1 + below(12))}-${two(1 + below(28))}`;
  const called = name();
  // two dice make a hump
  const score = education === 'college' ? '' : (200 + (below(2501) + below(2501)) / 10).toFixed(1);
  return {
    name: called, id_number: identity(codes, birth), birth_date: birth, education, health_note: weighted(HEALTH), region,
    major: weighted(MAJORS), phone: mobile(), guardian_phone: random() < 0.9 ? mobile() : '', campus: weighted(CAMPUSES), score, note: '',
  };
}

export const FAULTS = [               // what is wrong, and how a row becomes so; former: one before it
  ['身份证校验码有误', a => { a.id_number = a.id_number.slice(0, 17) + (a.id_number[17] === '0' ? '1' : '0'); }],
  ['出生日期不存在', a => { a.birth_date = a.birth_date.slice(0, 4) + '-02-30'; }],
  ['学历不在选项中', a => { a.education = 'primary'; }],
  ['身份证重复', (a, former) => { a.id_number = former.id_number; }],
  ['手机号位数不足', a => { a.phone = a.phone.slice(0, 10); }],
  ['成绩超过满分', a => { a.score = '751.0'; }],
  ['姓名为空', a => { a.name = ''; }],
];

export const COLUMNS = ['name', 'id_number', 'birth_date', 'education', 'health_note', 'region', 'major', 'phone', 'guardian_phone', 'campus', 'score', 'note'];
const cell = s => /[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
export const line = (a, columns = COLUMNS) => columns.map(c => cell(a[c])).join(',') + '\n';

reseed(SEED);
if (import.meta.url === pathToFileURL(argv[1]).href) {
  const args = argv.slice(2), bad = args.includes('--bad'), seedAt = args.indexOf('--seed');
  const rows = Number(args.find((a, i) => /^\d+$/.test(a) && args[i - 1] !== '--seed') ?? 3000);
  if (seedAt >= 0) reseed(Number(args[seedAt + 1]));
  let out = COLUMNS.join(',') + '\n', former = null;
  for (let i = 0; i < rows; i++) {
    const a = applicant();
    if (bad && i % 100 === 50) {
      const [what, spoil] = FAULTS[Math.floor(i / 100) % FAULTS.length];
      spoil(a, former);
      a.note = what;
    } else former = a;
    out += line(a);
    if (out.length > 1 << 16) { stdout.write(out); out = ''; }
  }
  stdout.write(out);
}
