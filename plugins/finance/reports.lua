-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Figures of the year's money (FIN-3, FIN-7).
local T = require("shared").title
local HEADS = { "principal", "manager", "finance" }
local SPOKEN_FOR = { "in_approval", "approved", "paid" }

return {
  -- the bars of the budget: what was approved, what is spoken for, what is left
  budget_bars = campus.report {
    title = T("预算执行", "Budget and use"), entity = "lines", group = { "year", "category", "name" },
    sum = { "settled", "committed", "reserved" }, chart = "bar",
    target = { entity = "lines", group = { "year", "category", "name" }, sum = "amount" },
    overview = { roles = HEADS, order = 1 }, serves = { "FIN-2", "FIN-3" },
  },
  claims_by_category = campus.report {
    title = T("报销（按类别与状态）", "Claims by category and state"), entity = "claims", group = { "year", "category", "state" },
    sum = { "amount" }, kept = true, chart = "bar", serves = { "FIN-3", "FIN-7" },
  },
  -- the same, counted afresh each time
  claims_by_category_scan = campus.report {
    title = T("报销（按类别与状态，重新统计）", "Claims by category and state (recounted)"), entity = "claims",
    group = { "year", "category", "state" }, sum = { "amount" }, chart = "bar", serves = { "FIN-3" },
  },
  by_month = campus.report {
    title = T("每月报销（同比）", "Claims by month, year on year"), entity = "claims", where = { state = SPOKEN_FOR },
    group = { "created_at:month" }, sum = { "amount" }, compare = "year", chart = "line", overview = { roles = HEADS, order = 2 },
    serves = { "FIN-7" },
  },
  by_department = campus.report {
    title = T("各部门报销", "Claims by department"), entity = "claims", where = { state = SPOKEN_FOR }, group = { "department", "kind" },
    sum = { "amount" }, chart = "bar", serves = { "FIN-7" },
  },
  -- what is usual for the like: each claim that comes in is held against it
  by_kind = campus.report {
    title = T("各类报销", "Claims by kind"), entity = "claims", where = { state = SPOKEN_FOR }, group = { "category", "kind" },
    sum = { "amount" }, kept = true, chart = "table", serves = { "FIN-7" },
  },
  -- the scan: how far the largest is from the usual, and who claims often for the same within a week
  outliers = campus.report {
    title = T("各类报销的均值与最大值", "Usual and largest, by kind"), entity = "claims", where = { state = SPOKEN_FOR },
    group = { "category", "kind" }, avg = { "amount" }, max = { "amount" }, chart = "table", serves = { "FIN-7" },
  },
  splits = campus.report {
    title = T("同人同类同周报销", "Same person, same kind, same week"), entity = "claims", where = { state = SPOKEN_FOR }, min_count = 2,
    group = { "claimant", "kind", "created_at:week" }, sum = { "amount" }, max = { "amount" }, chart = "table", serves = { "FIN-7" },
  },
  anomalies = campus.report {
    title = T("报销异常核查", "Anomalies looked into"), entity = "cases", group = { "signal", "state" }, sum = { "amount" },
    chart = "bar", serves = { "FIN-7" },
  },
  advances_open = campus.report {
    title = T("未核销借款", "Open advances"), entity = "advances", where = { state = "paid" }, group = { "staff.department", "staff.name" },
    sum = { "amount", "left" }, chart = "bar", overview = { roles = { "finance", "cashier" }, order = 4 }, serves = { "FIN-5", "FIN-7" },
  },
  payments_by_state = campus.report {
    title = T("付款情况", "Payments"), entity = "payments", group = { "batch.number", "state" }, sum = { "amount" }, chart = "bar",
    overview = { roles = { "cashier" }, order = 1 }, serves = { "FIN-5" },
  },
}
