-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Figures of teaching: progress, purchases, stock, changes of the timetable, quality, feedback (TCH-1 to TCH-7).
local T = require("shared").title
local HEADS = { "principal", "manager", "deputy", "teaching.lead" }
local OFFICE = { "teaching.lead", "teaching.staff", "manager", "deputy" }

return {
  progress = campus.report {
    title = T("教学进度完成情况", "Progress against the plan"), entity = "weeks", group = { "term_name", "course_name" }, sum = { "taught" },
    where = { state = { "planned", "taught", "behind", "caught_up" } },
    target = { entity = "courses", group = { "term_name", "name" }, sum = "hours" }, chart = "bar",
    overview = { roles = HEADS, order = 1 }, serves = { "TCH-1" },
  },
  weeks_by_state = campus.report {
    title = T("教学进度（按周）", "Weeks that were kept"), entity = "weeks", group = { "term_name", "course_name" }, chart = "bar",
      serves = { "TCH-1" },
    counts = { { name = "kept", title = T("按计划", "As planned"), where = { state = { "taught", "caught_up" } } },
      { name = "behind", title = T("滞后", "Behind"), where = { state = "behind" } } },
  },
  plans_by_state = campus.report {
    title = T("教学计划（按状态）", "Plans by state"), entity = "plans", group = { "term.name", "state" }, sum = { "hours" },
      chart = "bar", serves = { "TCH-1" },
  },
  behind = campus.report {
    title = T("进度滞后（按教师）", "Behind, by teacher"), entity = "weeks", where = { state = "behind" }, group = { "teacher" }, chart = "bar",
    overview = { roles = { "teaching.lead" }, order = 2 }, serves = { "TCH-1" },
  },
  purchases_by_state = campus.report {
    title = T("采购情况", "Purchases"), entity = "purchases", group = { "kind", "state" }, sum = { "amount" }, chart = "bar",
    overview = { roles = { "teaching.lead", "storekeeper", "finance" }, order = 4 }, serves = { "TCH-2" },
  },
  purchases_by_line = campus.report {
    title = T("采购占用预算", "Purchases by line of the budget"), entity = "purchases", group = { "line.name", "state" },
      sum = { "amount" }, chart = "table",
    where = { state = { "in_approval", "approved", "ordered", "received" } }, serves = { "TCH-2", "FIN-2" },
  },
  in_stock = campus.report {
    title = T("在库数量", "In stock"), entity = "stock", where = { account = "stock" }, group = { "place", "item" },
      sum = { "amount" }, chart = "table",
    overview = { roles = { "storekeeper", "teaching.staff" }, order = 2 }, serves = { "TCH-3" },
  },
  lent = campus.report {
    title = T("借出未还", "Lent and not back"), entity = "moves", where = { state = "lent" }, group = { "to_class", "to_person" },
      sum = { "pieces" },
    chart = "table", overview = { roles = { "storekeeper" }, order = 3 }, serves = { "TCH-3" },
  },
  stocktake_differences = campus.report {
    title = T("盘点差异", "Differences of stocktakes"), entity = "stocktakes", where = { state = "approved" }, group = { "store" },
    sum = { "counted", "missing", "lost", "damaged", "scrapped", "surplus" }, date = "frozen_at", chart = "table", serves = { "TCH-4" },
  },
  changes = campus.report {
    title = T("调课、代课、停课", "Moved, substituted, cancelled"), entity = "activities", group = { "day:week", "change" }, date = "day",
      chart = "bar",
    where = { change = { "moved", "substituted", "cancelled" } }, overview = { roles = OFFICE, order = 5 }, serves = { "TCH-5" },
  },
  activities_by_state = campus.report {
    title = T("教学活动（按周）", "Activities by week"), entity = "activities", group = { "day:week", "kind" }, date = "day", chart = "bar",
    where = { state = { "scheduled", "preparing", "ready", "held" } },
    counts = { { name = "held", title = T("已完成", "Held"), where = { state = "held" } } }, serves = { "TCH-5" },
  },
  order_by_area = campus.report {
    title = T("巡查情况", "Order, by area"), entity = "duties", where = { state = "done" }, group = { "area", "order" }, date = "day",
      chart = "bar",
    serves = { "TCH-5" },
  },
  issues_by_kind = campus.report {
    title = T("现场问题（按类别）", "Issues by kind"), entity = "issues", group = { "kind", "state" }, date = "day", chart = "bar",
    overview = { roles = OFFICE, order = 6 }, serves = { "TCH-5" },
  },
  observation_by_teacher = campus.report {
    title = T("听课得分（按教师与课程）", "Observation by teacher and course"), entity = "observation_cards", where = { state = "submitted" },
    group = { "about.teacher", "about.course" }, avg = { "score" }, chart = "table", overview = { roles = HEADS, order = 7 },
      serves = { "TCH-6" },
  },
  inspection_by_teacher = campus.report {
    title = T("教学检查得分（按教师与课程）", "Inspection by teacher and course"), entity = "inspection_cards", where = { state = "submitted" },
    group = { "about.teacher", "about" }, avg = { "score" }, chart = "table", serves = { "TCH-6" },
  },
  evaluation_by_teacher = campus.report {
    title = T("评教得分与回收率（按教师与课程）", "Evaluation by teacher and course"), entity = "results", group = { "teacher", "course" },
    sum = { "invited", "answered" }, avg = { "rate", "score" }, chart = "table", overview = { roles = HEADS, order = 8 },
      serves = { "TCH-6" },
  },
  feedback_by_topic = campus.report {
    title = T("教学反馈（按类别与状态）", "Feedback by topic and state"), entity = "feedback", group = { "topic", "state" }, chart = "bar",
    overview = { roles = OFFICE, order = 9 }, serves = { "TCH-7" },
  },
  feedback_open = campus.report {
    title = T("未办结反馈", "Feedback that is open"), entity = "feedback", where = { state = { "open", "assigned", "answered",
      "improving", "improved" } },
    chart = "number", overview = { roles = HEADS, order = 0 }, serves = { "TCH-7" },
  },
}
