-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Fairs, open days, live streams: planned, staffed, held, and what was learned (ADM-3).
local field = campus.field

local activities = campus.entity {
  title = { zh = "宣传活动", en = "Publicity events" },
  serves = { "ADM-3" },
  overview = { roles = { "manager", "deputy", "admissions.lead", "admissions.staff", "marketing" }, order = 2,
    date = "starts_at", days = 30 },
  fields = {
    name = field.text { title = { zh = "活动", en = "Event" }, required = true, max_length = 80 },
    type = field.choice { title = { zh = "类型", en = "Type" }, required = true, choices = {
      { name = "fair", title = { zh = "招生咨询会", en = "Fair" } },
      { name = "open_day", title = { zh = "校园开放日", en = "Open day" } },
      { name = "live", title = { zh = "线上直播", en = "Live stream" } },
    } },
    season = field.text { title = { zh = "招生年度", en = "Season" }, required = true, pattern = "20[0-9]{2}" },
    channel = field.reference { to = "admissions.channels", title = { zh = "渠道", en = "Channel" } },
    starts_at = field.datetime { title = { zh = "开始时间", en = "Begins" } },
    ends_at = field.datetime { title = { zh = "结束时间", en = "Ends" } },
    place = field.text { title = { zh = "地点", en = "Place" }, max_length = 120 },
    content = field.longtext { title = { zh = "内容", en = "Content" } },
    form = field.choice { title = { zh = "形式", en = "Form" }, choices = {
      { name = "on_site", title = { zh = "现场", en = "On site" } }, { name = "online", title = { zh = "线上", en = "Online" } },
    } },
    budget = field.money { title = { zh = "预算", en = "Budget" }, min = 0 },
    spent = field.money { title = { zh = "实际支出", en = "Spent" }, min = 0 },
    roster = field.list { title = { zh = "现场咨询人员", en = "Staff on site" }, fields = {
      person = field.person { title = { zh = "人员", en = "Person" }, required = true },
      duty = field.text { title = { zh = "职责", en = "Duty" }, max_length = 60 },
      stand = field.text { title = { zh = "咨询点", en = "Consultation point" }, max_length = 60 },
    } },
    staff = field.integer { title = { zh = "现场人数", en = "Staff" }, derived = "count(roster)" },
    officer = field.person { title = { zh = "负责人", en = "Responsible" }, required = true, default = "$actor" },
    capture_code = field.text { title = { zh = "登记码", en = "Code of its form" }, default = "$code", unique = true, max_length = 16 },
    lessons = field.longtext { title = { zh = "总结", en = "Lessons" } },
    note = field.text { title = { zh = "说明", en = "Note" }, max_length = 500 },
  },
  workflow = {
    start = "planned",
    states = {
      planned = { title = { zh = "计划中", en = "Planned" } },
      ready = { title = { zh = "已就绪", en = "Ready" } },
      held = { title = { zh = "已举办", en = "Held" } },
      reviewed = { title = { zh = "已总结", en = "Reviewed" }, final = true },
      cancelled = { title = { zh = "已取消", en = "Cancelled" }, final = true },
    },
    transitions = {
      prepare = { title = { zh = "准备就绪", en = "Prepare" }, from = "planned", to = "ready", rule = "activity_is_ready",
        needs = { "starts_at", "place", "content", "form" } },
      hold = { title = { zh = "已举办", en = "Hold" }, from = "ready", to = "held" },
      review = { title = { zh = "总结", en = "Review" }, from = "held", to = "reviewed", needs = { "lessons" } },
      cancel = { title = { zh = "取消", en = "Cancel" }, from = { "planned", "ready" }, to = "cancelled", needs = { "note" } },
    },
  },
  indexes = { { "season", "starts_at" }, { "state" } },
}

local function activity_is_ready(activity, policy)
  local why = campus.reasons()
  why:check(activity.staff >= policy.activities.min_staff,
    { code = "too_few_staff", at = "roster", have = activity.staff, want = policy.activities.min_staff, policy = "activities.min_staff" })
  return why:decision()
end

return {
  entities = { activities = activities },
  rules = { activity_is_ready = campus.rule { reads = { "staff" }, run = activity_is_ready, serves = { "ADM-3" } } },
}
