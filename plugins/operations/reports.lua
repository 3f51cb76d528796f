-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Figures of the department: supervision of the groups, targets against what came of them, and how work goes on (ORG-2 to ORG-8).
local T = require("shared").title
local HEADS = { "principal", "manager", "deputy" }
local LEADS = { "principal", "manager", "deputy", "admissions.lead", "teaching.lead", "service.lead", "marketing.lead" }
local OPEN = { name = "open", title = T("未完成", "Open"), where = { state = "open" } }

return {
  -- every group's open work, late work and indicators off target, in one table
  supervision = campus.report {
    title = T("各组督导", "Supervision of the groups"), entity = "groups", group = { "name" },
      sum = { "open_work", "late_work", "flags" },
    chart = "table", overview = { roles = HEADS, order = 1 }, serves = { "ORG-7" },
  },
  indicators_by_group = campus.report {
    title = T("指标：目标与实际", "Indicators: target and actual"), entity = "measurements", group = { "period", "group.name", "indicator_name" },
    where = { actual = { empty = false } }, avg = { "actual" }, chart = "bar",
    target = { entity = "measurements", group = { "period", "group.name", "indicator_name" }, sum = "target",
      where = { actual = { empty = false } } },
    overview = { roles = LEADS, order = 2 }, serves = { "ORG-5" },
  },
  attainment_trend = campus.report {
    title = T("指标达成率趋势（%）", "Attainment by month (%)"), entity = "measurements", where = { actual = { empty = false } },
    group = { "period", "group.name" }, avg = { "attained" }, chart = "line", overview = { roles = LEADS, order = 3 },
      serves = { "ORG-5" },
  },
  indicator_trend = campus.report {
    title = T("各指标趋势", "Each indicator by month"), entity = "measurements", where = { actual = { empty = false } },
    group = { "period", "indicator_name" }, avg = { "actual" }, chart = "line", serves = { "ORG-5" },
  },
  tasks_by_group = campus.report {
    title = T("计划任务完成情况", "Tasks of plans"), entity = "plans_tasks", group = { "group.name" }, avg = { "progress" },
      chart = "bar",
    counts = { { name = "done", title = T("已完成", "Done"), where = { state = "done" } }, OPEN },
    overview = { roles = LEADS, order = 4, counts = { "done" } }, serves = { "ORG-2" },
  },
  tasks_by_plan = campus.report {
    title = T("各计划任务进度", "Progress of plans"), entity = "plans_tasks", group = { "record.title" },
      avg = { "progress" }, chart = "table",
    counts = { { name = "done", title = T("已完成", "Done"), where = { state = "done" } }, OPEN }, serves = { "ORG-2" },
  },
  requests_between = campus.report {
    title = T("协调事项（承办小组与状态）", "Requests by group and state"), entity = "requests", group = { "to.name", "state" }, chart = "bar",
    overview = { roles = HEADS, order = 5 }, serves = { "ORG-3" },
  },
  improvements_by_state = campus.report {
    title = T("改进建议落实情况", "Improvements by state"), entity = "improvements", group = { "group.name", "state" }, chart = "bar",
    overview = { roles = HEADS, order = 6 }, serves = { "ORG-5" },
  },
  incidents_by_kind = campus.report {
    title = T("突发事件（类型与程度）", "Incidents by kind and severity"), entity = "incidents", group = { "kind", "severity" },
    date = "happened_at", chart = "bar", serves = { "ORG-8" },
  },
  incidents_by_month = campus.report {
    title = T("每月突发事件（同比）", "Incidents by month, year on year"), entity = "incidents", group = { "happened_at:month" },
    date = "happened_at", compare = "year", chart = "line", serves = { "ORG-8" },
  },
  agreements_by_state = campus.report {
    title = T("合作协议状态", "Agreements by state"), entity = "agreements", group = { "state" }, chart = "pie", serves = { "ORG-6" },
  },
}
