// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Marketing of the sample school: research, a plan that the leader signs, campaigns with what they cost and brought,
// materials on their way to the press. make_school.mjs writes these steps behind those of finance, whose lines they draw on.
const M = '/api/v1/marketing', F = '/api/v1/finance', OK = { approval: { note: '同意' } };

export function marketing(steps) {
  const post = (as, path, body = {}, keep = undefined) => steps.push({ as, post: path.startsWith('/') ? path : `${M}/${path}`, body, keep });
  const settle = () => steps.push({ settle: true });
  const file = (as, name, keep) => steps.push({ as, post: `/api/v1/files?name=${name}`, file: 'receipt.pdf', type: 'application/pdf', keep });
  steps.push({ say: { en: 'marketing: research, plan, campaigns and materials …', zh: '正在推演市场推广……' } });

  const competitors = [
    { name: '临江职业技术学校', strengths: '新校区、实训楼', weaknesses: '就业单位集中在外市', tuition: '6800.00', intake: 2600, response: '突出本地就业与校企合作', source: '招生简章、走访' },
    { name: '安庆工贸职业学校', strengths: '学费低、机电专业老牌', weaknesses: '距离远、无护理专业', tuition: '5200.00', intake: 1900, response: '讲清资助政策，主推护理', source: '官网、家长访谈' },
    { name: '东阳信息学校', strengths: '软件、动漫竞赛成绩好', weaknesses: '住宿紧张', tuition: '7200.00', intake: 1500, response: '展示技能大赛与宿舍条件', source: '开放日走访' }];
  const research = (key, as, name, more) => post(as, 'researches', { name, year: '{{year}}', covers: ['market', 'competitors', 'needs'], question: '今年生源从哪里来，家长看重什么，周边学校在做什么？',
    method: '初三家长问卷、初中班主任访谈、周边院校简章比对', due_on: '{{today+20}}', ...more }, key);
  research('research done', 'gao.fei', '年度市场调研', { sample: 236, competitors, findings: '家长首先看就业与升学，其次看管理与安全；六成从初中班主任处得知我校，三成从公众号。', advice: '开放日请毕业生到场；公众号每周一条就业故事；安徽生源以巡回咨询为主。' });
  post('gao.fei', 'researches/{{research done}}/begin');
  post('gao.fei', 'researches/{{research done}}/report');
  post('tan.rong', 'researches/{{research done}}/accept', { accepted_on: '{{today}}' });
  research('research now', 'jin.hao', '省外生源需求调研', { sample: 12 });
  post('jin.hao', 'researches/{{research now}}/begin');
  post('jin.hao', 'market_rounds', { title: '家长问卷（秋季）', about: '{{research now}}', closes_on: '{{today+15}}' }, 'round');
  post('jin.hao', 'actions/market_issue', { round: '{{round}}', count: 20, label: '初中联盟家长会' });
  post('jin.hao', 'market_rounds/{{round}}/open');

  post('tan.rong', 'plans', { year: '{{year}}', name: '{{year}} 年度推广计划', rests_on: '《清河职业学校事业发展规划（2025—2030）》第五章：品牌与影响力', research: '{{research done}}',
    goals: '线索较上年增长两成，每名新生推广成本不超过 400 元', strategy: '以公众号和开放日为主阵地，避开与临江职校的户外竞价；安徽片区由初中联盟转介绍。', budget: '60000.00' }, 'marketing plan');
  const line = (key, name, way, budget, amount, channel, goal) => post('tan.rong', 'plan_lines', { plan: '{{marketing plan}}', name, way, goal, budget_line: `{{budget line ${budget}}}`, amount, channel: `{{channel ${channel}}}` }, key);
  line('m ads', '线上广告', 'ads', '广告投放', '25000.00', '官方网站', '带来 200 条线索');
  line('m social', '公众号与短视频', 'social', '广告投放', '15000.00', '微信公众号', '关注增长三成');
  line('m offline', '开放日与咨询会', 'offline', '活动物料', '20000.00', '社区与乡镇宣传', '到场 1,200 人次');
  post('tan.rong', 'actions/submit', { plan: '{{marketing plan}}' });
  post('zhou.lan', 'plans/{{marketing plan}}/approve', OK);
  settle();
  post('tan.rong', 'plans', { year: '{{year+1}}', name: '{{year+1}} 年度推广计划', rests_on: '待学校年度工作要点下达后补充', goals: '稳住省内，拓展省外', strategy: '待定', budget: '80000.00' });

  const campaign = (key, as, name, way, at, budget, more) => post(as, 'campaigns', { name, way, line: `{{m ${at}}}`, budget, theme: '一技在身，前程在望', place: '东校区', content: '专业展示、实训体验、毕业生讲述、现场咨询', form: 'on_site', ...more }, key);
  const start = (key) => { post('tan.rong', 'actions/start', { campaign: `{{${key}}}` }); settle(); };
  campaign('c old day', 'gao.fei', '2025 秋季校园开放日', 'offline', 'offline', '6000.00', { starts_on: '2025-10-20', ends_on: '2025-11-05', channel: '{{channel 社区与乡镇宣传}}', activity: '{{QH2026B}}' });
  campaign('c old site', 'jin.hao', '2026 届官网与搜索推广', 'ads', 'ads', '5000.00', { starts_on: '2025-10-01', ends_on: '2026-06-30', place: '学校网站、搜索引擎', content: '专业介绍页、在线报名入口', form: 'online', channel: '{{channel 官方网站}}' });
  campaign('c day', 'gao.fei', '2026 秋季校园开放日', 'offline', 'offline', '8000.00', { starts_on: '2026-10-20', ends_on: '{{today+6}}', channel: '{{channel 社区与乡镇宣传}}', activity: '{{QH2027B}}', previous: '{{c old day}}' });
  campaign('c wechat', 'jin.hao', '2026 公众号招生季', 'social', 'social', '6000.00', { starts_on: '2026-10-01', ends_on: '{{today+40}}', place: '微信公众号', content: '就业故事、专业问答、校园短片', form: 'online', channel: '{{channel 微信公众号}}' });
  campaign('c site', 'gao.fei', '搜索与信息流投放', 'ads', 'ads', '9000.00', { starts_on: '{{today+10}}', ends_on: '{{today+50}}', place: '搜索引擎、信息流', content: '护理、软件专业落地页', form: 'online', channel: '{{channel 官方网站}}', previous: '{{c old site}}' });
  campaign('c bus', 'jin.hao', '公交车身广告', 'ads', 'ads', '12000.00', { place: '1 路、8 路公交', form: 'outdoor', channel: '{{channel 社区与乡镇宣传}}' });
  post('jin.hao', 'campaigns/{{c bus}}/cancel', { note: '报价高于预算，改投线上' });
  for (const key of ['c old day', 'c old site', 'c day', 'c wechat']) start(key);
  for (const [who, title, on] of [['gao.fei', '布置专业展位', 2], ['jin.hao', '邀请毕业生', 1]])
    post('tan.rong', 'campaigns_tasks', { record: '{{c day}}', title, assignee: `{{${who}}}`, due_on: `{{today+${on}}}` });

  // what they spend goes through claims: of last year's two it is paid, of this year's on its way
  let n = 0;
  const charge = (who, at, budget, amount, item) => {
    const key = `m claim ${++n}`;
    file(who, 'receipt.pdf', `m receipt ${n}`);
    post(who, `${F}/claims`, { staff: `{{staff ${who}}}`, line: `{{budget line ${budget}}}`, kind: 'publicity', reason: item, stated: amount, attachments: [`{{m receipt ${n}}}`],
      lines: [{ kind: 'other', day: '{{today-4}}', amount, seller: '清河县宏图商贸有限公司', invoice_no: `2634${String(20260000000 + n * 7919).padStart(16, '0')}`, invoice_date: '{{today-4}}', buyer: '清河职业学校', buyer_tax_no: '12330100MB0X00000P' }] }, key);
    post(who, 'actions/charge', { campaign: `{{${at}}}`, claim: `{{${key}}}`, item });
    return key;
  };
  const paid = [charge('gao.fei', 'c old day', '活动物料', '4860.50', '展架、指示牌与茶歇'), charge('jin.hao', 'c old site', '广告投放', '4380.20', '搜索推广费')];
  charge('jin.hao', 'c wechat', '广告投放', '1890.60', '短片拍摄');
  for (const key of paid) for (const who of ['tan.rong', 'tang.hui', 'zhou.lan']) post(who, `${F}/claims/{{${key}}}/approve`, OK);
  settle();
  post('wei.ping', `${F}/batches`, { bank: '中国建设银行清河支行 基本户', note: '推广活动' }, 'batch marketing');
  post('wei.ping', `${F}/actions/fill_batch`, { batch: '{{batch marketing}}' });
  post('wei.ping', `${F}/batches/{{batch marketing}}/send`);
  post('wei.ping', `${F}/payments/bulk/pay?batch={{batch marketing}}`, { paid_on: '{{today}}' });
  post('wei.ping', `${F}/batches/{{batch marketing}}/complete`);
  settle();

  post('jin.hao', 'changes', { campaign: '{{c wechat}}', cause: 'feedback', reason: '后台数据：短片完播率是图文的三倍，家长留言集中在晚间', content: '每周两条校园短片，晚八点推送', budget: '7000.00' }, 'change');
  post('tan.rong', 'changes/{{change}}/agree');
  settle();
  post('gao.fei', 'changes', { campaign: '{{c day}}', cause: 'schedule', reason: '气象台预报周末有雨', place: '东校区体育馆' });
  const evaluate = (who, key, measured, analysis, measures) => {
    post(who, 'actions/evaluate', { campaign: `{{${key}}}`, ...measured });
    steps.push({ as: who, find: `${M}/evaluations?state=draft&campaign={{${key}}}`, keep: `evaluation ${key}` });
    steps.push({ patch: `${M}/evaluations/{{evaluation ${key}}}`, as: who, body: { analysis, measures } });
    post(who, `evaluations/{{evaluation ${key}}}/submit`);
    settle();
  };
  const over = (who, key, lessons, measured, analysis, measures) => {
    post(who, 'actions/finish', { campaign: `{{${key}}}`, lessons });
    evaluate(who, key, measured, analysis, measures);
  };
  over('gao.fei', 'c old day', '毕业生讲述最受欢迎；签到台排队，下次分三处。', { awareness_is: 58, reputation_is: 83, growth_is: 12, traffic_is: 640, social_is: 210 }, '到场达标，现场登记率约四成。', '签到改为扫码');
  over('jin.hao', 'c old site', '专业页停留时间最长。', { awareness_is: 41, reputation_is: 72, growth_is: 6, traffic_is: 17600, social_is: 120 }, '线索达标，访问与增长未达目标。', '专业页加入毕业生就业去向');
  evaluate('gao.fei', 'c day', { traffic_is: 380, social_is: 95, growth_is: 5 }, '首周到场不及去年同期。', '向初中联盟补发邀请');
  post('tan.rong', 'actions/prepare_effect', { name: '推广效果报告（秋季招生）', from_day: '2025-10-01', until_day: '{{today}}' });

  const material = (key, as, name, kind, purpose, review, more) => post(as, 'materials', { name, kind, used_for: purpose, review_on: `{{today+${review}}}`, ...more }, key);
  const version = (key, as, of, v, ends, more) => post(as, 'versions', { material: `{{${of}}}`, version: v, expires_on: `{{today+${ends}}}`, ...more }, key);
  const BRAND = { review_note: '版式、校徽符合规范', brand: ['name', 'logo', 'colour', 'typeface', 'tone'] };
  const publish = (key) => {
    post('gao.fei', `versions/{{${key}}}/submit`);
    post('fang.jie', `versions/{{${key}}}/review`, BRAND);
    post('jin.hao', `versions/{{${key}}}/proofread`, { proof_note: '电话、地址、专业名称核对无误', proofread_on: '{{today}}' });
    post('tan.rong', `versions/{{${key}}}/publish`, { published_on: '{{today}}' });
    settle();
  };
  material('m poster', 'gao.fei', '校园开放日海报', 'poster', '初中联盟各校张贴', 60, { campaign: '{{c day}}' });
  material('m album', 'gao.fei', '学校宣传册', 'brochure', '咨询会发放', 20);
  material('m film', 'jin.hao', '三分钟校园短片', 'video', '公众号与开放日播放', 120, { campaign: '{{c wechat}}' });
  for (const [key, of, v, ends, more] of [['v album 1', 'm album', '1.0', 200, {}], ['v album 2', 'm album', '2.0', 330, { changes: '更新专业与资助政策', promises: true, promise_basis: '2025 届毕业生就业质量年度报告' }],
    ['v poster', 'm poster', '1.0', 25, {}]]) {
    file('gao.fei', 'design.pdf', `file ${key}`);
    version(key, 'gao.fei', of, v, ends, { file: `{{file ${key}}}`, ...more });
    publish(key);
  }
  version('v film', 'gao.fei', 'm film', '样片', 300, { address: 'https://www.example.edu.cn/film' });
  post('gao.fei', 'versions/{{v film}}/submit');
  const print = (key, of, quantity, price) => post('gao.fei', 'prints', { version: `{{${of}}}`, printer: '清河印务有限公司', quantity, price, due_on: '{{today+7}}' }, key);
  print('p album', 'v album 2', 3000, '8400.00');
  print('p poster', 'v poster', 500, '900.00');
  file('tan.rong', 'proof.pdf', 'proof');
  post('tan.rong', 'prints/{{p album}}/sign_proof', { proof_note: '封面颜色以打样为准', proof: '{{proof}}' });
  post('gao.fei', 'prints/{{p album}}/deliver', { received: 3000, delivered_on: '{{today}}' });
  post('jin.hao', 'prints/{{p album}}/accept', { sampled: 60, defects: 1, checked: ['text', 'colour', 'paper', 'binding'], outcome: '合格，一册装订偏斜已更换' });
}
