-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The file of a family, the log of talks, visits by a plan, and each difficulty found on the way to being solved (SVC-7, SVC-8).
local field, shared = campus.field, require "shared"
local T = shared.title
local ATTENTION, CATEGORIES = {}, {}
for i, one in ipairs { { "normal", "一般", "Normal" }, { "focus", "重点", "Close" } } do ATTENTION[i] = { name = one[1],
  title = T(one[2], one[3]) } end
for i, one in ipairs { { "study", "学业", "Study" }, { "economic", "经济", "Money" }, { "health", "身心健康", "Health" },
  { "life", "生活", "Daily life" }, { "employment", "实习就业", "Work" }, { "other", "其他", "Other" } } do
  CATEGORIES[i] = { name = one[1], title = T(one[2], one[3]) }
end
local function told(title) return field.longtext { title = title, class = "confidential", personal = true, max_length = 1000 } end

local profiles = campus.entity {
  title = T("家庭档案", "Files of families"), subject = "family", serves = { "SVC-7", "SVC-8" },
  fields = {
    family = field.reference { to = "basics.families", title = T("家庭", "Family"), required = true, unique = true },
    name = field.text { title = T("称呼", "Name"), derived = "family.name", personal = true, max_length = 60, search = true },
    campus = field.text { title = T("校区", "Campus"), derived = "family.campus", max_length = 40 },
    keeper = field.person { title = T("联系人（教师）", "Who keeps in touch"), required = true },
    attention = field.choice { title = T("关注程度", "Attention"), required = true, default = "normal", choices = ATTENTION,
      help = T("决定多久走访一次", "says how often they are visited") },
    ways = field.multichoice { title = T("方便的联系方式", "Reached best by"), choices = shared.WAYS },
    mail = field.text { title = T("邮箱", "Mail"), class = "confidential", personal = true, max_length = 120, mask = "all" },
    background = told(T("家庭情况与需求", "Circumstances and needs")),
    note = field.text { title = T("说明", "Note"), max_length = 300 },
  },
  workflow = {
    start = "active",
    states = { active = { title = T("联系中", "In touch") }, closed = { title = T("已归档", "Closed") } },
    transitions = {
      close = { title = T("归档", "Close"), from = "active", to = "closed", needs = { "note" } },
      resume = { title = T("恢复联系", "Resume"), from = "closed", to = "active" },
    },
  },
  indexes = { { "state", "name" }, { "keeper", "state" } },
}

local visits = campus.entity {
  title = T("家庭走访", "Visits"), subject = "family", part_of = "profile", serves = { "SVC-7" },
  overview = { roles = { "service.lead", "customer_service", "class_teacher", "student_affairs" }, order = 12,
    date = "planned_on", who = "visitor", days = 30 },
  fields = {
    profile = field.reference { to = "profiles", title = T("家庭档案", "File"), required = true },
    family = field.reference { to = "basics.families", title = T("家庭", "Family"), derived = "profile.family" },
    name = field.text { title = T("称呼", "Name"), derived = "profile.name", personal = true, max_length = 60 },
    attention = field.choice { title = T("关注程度", "Attention"), choices = ATTENTION, derived = "profile.attention" },
    visitor = field.person { title = T("走访人", "Visitor"), required = true },
    planned_on = field.date { title = T("约定日期", "Agreed day") },
    way = field.choice { title = T("方式", "Way"), choices = {
      { name = "home", title = T("家访", "At their home") }, { name = "school", title = T("到校面谈", "At school") },
      { name = "phone", title = T("电话", "Telephone") }, { name = "video", title = T("视频", "Video") } } },
    visited_on = field.date { title = T("走访日期", "Visited on") },
    study = told(T("学习情况", "How they study")), life = told(T("生活情况", "How they live")), wants = told(T("需求与建议", "What they need")),
    difficulties = field.list { title = T("发现的困难", "Difficulties"), fields = {
      matter = field.text { title = T("困难", "Difficulty"), required = true, max_length = 200 },
      category = field.choice { title = T("类别", "Category"), required = true, choices = CATEGORIES },
      urgency = field.choice { title = T("缓急", "Urgency"), required = true, choices = shared.PRIORITIES },
      helper = field.person { title = T("帮扶人（不填由学生事务指定）", "Helper (else student affairs)") },
    } },
    found = field.integer { title = T("困难数", "Difficulties"), derived = "count(difficulties)" },
    note = field.text { title = T("说明", "Note"), max_length = 300 },
  },
  workflow = {
    start = "planned",
    states = {
      planned = { title = T("待走访", "Planned"), todo = "visitor", deadline = { within = "policy:visits.every", by = "attention",
        owner = "visitor", remind = { "policy:visits.remind" },
        escalate = { { after = "0h", to = "supervisor" }, { after = "3wd", to = "role:service.lead" } } } },
      done = { title = T("已走访", "Done"), final = true },
      cancelled = { title = T("取消", "Cancelled"), final = true },
    },
    transitions = {
      finish = { title = T("记录走访", "Note the visit"), from = "planned", to = "done", needs = { "way", "visited_on", "study", "life" },
        rule = "visit_has_been" },
      cancel = { title = T("取消", "Cancel"), from = "planned", to = "cancelled", needs = { "note" } },
    },
  },
  indexes = { { "state", "due_at" }, { "visitor", "state" }, { "profile", "state" } },
}

