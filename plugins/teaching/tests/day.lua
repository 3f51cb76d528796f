-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What takes place and how well: the timetable without a clash, preparation, duty, internships, evaluation, feedback (TCH-5 to TCH-7).
local function school()
  local function person(name, role) return as { roles = role, name = name } end
  local s = { admin = as "admin", leader = as "principal", manager = as "manager", lead = person("lead", "teaching.lead"),
    staff = person("staff", "teaching.staff"),
    teacher = person("teacher", "teacher"), other = person("other", "teacher") }
  local year = s.lead:create("basics.school_years", { name = "2026-2027", starts_on = "2026-09-01", ends_on = "2027-07-10" }).id
  local term = s.lead:create("basics.terms", { school_year = year, name = "2026-2027-2", number = 2, starts_on = "2027-03-01",
    ends_on = "2027-07-10" }).id
  local major = s.lead:create("basics.majors", { code = "510203", name = "软件技术", years = 3 }).id
  local east = s.lead:create("basics.campuses", { name = "东校区" }).id
  for i, name in ipairs { "one", "two" } do
    s["class_" .. name] = s.lead:create("basics.classes", { name = "软件260" .. i, major = major, school_year = year, capacity = 40 }).id
    s["room_" .. name] = s.lead:create("basics.rooms", { campus = east, name = "实训室 " .. i, kind = "laboratory", seats = 40 }).id
  end
  local progress = {}
  for i, topic in ipairs { "一", "二", "三", "四", "五", "六" } do progress[i] = { course = "Java 程序设计", week = i, topic = topic } end
  local plan = s.staff:create("plans", { name = "软件技术 2026 级", term = term, major = major, cohort = year, basis = "人才培养方案",
    methods = "理实一体",
    courses = { { name = "Java 程序设计", nature = "major", teacher = s.teacher.id, weekly = 2, first = 1, last = 6, hours = 12 } },
    progress = progress })
  s.staff:transition("plans", plan.id, "submit")
  s.leader:transition("plans", plan.id, "approve", { approval = { note = "同意" } })
  clock.advance "2m"
  s.course = s.staff:find("courses", {})[1].id
  s.activity = function(more)
    local fields = { kind = "class", course = s.course, class = s.class_one, teacher = s.teacher.id, room = s.room_one,
      day = "2027-03-10", first = 1, last = 2 }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.staff:create("activities", fields)
  end
  s.schedule = function(a) return s.staff:action("schedule", { activity = a.id }) end
  return s
end

test("TCH-5: no room, teacher or class is taken twice in a period; a draft takes nothing, what is called off is free again", function()
  local s = school()
  local a = s.activity()
  local room = s.activity { class = s.class_two, teacher = s.other.id, first = 2, last = 3 }
  local teacher = s.activity { class = s.class_two, room = s.room_two }
  local class = s.activity { teacher = s.other.id, room = s.room_two }
  local joint = s.activity { class = s.class_two, teacher = s.other.id, room = s.room_two, others = { { class = s.class_one } } }
  s.schedule(a)
  for _, clash in ipairs { room, teacher, class, joint } do expect.refused("conflict", function() s.schedule(clash) end) end
  s.schedule(s.activity { class = s.class_two, teacher = s.other.id, room = s.room_two })
  s.schedule(s.activity { first = 3, last = 4 })
  s.schedule(s.activity { day = "2027-03-11" })
  s.staff:transition("activities", a.id, "cancel", { change_note = "校运会" })
  s.schedule(s.activity {})
end)

test("TCH-5: nobody schedules what takes less than it says, nor changes it afterwards", function()
  local s = school()
  local a = s.activity()
  s.schedule(a)
  local sly = s.activity { class = s.class_two, teacher = s.other.id }
  expect.refused("slots", function()
    s.staff:transition("activities", sly.id, "schedule", { until_day = "2027-03-10", prepare_on = "2027-03-07",
      slots = { { key = "2027-03-10 01 room x" } } })
  end)
  expect.refused("forbidden", function() s.staff:update("activities", a.id, { room = s.room_two }) end)
  expect.equal(s.other:get("activities", a.id).slots, nil, "how it is kept is not for all")
end)

