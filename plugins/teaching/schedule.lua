-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What takes place: classes, labs, internships, each with its room, teacher and class, prepared by a checklist before its
-- day, held, moved, or called off (TCH-5).
local field, shared, slots = campus.field, require "shared", require "slots"
local T, choices = shared.title, shared.choices

local activities = campus.entity {
  title = T("教学活动", "Activities"), serves = { "TCH-5" },
  tasks = { title = T("准备事项", "Preparation"), remind = { "1wd" }, overview = { roles = { "teaching.staff", "teacher" }, order = 5,
    date = "due_on",
    who = "assignee", days = 7 } },
  overview = { roles = { "teacher", "teaching.lead", "teaching.staff" }, order = 1, date = "day", who = "teacher", days = 7 },
  fields = {
    name = field.text { title = T("课程名称", "Name"), derived = "course.name" },
    day = field.date { title = T("日期", "Day"), required = true },
    first = field.integer { title = T("起始节次", "First period"), required = true, default = 1, min = 1, max = 16 },
    last = field.integer { title = T("结束节次", "Last period"), required = true, default = 2, min = 1, max = 16 },
    class = field.reference { to = "basics.classes", title = T("班级", "Class"), required = true },
    teacher = field.person { title = T("任课教师", "Teacher"), required = true },
    room = field.reference { to = "basics.rooms", title = T("教室/实训室", "Room") },
    course = field.reference { to = "courses", title = T("课程（已批准计划）", "Course (of an approved plan)"), required = true },
    kind = field.choice { title = T("类型", "Kind"), required = true, default = "class", choices = shared.ACTIVITIES },
    topic = field.text { title = T("授课内容", "Topic"), max_length = 200 },
    others = field.list { title = T("合班班级", "Other classes"), fields = {
      class = field.reference { to = "basics.classes", title = T("班级", "Class"), required = true } } },
    until_day = field.date { title = T("结束日期（实习）", "Until (internships)") },
    internship = field.reference { to = "internships", title = T("实习项目", "Internship") },
    covered = field.longtext { title = T("实际授课内容", "What was taught"), max_length = 1000 },
    present = field.integer { title = T("实到人数", "Present"), min = 0, max = 1000 },
    change = field.choice { title = T("变动", "Change"), choices = choices { "moved", "调课", "Moved", "substituted", "代课", "Substituted",
      "cancelled", "停课", "Cancelled" } },
    change_note = field.text { title = T("变动原因", "Why it changed"), max_length = 200 },
    prepare_on = field.date { title = T("准备开始日（系统）", "Preparation begins (by itself)") },
    seats = field.integer { title = T("教室座位", "Seats"), derived = "room.seats" },
    size = field.integer { title = T("班级容量", "Size of the class"), derived = "class.capacity" },
    course_hours = field.integer { title = T("课程学时", "Hours of the course"), derived = "course.hours" },
    covered_on = field.date { title = T("实习手续确认日", "Internship confirmed on"), derived = "internship.confirmed_on" },
    insured_until = field.date { title = T("实习保险至", "Insured until"), derived = "internship.insured_until" },
    slots = field.list { title = T("占用（系统）", "What it takes"), help = T("由“排定”写入", "written when it is scheduled"),
      fields = { key = field.text { title = T("占用", "Taken"), required = true, unique = true, max_length = 80 } } },
  },
  workflow = { start = "draft",
    states = {
      draft = { title = T("待排定", "Draft"), frees = true },
      scheduled = { title = T("已排定", "Scheduled"), deadline = { within = "field:prepare_on", lapse = "prepare", calendar = "always" } },
      preparing = { title = T("准备中", "Preparing"), checklist = "policy:preparation", deadline = { within = "field:day", owner = "teacher",
        calendar = "always", escalate = { { after = "0h", to = "role:teaching.lead" } } } },
      ready = { title = T("准备就绪", "Ready"), deadline = { within = "field:day", owner = "teacher", calendar = "always" } },
      held = { title = T("已完成", "Held"), final = true },
      cancelled = { title = T("已停课", "Cancelled"), final = true, frees = true },
    },
    transitions = {
      schedule = { title = T("排定", "Schedule"), from = "draft", to = "scheduled", needs = { "slots", "until_day", "prepare_on" },
        rule = "activity_fits" },
      move = { title = T("调课/代课", "Move"), from = { "scheduled", "preparing", "ready" }, to = "scheduled",
        needs = { "slots", "until_day", "prepare_on", "change", "change_note" }, rule = "activity_fits" },
      prepare = { title = T("开始准备", "Prepare"), from = "scheduled", to = "preparing" },
      confirm = { title = T("准备就绪", "Ready"), from = "preparing", to = "ready", checked = true, rule = "internship_is_covered" },
      hold = { title = T("已完成", "Held"), from = "ready", to = "held", needs = { "covered" }, rule = "day_has_come" },
      cancel = { title = T("停课", "Cancel"), from = { "draft", "scheduled", "preparing", "ready" }, to = "cancelled",
        needs = { "change_note" } },
    } },
  indexes = { { "day", "first" }, { "class", "day" }, { "teacher", "day" }, { "room", "day" }, { "state", "day" }, { "course", "state" } },
}

