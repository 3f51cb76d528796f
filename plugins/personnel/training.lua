-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What people are to learn: courses, what each post and each person needs, and the year's plan with its budget (HR-6).
local field, shared = campus.field, require "shared"
local T = shared.title

local courses = campus.entity {
  title = T("培训课程", "Courses"), serves = { "HR-6", "HR-7" },
  fields = {
    name = field.text { title = T("课程", "Course"), required = true, unique = true, max_length = 80, search = true },
    kind = field.choice { title = T("内容类别", "Kind"), required = true, choices = shared.KINDS },
    hours = field.decimal { title = T("学时", "Hours"), required = true, scale = 1, min = 0.5, max = 400 },
    audience = field.text { title = T("适用岗位", "For which posts"), max_length = 200 },
    content = field.longtext { title = T("内容与要求", "Content"), max_length = 2000 },
  },
  indexes = { { "kind", "name" } },
}

local wishes = campus.entity {
  title = T("培训需求", "Training needs"), subject = "employee", serves = { "HR-6" },
  fields = {
    want = field.text { title = T("想学的内容", "What"), required = true, max_length = 200, search = true },
    employee = field.reference { to = "employees", title = T("员工", "Employee"), required = true },
    person = field.person { title = T("账号", "Account"), derived = "employee.person" },
    post = field.text { title = T("岗位", "Post"), derived = "employee.post" },
    year = field.text { title = T("年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    basis = field.choice { title = T("需求来源", "Why"), required = true, choices = shared.BASES },
    course = field.reference { to = "courses", title = T("课程", "Course") },
    way = field.choice { title = T("方式", "Way"), required = true, default = "internal", choices = shared.WAYS },
    reason = field.longtext { title = T("理由与目标", "Reason and aim"), max_length = 1000 },
    plan = field.reference { to = "training_plans", title = T("列入计划", "Plan it is in") },
    answer = field.text { title = T("答复", "Answer"), max_length = 500 },
  },
  workflow = { start = "draft",
    states = {
      draft = { title = T("草拟", "Draft") },
      submitted = { title = T("已提交", "Submitted"),
        deadline = { within = "policy:deadlines.need", owner = "role:hr", remind = { "2wd" } } },
      planned = { title = T("已列入计划", "Planned"), final = true }, refused = { title = T("暂不安排", "Not now"), final = true },
    },
    transitions = {
      submit = { title = T("提交", "Submit"), from = "draft", to = "submitted" },
      include = { title = T("列入计划", "Put into the plan"), from = "submitted", to = "planned", needs = { "plan" } },
      refuse = { title = T("暂不安排", "Not now"), from = "submitted", to = "refused", needs = { "answer" } },
    } },
  indexes = { { "state", "year" }, { "person", "year" } },
}

local plans = campus.entity {
  title = T("培训计划", "Training plans"), serves = { "HR-6" },
  fields = {
    year = field.text { title = T("年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    name = field.text { title = T("名称", "Name"), required = true, max_length = 80, search = true },
    basis = field.longtext { title = T("岗位要求与个人发展需求", "Needs of posts and people"), required = true },
    lines = field.list { title = T("培训安排", "Courses"), fields = {
      course = field.reference { to = "courses", title = T("课程", "Course"), required = true },
      basis = field.choice { title = T("需求来源", "Why"), required = true, choices = shared.BASES },
      audience = field.text { title = T("培训对象", "For whom"), required = true, max_length = 120 },
      month = field.integer { title = T("月份", "Month"), required = true, min = 1, max = 12 },
      trainer = field.choice { title = T("讲师来源", "Given by"), required = true, choices = shared.TRAINERS },
      hours = field.decimal { title = T("学时", "Hours"), required = true, scale = 1, min = 0.5 },
      cost = field.money { title = T("费用", "Cost"), required = true, min = 0 },
    } },
    hours = field.decimal { title = T("学时合计", "Hours"), scale = 1, derived = "sum(lines.hours)" },
    amount = field.money { title = T("经费合计", "Cost"), derived = "sum(lines.cost)" },
    budget_line = field.reference { to = "finance.lines", title = T("预算分项", "Budget line") },
    available = field.money { title = T("该分项预算", "Budget of that line"), derived = "budget_line.amount" },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = shared.approved("policy:approval.training", nil,
    { submit = { needs = { "lines" }, rule = "training_is_funded" } }),
  indexes = { { "year", "state" } },
}

-- What it costs has a line of the budget, which is not exceeded.
local function training_is_funded(plan)
  local why, have = campus.reasons(), plan.available or 0
  local function yuan(fen) return string.format("%d.%02d", fen // 100, fen % 100) end
  why:check(plan.amount == 0 or plan.budget_line, { code = "no_budget", at = "budget_line" })
  if plan.budget_line then
    why:check(plan.amount <= have, { code = "over_budget", at = "lines", have = yuan(plan.amount), want = yuan(have) })
  end
  return why:decision()
end

return {
  entities = { courses = courses, training_needs = wishes, training_plans = plans },
  rules = { training_is_funded = campus.rule { reads = { "amount", "budget_line", "available" }, run = training_is_funded,
    serves = { "HR-6" } } },
}