test("TCH-5: moved and given to another teacher, it takes the new and leaves the old", function()
  local s = school()
  local a, b = s.activity(), s.activity { day = "2027-03-11" }
  s.schedule(a)
  s.schedule(b)
  expect.refused("conflict", function() s.staff:action("move", { activity = a.id, day = "2027-03-11", change_note = "会议" }) end)
  expect.equal(s.staff:action("move", { activity = a.id, day = "2027-03-12", change_note = "会议" }).change, "moved")
  s.schedule(s.activity())
  expect.equal(s.staff:action("move", { activity = b.id, teacher = s.other.id, change_note = "病假" }).change, "substituted")
  expect.equal(s.staff:get("activities", b.id).teacher, s.other.id)
  local rows = s.lead:report("changes").rows
  expect.equal(#rows, 2)
end)

test("TCH-5: the lessons of a term come in one step, all or none, by the school calendar", function()
  local s = school()
  s.lead:create("basics.calendar_days", { day = "2027-04-05", kind = "closed", title_of_day = "清明节" })
  s.lead:create("basics.calendar_days", { day = "2027-04-10", kind = "make_up", title_of_day = "调休上课", follows = "monday" })
  local function timetable(more)
    local input = { course = s.course, class = s.class_one, kind = "class", weekday = "monday", first = 1, last = 2,
      weeks = "all", room = s.room_one }
    for k, v in pairs(more or {}) do input[k] = v end
    return s.staff:action("timetable", input)
  end
  local made = timetable()
  expect.equal({ made.made, #made.skipped, made.skipped[1] }, { 6, 1, "2027-04-05" })
  local list = s.staff:find("activities", { sort = "day" })
  expect.equal({ list[1].day, list[1].topic, list[6].day, list[6].topic, list[1].state }, { "2027-03-01", "一", "2027-04-10", "六",
    "scheduled" })
  expect.refused("conflict", function() timetable { room = s.room_two, teacher = s.other.id } end)
  expect.equal(#s.staff:find("activities", {}), 6, "none of them")
  expect.equal(timetable({ weekday = "tuesday", weeks = "odd" }).made, 3)
  expect.equal(timetable({ weekday = "tuesday", weeks = "even", first_week = 2, last_week = 4 }).made, 2)
  expect.refused("invalid", function() timetable { weekday = "friday", weeks = "odd", first_week = 2, last_week = 2 } end)
end)

test("TCH-5: days before, the preparation begins by itself; with something open nothing is ready; it is held on its day", function()
  local s = school()
  local a = s.activity()
  s.schedule(a)
  clock.set "2027-03-08T00:05:00+08:00"
  clock.advance "5m"
  a = s.staff:get("activities", a.id)
  expect.equal(a.state, "preparing")
  local open = s.staff:find("activities_tasks", { record = a.id, sort = "step" })
  expect.equal({ #open, open[1].step, open[1].assignee }, { 2, "materials", s.teacher.id })
  expect.refused("task_open", function() s.teacher:transition("activities", a.id, "confirm") end)
  s.teacher:transition("activities_tasks", open[1].id, "complete")
  s.staff:transition("activities_tasks", open[2].id, "complete")
  s.teacher:transition("activities", a.id, "confirm")
  expect.refused("not_yet", function() s.teacher:transition("activities", a.id, "hold", { covered = "类与对象" }) end)
  clock.set "2027-03-10T12:00:00+08:00"
  expect.refused("forbidden", function() s.other:transition("activities", a.id, "hold", { covered = "类与对象" }) end)
  s.teacher:transition("activities", a.id, "hold", { covered = "类与对象", present = 38 })
  local b = s.activity { day = "2027-03-20" }
  s.schedule(b)
  s.staff:transition("activities", b.id, "prepare")
  local task = s.staff:find("activities_tasks", { record = b.id })[1]
  s.staff:transition("activities_tasks", task.id, "cancel", { note = "不需要" })
end)

test("TCH-5: an internship takes whole days, and is ready only with agreement, insurance and consents", function()
  local s = school()
  local i = s.staff:create("internships", { name = "软件实习", company = "清河软件园", tutor = s.teacher.id, starts_on = "2027-03-15",
    ends_on = "2027-03-26", minors = 3 })
  local a = s.activity { kind = "internship", internship = i.id, day = "2027-03-15", until_day = "2027-03-26" }
  s.schedule(a)
  expect.refused("conflict", function() s.schedule(s.activity { day = "2027-03-17", first = 7, last = 8, teacher = s.other.id,
    room = s.room_two }) end)
  expect.refused("invalid", function() s.schedule(s.activity { kind = "internship", internship = i.id, day = "2027-04-01",
    until_day = "2027-06-01" }) end)
  s.staff:transition("activities", a.id, "prepare")
  for _, task in ipairs(s.staff:find("activities_tasks", { record = a.id })) do s.staff:transition("activities_tasks", task.id,
    "complete") end
  expect.refused("unconfirmed", function() s.staff:transition("activities", a.id, "confirm") end)
  expect.refused("invalid", function() s.lead:action("confirm", { internship = i.id }) end)
  expect.refused("forbidden", function() s.staff:update("internships", i.id, { confirmed_on = "2027-03-01" }) end)
  s.staff:update("internships", i.id, { agreement = s.staff:api("POST", "files?name=a.pdf", "%PDF-1.4 agreement").id,
    agreed_until = "2027-03-31",
    insured_until = "2027-03-31" })
  local short = expect.refused("rule_refused", function() s.lead:action("confirm", { internship = i.id }) end)
  expect.yes(short.text:find("0 consents of guardians for 3", 1, true), short.text)
  s.staff:update("internships", i.id, { consents = 3 })
  expect.refused("forbidden", function() s.staff:action("confirm", { internship = i.id }) end)
  s.lead:action("confirm", { internship = i.id })
  expect.equal(s.staff:transition("activities", a.id, "confirm").state, "ready")
end)

test("TCH-5: a person has one post in a shift; who was on duty says what they found; an issue has a clock", function()
  local s = school()
  local d = s.staff:create("duties", { day = "2027-03-01", shift = "morning", kind = "patrol", area = "教学楼 A", person = s.teacher.id })
  expect.refused("unique", function() s.staff:create("duties", { day = "2027-03-01", shift = "morning", kind = "duty",
    area = "门厅", person = s.teacher.id }) end)
  expect.refused("unique", function() s.staff:create("duties", { day = "2027-03-01", shift = "morning", kind = "patrol",
    area = "教学楼 A", person = s.other.id }) end)
  expect.refused("forbidden", function() s.other:transition("duties", d.id, "report", { order = "good", found = "良好" }) end)
  s.staff:transition("duties", d.id, "swap", { person = s.other.id, note = "外出" })
  s.other:transition("duties", d.id, "report", { order = "poor", found = "实训室 1 投影故障" })
  local issue = s.other:create("issues", { title = "投影故障", kind = "equipment", severity = "medium", duty = d.id, found = "无法点亮" })
  expect.yes(s.staff:get("issues", issue.id).due_at)
  s.staff:transition("issues", issue.id, "investigate", { assignee = s.staff.id })
  s.staff:transition("issues", issue.id, "resolve", { measure = "更换灯泡", outcome = "已恢复" })
  expect.equal(s.other:get("issues", issue.id).state, "resolved")
  s.staff:transition("issues", issue.id, "reopen")
  s.staff:transition("issues", issue.id, "dismiss", { outcome = "误报" })
end)

test("TCH-6: a lesson is observed by weighted criteria; one sees one's own card, leaders what is handed in", function()
  local s = school()
  local a = s.activity()
  local function card(who, n)
    local c = who:create("observation_cards", { about = a.id, preparation = n, content = n, method = n, interaction = n, effect = 10 })
    return who:transition("observation_cards", c.id, "submit")
  end
  expect.equal(card(s.other, 8).score, "84.00")
  card(s.lead, 6)
  expect.refused("unique", function() s.other:create("observation_cards", { about = a.id, preparation = 1, content = 1,
    method = 1, interaction = 1, effect = 1 }) end)
  expect.equal({ #s.other:find("observation_cards", {}), #s.teacher:find("observation_cards", {}),
    #s.manager:find("observation_cards", {}) }, { 1, 0, 2 })
  local row = s.manager:report("observation_by_teacher").rows[1]
  expect.equal({ row.about_teacher, row.about_course, row.count }, { s.teacher.id, s.course, 2 })
  local c = s.staff:create("inspection_cards", { about = s.course, progress = 10, lesson_plans = 5, homework = 10, records = 10 })
  s.staff:transition("inspection_cards", c.id, "submit")
  expect.equal(s.manager:report("inspection_by_teacher").rows[1].avg_score, "85.0000")
end)

test("TCH-6: students answer without a name; a round that closed is a result, with its response; below the least it is none", function()
  local s = school()
  policy { evaluation = { least = 3, rate = 60 } }
  local function round(answers, asked)
    local r = s.staff:create("evaluation_rounds", { title = "期中评教 " .. answers, about = s.course })
    s.staff:action("evaluation_issue", { round = r.id, count = asked })
    s.staff:transition("evaluation_rounds", r.id, "open")
    local links = s.staff:find("evaluation_links", { round = r.id, limit = 100 })
    for i = 1, answers do
      local code = s.staff:api("GET", "teaching/evaluation_links/" .. links[i].id .. "?reveal=code&purpose=test").code
      s.admin:api("POST", "/public/teaching/evaluation", { code = code, consent = true, clear = 5, prepared = 4, interest = 4,
        practice = 5, fair = 3, pace = "right" })
    end
    s.staff:transition("evaluation_rounds", r.id, "close")
    clock.advance "2m"
    return s.lead:find("results", { round = r.id })[1]
  end
  local good = round(3, 4)
  expect.equal({ good.teacher, good.invited, good.answered, good.rate, good.enough }, { s.teacher.id, 4, 3, "75.0", true })
  expect.equal(good.score, "87.00")
  local few = round(2, 4)
  expect.equal({ few.answered, few.rate, few.enough, few.score }, { 2, "50.0", false, nil })
  local low = round(3, 6)
  expect.equal({ low.enough, low.score }, { false, nil }, "half of those asked is too little")
  expect.equal({ #s.teacher:find("results", {}), #s.other:find("results", {}) }, { 3, 0 })
  expect.refused("forbidden", function() s.lead:create("results", { name = "x", round = good.round, invited = 1, answered = 1,
    rate = "1", enough = true }) end)
end)

test("TCH-7: feedback is handed to somebody, answered, improved and verified by another; not yet is once more", function()
  local s = school()
  local f = s.teacher:create("feedback", { title = "实训机卡顿", topic = "materials", content = "三台机器无法开机", from_whom = "王小明",
    course = s.course })
  expect.refused("forbidden", function() s.teacher:transition("feedback", f.id, "assign", { assignee = s.other.id }) end)
  s.lead:transition("feedback", f.id, "assign", { assignee = s.other.id })
  expect.equal(s.other:get("feedback", f.id).from_whom, nil, "who has it need not know whose it is")
  s.other:transition("feedback", f.id, "reply", { answer = "已报修" })
  expect.refused("required", function() s.other:transition("feedback", f.id, "improve", { measure = "更换硬盘" }) end)
  s.other:transition("feedback", f.id, "improve", { measure = "更换硬盘", measure_by = "2027-03-10" })
  s.other:transition("feedback", f.id, "finish", { effect = "已更换" })
  s.lead:transition("feedback", f.id, "recheck", { verification = "仍有一台", measure_by = "2027-03-20" })
  s.other:transition("feedback", f.id, "finish", { effect = "三台均已更换" })
  expect.equal(s.lead:transition("feedback", f.id, "verify", { verification = "现场确认" }).state, "verified")
  local g = s.staff:create("feedback", { title = "增加自习课", topic = "other", content = "周五" })
  s.lead:transition("feedback", g.id, "decline", { answer = "与校历冲突" })
  local mine = s.staff:create("feedback", { title = "作业偏多", topic = "homework", content = "每天三份" })
  s.lead:transition("feedback", mine.id, "assign", { assignee = s.lead.id })
  for step, fields in pairs { reply = { answer = "核实" } } do s.lead:transition("feedback", mine.id, step, fields) end
  s.lead:transition("feedback", mine.id, "improve", { measure = "统筹", measure_by = "2027-03-10" })
  s.lead:transition("feedback", mine.id, "finish", { effect = "减为一份" })
  expect.refused("exclusive_duty", function() s.lead:transition("feedback", mine.id, "verify", { verification = "好" }) end)
end)
