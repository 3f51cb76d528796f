-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Figures of the season (ADM-8); who is behind a figure stays behind it.
local ADMITTED = { "admitted", "notified", "confirmed", "arrived", "absent" }
local CONFIRMED = { "confirmed", "arrived", "absent" }

-- The way from registration to arrival, as named counts.
local function funnel()
  return {
    { name = "eligible", title = { zh = "审核通过", en = "Eligible" },
      where = { state = { "eligible", "waiting", "admitted", "notified", "confirmed", "arrived", "absent", "lapsed", "declined" } } },
    { name = "admitted", title = { zh = "录取", en = "Admitted" }, where = { state = ADMITTED } },
    { name = "confirmed", title = { zh = "确认", en = "Confirmed" }, where = { state = CONFIRMED } },
    { name = "arrived", title = { zh = "报到", en = "Arrived" }, where = { state = "arrived" } },
    { name = "waiting", title = { zh = "候补", en = "Waiting" }, where = { state = "waiting" } },
  }
end

-- Whose first page: the lead and those above; what finance collects fees by.
local HEADS = { "principal", "manager", "deputy", "admissions.lead" }
local ADMISSIONS = { "principal", "manager", "deputy", "admissions.lead", "admissions.staff" }

return {
  -- the three numbers of the morning: so far against the same day last year, seats, and who was left waiting
  applicants_so_far = campus.report {
    title = { zh = "报名人数", en = "Applicants" }, entity = "applicants",
    counts = { { name = "admitted", title = { zh = "录取", en = "Admitted" }, where = { state = ADMITTED } } },
    date = "registered_on", compare = "year", year_starts = 10, chart = "number",
    overview = { roles = ADMISSIONS, order = 2 }, serves = { "ADM-8", "ORG-5" },
  },
  leads_so_far = campus.report {
    title = { zh = "线索", en = "Leads" }, entity = "leads",
    counts = { { name = "converted", title = { zh = "已报名", en = "Converted" }, where = { state = "converted" } } },
    date = "came_on", compare = "year", year_starts = 10, chart = "number",
    overview = { roles = { "principal", "manager", "deputy", "admissions.lead", "admissions.staff", "marketing" }, order = 1 },
    serves = { "ADM-3", "ORG-5" },
  },
  leads_untouched = campus.report {
    title = { zh = "超过 24 小时未联系的线索", en = "Leads not contacted for 24 hours" }, entity = "leads", where = { state = "new" },
    group = { "officer" }, chart = "bar", overview = { roles = ADMISSIONS, order = 4, older = "24h" }, serves = { "ADM-7", "ORG-5" },
  },
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
  by_plan_line = campus.report {
    title = { zh = "各计划分项进度", en = "Progress by plan line" }, entity = "applicants",
    group = { "plan_line.season", "plan_line.major_name", "plan_line.region" }, counts = funnel(), date = "registered_on",
    target = { entity = "plan_lines", group = { "season", "major_name", "region" }, sum = "quota" }, chart = "bar",
    overview = { roles = { "principal", "manager", "deputy", "admissions.lead", "admissions.staff", "finance" }, order = 3,
      counts = { "admitted", "confirmed", "arrived" } }, serves = { "ADM-1", "ADM-8" },
  },
  by_region = campus.report {
    title = { zh = "生源地分布（同比）", en = "Regions, year on year" }, entity = "applicants", group = { "region" }, counts = funnel(),
    date = "registered_on", compare = "year", year_starts = 10, chart = "bar", serves = { "ADM-8" },
  },
  by_channel = campus.report {
    title = { zh = "各渠道成效", en = "By channel" }, entity = "applicants", group = { "channel.name", "channel.type" },
    counts = funnel(), date = "registered_on", compare = "year", year_starts = 10, chart = "bar", serves = { "ADM-2", "ADM-8" },
  },
  leads_by_channel = campus.report {
    title = { zh = "各渠道线索", en = "Leads by channel" }, entity = "leads", group = { "channel.name" },
    counts = {
      { name = "converted", title = { zh = "已报名", en = "Converted" }, where = { state = "converted" } },
      { name = "duplicate", title = { zh = "重复", en = "Duplicate" }, where = { state = "duplicate" } },
      { name = "lost", title = { zh = "流失", en = "Lost" }, where = { state = "lost" } },
    }, chart = "bar", overview = { roles = { "marketing" }, order = 2, counts = { "converted" } }, serves = { "ADM-2", "ADM-8" },
  },
  cost_by_channel = campus.report {
    title = { zh = "渠道费用", en = "Cost by channel" }, entity = "channels", group = { "name", "type" }, sum = { "cost" },
    chart = "bar", serves = { "ADM-2" },
  },
  leads_by_officer = campus.report {
    title = { zh = "各专员未联系线索", en = "Leads not yet contacted by officer" }, entity = "leads", group = { "officer" },
    counts = {
      { name = "untouched", title = { zh = "未联系", en = "Not contacted" }, where = { state = "new" } },
      { name = "converted", title = { zh = "已报名", en = "Converted" }, where = { state = "converted" } },
    }, target = { entity = "targets", group = { "officer" }, sum = "leads" }, chart = "bar", serves = { "ADM-1", "ADM-7" },
  },
  by_officer = campus.report {
    title = { zh = "各专员目标完成", en = "Targets by officer" }, entity = "applicants", group = { "officer" }, counts = funnel(),
    date = "registered_on", target = { entity = "targets", group = { "officer" }, sum = "confirmed" }, chart = "bar",
    serves = { "ADM-1", "ADM-8" },
  },
  funnel = campus.report {
    title = { zh = "招生漏斗", en = "Funnel" }, entity = "applicants", group = { "season" }, counts = funnel(),
    date = "registered_on", chart = "funnel", overview = { roles = HEADS, order = 6 }, serves = { "ADM-8" },
  },
  season_curve = campus.report {
    title = { zh = "报名进度曲线（同比）", en = "Registrations by week, year on year" }, entity = "applicants",
    group = { "registered_on:week" }, date = "registered_on", compare = "year", year_starts = 10, chart = "line",
    overview = { roles = HEADS, order = 5 }, serves = { "ADM-8" },
  },
  official_list = campus.report {
    title = { zh = "录取名单比对", en = "Official list compared" }, entity = "official_rows", group = { "season", "state" },
    chart = "table", serves = { "ADM-8" },
  },
}
