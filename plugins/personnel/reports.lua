-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Figures of personnel: posts that are vacant and where people come from, contracts that end, training done and owed.
local T = require("shared").title
local HR = { "hr", "principal", "manager" }
local HEADS = { "hr", "principal", "manager", "deputy", "admissions.lead", "teaching.lead", "service.lead", "marketing.lead" }

local function stage(name, zh, en, states) return { name = name, title = T(zh, en), where = { state = states } } end
local HEARD = { "ranked", "checking", "cleared", "offered", "accepted", "hired", "declined" }
local OFFERED = { "offered", "accepted", "hired", "declined" }

return {
  -- what of each opening is hired, accepted, offered and vacant
  hiring = campus.report {
    title = T("招聘进度与空缺", "Openings: seats taken and vacant"), entity = "openings", where = { headcount = { gt = 0 } },
    group = { "department", "post" }, sum = { "settled", "committed", "reserved", "left" }, chart = "bar",
    overview = { roles = HEADS, order = 1 }, serves = { "HR-1" },
  },
  vacancies = campus.report {
    title = T("在招岗位与空缺", "Open posts and vacancies"), entity = "openings", where = { state = "open" },
      group = { "opened_on:month", "post" },
    sum = { "left" }, chart = "table", serves = { "HR-1" },
  },
  funnel = campus.report {
    title = T("招聘漏斗", "From application to hire"), entity = "candidates", group = { "post" }, chart = "funnel",
    counts = { stage("interviewed", "已面试", "Interviewed", HEARD), stage("offered", "发出录用", "Offered", OFFERED),
      stage("hired", "到岗", "Hired", { "hired" }) },
    overview = { roles = HEADS, order = 2 }, serves = { "HR-3" },
  },
  by_channel = campus.report {
    title = T("各渠道应聘与录用", "Candidates by channel"), entity = "candidates", group = { "channel" }, chart = "bar",
    counts = { stage("interviewed", "已面试", "Interviewed", HEARD), stage("hired", "到岗", "Hired", { "hired" }) },
    overview = { roles = HR, order = 3 }, serves = { "HR-2" },
  },
  channel_cost = campus.report {
    title = T("各渠道发布与费用", "Postings and their cost"), entity = "postings", group = { "channel" }, sum = { "cost" },
      chart = "bar",
    serves = { "HR-2" },
  },
  contracts_ending = campus.report {
    title = T("合同到期（按月）", "Contracts by the month they end"), entity = "contracts", where = { state = "active" },
      group = { "ends_on:month" },
    date = "ends_on", chart = "bar", overview = { roles = HR, order = 4 }, serves = { "HR-5" },
  },
  needs = campus.report {
    title = T("培训需求（按来源与岗位）", "Training needs by reason and post"), entity = "training_needs",
      group = { "year", "basis", "post" },
    counts = { stage("planned", "已列入计划", "In the plan", { "planned" }) }, chart = "bar", serves = { "HR-6" },
  },
  training_cost = campus.report {
    title = T("培训费用（实际与计划）", "Cost of training, of what was planned"), entity = "sessions",
      group = { "plan.year" }, sum = { "cost" },
    chart = "bar", target = { entity = "training_plans", group = { "year" }, sum = "amount", where = { state = { "approved", "closed" } } },
    serves = { "HR-6", "HR-7" },
  },
  sessions_by_kind = campus.report {
    title = T("培训班次（按内容与讲师）", "Sessions by kind and trainer"), entity = "sessions",
      where = { state = { "held", "closed" } },
    group = { "kind", "way", "trainer_kind" }, sum = { "hours", "present" }, date = "held_on", chart = "bar",
    overview = { roles = HR, order = 6 }, serves = { "HR-7" },
  },
  attendance = campus.report {
    title = T("参训与考核", "Attendance and marks"), entity = "attendances", group = { "kind", "way" }, avg = { "score" },
      date = "held_on",
    counts = { stage("present", "到场", "Present", { "attended", "passed", "failed" }), stage("passed", "合格", "Passed", { "passed" }),
      stage("absent", "缺席", "Absent", { "absent" }) }, chart = "bar", serves = { "HR-7" },
  },
  -- what appraisal rests on: hours done, required, missing, marks, by person
  training_hours = campus.report {
    title = T("年度学时（按人员）", "Hours of the year by person"), entity = "training_files",
      group = { "year", "department", "name" },
    sum = { "hours", "required", "missing", "external" }, avg = { "average" }, chart = "table", serves = { "HR-8" },
  },
  hours_behind = campus.report {
    title = T("欠学时人数（按部门）", "Behind on hours, by department"), entity = "training_files",
      where = { missing = { gt = 0 } },
    group = { "year", "department" }, sum = { "missing" }, chart = "bar", overview = { roles = HEADS, order = 5 }, serves = { "HR-8" },
  },
}
