-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Figures of the season (ADM-8).
return {
  by_region_state = campus.report {
    title = { zh = "按生源地与状态", en = "By region and state" }, entity = "applicants", group = { "region", "state" },
    kept = true, chart = "bar", serves = { "ADM-8" },
  },
  -- the same, counted afresh each time: what the kept figures are compared with
  by_region_state_scan = campus.report {
    title = { zh = "按生源地与状态（重新统计）", en = "By region and state (recounted)" }, entity = "applicants",
    group = { "region", "state" }, chart = "bar", serves = { "ADM-8" },
  },
  by_education = campus.report {
    title = { zh = "按学历", en = "By education" }, entity = "applicants", group = { "education" }, sum = { "score" },
    chart = "pie", serves = { "ADM-8" },
  },
}
