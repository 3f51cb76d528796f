// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A month of customer service: standard answers, enquiries in every state, complaints and what was told meanwhile,
// suggestions, four families with their visits and what came of them, two campaigns, and a hand for other
// departments. make_school.mjs writes these steps behind those of finance.
import { mobile, reseed } from './make_applicants.mjs';

const S = '/api/v1/service', B = '/api/v1/basics';
const ANSWERS = [      // topic, question, keywords, answer
  ['fees', '学费是多少，怎么缴？', '学费 缴费 多少钱', '每学年学费 6500 元，开学前通过学校缴费平台一次缴清；家庭经济困难的可申请助学贷款或缓缴。'],
  ['admission', '省外考生怎么报名？', '省外 外省 报名', '省外考生在学校网站“网上报名”登记，上传身份证、毕业证即可；资格审核通过后凭查询码查看进度。'],
  ['life', '宿舍条件怎么样？', '宿舍 住宿 寝室', '四人间为主，有空调、热水和独立卫生间，住宿费每学年 1200 元。'],
  ['employment', '实习单位怎么安排？', '实习 就业 顶岗', '第三学年由学校统一安排到签约企业实习，也可自主联系，须经系部审核并签三方协议。'],
  ['teaching', '怎样转专业？', '转专业 换专业', '第一学年末可申请一次，由系部考核、学校公示。'],
];
const ENQUIRIES = [    // topic, priority, asker, question, and what became of it
  ['fees', 'normal', '王女士', '学费可以分两次缴费吗？', 'standard'], ['admission', 'normal', '李先生', '外省的孩子怎么报名护理专业？', 'standard'],
  ['life', 'normal', '赵女士', '住宿能不能申请两人间？', 'answer'], ['employment', 'normal', '陈先生', '实习期间有没有工资？', 'transfer'],
  ['teaching', 'urgent', '孙女士', '孩子手术住院，期末考试怎么办？', 'transfer'], 
  ['other', 'normal', '郑先生', '校园开放日家长能不能开车进校？', 'new'],
];
const COMPLAINTS = [   // category, severity, matter, demand, and how far it is
  ['logistics', 'low', '西校区食堂晚餐时段窗口太少，学生排队半小时以上。', '增开窗口', 'closed'],
  ['conduct', 'medium', '任课教师多次在课堂上接打电话，影响上课。', '要求改正并说明处理情况', 'handling'],
  ['fees', 'medium', '实训服收费标准与招生简章不一致。', '核对标准，退还多收部分', 'replied'],
  ['safety', 'high', '东校区宿舍三楼应急灯长期不亮。', '立即维修', 'received'],
];
const FAMILIES = [     // class of the student, who keeps in touch, how closely
  ['护理 东校区', 'liao.yuan', 'focus'], ['软件技术 东校区', 'liao.yuan', 'normal'], ['学前教育 东校区', 'hao.yun', 'normal'], ['护理 西校区', 'meng.fei', 'focus'],
];

