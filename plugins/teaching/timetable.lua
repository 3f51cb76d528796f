-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Steps of the timetable: an activity is scheduled, moved or given to another teacher; a course gets its lessons of the whole
-- term in one step, all of them or none (TCH-5).
local field, shared, slots = campus.field, require "shared", require "slots"
local T, choices = shared.title, shared.choices
local form = require("schedule").entities.activities.fields
local LIVE = "scheduled,preparing,ready,held"

-- Which other activity has the room, the teacher or the class, in words; the core has refused it already.
local function whose(ctx, a)
  local page = ctx:find("activities", { ["day[lte]"] = a.until_day, ["until_day[gte]"] = a.day, ["state[in]"] = LIVE,
    sort = "day", limit = 500 })
  local mine = {}
  for _, slot in ipairs(a.slots) do mine[slot.key] = true end
  for _, other in ipairs(page and page.items or {}) do
    for _, slot in ipairs(other.id ~= a.id and slots.of(other, ctx.policy.schedule.periods) or {}) do
      if mine[slot.key] then
        local day, period, what = slot.key:match("^(%S+) (%d+) (%S+)")
        return ctx:t("clash_" .. what, { day = day, period = tonumber(period), name = other.name or "" })
      end
    end
  end
  return ctx:t("clash", { day = a.day })
end

-- The transition with what the activity takes then.
local function take(ctx, a, step, more)
  local policy = ctx.policy.schedule
  for k, v in pairs(more) do a[k] = v end
  if not a.until_day or a.kind ~= "internship" then a.until_day = a.day end
  more.until_day, more.prepare_on = a.until_day, shared.day_after(a.day, -policy.prepare_days)
  local days = campus.date.days_between(a.day, a.until_day)
  if days < 0 or days >= policy.longest then
    return nil, { code = "invalid", text = ctx:t("days", { most = policy.longest }) }
  end
  more.slots = slots.of(a, policy.periods)
  a.slots = more.slots
  local done, err = ctx:transition("activities", a.id, step, more)
  if not done and err.code == "conflict" then return nil, { code = "conflict", text = whose(ctx, a) } end
  return done, err
end

local function schedule(ctx, input)
  local a, err = ctx:get("activities", input.activity)
  if not a then return nil, err end
  local done, why = take(ctx, a, "schedule", {})
  if not done then return nil, why end
  return { state = done.state }
end

local function move(ctx, input)
  local a, err = ctx:get("activities", input.activity)
  if not a then return nil, err end
  local more = { change_note = input.change_note, change = "moved" }
  if input.teacher and input.teacher ~= a.teacher then more.change = "substituted" end
  for _, name in ipairs { "day", "first", "last", "room", "teacher" } do more[name] = input[name] or a[name] end
  if a.until_day then more.until_day = shared.day_after(more.day, campus.date.days_between(a.day, a.until_day)) end
  local done, why = take(ctx, a, "move", more)
  if not done then return nil, why end
  return { state = done.state, change = done.change }
end

local DAYS = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }
-- The days of a weekday in these weeks, as the school calendar has them: none on a closed day, and the one that follows it.
local function days_of(ctx, term, input, first, last)
  local monday, at, out, skipped = shared.monday(term.starts_on), 0, {}, {}
  for i, name in ipairs(DAYS) do if name == input.weekday then at = i - 1 end end
  local calendar, instead = {}, {}
  local page = ctx:find("basics.calendar_days", { ["day[gte]"] = term.starts_on, ["day[lte]"] = term.ends_on, limit = 500 })
  for _, d in ipairs(page and page.items or {}) do
    if d.kind == "closed" then calendar[d.day] = true end
    if d.kind == "make_up" then
      if d.follows == input.weekday then instead[#instead + 1] = d.day else calendar[d.day] = true end
    end
  end
  local function add(day, week)
    local odd = week % 2 == 1
    if week < first or week > last or (input.weeks == "odd" and not odd) or (input.weeks == "even" and odd) then return end
    if day < term.starts_on or day > term.ends_on then return end
    if calendar[day] then skipped[#skipped + 1] = day else out[#out + 1] = { day = day, week = week } end
  end
  for week = first, last do add(shared.day_after(monday, (week - 1) * 7 + at), week) end
  for _, day in ipairs(instead) do add(day, campus.date.days_between(monday, day) // 7 + 1) end
  return out, skipped
end

local function timetable(ctx, input)
  local course, err = ctx:get("courses", input.course)
  if not course then return nil, err end
  local term, why = ctx:get("basics.terms", course.term)
  if not term then return nil, why end
  local days, skipped = days_of(ctx, term, input, input.first_week or course.first, input.last_week or course.last)
  if #days == 0 then return nil, { code = "invalid", text = ctx:t("no_days") } end
  local topics, made = shared.lines(course.topics), 0
  for _, one in ipairs(days) do
    local a, no = ctx:create("activities", { kind = input.kind, course = course.id, class = input.class,
      teacher = input.teacher or course.teacher,
      room = input.room, day = one.day, first = input.first, last = input.last, topic = topics[one.week - course.first + 1],
        others = input.others })
    if not a then return nil, no end
    local done, clash = take(ctx, a, "schedule", {})
    if not done then return nil, clash end
    made = made + 1
  end
  return { made = made, skipped = skipped }
end

local function activity() return field.reference { to = "activities", title = T("教学活动", "Activity"), required = true } end
local function week(zh, en) return field.integer { title = T(zh, en), min = 1, max = 30 } end
return {
  schedule = campus.action { title = T("排定", "Schedule"), run = schedule, serves = { "TCH-5" }, on = "activity", states = { "draft" },
    input = { activity = activity() } },
  move = campus.action { title = T("调课/代课", "Move"), run = move, serves = { "TCH-5" }, on = "activity", states = { "scheduled",
    "preparing", "ready" },
    input = { activity = activity(), day = field.date { title = T("日期", "Day") }, first = week("起始节次", "First period"),
      last = week("结束节次", "Last period"), room = form.room, teacher = field.person { title = T("任课教师", "Teacher") },
      change_note = field.text { title = T("变动原因", "Why it changes"), required = true, max_length = 200 } } },
  timetable = campus.action { title = T("排课（整学期）", "Timetable of the term"), run = timetable, serves = { "TCH-5" }, on = "course",
    input = { course = field.reference { to = "courses", title = T("课程", "Course"), required = true },
      class = field.reference { to = "basics.classes", title = T("班级", "Class"), required = true },
      kind = field.choice { title = T("类型", "Kind"), required = true, choices = choices { "class", "课堂教学", "Class", "lab", "实训", "Lab" } },
      weekday = field.choice { title = T("星期", "Weekday"), required = true, choices = choices { "monday", "星期一", "Monday", "tuesday", "星期二",
        "Tuesday", "wednesday", "星期三", "Wednesday", "thursday", "星期四", "Thursday", "friday", "星期五", "Friday" } },
      first = field.integer { title = T("起始节次", "First period"), required = true, min = 1, max = 16 },
      last = field.integer { title = T("结束节次", "Last period"), required = true, min = 1, max = 16 },
      weeks = field.choice { title = T("周次", "Weeks"), required = true, choices = choices { "all", "每周", "Every", "odd", "单周",
        "Odd", "even", "双周",
        "Even" } },
      room = field.reference { to = "basics.rooms", title = T("教室/实训室", "Room"), required = true },
      teacher = field.person { title = T("任课教师（不填为负责教师）", "Teacher (else the course's)") },
      first_week = week("从第几周", "From week"), last_week = week("到第几周", "To week"), others = form.others } },
}
