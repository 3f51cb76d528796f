// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A year of the school's money, as its own people bring it about: interim and annual budget, claims and advances with
// what is wrong with some of them, approvals, payments, a report. Days are told from the day it is made ({{today-30}}),
// for an invoice is only taken while it is fresh. make_school.mjs writes these steps behind those of admissions.
import { below, pick, random, reseed } from './make_applicants.mjs';

const F = '/api/v1/finance';
export const RECEIPT = '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n'
  + '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 298 420]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n';
const BUYER = { buyer: '清河职业学校', buyer_tax_no: '12330100MB0X00000P' };
const GROUPS = {       // department -> its head, those in it; the line that each draws on most
  招生组: { head: 'lin.mei', people: ['xu.tao', 'he.qing', 'ma.rui', 'kong.fan', 'bai.xue', 'qiu.shi', 'yu.qian'], lines: ['招生差旅', '招生宣传'] },
  教学支持组: { head: 'yan.ming', people: ['wu.dan', 'su.wei', 'zhong.ling', 'fu.qiang', 'dai.min', 'liao.yuan'], lines: ['教学耗材', '实训维护'] },
  客户服务组: { head: 'ye.lin', people: ['luo.ying', 'ding.xia', 'pan.yi'], lines: ['家校沟通'] },
  市场推广组: { head: 'tan.rong', people: ['gao.fei', 'jin.hao'], lines: ['活动物料', '广告投放'] },
  综合办公室: { head: 'qian.yu', people: ['deng.xin', 'shi.lei', 'shen.jia', 'long.teng'], lines: ['员工培训'] },
};
const LINES = [        // category, line, what it rests on, 元 a year
  ['admissions', '招生差旅', '年度招生计划：县城巡回咨询与省外招生', 180000], ['admissions', '招生宣传', '年度招生计划：简章与直播', 120000],
  ['teaching', '教学耗材', '教学工作计划：实训课耗材', 150000], ['teaching', '实训维护', '教学工作计划：设备检修', 90000],
  ['marketing', '活动物料', '市场推广计划：开放日与咨询会', 80000], ['marketing', '广告投放', '市场推广计划：线上投放', 100000],
  ['marketing', '家校沟通', '客户服务工作目标：回访与家长会', 40000], ['staff', '员工培训', '年度培训计划', 70000],
  ['staff', '绩效奖金', '绩效考核与奖励办法', 60000],
];
const CITIES = ['北京', '上海', '杭州', '南京', '清河', '临安', '安庆'], TIER = { 北京: 0, 上海: 0, 杭州: 1, 南京: 1 };
const MOST = { hotel: [450, 380, 320], meals: [100, 100, 80], local: [80, 80, 60] };
const yuan = (n) => n.toFixed(2);
let serial = 0;
const invoice = (day) => ({ invoice_no: `2633${String(20260000000 + ++serial * 7919).padStart(16, '0')}`, invoice_date: `{{today-${day}}}`, ...BUYER });

// A journey of some days: mostly within the limits, now and then a night that is dearer than allowed.
function journey(day) {
  const city = pick(CITIES), days = 1 + below(3), of = (k) => MOST[k][TIER[city] ?? 2];
  const share = random() < 0.08 ? 1.1 : 0.62 + random() * 0.38;
  const ticket = 60 + below(500) + 0.5, at = { day: `{{today-${day}}}`, city };
  return { kind: 'travel', reason: `赴${city}${pick(['招生咨询会', '校企洽谈', '专业调研', '技能大赛'])}`, lines: [
    { kind: 'hotel', ...at, days, amount: yuan(Math.floor(of('hotel') * days * share)), seller: `${city}和平宾馆`, ...invoice(day) },
    { kind: 'meals', ...at, days: days + 1, amount: yuan(of('meals') * (days + 1)), seller: `${city}餐饮服务部`, ...invoice(day) },
    { kind: 'transport', ...at, amount: yuan(ticket), seller: '中国铁路', ...invoice(day) }] };
}
const GOODS = { 教学耗材: ['teaching', '实训耗材', 900], 实训维护: ['teaching', '设备维修', 1400], 活动物料: ['publicity', '展架与印刷', 800], 广告投放: ['publicity', '线上投放', 1900],
  家校沟通: ['office', '家长会用品', 350], 员工培训: ['training', '培训费', 1100], 招生宣传: ['publicity', '简章印制', 1300] };
