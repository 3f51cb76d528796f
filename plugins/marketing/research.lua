-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Market research: what is asked, the sheet of competitors, what was found; and the survey that asks people (MKT-1).
local field, shared = campus.field, require "shared"
local T = shared.title

local researches = campus.entity {
  title = T("市场调研", "Market research"), serves = { "MKT-1" },
  fields = {
    name = field.text { title = T("调研项目", "Project"), required = true, max_length = 80, search = true },
    year = field.text { title = T("年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    covers = field.multichoice { title = T("调研内容", "Covers"), required = true, choices = {
      { name = "market", title = T("市场与生源", "Market") }, { name = "competitors", title = T("竞争院校", "Competitors") },
      { name = "needs", title = T("学生与家长需求", "Needs") },
    } },
    question = field.longtext { title = T("要回答的问题", "Questions"), required = true },
    method = field.longtext { title = T("方法与样本来源", "Method") },
    owner_person = field.person { title = T("负责人", "Responsible"), required = true, default = "$actor" },
    due_on = field.date { title = T("完成期限", "Due on") },
    sample = field.integer { title = T("样本数", "Sample"), min = 0, max = 1000000,
      help = T("问卷、访谈、数据条数合计", "answers, talks and rows of data") },
    competitors = field.list { title = T("竞争院校对比表", "Competitor sheet"), fields = {
      name = field.text { title = T("院校", "School"), required = true, max_length = 80 },
      strengths = field.text { title = T("优势", "Strengths"), required = true, max_length = 200 },
      weaknesses = field.text { title = T("不足", "Weaknesses"), required = true, max_length = 200 },
      tuition = field.money { title = T("学费（元/年）", "Tuition a year"), min = 0 },
      intake = field.integer { title = T("年招生数", "Intake a year"), min = 0 },
      response = field.text { title = T("我校对策", "Our response"), required = true, max_length = 200 },
      source = field.text { title = T("信息来源", "Source"), required = true, max_length = 120 },
    } },
    schools = field.integer { title = T("对比院校数", "Schools compared"), derived = "count(competitors)" },
    findings = field.longtext { title = T("主要结论", "Findings") },
    advice = field.longtext { title = T("推广建议", "Advice") },
    report = field.file { title = T("调研报告附件", "Report"), types = { "pdf", "docx", "xlsx" } },
    accepted_on = field.date { title = T("验收日期", "Accepted on") },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "planned",
    states = {
      planned = { title = T("已立项", "Planned") },
      running = { title = T("调研中", "Under way"), deadline = { within = "field:due_on", owner = "owner_person", remind = { "3wd" },
        escalate = { { after = "1wd", to = "role:marketing.lead" } } } },
      reported = { title = T("待验收", "Reported"), todo = "role:marketing.lead" },
      accepted = { title = T("已验收", "Accepted"), final = true },
      dropped = { title = T("已终止", "Dropped"), final = true },
    },
    transitions = {
      begin = { title = T("开始调研", "Begin"), from = "planned", to = "running", needs = { "method", "due_on" } },
      report = { title = T("提交报告", "Report"), from = "running", to = "reported", needs = { "findings", "advice" },
        rule = "research_is_whole" },
      accept = { title = T("验收", "Accept"), from = "reported", to = "accepted", needs = { "accepted_on" } },
      send_back = { title = T("退回补充", "Send back"), from = "reported", to = "running", needs = { "note" } },
      drop = { title = T("终止", "Drop"), from = { "planned", "running" }, to = "dropped", needs = { "note" } },
    },
  },
  indexes = { { "year", "state" } },
}

-- A report stands on enough people, and where it is about competitors on enough of them.
local function research_is_whole(research, policy)
  local why, least = campus.reasons(), policy.research
  for _, part in ipairs(least.cover) do
    why:check(shared.has(research.covers, part), { code = "not_covered", at = "covers", want = part, policy = "research.cover" })
  end
  why:check((research.sample or 0) >= least.sample,
    { code = "sample_small", at = "sample", have = research.sample or 0, want = least.sample, policy = "research.sample" })
  if shared.has(research.covers, "competitors") then
    why:check(research.schools >= least.competitors,
      { code = "competitors_few", at = "competitors", have = research.schools, want = least.competitors, policy = "research.competitors" })
  end
  return why:decision()
end

local market = campus.survey {
  title = T("品牌与需求问卷", "Survey of brand and needs"), about = "marketing.researches", min_respondents = "policy:research.respondents",
  serves = { "MKT-1", "MKT-5" },
  questions = {
    { name = "heard", title = T("您从哪里了解到我校？", "How did you hear of us?"), type = "choice", choices = {
      { name = "school", title = T("初中学校或老师", "A school or teacher") }, { name = "friends", title = T("亲友、校友", "Friends or alumni") },
      { name = "online", title = T("网站、公众号、短视频", "Online") }, { name = "event", title = T("开放日、咨询会", "An event") },
      { name = "outdoor", title = T("户外广告、宣传单", "Outdoor or print") }, { name = "none", title = T("没听说过", "Never") } } },
    { name = "awareness", title = T("您对我校的了解程度", "How well do you know us?"), weight = 50,
      help = T("1 不了解，5 很了解", "1 not at all, 5 very well") },
    { name = "reputation", title = T("您会向他人推荐我校吗？", "Would you recommend us?"), weight = 50,
      help = T("1 不会，5 一定会", "1 no, 5 certainly") },
    { name = "cares", title = T("选择学校最看重什么？", "What matters most to you?"), type = "many", choices = {
      { name = "jobs", title = T("就业与升学", "Jobs and further study") }, { name = "teachers", title = T("师资与实训", "Teachers and workshops") },
      { name = "fees", title = T("学费与资助", "Fees and grants") }, { name = "place", title = T("位置与住宿", "Place and boarding") },
      { name = "safety", title = T("管理与安全", "Order and safety") } } },
    { name = "remark", title = T("其他建议", "Anything else"), type = "text", max = 300, required = false },
  },
  consent = T("学校用这份问卷了解生源需求和学校形象，不记名，只看汇总结果。",
    "The school asks this to learn what is wanted and how it is seen. No names are kept, only sums are looked at."),
}

return {
  entities = { researches = researches },
  rules = { research_is_whole = campus.rule { reads = { "covers", "sample", "schools" }, run = research_is_whole, serves = { "MKT-1" } } },
  surveys = { market = market },
}
