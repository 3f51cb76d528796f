// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A term of teaching as the school's own people bring it about: a plan that is signed, one that waits, one that is drafted; what is
// bought for it, kept, handed out and counted; lessons about this day, duty, observation, evaluation, feedback.
// make_school.mjs writes these steps behind those of finance.
const T = '/api/v1/teaching', NOTE = { approval: { note: '同意' } };
const JAVA = ['开发环境与第一个程序', '变量与表达式', '流程控制', '数组', '类与对象（一）', '类与对象（二）', '继承与多态', '接口', '异常处理', '集合（一）', '集合（二）', '输入输出流', '多线程',
  '数据库访问（一）', '数据库访问（二）', '综合项目：需求', '综合项目：实现', '综合项目：答辩'];
const DATA = ['关系模型', '建库与建表', '增删改', '单表查询', '多表查询', '视图与索引', '存储过程', '事务', '备份与恢复', '数据库设计', '设计案例（一）', '设计案例（二）', '综合实训（一）', '综合实训（二）',
  '综合实训（三）', '综合实训（四）', '复习', '考核'];
const LAB = ['实训室规范', '系统安装', '网络配置', '网页基础', '样式', '脚本', '综合页面', '小组项目（一）', '小组项目（二）', '展示与考核'];
const course = (name, nature, teacher, weekly, topics, textbook) => [{ name, nature, teacher: `{{${teacher}}}`, weekly, first: 1, last: topics.length, hours: weekly * topics.length,
  assessment: nature === 'practice' ? 'check' : 'exam', textbook }, topics.map((topic, i) => ({ course: name, week: i + 1, topic }))];
const courses = (...list) => ({ courses: list.map((c) => c[0]), progress: list.flatMap((c) => c[1]) });