function bought(line, day) {
  const [kind, what, about] = GOODS[line], amount = Math.floor(about * (0.4 + random() * 1.2)) + 0.6, net = Math.round(amount / 1.06 * 100) / 100;
  return { kind, reason: what, lines: [{ kind: kind === 'training' ? 'service' : 'goods', day: `{{today-${day}}}`, amount: yuan(amount), net: yuan(net), tax: yuan(amount - net),
    seller: `清河县${pick(['新华', '明达', '恒信', '宏图'])}商贸有限公司`, ...invoice(day) }] };
}

// steps: those of the school so far. A day on which the budget of the year before is closed already does not come: {{year}} is this one.
export function finance(steps, seed) {
  const say = (en, zh) => steps.push({ say: { en, zh } }), settle = () => steps.push({ settle: true });
  const post = (as, path, body = {}, keep = undefined) => steps.push({ as, post: `${F}/${path}`, body, keep });
  // One step for many; a rule, or a step that is not one's own, may refuse some.
  const many = (as, path, body = {}) => steps.push({ as, post: `${F}/${path}`, body, refuses: true });
  const sign = (who) => many(who, 'claims/bulk/approve?state=in_approval', { approval: { note: '同意' } });
  reseed(seed);
  say('the budget and a year of claims …', '正在推演预算与一年的报销……');
  for (const [department, g] of Object.entries(GROUPS)) [g.head, ...g.people].forEach((who, i) => {
    steps.push({ patch: `/api/v1/admin/users/{{${who}}}`, body: { supervisor: i ? `{{${g.head}}}` : who === 'qian.yu' ? '{{zhou.lan}}' : '{{qian.yu}}' } });
    post('tang.hui', 'staff', { person: `{{${who}}}`, name: NAMES[who], department, grade: i ? 'staff' : 'middle', bank: '中国建设银行清河支行', account: `6217${String(1e14 + below(1e9) * 1e4).slice(0, 15)}` }, `staff ${who}`);
  });
  const lines = (share) => LINES.map(([category, name, basis, amount]) => ({ category, name, basis, plan: category === 'admissions' ? '{{plan 2027}}' : undefined, amount: yuan(amount * share) }));
  for (const [kind, share] of [['interim', 0.2], ['annual', 1]]) {
    post('tang.hui', 'budgets', { year: '{{year}}', kind, name: kind === 'annual' ? '年度预算' : '临时预算（年度预算批准前）', goals: '学校年度工作要点；招生、教学支持、市场推广、人员各组工作计划', last_year: '780000.00', lines: lines(share) }, `budget ${kind}`);
    post('tang.hui', `budgets/{{budget ${kind}}}/submit`);
    post('zhou.lan', `budgets/{{budget ${kind}}}/approve`, { approval: { note: '同意' } });
    settle();
  }
  steps.push({ as: 'tang.hui', find: `${F}/lines?limit=100`, keep: 'budget line {name}' });
  post('tang.hui', 'transfers', { from: '{{budget line 广告投放}}', to: '{{budget line 活动物料}}', amount: '15000.00', reason: '线上投放效果低于预期，转用于春季开放日' }, 'transfer');
  post('tang.hui', 'transfers/{{transfer}}/submit');
  for (const who of ['lu.yao', 'zhou.lan']) post(who, 'transfers/{{transfer}}/approve', { approval: { note: '同意' } });
  settle();

  // money handed out before a long journey
  post('xu.tao', 'advances', { staff: '{{staff xu.tao}}', reason: '安徽巡回招生差旅', amount: '3000.00' }, 'advance xu.tao');
  post('xu.tao', 'advances/{{advance xu.tao}}/submit');
  for (const who of ['lin.mei', 'tang.hui', 'zhou.lan']) post(who, 'advances/{{advance xu.tao}}/approve', { approval: { note: '同意' } });
  settle();
  batch('一月');

  let n = 0;
  const claim = (who, line, c, more = {}) => {
    const sum = yuan(c.lines.reduce((t, l) => t + Number(l.amount), 0)), key = `receipt ${++n}`;
    steps.push({ as: who, post: '/api/v1/files?name=receipt.pdf', file: 'receipt.pdf', type: 'application/pdf', keep: key });
    post(who, 'claims', { staff: `{{staff ${who}}}`, line: `{{budget line ${line}}}`, ...c, stated: sum, attachments: [`{{${key}}}`], ...more }, `claim ${n}`);
  };
  for (const round of [0, 1]) {
    for (const g of Object.values(GROUPS)) for (const who of g.people) for (let i = 0; i < 4; i++) {
      const day = (round ? 2 : 40) + below(38), line = g.lines[i % g.lines.length];
      claim(who, line, line === '招生差旅' ? journey(day) : bought(line, day));
    }
    if (round) odd(claim);
    for (const g of Object.values(GROUPS)) for (const who of g.people) many(who, 'claims/bulk/submit?state=draft');
    if (round) post('lin.mei', `claims/{{claim ${n}}}/send_back`, { approval: { note: '请补充出差审批单' } });
    for (const g of Object.values(GROUPS)) sign(g.head);
    sign('tang.hui');
    if (!round) sign('zhou.lan');                               // the second half waits for the school leader
    settle();
    if (!round) batch('年中');
  }
  post('tang.hui', 'actions/prepare_execution', {});

  // The cashier's batch: all that waits; one payment comes back from the bank and is tried again.
  function batch(note) {
    const key = `batch ${note}`;
    post('wei.ping', 'batches', { bank: '中国建设银行清河支行 基本户', note }, key);
    for (let i = 0; i < (note === '年中' ? 3 : 1); i++) post('wei.ping', 'actions/fill_batch', { batch: `{{${key}}}` });
    post('wei.ping', `batches/{{${key}}}/send`);
    if (note === '年中') {
      many('wei.ping', `payments/bulk/fail?state=in_batch&amount[gte]=1700`, { failure: '账号与户名不符' });
      many('wei.ping', 'payments/bulk/retry?state=failed');
    }
    many('wei.ping', 'payments/bulk/pay?state=in_batch', { paid_on: '{{today}}' });
    post('wei.ping', `batches/{{${key}}}/complete`);
    settle();
  }
}