local helps = campus.entity {
  title = T("帮扶任务", "Help"), subject = "family", part_of = "visit", serves = { "SVC-7" },
  fields = {
    visit = field.reference { to = "visits", title = T("走访", "Visit") },
    family = field.reference { to = "basics.families", title = T("家庭", "Family"), required = true },
    student = shared.student(),
    matter = field.text { title = T("困难", "Difficulty"), required = true, max_length = 200, search = true },
    category = field.choice { title = T("类别", "Category"), required = true, choices = CATEGORIES },
    urgency = field.choice { title = T("缓急", "Urgency"), required = true, default = "normal", choices = shared.PRIORITIES },
    helper = field.person { title = T("帮扶人", "Helper") },
    visitor = field.person { title = T("走访人", "Visitor"), derived = "visit.visitor" },
    measure = field.longtext { title = T("帮扶措施", "Measures"), max_length = 1000 },
    result = field.longtext { title = T("结果", "Result"), max_length = 1000 },
    note = field.text { title = T("说明", "Note"), max_length = 300 },
  },
  workflow = {
    start = "open",
    states = {
      open = { title = T("帮扶中", "Open"), todo = { "helper", "role:student_affairs" }, deadline = { within = "policy:helps.within",
        by = "urgency",
        owner = { "helper", "role:student_affairs" }, remind = { "1wd" },
        escalate = { { after = "0h", to = "supervisor" }, { after = "0h", to = "role:service.lead" }, { after = "3wd",
          to = "role:deputy" } } } },
      helped = { title = T("待家庭确认", "To be confirmed"), todo = { "visitor", "role:customer_service" }, deadline = {
        within = "policy:helps.confirm", owner = { "visitor", "role:customer_service" }, escalate = { { after = "1wd",
          to = "role:service.lead" } } } },
      done = { title = T("已解决", "Solved"), final = true },
    },
    transitions = {
      assign = { title = T("指定帮扶人", "Assign"), from = "open", to = "open", needs = { "helper" } },
      solve = { title = T("已帮扶", "Helped"), from = "open", to = "helped", needs = { "measure", "result" } },
      confirm = { title = T("家庭确认解决", "The family confirms"), from = "helped", to = "done" },
      reopen = { title = T("未解决，继续帮扶", "Not solved: go on"), from = "helped", to = "open", needs = { "note" } },
    },
  },
  indexes = { { "state", "due_at" }, { "helper", "state" }, { "family", "state" } },
}

local contacts = campus.contact_log {
  title = T("联系记录", "Contact log"), serves = { "SVC-7", "SVC-8" }, subject = { "student", "family", "complaint", "enquiry" },
  about = { student = field.reference { to = "basics.students", title = T("学生", "Student") },
    family = field.reference { to = "basics.families", title = T("家庭", "Family") },
    complaint = field.reference { to = "complaints", title = T("投诉", "Complaint") },
    enquiry = field.reference { to = "enquiries", title = T("咨询", "Enquiry") } },
  fields = { about_person = field.person { title = T("被投诉人", "About whom"), derived = "complaint.about_person" } },
}

local function visit_has_been(visit, _, as_of)
  local why = campus.reasons()
  why:check(visit.visited_on <= as_of, { code = "visit_ahead", at = "visited_on", have = visit.visited_on, want = as_of })
  return why:decision()
end

local function plan(ctx, profile)
  local one, err = shared.first(ctx, "visits", { profile = profile.id, state = "planned" })
  if one or err then return one, err end
  return ctx:create("visits", { profile = profile.id, visitor = profile.keeper })
end
local function followed(ctx, event)
  local profile, err = ctx:get("profiles", event.record)
  if not profile then return nil, err end
  local ok, why
  if profile.state == "active" then
    ok, why = plan(ctx, profile)
  else
    ok, why = shared.each(ctx, "visits", { profile = profile.id, state = "planned" },
      function(one) return ctx:transition("visits", one.id, "cancel", { note = ctx:t("profile_closed") }) end)
  end
  if not ok then return nil, why end
end
-- What was found is helped with, and the next visit is owed.
local function visited(ctx, event)
  local visit, err = ctx:get("visits", event.record)
  if not visit then return nil, err end
  for _, one in ipairs(visit.difficulties or {}) do
    local made, why = ctx:create("helps", { visit = visit.id, family = visit.family, matter = one.matter, category = one.category,
      urgency = one.urgency, helper = one.helper })
    if not made then return nil, why end
  end
  return followed(ctx, { record = visit.profile })
end

return {
  entities = { profiles = profiles, visits = visits, helps = helps, contacts = contacts },
  rules = { visit_has_been = campus.rule { reads = { "visited_on" }, run = visit_has_been, serves = { "SVC-7" } } },
  on = { ["service.profiles.created"] = followed, ["service.profiles.active"] = followed, ["service.profiles.closed"] = followed,
    ["service.visits.done"] = visited },
}
