// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The department itself, as its people bring it about: groups with members and heads, a work plan with tasks, requests,
// indicators of five months, reports upward, improvements, partners, a proposed rule, incidents. Days are told from the
// day it is made ({{today-30}}, {{month-1}}). make_school.mjs writes these steps last.
const O = '/api/v1/operations', PDF = { file: 'receipt.pdf', type: 'application/pdf' };
const GROUPS = {      // the first is its head
  admissions: ['lin.mei', 'xu.tao', 'he.qing', 'ma.rui', 'kong.fan', 'bai.xue', 'qiu.shi', 'yu.qian'], teaching: ['yan.ming', 'wu.dan', 'su.wei'],
  service: ['ye.lin', 'luo.ying', 'ding.xia', 'pan.yi'], marketing: ['tan.rong', 'gao.fei', 'jin.hao'], finance: ['tang.hui', 'lu.yao', 'wei.ping'], hr: ['deng.xin', 'shi.lei'],
};
const INDICATORS = [  // group, name, unit, target, better when, comes from, who fills it in, the last four months
  ['admissions', '新增招生线索', '条', '200.0', 'up', 'leads', '', ['182.0', '205.0', '231.0', '196.0']], ['teaching', '教学设备完好率', '%', '98.0', 'up', 'people', 'wu.dan', ['97.2', '96.8', '98.4', '98.1']],
  ['service', '投诉按时办结率', '%', '95.0', 'up', 'people', 'luo.ying', ['93.0', '88.5', '92.0', '71.0']], ['service', '家长投诉', '件', '6.0', 'down', 'people', 'luo.ying', ['5.0', '7.0', '6.0', '9.0']],
  ['marketing', '单个线索成本', '元', '60.0', 'down', 'people', 'gao.fei', ['58.0', '63.5', '55.0', '57.2']], ['teaching', '计划任务按期完成率', '%', '90.0', 'up', 'tasks', '', ['100.0', '83.3', '91.7', '100.0']],
];