// What does not look right: split under the threshold, far above the usual, round, on a weekend, and one that offsets the advance.
function odd(claim) {
  const goods = (amount, day, purpose) => ({ kind: 'publicity', reason: purpose, lines: [{ kind: 'goods', day: `{{today-${day}}}`, amount: yuan(amount), seller: '清河县明达商贸有限公司', ...invoice(day) }] });
  for (const amount of [2600.5, 2700.4, 2550.3]) claim('jin.hao', '活动物料', goods(amount, 6, '展架制作'));
  claim('gao.fei', '广告投放', goods(4000, 9, '短视频投放'));
  claim('gao.fei', '广告投放', goods(18960.2, 12, '户外大屏'));
  for (const day of [3, 4, 5, 6, 7, 8, 9]) if (day % 2) claim('jin.hao', '活动物料', goods(180.2 + day, day, '活动用品'));
  claim('xu.tao', '招生差旅', journey(15), { advance: '{{advance xu.tao}}', offset: '200.00' });
  claim('he.qing', '招生差旅', journey(11));
}

const NAMES = { 'lin.mei': '林梅', 'xu.tao': '徐涛', 'he.qing': '何青', 'ma.rui': '马睿', 'kong.fan': '孔凡', 'bai.xue': '白雪', 'qiu.shi': '邱石', 'yu.qian': '于谦和', 'yan.ming': '严明', 'wu.dan': '吴丹',
  'su.wei': '苏伟', 'zhong.ling': '钟玲', 'fu.qiang': '付强', 'dai.min': '戴敏', 'liao.yuan': '廖远', 'ye.lin': '叶琳', 'luo.ying': '罗颖', 'ding.xia': '丁霞', 'pan.yi': '潘毅', 'tan.rong': '谭蓉',
  'gao.fei': '高飞', 'jin.hao': '金浩', 'qian.yu': '钱宇', 'deng.xin': '邓欣', 'shi.lei': '石磊', 'shen.jia': '沈佳', 'long.teng': '龙腾' };
