-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Figures of appraisals and of what comes of them; none of them tells of one person (PERF-1 to PERF-6).
local T = require("shared").title
local LEADERS = { "principal", "manager", "deputy", "hr" }

return {
  progress = campus.report {
    title = T("考核进度", "How far appraisals are"), entity = "appraisals", group = { "cycle.name", "state" }, chart = "bar",
    overview = { roles = LEADERS, order = 2 }, serves = { "PERF-1" },
  },
  ratings_given = campus.report {
    title = T("评价完成情况", "Ratings given"), entity = "ratings", group = { "source", "state" }, chart = "bar",
    overview = { roles = { "hr" }, order = 3 }, serves = { "PERF-2" },
  },
  grades = campus.report {
    title = T("等次分布", "Grades given"), entity = "outcomes", group = { "cycle.name", "grade" }, sum = { "people", "most" },
      chart = "table",
    overview = { roles = LEADERS, order = 4 }, serves = { "PERF-4" },
  },
  plans_by_state = campus.report {
    title = T("改进计划进展", "Improvement plans"), entity = "plans", group = { "state" }, chart = "bar",
      overview = { roles = { "hr" }, order = 5 },
    serves = { "PERF-3" },
  },
  bonus_by_cycle = campus.report {
    title = T("各期绩效奖金", "Bonuses by cycle"), entity = "bonus_runs", group = { "cycle.name", "state" }, sum = { "people",
      "payable" }, chart = "bar",
    overview = { roles = { "principal", "finance", "hr" }, order = 6 }, serves = { "PERF-5" },
  },
  promotions_by_post = campus.report {
    title = T("晋升（按岗位）", "Promotions by post"), entity = "promotions", group = { "to_post", "state" }, chart = "bar",
      serves = { "PERF-4", "PERF-6" },
  },
  nominations_by_award = campus.report {
    title = T("评优推荐", "Nominations by award"), entity = "nominations", group = { "award.name", "state" }, chart = "bar",
      serves = { "PERF-6" },
  },
  honours_by_year = campus.report {
    title = T("历年荣誉", "Honours by year"), entity = "honours", group = { "granted_on:year", "level" }, date = "granted_on", chart = "bar",
    overview = { order = 7 }, serves = { "PERF-6" },
  },
  welfare_by_item = campus.report {
    title = T("福利发放", "Welfare given"), entity = "welfare_grants", group = { "item.name", "state" }, sum = { "value" }, chart = "bar",
    serves = { "PERF-6" },
  },
}
