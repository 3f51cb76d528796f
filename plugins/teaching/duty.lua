-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Order on the day: who is on duty or walks the corridors when, what they found, and what went wrong with an activity, which
-- is a case with a clock until somebody has seen to it (TCH-5).
local field, shared = campus.field, require "shared"
local T, choices = shared.title, shared.choices

local SHIFTS = choices { "morning", "上午", "Morning", "afternoon", "下午", "Afternoon", "evening", "晚上", "Evening" }
local POSTS = choices { "duty", "值班", "Duty", "patrol", "教学巡查", "Patrol" }
local ORDER = choices { "good", "良好", "Good", "fair", "基本正常", "Fair", "poor", "有问题", "Poor" }
local WRONG = choices { "teacher", "教师缺勤迟到", "Teacher absent or late", "students", "学生秩序", "Order of students",
  "room", "教室环境", "Room", "equipment", "设备故障", "Equipment", "materials", "教材教具短缺", "Materials missing",
  "safety", "安全隐患", "Safety", "other", "其他", "Other" }

local duties = campus.entity {
  title = T("值班与巡查", "Duty and patrol"), serves = { "TCH-5" },
  overview = { order = 6, date = "day", who = "person", days = 14 },
  fields = {
    day = field.date { title = T("日期", "Day"), required = true },
    shift = field.choice { title = T("时段", "Shift"), required = true, choices = SHIFTS },
    kind = field.choice { title = T("任务", "Task"), required = true, choices = POSTS },
    area = field.text { title = T("区域", "Area"), required = true, max_length = 60 },
    person = field.person { title = T("值班人员", "Who"), required = true },
    order = field.choice { title = T("教学秩序", "Order"), choices = ORDER },
    found = field.longtext { title = T("巡查记录", "What was found"), max_length = 2000 },
    note = field.text { title = T("换班说明", "Why it was swapped"), max_length = 200 },
  },
  workflow = { start = "planned",
    states = {
      planned = { title = T("待值班", "Planned"), todo = "person", deadline = { within = "field:day", owner = "person", calendar = "always",
        escalate = { { after = "policy:deadlines.duty", to = "role:teaching.lead" } } } },
      done = { title = T("已完成", "Done"), final = true },
    },
    transitions = {
      report = { title = T("登记巡查", "Report"), from = "planned", to = "done", needs = { "order", "found" }, rule = "duty_has_come" },
      swap = { title = T("换班", "Swap"), from = "planned", to = "planned", needs = { "person", "note" } },
    } },
  indexes = { { "day", "shift", "person", unique = true }, { "day", "shift", "kind", "area", unique = true }, { "person", "day" } },
}

local function duty_has_come(duty, _, as_of)
  local why = campus.reasons()
  why:check(duty.day <= as_of, { code = "not_yet", at = "day", have = duty.day, want = as_of })
  return why:decision()
end

local issues = campus.case {
  title = T("教学现场问题", "Issues on the day"), severities = { "low", "medium", "high" }, clock = "policy:issues", team = "role:teaching.staff",
  about = "activities", escalate = { { after = "policy:issues.patience", to = "role:teaching.lead" } }, serves = { "TCH-5" },
  overview = { roles = { "teaching.lead", "teaching.staff" }, order = 3, date = "due_at", days = 14 },
  fields = {
    kind = field.choice { title = T("类别", "Kind"), required = true, choices = WRONG },
    place = field.text { title = T("地点", "Where"), max_length = 60 },
    duty = field.reference { to = "duties", title = T("巡查记录", "Found on patrol") },
    day = field.date { title = T("发生日期", "Day"), required = true, default = "$today" },
  },
  indexes = { { "state", "due_at" }, { "day" } },
}

return {
  entities = { duties = duties, issues = issues },
  rules = { duty_has_come = campus.rule { run = duty_has_come, reads = { "day" }, serves = { "TCH-5" } } },
}
