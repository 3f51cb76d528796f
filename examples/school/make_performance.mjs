// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A year's appraisal of the admissions officers to its end, with what came of it, and the next one as it is being rated:
// ratings, an appeal, an improvement plan, bonuses, awards, welfare. make_school.mjs writes these steps behind those of money.
const P = '/api/v1/performance';
// person, name, done of a hundred, marks of the superior; who rates them
const OFFICERS = [['xu.tao', '徐涛', '112', '94,92,95'], ['he.qing', '何青', '96', '90,88,91'], ['ma.rui', '马睿', '88', '82,85,80'], ['kong.fan', '孔凡', '91', '86,80,84'],
  ['bai.xue', '白雪', '74', '76,78,80'], ['qiu.shi', '邱石', '52', '60,58,66']];
const NEXT = [['wu.dan', '吴丹', '教学支持专员', 'yan.ming'], ['su.wei', '苏伟', '教学支持专员', 'yan.ming'], ['gao.fei', '高飞', '市场推广专员', 'tan.rong']];

export function performance(steps) {
  const say = (en, zh) => steps.push({ say: { en, zh } }), settle = () => steps.push({ settle: true });
  const post = (as, path, body = {}, keep = undefined) => steps.push({ as, post: `${P}/${path}`, body, keep });
  const patch = (as, path, body) => steps.push({ as, patch: `${P}/${path}`, body });
  const sign = (entity, key, ...who) => { for (const one of who) post(one, `${entity}/{{${key}}}/approve`, { approval: { note: '同意' } }); settle(); };
  const one = (as, step, name, body) => post(as, `appraisals/bulk/${step}?name=${encodeURIComponent(name)}`, body);
  say('appraisals, bonuses and awards …', '正在推演绩效考核、奖金与评优……');

  // last year's
  post('deng.xin', 'cycles', { name: '{{year-1}} 年度考核', kind: 'yearly', starts_on: '{{year-1}}-01-01', ends_on: '{{year-1}}-12-31', rate_by: '{{today+10}}', note: '招生组' }, 'cycle last');
  OFFICERS.forEach(([who, name, done], i) => post('deng.xin', 'appraisals', { cycle: '{{cycle last}}', person: `{{${who}}}`, name, post: '招生专员', team: '招生组', superior: '{{lin.mei}}',
    peers: [1, 2, 3].map((k) => ({ person: `{{${OFFICERS[(i + k) % 6][0]}}}` })), presence: i === 4 ? 95 : 100, measures: [{ indicator: '招生任务完成', target: '100', actual: done }] }, `appraisal ${who}`));
  post('deng.xin', 'cycles/{{cycle last}}/open');
  settle();
  for (const [who, name, done, marks] of OFFICERS) {
    patch('deng.xin', `appraisals/{{appraisal ${who}}}`, { measures: [{ indicator: '招生任务完成', target: '100', actual: done }] });
    post('lin.mei', `ratings/bulk/rate?state=open&name=${encodeURIComponent(name)}`, { given: marks, remark: '详见面谈记录' });
    post(who, 'ratings/bulk/rate?state=open&source=self', { given: '90,90,90', remark: `全年完成任务的 ${done}%；按时完成资料审核与家长回访，明年计划加强省外生源。` });
    post(who, 'ratings/bulk/rate?state=open&source=peer', { given: marks.split(',').slice(1).map((n) => String(Number(n) + 2)).join(','), remark: '乐于配合，资料交接清楚。' });
  }
  post('deng.xin', 'appraisals/bulk/count?state=rating');
  settle();
  post('deng.xin', 'cycles/{{cycle last}}/grade');
  settle();
  post('deng.xin', 'cycles/{{cycle last}}/submit');
  sign('cycles', 'cycle last', 'qian.yu', 'zhou.lan');
  post('lin.mei', 'appraisals/bulk/interview?state=published&name[ne]=' + encodeURIComponent('邱石'), { interviewed_on: '{{today}}', strengths: '任务意识强，资料准确率高，家长评价好。', to_improve: '省外渠道跟进偏慢，须提前两周排定咨询行程。' });
  one('lin.mei', 'interview', '邱石', { interviewed_on: '{{today}}', strengths: '态度端正，愿意学习。', to_improve: '任务完成率偏低，回访不及时，三次逾期未审核资料。' });
  for (const who of ['xu.tao', 'he.qing', 'ma.rui', 'qiu.shi']) post(who, 'appraisals/bulk/confirm?state=interviewed', { opinion: '同意考核结果。' });
  post('kong.fan', 'appraisals/bulk/lodge?state=interviewed', { appeal: '十一月转来的八名生源未计入本人任务完成数，申请复核。' });
  one('deng.xin', 'decide', '孔凡', { appeal_grade: 'excellent', appeal_answer: '经核对线索归属，补计八名，等次调整。', approval: { note: '属实' } });
  one('zhou.lan', 'decide', '孔凡', { approval: { note: '同意' } });
  post('bai.xue', 'appraisals/bulk/confirm?state=interviewed', { opinion: '同意，省外渠道将提前安排。' });
  settle();
  steps.push({ as: 'lin.mei', find: `${P}/plans?limit=10`, keep: 'plan {name}' });
  patch('lin.mei', 'plans/{{plan 邱石}}', { goals: '每月完成任务数不低于组内平均的九成；资料审核零逾期；每周回访不少于十户。', support: '由徐涛结对指导，参加六月招生业务培训。', due_on: '{{today+120}}' });
  post('lin.mei', 'plans/{{plan 邱石}}/propose');
  post('qiu.shi', 'plans/{{plan 邱石}}/agree');
  post('lin.mei', 'plans_tasks', { record: '{{plan 邱石}}', title: '随徐涛走访两所初中', assignee: '{{qiu.shi}}', due_on: '{{today+30}}' });
  post('deng.xin', 'bonus_runs', { cycle: '{{cycle last}}', pool: '24000.00', line: '{{budget line 绩效奖金}}', note: '招生组年度绩效奖金' }, 'bonus');
  post('deng.xin', 'bonus_runs/{{bonus}}/calculate');
  settle();
  post('deng.xin', 'bonus_runs/{{bonus}}/submit');
  sign('bonus_runs', 'bonus', 'qian.yu', 'tang.hui', 'zhou.lan');

  // this year's, as it is being rated
  post('deng.xin', 'cycles', { name: '{{year}} 年度考核', kind: 'yearly', starts_on: '{{year}}-01-01', ends_on: '{{year}}-12-31', rate_by: '{{today+12}}', note: '教学支持组、市场推广组' }, 'cycle now');
  for (const [who, name, at, superior] of NEXT) post('deng.xin', 'appraisals', { cycle: '{{cycle now}}', person: `{{${who}}}`, name, post: at, team: superior === 'yan.ming' ? '教学支持组' : '市场推广组',
    superior: `{{${superior}}}`, peers: ['jin.hao', 'luo.ying', 'cui.jian'].map((p) => ({ person: `{{${p}}}` })) });
  post('deng.xin', 'cycles/{{cycle now}}/open');
  settle();
  post('yan.ming', `ratings/bulk/rate?state=open&name=${encodeURIComponent('吴丹')}`, { given: '90,86,88', remark: '教材与设备准备及时。' });
  post('jin.hao', 'ratings/bulk/rate?state=open&source=peer', { given: '88,90,87' });

  // awards, promotion, welfare
  post('deng.xin', 'awards', { name: '{{year}} 年度服务标兵', conditions: '全年无有效投诉，年度考核良好以上。', nominate_by: '{{today+20}}', quota: 2, prize: '1000.00' }, 'award');
  for (const [by, who, name, reason] of [['lin.mei', 'xu.tao', '徐涛', '巡回咨询十二场，任务完成率全组第一，主动带教新同事。'], ['ye.lin', 'luo.ying', '罗颖', '受理咨询八百余件，家长满意度高，整理常见问答一百条。']]) {
    post(by, 'nominations', { award: '{{award}}', person: `{{${who}}}`, name, reason }, `nomination ${who}`);
    post(by, `nominations/{{nomination ${who}}}/submit`);
  }
  sign('nominations', 'nomination xu.tao', 'qian.yu', 'zhou.lan');
  post('deng.xin', 'honours', { person: '{{yan.ming}}', name: '严明', title: '清河县优秀教育工作者', level: 'county', granted_by: '清河县教育局', granted_on: '{{year-1}}-09-10', reason: '实训基地建设' });
  post('xu.tao', 'promotions', { person: '{{xu.tao}}', name: '徐涛', from_post: '招生专员', to_post: '招生主管', since: '{{year-4}}-09-01', reason: '连续三年超额完成任务，熟悉省内外渠道。' });
  post('deng.xin', 'welfare', { name: '{{year}} 年中秋慰问', kind: 'festival', value: '300.00', places: 60, about: '全体在岗教职工，每人一份，凭签收领取。' }, 'welfare');
  post('deng.xin', 'welfare/{{welfare}}/submit');
  sign('welfare', 'welfare', 'qian.yu', 'zhou.lan');
  post('deng.xin', 'actions/hand_out', { item: '{{welfare}}', people: OFFICERS.slice(0, 3).map(([who, name]) => ({ person: `{{${who}}}`, name })) });
  post('xu.tao', 'welfare_grants/bulk/receive?state=given');
  settle();
}
