-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- How well it is taught, from three sides: observation of a lesson and inspection of a course by weighted criteria, and what
-- students say without their names. What a round of students came to is kept per course and teacher when it closes (TCH-6).
local field, shared = campus.field, require "shared"
local T = shared.title

local scorecards = {
  observation = campus.scorecard {
    title = T("听课评价", "Observation"), about = "activities", serves = { "TCH-6" }, weights = "policy:observation.weights",
    criteria = {
      { name = "preparation", title = T("教学准备", "Preparation") }, { name = "content", title = T("教学内容", "Content") },
      { name = "method", title = T("教学方法", "Methods") }, { name = "interaction", title = T("课堂组织与互动", "Order and interaction") },
      { name = "effect", title = T("教学效果", "Effect") },
    },
  },
  inspection = campus.scorecard {
    title = T("教学检查", "Inspection"), about = "courses", serves = { "TCH-6" }, weights = "policy:inspection.weights",
    criteria = {
      { name = "progress", title = T("授课进度执行", "Progress as planned") }, { name = "lesson_plans", title = T("教案", "Lesson plans") },
      { name = "homework", title = T("作业布置与批改", "Homework") }, { name = "records", title = T("教学日志与考勤", "Records and attendance") },
    },
  },
}

local surveys = {
  evaluation = campus.survey {
    title = T("学生评教", "Students' evaluation"), about = "courses", serves = { "TCH-6" }, weights = "policy:evaluation.weights",
    min_respondents = "policy:evaluation.least",
    consent = T("本问卷匿名：答案不与个人对应，只在回收足够份数后汇总。",
      "This is anonymous: no answer leads to a person, and only a sum of enough answers is shown."),
    questions = {
      { name = "clear", title = T("讲解清楚，重点突出", "Explains clearly") }, { name = "prepared", title = T("备课充分，按时上下课",
        "Well prepared, on time") },
      { name = "interest", title = T("课堂有吸引力，鼓励提问", "Keeps us interested, welcomes questions") },
      { name = "practice", title = T("理论联系实际，指导到位", "Practical, guides us well") }, { name = "fair", title = T("关心学生，评价公平",
        "Cares, and marks fairly") },
      { name = "pace", title = T("授课进度", "Pace"), type = "choice", choices = shared.choices { "slow", "偏慢", "Too slow", "right",
        "合适", "Right", "fast", "偏快",
        "Too fast" } },
      { name = "remark", title = T("意见与建议", "Remarks"), type = "text", max = 500 },
    },
  },
}

-- Written by the plugin alone, of a round that closed with answers enough.
local results = campus.entity {
  title = T("评教结果", "Results of evaluation"), serves = { "TCH-6" },
  fields = {
    name = field.text { title = T("轮次", "Round"), required = true, max_length = 120 },
    round = field.reference { to = "evaluation_rounds", title = T("评教轮次", "Of the round"), required = true, unique = true },
    course = field.reference { to = "courses", title = T("课程", "Course") },
    teacher = field.person { title = T("教师", "Teacher"), derived = "course.teacher" },
    term_name = field.text { title = T("学期", "Term"), derived = "course.term_name" },
    invited = field.integer { title = T("应答人数", "Asked"), required = true, min = 0 },
    answered = field.integer { title = T("答卷数", "Answered"), required = true, min = 0 },
    rate = field.decimal { title = T("回收率（%）", "Response (%)"), required = true, scale = 1, min = 0 },
    enough = field.boolean { title = T("达到最低份数与回收率", "Enough answered"), required = true },
    score = field.decimal { title = T("得分", "Score"), scale = 2, min = 0, max = 100 },
  },
  indexes = { { "teacher", "score" }, { "term_name", "score" } },
}

-- All of a list, page by page.
local function each(ctx, entity, filters, fn)
  local n, cursor = 0, nil
  repeat
    filters.limit, filters.cursor = 500, cursor
    local page, err = ctx:find(entity, filters)
    if not page then return nil, err end
    for _, one in ipairs(page.items) do fn(one) end
    n, cursor = n + #page.items, page.next
  until not cursor
  return n
end

local function closed(ctx, event)
  local round, err = ctx:get("evaluation_rounds", event.record)
  if not round then return nil, err end
  local invited, why = each(ctx, "evaluation_links", { round = round.id, fields = "state" }, function() end)
  if not invited then return nil, why end
  local sum, n = 0, 0
  local read, no = each(ctx, "evaluation_answers", { round = round.id, fields = "score" }, function(a)
    if a.score then sum, n = sum + tonumber(a.score), n + 1 end
  end)
  if not read then return nil, no end
  local answered = round.answered or 0
  local rate = invited > 0 and answered * 100 / invited or 0
  local enough = n > 0 and rate >= ctx.policy.evaluation.rate
  local made, wrong = ctx:create("results", { name = round.title or "", round = round.id, course = round.about, invited = invited,
    answered = answered,
    rate = string.format("%.1f", rate), enough = enough, score = enough and string.format("%.2f", sum / n) or nil })
  if not made and wrong.code ~= "conflict" then return nil, wrong end
end

return { scorecards = scorecards, surveys = surveys, entities = { results = results },
  on = { ["teaching.evaluation_rounds.closed"] = campus.on { run = closed, serves = { "TCH-6" } } } }
