// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A year of personnel: a recruitment plan on its way from the head's wish to the first day at work, candidates in every
// stage, contracts, one that soon ends; courses, the training plan, sessions that were held and files that fill up. Behind
// finance, whose line of the budget the training rests on. make_school.mjs writes these steps.
import { mobile, reseed } from './make_applicants.mjs';

const P = '/api/v1/personnel';
const STAFF = [        // who, name, department, post, category
  ['yan.ming', '严明', '教学支持组', '教学支持组组长', 'management'], ['lin.mei', '林梅', '招生组', '招生主管', 'management'], ['zhong.ling', '钟玲', '教学支持组', '语文教师', 'teaching'],
  ['fu.qiang', '付强', '教学支持组', '汽修实训教师', 'teaching'], ['dai.min', '戴敏', '教学支持组', '护理教师', 'teaching'], ['luo.ying', '罗颖', '客户服务组', '客户服务专员', 'service'],
  ['gao.fei', '高飞', '市场推广组', '推广专员', 'service'], ['shi.lei', '石磊', '综合办公室', '人事专员', 'service'],
];
const LINES = [        // post, department, category, seats, least education, conditions, head
  ['软件技术专业教师', '教学支持组', 'teaching', 2, 'bachelor', '计算机类专业，两年以上企业开发经历，有高校教师资格者优先', 'yan.ming'],
  ['护理实训指导教师', '教学支持组', 'teaching', 1, 'bachelor', '护理专业，护士执业证书，三年以上临床经历', 'yan.ming'],
  ['招生专员', '招生组', 'service', 1, 'college', '表达能力强，能适应出差', 'lin.mei'],
];
const CANDIDATES = [   // name, posting, education, school, screening, written; the panel's points of ten
  ['苗雨', '官网', 'master', '江南理工大学 软件工程', 88, 84, 9], ['柯成', '招聘网', 'bachelor', '东海大学 计算机科学', 80, 76, 8], ['祝安', '校招', 'master', '江南理工大学 人工智能', 75, 72, 7],
  ['阮洁', '招聘网', 'bachelor', '滨江学院 软件工程', 70, 66], ['路平', '官网', 'bachelor', '东海大学 网络工程', 66], ['庄敏', '校招', 'bachelor', '滨江学院 信息管理'], ['尤佳', '招聘网', 'college', '清河职业学校 软件技术'],
];
const COURSES = [      // name, kind, hours, audience, day before today, trainer's kind and account
  ['职业教育法与师德规范', 'law', '4', '全体教职工', 40, 'leader', 'fang.jie'], ['校史与校园文化', 'culture', '2', '新入职人员', 25, 'leader', 'qian.yu'],
  ['课程思政与教学设计', 'business', '8', '教学岗', 12, 'expert', ''], ['实训设备安全操作', 'skills', '4', '实训教师', -10, 'key_staff', 'fu.qiang'],
];