export function service(steps, seed) {
  const post = (as, path, body = {}, keep = undefined) => steps.push({ as, post: path.startsWith('/') ? path : `${S}/${path}`, body, keep });
  const settle = () => steps.push({ settle: true });
  const find = (as, path, keep) => steps.push({ as, find: `${S}/${path}`, keep });
  reseed(seed);
  steps.push({ say: { en: 'enquiries, complaints and families …', zh: '正在建立咨询、投诉、家校联系……' } });
  ANSWERS.forEach(([topic, question, keywords, answer], i) => {
    post('luo.ying', 'articles', { topic, question, keywords, answer, basis: topic === 'fees' ? '收费公示' : undefined }, `article ${i}`);
  });
  post('luo.ying', 'articles/bulk/submit?topic[in]=fees,admission,life,employment');
  post('ye.lin', 'articles/bulk/approve?state=in_review', { approval: { note: '同意' } });
  post('luo.ying', 'articles/{{article 4}}/submit');                // one waits for the lead

  FAMILIES.forEach(([name, keeper, attention], i) => {
    const campus = name.slice(-3);
    post('shen.jia', `${B}/families`, { name: `${['林', '许', '何', '郭'][i]}家`, campus, address: `清河县${['和平', '人民', '建设'][i % 3]}路 ${10 + i} 号` }, `family ${i}`);
    post('shen.jia', `${B}/guardians`, { family: `{{family ${i}}}`, name: '母亲', relation: 'mother', phone: mobile(), consents_on: '{{today-60}}' }, `guardian ${i}`);
    if (i === 0) post('shen.jia', `${B}/guardians`, { family: `{{family ${i}}}`, name: '父亲', relation: 'father' });
    steps.push({ as: 'shen.jia', find: `${B}/students?class={{class ${name}}}&sort=name&limit=1`, keep: `pupil ${i}` });
    steps.push({ as: 'shen.jia', patch: `${B}/students/{{pupil ${i}}}`, body: { family: `{{family ${i}}}` } });
    post(i < 2 ? 'luo.ying' : 'ding.xia', 'profiles', { family: `{{family ${i}}}`, keeper: `{{${keeper}}}`, attention, ways: i % 2 ? ['phone', 'message'] : ['message'], background: i === 0 ? '母亲一人抚养，在外务工' : undefined }, `profile ${i}`);
  });
  settle();
  find('liao.yuan', 'visits?visitor={{liao.yuan}}&attention=focus&limit=1', 'visit 0');
  post('liao.yuan', 'visits/{{visit 0}}/finish', { way: 'home', visited_on: '{{today}}', study: '基础护理良好，数学吃力', life: '住校，周末回家帮工', wants: '希望有勤工助学岗位',
    difficulties: [{ matter: '数学跟不上，需要辅导', category: 'study', urgency: 'normal', helper: '{{zhong.ling}}' }, { matter: '生活费不足，申请助学金', category: 'economic', urgency: 'urgent', helper: '{{shen.jia}}' }] });
  settle();
  find('shen.jia', 'helps?category=economic&limit=1', 'help money');
  find('shen.jia', 'helps?category=study&limit=1', 'help study');
  post('shen.jia', 'helps/{{help money}}/solve', { measure: '协助申请国家助学金，安排图书馆勤工助学岗', result: '助学金已受理，岗位已到岗' });
  post('liao.yuan', 'helps/{{help money}}/confirm');
  post('zhong.ling', 'helps/{{help study}}/solve', { measure: '每周二、四课后辅导', result: '月考已及格' });
  post('luo.ying', 'contacts', { family: '{{family 1}}', student: '{{pupil 1}}', way: 'phone', asked: '了解在校情况与期末安排', answered: '已说明，约定家长会面谈', next_step: '家长会面谈', next_contact: '{{today+14}}' });

  ENQUIRIES.forEach(([topic, priority, asker, question, how], i) => {
    const who = i % 2 ? 'pan.yi' : 'luo.ying', at = `enquiries/{{enquiry ${i}}}`;
    post(who, 'enquiries', { topic, priority, asker, question, phone: mobile(), way: i % 3 ? 'phone' : 'message', student: i === 2 ? '{{pupil 2}}' : undefined }, `enquiry ${i}`);
    if (how === 'standard') settle();                            // the answer is suggested by then
    if (how === 'standard') post(who, 'actions/use_answer', { enquiry: `{{enquiry ${i}}}` });
    if (how === 'answer') post(who, `${at}/answer`, { answer_text: '两人间数量有限，按身体状况等条件审批，请向宿管提交申请。' });
    if (how !== 'take' && how !== 'transfer') return;
    post(who, 'actions/acknowledge', { enquiry: `{{enquiry ${i}}}` });
    if (how === 'transfer') post(who, 'actions/transfer', { enquiry: `{{enquiry ${i}}}`, note: '请答复家长' });
  });
  post('shen.jia', 'actions/acknowledge', { enquiry: '{{enquiry 3}}' });
  post('shen.jia', 'enquiries/{{enquiry 3}}/answer', { answer_text: '实习期间由企业发放实习补贴，标准见三方协议。' });

  COMPLAINTS.forEach(([category, severity, matter, demand, how], i) => {
    const at = `complaints/{{complaint ${i}}}`, handler = { logistics: 'long.teng', conduct: 'yan.ming', fees: 'lu.yao', safety: 'long.teng' }[category];
    post('luo.ying', 'complaints', { category, severity, matter, demand, complainant: ['陈女士', '黄先生', '徐女士', '高先生'][i], phone: mobile(), relation: 'parent', about_person: category === 'conduct' ? '{{dai.min}}' : undefined }, `complaint ${i}`);
    if (how === 'received') return;
    post('ye.lin', `${at}/dispatch`, { handler: `{{${handler}}}` });
    settle();
    if (how !== 'replied') {
      find('luo.ying', `progress?complaint={{complaint ${i}}}&state=due&limit=1`, `progress ${i}`);
      post('luo.ying', 'actions/tell', { progress: `{{progress ${i}}}`, way: 'message', told: '已派专人核实，有结果会及时告知。' });
      settle();
    }
    if (how === 'handling') { post('luo.ying', 'actions/urge', { complaint: `{{complaint ${i}}}`, note: '家长再次来电询问' }); return; }
    post(handler, `${at}/answer`, { outcome: category === 'fees' ? 'partly' : 'upheld', result: category === 'fees' ? '经核对，个别班级多收 20 元，已列清单退还' : '晚餐增开两个窗口，错峰就餐',
      reply: category === 'fees' ? '经核对确有多收，将于本周退还。' : '已增开两个窗口并实行错峰就餐，感谢监督。' });
    settle();
    if (how !== 'closed') return;
    find('ding.xia', `followups?complaint={{complaint ${i}}}&state=due&limit=1`, `followup ${i}`);
    post('ding.xia', `followups/{{followup ${i}}}/finish`, { way: 'phone', score: 5, comment: '排队明显短了' });
    settle();
    post('ye.lin', `${at}/close`, { lesson: '每学期初按实际就餐人数核定窗口数。' });
  });

  [['图书馆周末延长开放到晚上九点', 'campus', 'done'], ['家长会增加线上场次', 'service', 'adopted'], ['取消早操', 'management', 'declined'], ['增加校车班次', 'logistics', 'considering']]
    .forEach(([content, category, how], i) => {
      const at = `suggestions/{{suggestion ${i}}}`, handler = i === 1 ? 'luo.ying' : 'long.teng';
      post('pan.yi', 'suggestions', { content, proposer: ['吕同学', '蒋女士', '沈同学', '韩先生'][i], phone: mobile(), way: i % 2 ? 'phone' : 'visit' }, `suggestion ${i}`);
      post('ye.lin', `${at}/dispatch`, { category, handler: `{{${handler}}}` });
      if (how === 'declined') post(handler, `${at}/decline`, { reply: '早操有益健康，保留；将缩短时间并增加项目选择。' });
      if (how === 'adopted' || how === 'done') post(handler, `${at}/adopt`, { reply: '建议很好，予以采纳。', measure: how === 'done' ? '周末增派值班，开放到 21:00' : '每学期增加一场线上家长会', due_on: '{{today+30}}' });
      if (how === 'done') post(handler, `${at}/finish`, { effect: '周末晚间到馆人次由 40 增至 150。' });
    });

  for (const [i, [name, kind, words, more]] of [['春季校园开放日', 'activity', '本校春季校园开放日即将举行，欢迎家长和学生到校参观。', { class: '{{class 护理 东校区}}' }], ['技能大赛喜报', 'results', '我校学生在省技能大赛中获得一等奖两项，感谢家长支持。', {}]].entries()) {
    post('gao.fei', 'campaigns', { name, kind, words, channels: ['sms'], ...more }, `campaign ${i}`);
    post('gao.fei', `campaigns/{{campaign ${i}}}/submit`);
  }
  post('ye.lin', 'campaigns/{{campaign 0}}/approve', { approval: { note: '同意' } });
  settle();

  for (const [i, [who, subject, team, days]] of [['yan.ming', '期末家长会接待与签到', 'customer_service', 10], ['lin.mei', '开放日来访家长引导', 'customer_service', 20], ['ye.lin', '客户服务宣传页设计', 'marketing.lead', 15]].entries())
    post(who, 'requests', { subject, team, wanted_by: `{{today+${days}}}`, detail: '具体安排见附表，请提前一天确认人员。' }, `request ${i}`);
  post('luo.ying', 'actions/accept', { request: '{{request 0}}' });
  post('luo.ying', 'requests/{{request 0}}/finish', { outcome: '接待家长 126 人，签到表已交。' });
  post('yan.ming', 'requests/{{request 0}}/thank', { thanks: '安排周到，家长反映很好。', rating: 5 });
  post('gao.fei', 'actions/accept', { request: '{{request 2}}' });
}
