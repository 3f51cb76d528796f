-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- When: school years, terms, their weeks, and the days that differ (TCH-1, TCH-5).
local field = campus.field

local school_years = campus.entity {
  title = { zh = "学年", en = "School years" },
  serves = { "ADM-1", "TCH-1" },
  fields = {
    name = field.text { title = { zh = "学年", en = "School year" }, required = true, unique = true, max_length = 9,
      pattern = "20[0-9]{2}-20[0-9]{2}", class = "public" },
    starts_on = field.date { title = { zh = "开始日期", en = "Begins on" }, required = true, class = "public" },
    ends_on = field.date { title = { zh = "结束日期", en = "Ends on" }, required = true, class = "public" },
  },
  indexes = { { "starts_on" } },
}

local terms = campus.entity {
  title = { zh = "学期", en = "Terms" },
  serves = { "TCH-1", "TCH-5" },
  fields = {
    school_year = field.reference { to = "basics.school_years", title = { zh = "学年", en = "School year" }, required = true },
    name = field.text { title = { zh = "学期", en = "Term" }, required = true, unique = true, max_length = 20 },
    number = field.integer { title = { zh = "第几学期", en = "Number" }, required = true, min = 1, max = 3 },
    starts_on = field.date { title = { zh = "开学日期", en = "Begins on" }, required = true },
    ends_on = field.date { title = { zh = "放假日期", en = "Ends on" }, required = true },
  },
  indexes = { { "starts_on" }, { "school_year", "number" } },
}

local weeks = campus.entity {
  title = { zh = "周次", en = "Weeks" },
  serves = { "TCH-1", "TCH-5" },
  fields = {
    term = field.reference { to = "basics.terms", title = { zh = "学期", en = "Term" }, required = true },
    number = field.integer { title = { zh = "第几周", en = "Number" }, required = true, min = 1, max = 30 },
    starts_on = field.date { title = { zh = "周一", en = "Monday" }, required = true, unique = true },
    kind = field.choice { title = { zh = "类型", en = "Kind" }, required = true, default = "teaching", choices = {
      { name = "teaching", title = { zh = "教学周", en = "Teaching" } },
      { name = "practice", title = { zh = "实习周", en = "Practice" } },
      { name = "review", title = { zh = "复习周", en = "Review" } },
      { name = "exam", title = { zh = "考试周", en = "Examination" } },
      { name = "military", title = { zh = "军训周", en = "Military training" } },
    } },
  },
  indexes = { { "term", "number" } },
}

-- Working time goes by policies/calendar.yaml; these are the days that people read on the wall.
local calendar_days = campus.entity {
  title = { zh = "校历", en = "School calendar" },
  serves = { "TCH-5", "ADM-7" },
  overview = { order = 9, date = "day", days = 60 },
  fields = {
    day = field.date { title = { zh = "日期", en = "Day" }, required = true, unique = true, class = "public" },
    kind = field.choice { title = { zh = "类型", en = "Kind" }, required = true, class = "public", choices = {
      { name = "closed", title = { zh = "放假", en = "Closed" } },
      { name = "make_up", title = { zh = "调休上课", en = "Make-up day" } },
      { name = "event", title = { zh = "活动", en = "Event" } },
    } },
    title_of_day = field.text { title = { zh = "名称", en = "What it is" }, required = true, max_length = 60, class = "public" },
    follows = field.choice { title = { zh = "按星期几上课", en = "Follows the timetable of" }, choices = {
      { name = "monday", title = { zh = "星期一", en = "Monday" } }, { name = "tuesday", title = { zh = "星期二", en = "Tuesday" } },
      { name = "wednesday", title = { zh = "星期三", en = "Wednesday" } }, { name = "thursday", title = { zh = "星期四", en = "Thursday" } },
      { name = "friday", title = { zh = "星期五", en = "Friday" } },
    } },
    rests_on = field.text { title = { zh = "依据", en = "Rests on" }, max_length = 120,
      help = { zh = "如 policies/calendar.yaml 的 2027 年放假安排", en = "such as the holidays of 2027 in policies/calendar.yaml" } },
  },
  indexes = { { "day" } },
}

return { school_years = school_years, terms = terms, weeks = weeks, calendar_days = calendar_days }