export function personnel(steps, seed) {
  const say = (en, zh) => steps.push({ say: { en, zh } }), settle = () => steps.push({ settle: true });
  const post = (as, path, body = {}, keep = undefined) => steps.push({ as, post: `${P}/${path}`, body, keep });
  const find = (path, keep) => steps.push({ as: 'deng.xin', find: `${P}/${path}`, keep });
  const hr = (path, body, keep) => post('deng.xin', path, body, keep);
  const sign = (entity) => ['qian.yu', 'zhou.lan'].forEach((who) => post(who, `${entity}/approve`, { approval: { note: '同意' } }));
  reseed(seed);
  say('hiring, contracts and training …', '正在推演招聘、合同与培训……');

  // who works here, and under which contract
  for (const [who, name, department, p, category] of STAFF) hr('employees', { name, person: `{{${who}}}`, department, post: p, category, joined_on: '2021-09-01' }, `employee ${who}`);
  hr('employees/bulk/enlist?state=registered');
  steps.push({ as: 'deng.xin', post: '/api/v1/files?name=contract.pdf', file: 'receipt.pdf', type: 'application/pdf', keep: 'contract scan' });
  hr('contracts', { employee: '{{employee fu.qiang}}', kind: 'fixed', starts_on: '{{today-1060}}', ends_on: '{{today+36}}', signed_on: '{{today-1060}}', pay: '月薪 8,600 元', file: '{{contract scan}}' }, 'contract');
  hr('contracts/{{contract}}/sign');
  hr('contracts', { employee: '{{employee gao.fei}}', kind: 'fixed', starts_on: '{{today}}', ends_on: '{{today+729}}', pay: '月薪 6,800 元' });

  // recruitment
  const line = ([p, department, category, headcount, education, conditions, lead]) => ({ post: p, department, category, headcount, education, conditions, lead: `{{${lead}}}` });
  hr('plans', { year: '{{year}}', name: '年度招聘计划', basis: '软件、护理专业扩班；招生组一人退休', lines: LINES.map(line) }, 'hiring plan');
  hr('plans/{{hiring plan}}/submit');
  sign('plans/{{hiring plan}}');
  post('ye.lin', 'plans', { year: '{{year}}', name: '客户服务组增补', basis: '回访工作量增加', lines: [line(['客户服务专员', '客户服务组', 'service', 1, 'college', '普通话标准，熟悉呼叫系统', 'ye.lin'])] }, 'wish');
  post('ye.lin', 'plans/{{wish}}/submit');
  settle();
  find('openings?limit=50', 'opening {post}');
  steps.push({ as: 'yan.ming', patch: `${P}/openings/{{opening 软件技术专业教师}}`, body: { panel_2: '{{zhong.ling}}', panel_3: '{{fang.jie}}' } });
  for (const [key, channel, place, cost] of [['官网', 'website', '学校官网招聘栏', '0'], ['招聘网', 'job_site', '清河人才网', '1200.00'], ['校招', 'campus', '江南理工大学秋季双选会', '800.00']])
    hr('postings', { opening: '{{opening 软件技术专业教师}}', name: `软件技术专业教师（${key}）`, channel, place, until_day: '{{today+45}}', cost }, `posting ${key}`);
  hr('postings', { opening: '{{opening 护理实训指导教师}}', name: '护理实训指导教师（官网）', channel: 'website', until_day: '{{today+60}}' });
  hr('postings/bulk/publish?state=draft&channel[in]=website,job_site,campus');
  CANDIDATES.forEach(([name, from, education, school, screening_score, written_score], i) => hr('candidates', { name, posting: `{{posting ${from}}}`, education, school, screening_score, written_score,
    phone: mobile(), experience: i < 4 ? '软件企业开发与实训指导经历' : undefined }, `candidate ${i}`));
  hr('candidates/bulk/shortlist?state=applied&screening_score[gte]=60');
  hr('candidates/bulk/invite?state=shortlisted&written_score[gte]=60', { interview_on: '{{today+2}}', interview_place: '九点，行政楼 201' });
  CANDIDATES.forEach(([, , , , , , points], i) => points && ['yan.ming', 'zhong.ling'].forEach((who, k) =>
    post(who, 'interview_cards', { about: `{{candidate ${i}}}`, knowledge: points, practice: points - k, manner: points, ethics: 9, note: k ? undefined : '试讲条理清楚' })));
  for (const who of ['yan.ming', 'zhong.ling']) post(who, 'interview_cards/bulk/submit?state=draft');
  hr('candidates/{{candidate 6}}/reject', { note: '学历不符合岗位要求' });
  settle();
  hr('candidates/bulk/conclude?state=interviewing&interview_score[gte]=60');
  settle();
  for (const i of [0, 1]) hr(`candidates/{{candidate ${i}}}/select`);
  find('candidates_tasks?record={{candidate 0}}', 'check {step}');
  for (const [item, source] of [['identity', '学信网'], ['admission', '教职员工准入查询系统'], ['employment', '原单位人事部门'], ['health', '清河县人民医院']]) hr('actions/note_check', { item: `{{check ${item}}}`, result: 'passed', source });
  settle();
  hr('candidates/{{candidate 0}}/clear', { start_on: '{{today+7}}', offer_until: '{{today+5}}', pay: '月薪 9,500 元' });
  post('qian.yu', 'candidates/{{candidate 0}}/offer', { approval: { note: '同意录用' } });
  hr('candidates/{{candidate 0}}/accept');
  settle();

  // training
  for (const [name, kind, hours, audience] of COURSES) hr('courses', { name, kind, hours, audience }, `course ${name}`);
  hr('training_plans', { year: '{{year}}', name: '年度培训计划', basis: '岗位：师德与安全必修；个人：企业实践与教学设计', budget_line: '{{budget line 员工培训}}',
    lines: COURSES.map(([name, , hours, audience, , trainer], i) => ({ course: `{{course ${name}}}`, basis: i === 2 ? 'growth' : 'post', audience, month: 3 + i * 2, trainer, hours, cost: ['0', '0', '6000.00', '1500.00'][i] })) }, 'training plan');
  hr('training_plans/{{training plan}}/submit');
  sign('training_plans/{{training plan}}');
  for (const [who, basis, want, way] of [['zhong.ling', 'growth', '课程思政示范课建设', 'internal'], ['fu.qiang', 'post', '新能源汽车检修（企业实践）', 'external']]) {
    post(who, 'training_needs', { employee: `{{employee ${who}}}`, year: '{{year}}', basis, want, way, reason: '下学期任课需要' }, `need ${who}`);
    post(who, `training_needs/{{need ${who}}}/submit`);
  }
  hr('training_needs/{{need zhong.ling}}/include', { plan: '{{training plan}}' });
  COURSES.forEach(([name, , hours, , day, trainer_kind, trainer], i) => {
    hr('sessions', { name, course: `{{course ${name}}}`, plan: '{{training plan}}', trainer_kind, hours, held_on: day < 0 ? `{{today+${-day}}}` : `{{today-${day}}}`, place: '九点，报告厅',
      ...(trainer ? { trainer: `{{${trainer}}}` } : { trainer_name: '省教师发展中心 专家' }) }, `session ${i}`);
    const people = STAFF.filter((s) => i < 2 || s[4] === 'teaching').map(([who]) => ({ employee: `{{employee ${who}}}` }));
    hr('actions/enrol', { session: `{{session ${i}}}`, people });
  });
  hr('sessions/bulk/hold?state=planned&held_on[lte]={{today}}');
  hr('attendances/bulk/miss?state=enrolled&held_on={{today-25}}&department=' + encodeURIComponent('市场推广组'), { note: '出差' });
  hr('attendances/bulk/attend?state=enrolled&held_on[lte]={{today}}');
  settle();
  hr('attendances/bulk/pass?state=attended&held_on={{today-40}}', { score: 86 });
  hr('sessions/{{session 0}}/close', { cost: '0', result: '八人参加，闭卷考核全部合格' });
  settle();
}
