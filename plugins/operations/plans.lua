-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The department's work plan: goals that are measured, signed by the leaders, carried out as tasks that are chased when
-- they are late, and looked back on (ORG-2).
local field, shared = campus.field, require "shared"
local T = shared.title

local plans = campus.entity {
  title = T("工作计划", "Work plans"), serves = { "ORG-2" },
  overview = { roles = { "principal", "manager", "deputy" }, order = 30, date = "ends_on", days = 60 },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "计{year}-{seq:3}" },
    title = field.text { title = T("计划名称", "Plan"), required = true, max_length = 80, search = true },
    period = field.choice { title = T("周期", "Period"), required = true, default = "year",
      choices = shared.choices { "year", "年度", "Year", "term", "学期", "Term", "quarter", "季度", "Quarter", "month",
        "月度", "Month" } },
    group = shared.group(T("小组", "Group"), { help = T("不填为全部门的计划", "Empty: of the whole department") }),
    responsible = field.person { title = T("负责人", "Owner"), required = true, default = "$actor" },
    starts_on = field.date { title = T("开始日期", "Begins on"), required = true },
    ends_on = field.date { title = T("结束日期", "Ends on"), required = true },
    basis = field.longtext { title = T("依据", "What it rests on"),
      help = T("学校年度工作要点、上期总结等", "The school's aims, the last review") },
    goals = field.list { title = T("目标", "Goals"), fields = {
      goal = field.text { title = T("目标", "Goal"), required = true, max_length = 200 },
      measure = field.text { title = T("衡量标准", "Measured by"), max_length = 200 },
    } },
    achieved = field.integer { title = T("完成度（%）", "Achieved (%)"), min = 0, max = 100 },
    review = field.longtext { title = T("总结", "Review") },
    note = field.text { title = T("说明", "Note"), max_length = 1000 },
  },
  -- progress is the assignee's to say; an overdue one is chased up the line
  tasks = {
    title = T("计划任务", "Tasks of plans"), serves = { "ORG-2", "ORG-3", "ORG-4" }, remind = { "policy:chase.remind" },
    escalate = { { after = "0h", to = "supervisor" }, { after = "policy:chase.deputy", to = "role:deputy" },
      { after = "policy:chase.manager", to = "role:manager" } },
    overview = { order = 2, date = "due_on", who = "assignee", days = 14 },
    fields = {
      group = shared.group(T("负责小组", "Group"), { required = true }), group_key = shared.key "group",
      progress = field.integer { title = T("进度（%）", "Progress (%)"), default = 0, min = 0, max = 100 },
      result = field.longtext { title = T("完成情况", "Result") },
      link = field.text { title = T("关联记录", "Rests on"), max_length = 200,
        help = T("如招聘计划、培训班次、考核周期的编号", "Such as the number of a recruitment plan, a training session, an appraisal") },
    },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("草拟", "Draft") }, in_approval = { title = T("审批中", "In approval") },
      approved = { title = T("执行中", "In force"), todo = "responsible", deadline = { within = "field:ends_on", owner = "responsible",
        remind = { "policy:chase.remind" }, escalate = { { after = "policy:chase.deputy", to = "role:manager" } } } },
      closed = { title = T("已总结", "Reviewed"), final = true },
    },
    transitions = {
      submit = { title = T("提交审批", "Submit"), from = "draft", to = "in_approval", needs = { "goals" },
        rule = "plan_is_measured" },
      approve = { title = T("批准", "Approve"), from = "in_approval", to = "approved", approvals = "policy:approval.plan",
        never_by = { "$created_by" }, otherwise = "climb", back = "send_back", recall = "take_back" },
      send_back = { title = T("退回", "Send back"), from = "in_approval", to = "draft" },
      take_back = { title = T("撤回", "Take back"), from = "in_approval", to = "draft" },
      revise = { title = T("修订", "Revise"), from = "approved", to = "draft", needs = { "note" } },
      close = { title = T("总结", "Review"), from = "approved", to = "closed", needs = { "review", "achieved" } },
    },
  },
  indexes = { { "state", "ends_on" } },
}

local function plan_is_measured(plan)
  local why, bare = campus.reasons(), nil
  for i, goal in ipairs(plan.goals or {}) do
    if not goal.measure then bare = bare or i end
  end
  why:check(#(plan.goals or {}) > 0, { code = "no_goals", at = "goals" })
  why:check(not bare, { code = "goal_unmeasured", at = bare and ("goals/%d/measure"):format(bare - 1) or "goals" })
  why:check(plan.starts_on <= plan.ends_on, { code = "ends_before", at = "ends_on", have = plan.ends_on, want = plan.starts_on })
  return why:decision()
end

return {
  entities = { plans = plans },
  rules = { plan_is_measured = campus.rule { reads = { "goals.goal", "goals.measure", "starts_on", "ends_on" },
    run = plan_is_measured,
    serves = { "ORG-2" } } },
}
