-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- When an appraisal has come to its end: a grade changed by an appeal, and the improvement plan that a low grade asks
-- for, agreed with the person and followed to its end (PERF-3).
local field, shared = campus.field, require "shared"
local T, sealed = shared.title, shared.sealed

local plans = campus.entity {
  title = T("改进计划", "Improvement plans"), subject = "person", part_of = "appraisal", serves = { "PERF-3" },
  tasks = { title = T("改进计划：任务", "Improvement plans: tasks"), remind = { "2wd" }, escalate = { { after = "2wd", to = "supervisor" } },
    fields = { person = field.person { title = T("改进人", "Who improves"), derived = "record.person" },
      superior = field.person { title = T("上级", "Superior"), derived = "record.superior" } } },
  overview = { roles = { "hr" }, order = 4, date = "due_on", days = 30 },
  fields = {
    appraisal = field.reference { to = "appraisals", title = T("绩效考核", "Appraisal"), required = true, unique = true },
    name = field.text { title = T("姓名", "Name"), derived = "appraisal.name" },
    person = field.person { title = T("改进人", "Who improves"), derived = "appraisal.person" },
    superior = field.person { title = T("上级", "Superior"), derived = "appraisal.superior" },
    shortfall = sealed("longtext", "差距", "What falls short"), goals = sealed("longtext", "改进目标与衡量标准", "Goals, and how they are measured"),
    support = sealed("longtext", "学校给予的支持", "What the school does for it"),
    due_on = field.date { title = T("完成期限", "Due on") },
    progress = sealed("longtext", "进展记录", "Progress"), outcome = sealed("longtext", "验收结论", "Outcome"),
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("待制定", "To be drawn up"), todo = "superior", deadline = { within = "policy:deadlines.plan", owner = "superior",
        remind = { "1wd" }, escalate = { { after = "1wd", to = "supervisor" }, { after = "3wd", to = "role:hr" } } } },
      proposed = { title = T("待本人确认", "To be agreed"), todo = "person" },
      running = { title = T("改进中", "Running"), deadline = { within = "field:due_on", owner = "superior", remind = { "5wd" },
        escalate = { { after = "1wd", to = "supervisor" }, { after = "3wd", to = "role:hr" } } } },
      achieved = { title = T("已达成", "Achieved"), final = true }, missed = { title = T("未达成", "Not achieved"), final = true },
    },
    transitions = {
      propose = { title = T("提交本人确认", "Propose"), from = "draft", to = "proposed", needs = { "shortfall", "goals", "due_on" },
        rule = "plan_is_right" },
      discuss = { title = T("再商量", "Talk it over"), from = "proposed", to = "draft" },
      agree = { title = T("同意执行", "Agree"), from = "proposed", to = "running" },
      achieve = { title = T("验收达成", "Achieved"), from = "running", to = "achieved", needs = { "outcome" } },
      extend = { title = T("延期再改", "Give more time"), from = "running", to = "draft", needs = { "progress" } },
      miss = { title = T("验收未达成", "Not achieved"), from = "running", to = "missed", needs = { "outcome" } },
    },
  },
  indexes = { { "person", "state" }, { "superior", "state" }, { "state", "due_on" } },
}

local function plan_is_right(plan, policy, as_of)
  local why = campus.reasons()
  local days = campus.date.days_between(as_of, plan.due_on)
  why:check(days >= 1, { code = "plan_over", at = "due_on", have = plan.due_on, want = as_of })
  why:check(days <= policy.plan.longest, { code = "plan_too_long", at = "due_on", have = days, want = policy.plan.longest,
    policy = "plan.longest" })
  return why:decision()
end

local function settled(ctx, event)
  local a, err = ctx:get("appraisals", event.record)
  if not a then return nil, err end
  local grade, done, why = a.grade, true, nil
  if a.appeal_grade and a.appeal_grade ~= grade then
    local values = { before = ctx:t("grade_" .. grade), grade = ctx:t("grade_" .. a.appeal_grade) }
    grade = a.appeal_grade
    done, why = ctx:update("appraisals", a.id, { grade = grade, grade_why = (a.grade_why or "") .. "\n" .. ctx:t("appealed", values) })
  end
  for _, one in ipairs(ctx.policy.plan.needed) do
    if done and one == grade and #ctx:find("plans", { appraisal = a.id, limit = 1, fields = "appraisal" }).items == 0 then
      done, why = ctx:create("plans", { appraisal = a.id, shortfall = a.to_improve })
    end
  end
  if not done then return nil, why end
end

return {
  entities = { plans = plans },
  rules = { plan_is_right = campus.rule { reads = { "due_on" }, run = plan_is_right, serves = { "PERF-3" } } },
  on = { ["performance.appraisals.settled"] = campus.on { run = settled, serves = { "PERF-3" } } },
}