-- An internship begins with an agreement, an insurance and, of those under eighteen, what a guardian has signed.
local internships = campus.entity {
  title = T("实习项目", "Internships"), serves = { "TCH-5" },
  fields = {
    name = field.text { title = T("实习项目", "Internship"), required = true, max_length = 80, search = true },
    company = field.text { title = T("实习单位", "Company"), required = true, max_length = 80 },
    address = field.text { title = T("地址", "Address"), max_length = 120 },
    contact = field.text { title = T("单位联系人", "Contact"), class = "confidential", personal = true, max_length = 60 },
    tutor = field.person { title = T("带队教师", "Teacher in charge"), required = true },
    starts_on = field.date { title = T("开始", "From"), required = true }, ends_on = field.date { title = T("结束", "To"), required = true },
    agreement = field.file { title = T("三方协议", "Agreement"), class = "confidential", types = { "pdf", "png", "jpeg" } },
    agreed_until = field.date { title = T("协议有效期至", "Agreed until") },
    insured_until = field.date { title = T("保险有效期至", "Insured until") },
    minors = field.integer { title = T("未满 18 周岁人数", "Under eighteen"), required = true, min = 0 },
    consents = field.integer { title = T("监护人同意书份数", "Consents of guardians"), required = true, min = 0, default = 0 },
    confirmed_on = field.date { title = T("手续确认日", "Confirmed on") },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = { start = "draft",
    states = { draft = { title = T("办理手续", "Draft") }, confirmed = { title = T("手续齐备", "Confirmed"), final = true } },
    transitions = { confirm = { title = T("确认手续", "Confirm"), from = "draft", to = "confirmed",
      needs = { "agreement", "agreed_until", "insured_until", "confirmed_on" }, rule = "internship_is_lawful" } } },
  indexes = { { "state", "starts_on" } },
}

local function activity_fits(a, policy)
  local why, p, until_day = campus.reasons(), policy.schedule, a.until_day or a.day
  local days = campus.date.days_between(a.day, until_day) + 1
  local most = a.kind == "internship" and p.longest or 1
  why:check(a.course_hours > 0, { code = "course_gone", at = "course" })
  why:check(days >= 1 and days <= most, { code = "days", at = "until_day", have = days, want = most, policy = "schedule.longest" })
  why:check(a.first <= a.last and a.last <= p.periods, { code = "periods", at = "last", have = a.last, want = p.periods,
    policy = "schedule.periods" })
  why:check(a.room or a.kind == "internship", { code = "no_room", at = "room" })
  why:check(a.internship or a.kind ~= "internship", { code = "no_internship", at = "internship" })
  if a.seats and a.size then why:check(a.seats >= a.size, { code = "too_small", at = "room", have = a.seats, want = a.size }) end
  local ahead = campus.date.days_between(a.prepare_on, a.day)
  why:check(ahead == p.prepare_days, { code = "prepare_on", at = "prepare_on", have = ahead, want = p.prepare_days,
    policy = "schedule.prepare_days" })
  why:check(days > most or slots.right(a, p.periods), { code = "slots", at = "slots" })
  return why:decision()
end

local function day_has_come(a, _, as_of)
  local why = campus.reasons()
  why:check(a.day <= as_of, { code = "not_yet", at = "day", have = a.day, want = as_of })
  return why:decision()
end

local function internship_is_covered(a)
  local why = campus.reasons()
  local until_day = a.until_day or a.day
  if a.kind == "internship" then
    why:check(a.covered_on, { code = "unconfirmed", at = "internship" })
    why:check((a.insured_until or "") >= until_day, { code = "uninsured", at = "internship", have = a.insured_until, want = until_day })
  end
  return why:decision()
end

local function internship_is_lawful(i, _, as_of)
  local why = campus.reasons()
  why:check(i.confirmed_on == as_of, { code = "confirmed_today", at = "confirmed_on", have = i.confirmed_on, want = as_of })
  why:check(i.agreed_until >= i.ends_on, { code = "no_agreement", at = "agreed_until", have = i.agreed_until, want = i.ends_on })
  why:check(i.insured_until >= i.ends_on, { code = "uninsured", at = "insured_until", have = i.insured_until, want = i.ends_on })
  why:check(i.consents >= i.minors, { code = "no_consent", at = "consents", have = i.consents, want = i.minors })
  return why:decision()
end

-- The day is the one on which it is confirmed, not one that somebody types.
local function confirm_internship(ctx, input)
  local done, err = ctx:transition("internships", input.internship, "confirm", { confirmed_on = ctx:now().today })
  if not done then return nil, err end
  return { state = done.state }
end

return {
  entities = { activities = activities, internships = internships },
  rules = {
    activity_fits = campus.rule { run = activity_fits, serves = { "TCH-5" }, reads = { "kind", "day", "until_day", "first",
      "last", "room", "teacher",
      "class", "others.class", "internship", "seats", "size", "course_hours", "prepare_on", "slots.key" } },
    day_has_come = campus.rule { run = day_has_come, reads = { "day" }, serves = { "TCH-5" } },
    internship_is_covered = campus.rule { run = internship_is_covered, reads = { "kind", "day", "until_day", "covered_on",
      "insured_until" },
      serves = { "TCH-5" } },
    internship_is_lawful = campus.rule { run = internship_is_lawful, serves = { "TCH-5" },
      reads = { "confirmed_on", "agreed_until", "insured_until", "ends_on", "consents", "minors" } },
  },
  actions = {
    confirm = campus.action { title = T("确认手续", "Confirm"), run = confirm_internship, serves = { "TCH-5" }, on = "internship",
      states = { "draft" }, input = { internship = field.reference { to = "internships", title = T("实习项目", "Internship"),
        required = true } } },
  },
}