export function teaching(steps) {
  const say = (en, zh) => steps.push({ say: { en, zh } }), settle = () => steps.push({ settle: true });
  const post = (as, path, body = {}, keep = undefined) => steps.push({ as, post: `${T}/${path}`, body, keep });
  const find = (as, path, keep) => steps.push({ as, find: path, keep });
  const file = (as, keep) => steps.push({ as, post: '/api/v1/files?name=agreement.pdf', file: 'receipt.pdf', type: 'application/pdf', keep });
  say('a term of teaching …', '正在推演一个学期的教学……');
  for (const [name, kind, campus, seats] of [['东101', 'classroom', '东校区', 60], ['东实训1', 'laboratory', '东校区', 60], ['西201', 'classroom', '西校区', 60]])
    steps.push({ as: 'yan.ming', post: '/api/v1/basics/rooms', body: { name, kind, campus: `{{campus ${campus}}}`, seats }, keep: `room ${name}` });
  find('yan.ming', '/api/v1/basics/terms', 'term {name}');

  const same = { major: '{{major 软件技术}}', cohort: '{{year 2026}}', basis: '软件技术专业人才培养方案（2025 版）；上学期教学质量分析', methods: '理实一体、项目教学；实训课分组，每组不超过 5 人' };
  post('wu.dan', 'plans', { ...same, name: '软件技术 2026 级第一学期', term: '{{term 2026-2027-1}}', ...courses(course('Java 程序设计', 'major', 'zhong.ling', 4, JAVA, 'Java 程序设计教程（第 3 版）'),
    course('数据库应用', 'major', 'fu.qiang', 4, DATA, 'MySQL 数据库应用'), course('网页制作实训', 'practice', 'dai.min', 2, LAB)) }, 'plan of teaching');
  post('wu.dan', 'plans/{{plan of teaching}}/submit');
  post('zhou.lan', 'plans/{{plan of teaching}}/approve', NOTE);
  post('wu.dan', 'plans', { ...same, name: '软件技术 2026 级第二学期', term: '{{term 2026-2027-2}}', ...courses(course('Java 企业开发', 'major', 'zhong.ling', 6, JAVA.slice(0, 16), 'Java Web 开发')) }, 'plan of spring');
  post('wu.dan', 'plans/{{plan of spring}}/submit');
  post('su.wei', 'plans', { ...same, major: '{{major 护理}}', basis: '护理专业人才培养方案（2025 版）', name: '护理 2026 级第二学期', term: '{{term 2026-2027-2}}', ...courses(course('基础护理', 'major', 'xiong.ying', 4, LAB)) });
  settle();
  find('wu.dan', `${T}/courses`, 'course {name}');
  const weeks = (as, step, name, where, body) => steps.push({ as, post: `${T}/weeks/bulk/${step}?course={{course ${name}}}&${where}`, body });
  weeks('zhong.ling', 'keep', 'Java 程序设计', 'number[lte]=10', { taught: 4 });
  weeks('fu.qiang', 'keep', '数据库应用', 'number[lte]=8', { taught: 4 });
  weeks('fu.qiang', 'lag', '数据库应用', 'number=9', { taught: 2, covered: '备份部分讲完，恢复未做实验', measure: '第 11 周晚自习补一次实验' });
  weeks('dai.min', 'keep', '网页制作实训', 'number[lte]=9', { taught: 2 });

  // what it needs: bought, kept, handed out
  for (const [name, campus, keeper] of [['东校区教材库', '东校区', 'cui.jian'], ['东校区设备库', '东校区', 'cui.jian']]) post('yan.ming', 'stores', { name, keeper: `{{${keeper}}}` }, `store ${name}`);
  for (const [name, kind, unit, price, maker] of [['Java 程序设计教程（第 3 版）', 'textbook', '册', '49.80', '清河教育出版社'], ['MySQL 数据库应用', 'textbook', '册', '45.00', '清河教育出版社'],
    ['笔记本电脑', 'equipment', '台', '4200.00'], ['投影仪', 'equipment', '台', '3600.00'], ['网线', 'consumable', '根', '8.00']]) post('cui.jian', 'goods', { name, kind, unit, price, maker }, `goods ${name}`);
  const line = (name, count) => ({ goods: `{{goods ${name}}}`, count }), books = '{{store 东校区教材库}}', devices = '{{store 东校区设备库}}';
  const move = (store, what, step, more, key) => {
    post('cui.jian', 'moves', { store, used_for: what, ...more }, key);
    if (step) post('cui.jian', `moves/{{${key}}}/${step}`);
  };
  move(devices, '建账期初', 'take_in', { lines: [line('笔记本电脑', 30), line('投影仪', 4), line('网线', 200)] }, 'move 1');
  const buy = (name, kind, of, money, lines, until, key) => {
    post('wu.dan', 'purchases', { name, kind, course: `{{course ${of}}}`, line: `{{budget line ${money}}}`, needed_on: '{{today+20}}', reason: '按已批准的学期教学计划',
      lines: lines.map(([n, count, price]) => ({ goods: `{{goods ${n}}}`, count, price: price.toFixed(2) })), amount: lines.reduce((t, l) => t + l[1] * l[2], 0).toFixed(2) }, key);
    const way = [['wu.dan', 'submit'], ...['yan.ming', 'qian.yu', 'tang.hui'].map((who) => [who, 'approve', NOTE]), ['wu.dan', 'order', { supplier: '清河县新华书店' }]];
    for (const [who, verb, body] of way.slice(0, until)) post(who, `purchases/{{${key}}}/${verb}`, body);
  };
  buy('秋季教材', 'textbook', 'Java 程序设计', '教学耗材', [['Java 程序设计教程（第 3 版）', 120, 49.8], ['MySQL 数据库应用', 120, 45]], 5, 'purchase 1');
  post('cui.jian', 'actions/receive', { purchase: '{{purchase 1}}', store: books });
  buy('实训网线', 'consumable', '网页制作实训', '实训维护', [['网线', 100, 8]], 5, 'purchase 2');
  buy('补充投影仪', 'equipment', '数据库应用', '实训维护', [['投影仪', 2, 3600]], 2, 'purchase 3');
  buy('笔记本电脑更新', 'equipment', 'Java 程序设计', '实训维护', [['笔记本电脑', 5, 4200]], 0, 'purchase 4');
  for (const [i, c] of ['东校区', '西校区'].entries())
    move(books, '秋季教材发放', 'hand_out', { to_class: `{{class 软件技术 ${c}}}`, lines: [line('Java 程序设计教程（第 3 版）', 55), line('MySQL 数据库应用', 55)] }, `move ${2 + i}`);
  move(devices, '移动教学', 'lend', { to_person: '{{zhong.ling}}', back_on: '{{today+5}}', lines: [line('笔记本电脑', 2)] }, 'move 4');
  move(devices, '技能竞赛训练', 'lend', { to_class: '{{class 软件技术 东校区}}', back_on: '{{today+9}}', lines: [line('笔记本电脑', 6)] }, 'move 5');
  move(devices, '机房维护', undefined, { to_person: '{{dai.min}}', lines: [line('网线', 20)] }, 'move 6');
  for (const [store, key] of [[devices, 'stocktake 1'], [books, 'stocktake 2']]) post('cui.jian', 'stocktakes', { store, witness: '{{su.wei}}' }, key);
  settle();
  const count = (name, book, more) => ({ goods: `{{goods ${name}}}`, book, counted: book, ...more });
  post('cui.jian', 'stocktakes/{{stocktake 1}}/submit', { findings: '一台笔记本电脑屏幕损坏，两根网线未找到；建议借用登记时检查外观。',
    lines: [count('笔记本电脑', 22, { counted: 21, damaged: 1 }), count('投影仪', 4), count('网线', 200, { counted: 198, missing: 2 })] });
  for (const who of ['yan.ming', 'qian.yu']) post(who, 'stocktakes/{{stocktake 1}}/approve', NOTE);

  // lessons about this day
  const lesson = (day, key, more = {}) => {
    post('wu.dan', 'activities', { kind: 'class', course: '{{course Java 程序设计}}', class: '{{class 软件技术 东校区}}', teacher: '{{zhong.ling}}', room: '{{room 东101}}', day: `{{today${day}}}`, first: 1, last: 2, topic: '集合（二）',
      ...more }, key);
    post('wu.dan', 'actions/schedule', { activity: `{{${key}}}` });
  };
  lesson('', 'lesson 1');
  lesson('+1', 'lesson 2', { course: '{{course 数据库应用}}', teacher: '{{fu.qiang}}', topic: '备份与恢复', first: 3, last: 4 });
  lesson('+2', 'lesson 3', { kind: 'lab', course: '{{course 网页制作实训}}', teacher: '{{dai.min}}', room: '{{room 东实训1}}', topic: '小组项目（二）', first: 5, last: 8 });
  lesson('+7', 'lesson 4', { topic: '输入输出流' });
  lesson('+8', 'lesson 5', { class: '{{class 软件技术 西校区}}', room: '{{room 西201}}' });
  settle();                                                        // those of the next days begin to be prepared
  for (const n of [1, 2]) {
    steps.push({ as: 'wu.dan', post: `${T}/activities_tasks/bulk/complete?record={{lesson ${n}}}`, body: {} });
    post('wu.dan', `activities/{{lesson ${n}}}/confirm`);
  }
  post('zhong.ling', 'activities/{{lesson 1}}/hold', { covered: '集合遍历与排序，完成课堂练习两题', present: 54 });
  post('wu.dan', 'actions/move', { activity: '{{lesson 4}}', teacher: '{{xiong.ying}}', change_note: '钟玲老师外出培训' });
  post('wu.dan', 'activities/{{lesson 5}}/cancel', { change_note: '校运会', change: 'cancelled' });
  file('su.wei', 'agreement');
  post('su.wei', 'internships', { name: '软件园岗位认知实习', company: '清河软件园', tutor: '{{zhong.ling}}', starts_on: '{{today+30}}', ends_on: '{{today+34}}', agreement: '{{agreement}}', agreed_until: '{{today+60}}',
    insured_until: '{{today+60}}', minors: 21, consents: 21 }, 'internship 1');
  post('yan.ming', 'actions/confirm', { internship: '{{internship 1}}' });
  lesson('+30', 'lesson 6', { kind: 'internship', internship: '{{internship 1}}', until_day: '{{today+34}}', room: undefined, topic: '岗位认知' });
  for (const [day, kind, area, who, key] of [['', 'patrol', '东校区教学楼', 'hao.yun', 'duty 1'], ['', 'duty', '西校区门厅', 'meng.fei', 'duty 2'], ['+1', 'patrol', '东校区实训楼', 'fu.qiang', 'duty 3']])
    post('wu.dan', 'duties', { day: `{{today${day}}}`, shift: 'morning', kind, area, person: `{{${who}}}` }, key);
  post('hao.yun', 'duties/{{duty 1}}/report', { order: 'fair', found: '东101 上课正常；东实训1 一台投影仪无法点亮' });
  post('hao.yun', 'issues', { title: '东实训1 投影仪无法点亮', kind: 'equipment', severity: 'medium', place: '东实训1', duty: '{{duty 1}}', about: '{{lesson 3}}', found: '更换电源线后仍不亮' }, 'issue 1');
  post('wu.dan', 'issues/{{issue 1}}/investigate', { assignee: '{{su.wei}}' });

  // how well
  for (const [who, marks] of [['yan.ming', [9, 8, 8, 7, 8]], ['fu.qiang', [8, 9, 7, 8, 8]]]) {
    const [preparation, content, method, interaction, effect] = marks;
    post(who, 'observation_cards', { about: '{{lesson 1}}', preparation, content, method, interaction, effect, note: '案例贴近岗位，互动可再多一些' }, `card ${who}`);
    post(who, `observation_cards/{{card ${who}}}/submit`);
  }
  post('wu.dan', 'inspection_cards', { about: '{{course 数据库应用}}', progress: 7, lesson_plans: 9, homework: 8, records: 8 }, 'card inspection');
  post('wu.dan', 'inspection_cards/{{card inspection}}/submit');
  post('wu.dan', 'evaluation_rounds', { title: '期中评教：Java 程序设计', about: '{{course Java 程序设计}}', closes_on: '{{today+14}}' }, 'round');
  post('wu.dan', 'actions/evaluation_issue', { round: '{{round}}', count: 55, label: '软件技术2601东' });
  post('wu.dan', 'evaluation_rounds/{{round}}/open');
  const said = (title, topic, content, key, who = 'liao.yuan') => post(who, 'feedback', { title, topic, source: 'meeting', content, class: '{{class 软件技术 东校区}}', course: '{{course 数据库应用}}' }, key);
  said('数据库实验时间不够', 'progress', '恢复实验没有做完，希望增加一次上机。', 'feedback 1');
  said('实训机开机慢', 'materials', '东实训1 后排三台机器开机超过五分钟。', 'feedback 2');
  said('希望提供课件', 'teaching', '课后复习缺少课件。', 'feedback 3');
  post('yan.ming', 'feedback/{{feedback 1}}/assign', { assignee: '{{fu.qiang}}' });
  post('fu.qiang', 'feedback/{{feedback 1}}/reply', { answer: '本周安排晚自习补一次恢复实验。' });
  post('fu.qiang', 'feedback/{{feedback 1}}/improve', { measure: '以后每个实验留半节课机动时间', measure_by: '{{today+10}}' });
  post('yan.ming', 'feedback/{{feedback 2}}/assign', { assignee: '{{su.wei}}' });
}
