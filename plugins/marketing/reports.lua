-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Figures of marketing: money against the plan, what campaigns and channels bring, what they score (MKT-2, MKT-3, MKT-5).
local T = require("shared").title
local HEADS = { "principal", "manager", "deputy", "marketing.lead", "finance" }
local MARKETING = { "manager", "deputy", "marketing.lead", "marketing" }
local APPLIED = { name = "applied", title = T("报名", "Applied"), where = { state = { "applied", "enrolled" } } }
local ENROLLED = { name = "enrolled", title = T("报到", "Enrolled"), where = { state = "enrolled" } }
local COUNTED = { "lead", "applied", "enrolled" }

return {
  plan_use = campus.report {
    title = T("推广计划执行", "Plan and use"), entity = "plan_lines", group = { "year", "name" }, where = { state = { "approved", "closed" } },
    sum = { "paid", "claimed" }, chart = "bar",
    target = { entity = "plan_lines", group = { "year", "name" }, sum = "approved", where = { state = { "approved", "closed" } } },
    overview = { roles = HEADS, order = 3 }, serves = { "MKT-2" },
  },
  campaign_money = campus.report {
    title = T("各活动支出", "Spending by campaign"), entity = "campaigns", group = { "line.name", "name" },
    where = { state = { "running", "finished", "evaluated" } }, sum = { "spent", "claimed" }, chart = "bar",
    target = { entity = "campaigns", group = { "line.name", "name" }, sum = "budget",
      where = { state = { "running", "finished", "evaluated" } } },
    overview = { roles = { "marketing.lead", "marketing", "finance" }, order = 4 }, serves = { "MKT-3" },
  },
  -- what evaluations count by
  by_campaign_state = campus.report {
    title = T("各活动线索（按状态）", "Leads by campaign and state"), entity = "attributions", group = { "campaign", "state" }, kept = true,
    chart = "table", serves = { "MKT-3", "MKT-5" },
  },
  by_campaign = campus.report {
    title = T("各活动带来的线索与报到", "Leads and enrolments by campaign"), entity = "attributions", where = { state = COUNTED },
    group = { "campaign.name" }, counts = { APPLIED, ENROLLED }, date = "came_on", chart = "bar",
    overview = { roles = { "manager", "deputy", "marketing.lead", "marketing", "admissions.lead" }, order = 5 },
    serves = { "MKT-3", "MKT-5" },
  },
  by_channel = campus.report {
    title = T("各渠道推广带来的线索与报到", "Leads and enrolments by channel"), entity = "attributions", where = { state = COUNTED },
    group = { "channel.name", "way" }, counts = { APPLIED, ENROLLED }, date = "came_on", chart = "bar", serves = { "MKT-5" },
  },
  results_by_month = campus.report {
    title = T("每月线索（同比）", "Leads by month, year on year"), entity = "attributions", where = { state = COUNTED },
    group = { "came_on:month" }, counts = { APPLIED, ENROLLED }, date = "came_on", compare = "year", chart = "line", serves = { "MKT-5" },
  },
  cost_by_campaign = campus.report {
    title = T("单位成本（各活动结项）", "Cost by campaign"), entity = "evaluations", where = { kind = "final", state = "submitted" },
    group = { "campaign.name" }, sum = { "spent", "leads_is", "enrolled_is", "cost_per_lead", "cost_per_enrolment" }, date = "as_of",
    chart = "table", serves = { "MKT-5" },
  },
  -- one final evaluation a campaign: its own cost, not a sum
  lead_cost = campus.report {
    title = T("每条线索成本（结项活动）", "Cost per lead of finished campaigns"), entity = "evaluations",
    where = { kind = "final", state = "submitted", leads_is = { gt = 0 } }, group = { "campaign.name" }, sum = { "cost_per_lead" },
    date = "as_of", chart = "bar", overview = { roles = MARKETING, order = 6 }, serves = { "MKT-5" },
  },
  enrolment_cost = campus.report {
    title = T("每名新生成本（结项活动）", "Cost per enrolment of finished campaigns"), entity = "evaluations",
    where = { kind = "final", state = "submitted", enrolled_is = { gt = 0 } }, group = { "campaign.name" }, sum = { "cost_per_enrolment" },
    date = "as_of", chart = "bar", overview = { roles = MARKETING, order = 7 }, serves = { "MKT-5" },
  },
  scores = campus.report {
    title = T("各活动综合得分", "Scores by campaign"), entity = "evaluations", where = { state = "submitted" },
    group = { "campaign.name", "kind" }, avg = { "score" }, date = "as_of", chart = "table", overview = { roles = MARKETING, order = 8 },
    serves = { "MKT-5" },
  },
  scores_by_way = campus.report {
    title = T("各推广方式的指标得分", "Indicators by way"), entity = "evaluations", where = { state = "submitted" }, group = { "way" },
    avg = { "score", "awareness", "reputation", "growth", "leads", "traffic", "social" }, date = "as_of", chart = "table",
      serves = { "MKT-5" },
  },
  changes_by_cause = campus.report {
    title = T("执行调整（按起因）", "Changes by cause"), entity = "changes", group = { "cause", "state" }, chart = "bar", serves = { "MKT-3" },
  },
  materials_by_state = campus.report {
    title = T("物料版本（按类型与状态）", "Versions by kind and state"), entity = "versions", group = { "material.kind", "state" }, chart = "bar",
    serves = { "MKT-4" },
  },
  print_quality = campus.report {
    title = T("承印单位质量", "Quality by printer"), entity = "prints", where = { state = { "accepted", "refused" } }, group = { "printer" },
    counts = { { name = "refused", title = T("不合格批次", "Refused"), where = { state = "refused" } } },
    sum = { "received", "sampled", "defects" }, chart = "table", serves = { "MKT-4" },
  },
  researches_by_year = campus.report {
    title = T("调研项目（按年度）", "Research by year"), entity = "researches", group = { "year", "state" }, sum = { "sample" }, chart = "table",
    serves = { "MKT-1" },
  },
}