export function operations(steps) {
  const post = (as, path, body = {}, keep = undefined) => steps.push({ as, post: path.startsWith('/') ? path : `${O}/${path}`, body, keep });
  const put = (path, body = {}) => steps.push({ put: `/api/v1/admin/${path}`, body }), patch = (as, path, body) => steps.push({ as, patch: `${O}/${path}`, body });
  const settle = () => steps.push({ settle: true }), agree = { approval: { note: '同意' } };
  const file = (as, keep) => steps.push({ as, post: '/api/v1/files?name=paper.pdf', ...PDF, keep });
  steps.push({ say: { en: 'groups, plans and the department’s work …', zh: '正在推演部门工作……' } });

  for (const [g, people] of Object.entries(GROUPS)) people.forEach((who, i) => {
    put(`groups/${g}/members/{{${who}}}`);
    if (!i) put(`users/{{${who}}}/posts/head`, { group: g });
  });
  for (const g of ['admissions', 'teaching', 'service']) put(`users/{{fang.jie}}/posts/in_charge`, { group: g, from: '{{today-60}}', until: '{{today+300}}' });
  put('users/{{gao.fei}}/posts/head', { group: 'marketing', acting: true, from: '{{today-3}}', until: '{{today+11}}' });
  steps.push({ patch: '/api/v1/admin/users/{{qian.yu}}', body: { supervisor: '{{zhou.lan}}' } }, { patch: '/api/v1/admin/users/{{fang.jie}}', body: { supervisor: '{{qian.yu}}' } });
  post('qian.yu', 'actions/set_up');
  steps.push({ as: 'qian.yu', find: `${O}/groups?limit=50`, keep: 'group {group}' });
  const group = (g) => `{{group ${g}}}`;

  post('qian.yu', 'plans', { title: '{{year}} 年部门工作计划', period: 'year', starts_on: '{{today-60}}', ends_on: '{{today+120}}', basis: '学校年度工作要点；上年部门工作总结',
    goals: [{ goal: '完成年度招生计划', measure: '各分项计划完成率 100%' }, { goal: '保障教学运行', measure: '开课前教材设备到位率 100%' }, { goal: '提高家长满意度', measure: '投诉按时办结率不低于 95%' }] }, 'work plan');
  post('qian.yu', 'plans/{{work plan}}/submit');
  post('zhou.lan', 'plans/{{work plan}}/approve', agree);
  post('ye.lin', 'plans', { title: '客户服务组回访计划', period: 'term', group: group('service'), starts_on: '{{today}}', ends_on: '{{today+90}}', goals: [{ goal: '新生家庭全部回访一次', measure: '回访率 100%' }] }, 'visit plan');
  post('ye.lin', 'plans/{{visit plan}}/submit');
  const task = (g, title, who, due, progress, note) => post('fang.jie', 'plans_tasks', { record: '{{work plan}}', title, group: group(g), assignee: `{{${who}}}`, due_on: `{{today${due}}}`, progress, note }, `task ${title}`);
  task('admissions', '县城巡回咨询', 'xu.tao', '+12', 60, '已走三县');
  task('admissions', '补齐缺材料的报名', 'he.qing', '-4', 40);
  task('teaching', '春季教材到货验收', 'wu.dan', '+5', 80);
  task('teaching', '实训室设备检修', 'su.wei', '-20', 100);
  task('service', '上学期投诉逐件复盘', 'luo.ying', '-2', 20);
  task('marketing', '开放日物料更新', 'gao.fei', '+20', 0);
  post('su.wei', 'plans_tasks/{{task 实训室设备检修}}/complete', { result: '42 台设备检修完毕，3 台报废' });

  const ask = (who, from, to, title, content, due) => post(who, 'requests', { title, from: group(from), to: group(to), content, wanted_by: `{{today${due}}}` }, `request ${title}`);
  ask('lin.mei', 'admissions', 'teaching', '开放日借用实训室', '上午 9 至 12 点，护理与汽修实训室各一间，需教师演示', '+8');
  ask('tan.rong', 'marketing', 'admissions', '提供优秀毕业生名单', '用于招生简章，需本人同意', '+6');
  ask('luo.ying', 'service', 'finance', '核对退费进度', '三位家长询问退费到账时间', '+3');
  ask('yan.ming', 'teaching', 'hr', '安排新教师设备培训', '四位新教师使用数控机床', '+15');
  post('yan.ming', 'requests/{{request 开放日借用实训室}}/accept', { handler: '{{wu.dan}}' });
  post('wu.dan', 'requests/{{request 开放日借用实训室}}/answer', { reply: '护理 201、汽修 103，演示教师已安排' });
  post('lin.mei', 'requests/{{request 开放日借用实训室}}/close');
  post('xu.tao', 'requests/{{request 提供优秀毕业生名单}}/accept', { handler: '{{he.qing}}' });
  post('deng.xin', 'actions/hand_over', { request: '{{request 安排新教师设备培训}}', to: group('teaching'), reason: '设备操作培训由教学支持组承办' });

  for (const [g, name, unit, target, direction, source, owner, months] of INDICATORS) {
    post('qian.yu', 'indicators', { name, group: group(g), unit, target, direction, source, keeper: owner ? `{{${owner}}}` : undefined }, `indicator ${name}`);
    months.forEach((actual, i) => post('qian.yu', 'measurements', { indicator: `{{indicator ${name}}}`, period: `{{month-${4 - i}}}`, target, actual }));
  }
  settle();

  post('qian.yu', 'incidents', { title: '实训楼二层漏水', kind: 'safety', severity: 'minor', group: group('teaching'), place: '东校区实训楼' }, 'incident 1');
  post('yan.ming', 'incidents/{{incident 1}}/investigate', { assignee: '{{wu.dan}}' });
  post('wu.dan', 'incidents/{{incident 1}}/resolve', { measure: '关阀、转移设备、报修', outcome: '当日修复，设备无损' });
  post('qian.yu', 'incidents/{{incident 1}}/close', { remark: '列入暑期管道改造' });
  post('luo.ying', 'incidents', { title: '家长群传播不实收费消息', kind: 'service', severity: 'serious', group: group('service'), about: '两位家长（见客户服务记录）', found: '称学校另收“实习押金”' }, 'incident 2');
  settle();
  post('ye.lin', 'incidents/{{incident 2}}/investigate', { assignee: '{{ye.lin}}' });

  file('fang.jie', 'lab');
  post('fang.jie', 'rule_proposals', { title: '发票报销期限缩短为 60 天', concerns: 'finance', reason: '跨月发票堆积，影响预算执行分析', draft: 'policy: finance\ninvoice: { window: 60 }\n', lab_report: '{{lab}}', lab_result: '上年报销重算：少数结论改变，见报告', effective_from: '{{today+40}}' }, 'rule');
  post('fang.jie', 'rule_proposals/{{rule}}/propose');
  post('lin.mei', 'opinions', { proposal: '{{rule}}', stance: 'change', title: '差旅发票放宽到 75 天', text: '省外招生差旅较久，回来时首张发票常已过月。' });
  post('tan.rong', 'opinions', { proposal: '{{rule}}', stance: 'support', title: '同意，便于及时核算活动成本' });

  post('he.qing', 'improvements', { title: '线索分时段排班', group: group('admissions'), problem: '晚间线索次日才联系', measure: '工作日 18 至 21 点安排一人值班', effect: '首次联系缩短到 6 小时' }, 'improvement 1');
  post('ye.lin', 'improvements', { title: '投诉办理看板', group: group('service'), problem: '办结率连续两月低于目标', measure: '每日晨会过一遍逾期投诉', indicator: '{{indicator 投诉按时办结率}}' }, 'improvement 2');
  post('gao.fei', 'improvements', { title: '直播改到周末', group: group('marketing'), problem: '工作日观看人数低', measure: '改为周六晚' });
  for (const [n, who, day] of [[1, 'xu.tao', '+20'], [2, 'luo.ying', '+30']]) post('qian.yu', `improvements/{{improvement ${n}}}/adopt`, { responsible: `{{${who}}}`, due_on: `{{today${day}}}`, resolution: '同意试行' });
  post('xu.tao', 'improvements/{{improvement 1}}/finish', { result: '已排班一个月，首次联系平均 5.5 小时' });
  post('he.qing', 'improvements/{{improvement 1}}/verify');

  post('tan.rong', 'partners', { name: '清河县远航汽车服务有限公司', kind: 'enterprise', group: group('teaching'), field_of_work: '汽修订单班、实习基地' }, 'partner 1');
  post('lin.mei', 'partners', { name: '清河县第二初级中学', kind: 'school', group: group('admissions'), field_of_work: '生源基地、开放日互访' }, 'partner 2');
  post('tan.rong', 'partner_contacts', { partner: '{{partner 1}}', name: '钱致远', position: '人力资源主管', phone: '14200000017' });
  post('lin.mei', 'partner_contacts', { partner: '{{partner 2}}', name: '孙立群', position: '教导主任', phone: '14300000025' });
  const agreed = (as, n, partner, title, from, until, sign) => {
    if (sign) file(as, `agreement ${n}`);
    post(as, 'agreements', { title, number: `QH-XY-${n}`, partner: `{{partner ${partner}}}`, starts_on: `{{today${from}}}`, ends_on: `{{today${until}}}`, rights: '共建基地，共享资源', duties: '甲方派师指导，乙方提供场地与岗位',
      ...(sign ? { signed_on: `{{today${from}}}`, file: `{{agreement ${n}}}` } : {}) }, `signed ${n}`);
    if (sign) post('qian.yu', `agreements/{{signed ${n}}}/sign`);
  };
  agreed('tan.rong', 1, 1, '汽修订单班合作协议', '-330', '+35', true);
  agreed('lin.mei', 2, 2, '生源基地共建协议', '-100', '+630', true);
  agreed('tan.rong', 3, 1, '汽修订单班合作协议（续签稿）', '+36', '+766', false);
  settle();

  post('qian.yu', 'actions/prepare_report', { kind: 'operations' });
  post('fang.jie', 'actions/prepare_report', { kind: 'progress' });
  steps.push({ as: 'qian.yu', find: `${O}/briefs?limit=10`, keep: 'report {kind}' });
  patch('fang.jie', 'briefs/{{report progress}}', { analysis: '教学支持组运行平稳；客户服务组办结率下滑；招生组材料补齐滞后。', measures: '每日晨会督办逾期投诉；招生组两天内补齐材料。' });
  post('fang.jie', 'briefs/{{report progress}}/submit');
}
