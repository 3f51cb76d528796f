-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Needs, the year's plan with its budget, sessions, attendance, and the file that they become (HR-6 to HR-8).
local function school()
  local function person(name, role) return as { roles = role or name, name = name } end
  local s = { admin = as "admin", hr = person "hr", leader = person("leader", "principal"), manager = person "manager",
    head = person("head", "teaching.lead"), teacher = person "teacher", other = person("other", "teacher"), finance = person "finance" }
  for who, boss in pairs { teacher = s.head, other = s.manager } do s.admin:api("PATCH", "admin/users/" .. s[who].id,
    { supervisor = boss.id }) end
  s.course = s.hr:create("courses", { name = "职业教育法", kind = "law", hours = "4" }).id
  s.employee = function(who, category)
    local id = s.hr:create("employees", { name = who.name, person = who.id, department = "教学支持组", post = "教师",
      category = category or "teaching", joined_on = "2020-09-01" }).id
    s.hr:transition("employees", id, "enlist")
    clock.advance "1m"
    return id
  end
  s.session = function(more)
    local fields = { name = "职业教育法解读", course = s.course, trainer_kind = "leader", trainer = s.leader.id,
      held_on = "2027-03-01", hours = "4" }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.hr:create("sessions", fields).id
  end
  s.file = function(employee) return s.hr:find("training_files", { employee = employee, year = "2027" })[1] end
  return s
end

test("HR-6: staff and heads say what is needed, by post and personal growth; each is answered", function()
  local s = school()
  local id, hers = s.employee(s.teacher), s.employee(s.other)
  local need = { employee = id, year = "2027", basis = "growth", want = "企业实践", way = "external" }
  local mine = s.teacher:create("training_needs", need)
  expect.equal({ mine.person, mine.post }, { s.teacher.id, "教师" })
  expect.refused("forbidden", function() s.teacher:create("training_needs",
    { employee = hers, year = "2027", basis = "post", want = "x" }) end)
  s.teacher:transition("training_needs", mine.id, "submit")
  expect.refused("forbidden", function() s.teacher:update("training_needs", mine.id, { want = "别的" }) end)
  local plan = s.hr:create("training_plans", { year = "2027", name = "培训计划", basis = "岗位与个人" })
  expect.refused("required", function() s.hr:transition("training_needs", mine.id, "include") end)
  expect.equal(s.hr:transition("training_needs", mine.id, "include", { plan = plan.id }).state, "planned")
  local by_head = s.head:create("training_needs", { employee = id, year = "2027", basis = "post", want = "课程思政" })
  s.head:transition("training_needs", by_head.id, "submit")
  expect.equal(s.hr:transition("training_needs", by_head.id, "refuse", { answer = "下学期安排" }).state, "refused")
  expect.equal(#s.teacher:find("training_needs", {}), 2)
  expect.equal(s.other:find("training_needs", {}), {})
  expect.equal(s.head:find("training_needs", { employee = hers }), {})
end)

test("HR-6: a training plan that costs something has a budget line and stays within it; it is signed, revised, closed", function()
  local s = school()
  local budget = s.finance:create("finance.budgets", { year = "2027", name = "预算", goals = "计划", lines = {
    { category = "staff", name = "培训", basis = "培训计划", amount = "5000" } } })
  s.finance:transition("finance.budgets", budget.id, "submit")
  s.leader:transition("finance.budgets", budget.id, "approve", { approval = { note = "同意" } })
  clock.advance "2m"
  local line = s.hr:find("finance.lines", { year = "2027" })[1].id
  local function course(cost)
    return { course = s.course, basis = "post", audience = "全体教师", month = 3, trainer = "expert", hours = "4", cost = cost }
  end
  local plan = s.hr:create("training_plans", { year = "2027", name = "培训计划", basis = "岗位与个人",
    lines = { course "3000", course "2001" } })
  expect.equal({ plan.amount, plan.hours }, { "5001.00", "8.0" })
  expect.refused("no_budget", function() s.hr:transition("training_plans", plan.id, "submit") end)
  s.hr:update("training_plans", plan.id, { budget_line = line })
  expect.refused("over_budget", function() s.hr:transition("training_plans", plan.id, "submit") end)
  s.hr:update("training_plans", plan.id, { lines = { course "3000", course "2000" } })
  local done = s.hr:transition("training_plans", plan.id, "submit")
  expect.reason(done, "no_budget", true)
  expect.reason(done, "over_budget", true)
  s.hr:transition("training_plans", plan.id, "take_back")
  s.hr:transition("training_plans", plan.id, "submit")
  s.manager:transition("training_plans", plan.id, "send_back", { approval = { note = "压缩" } })
  s.hr:transition("training_plans", plan.id, "submit")
  expect.refused("not_found", function() s.head:get("training_plans", plan.id) end)
  for _, who in ipairs { s.manager, s.leader } do who:transition("training_plans", plan.id, "approve",
    { approval = { note = "同意" } }) end
  expect.equal(s.head:get("training_plans", plan.id).state, "approved")
  s.hr:transition("training_plans", plan.id, "revise", { note = "追加" })
  s.hr:transition("training_plans", plan.id, "submit")
  for _, who in ipairs { s.manager, s.leader } do who:transition("training_plans", plan.id, "approve",
    { approval = { note = "同意" } }) end
  expect.equal(s.hr:transition("training_plans", plan.id, "close", { note = "完成" }).state, "closed")
  local other = s.hr:create("training_plans", { year = "2028", name = "下年", basis = "岗位", lines = { course "0" } })
  s.hr:transition("training_plans", other.id, "submit")
  s.manager:transition("training_plans", other.id, "reject")
end)

test("HR-7: a session has a trainer that suits it, is held on its day, and closed with cost, result and people", function()
  local s = school()
  local id = s.employee(s.teacher)
  local session = s.session { trainer = s.head.id, trainer_kind = "outside" }
  local no = expect.refused("not_inside", function() s.hr:transition("sessions", session, "hold") end)
  expect.equal(#no.errors, 1)
  s.hr:update("sessions", session, { trainer_kind = "key_staff" })
  expect.refused("forbidden", function() s.head:transition("sessions", session, "hold") end)
  s.head:update("sessions", session, { result = "操作规范" })
  local done = s.hr:transition("sessions", session, "hold")
  for _, code in ipairs { "no_trainer", "not_inside", "to_come" } do expect.reason(done, code, true) end
  expect.equal(done.kind, "law")
  expect.refused("required", function() s.hr:transition("sessions", session, "close") end)
  local end_of_it = { cost = "0", result = "考核合格率百分之百" }
  expect.refused("nobody", function() s.hr:transition("sessions", session, "close", end_of_it) end)
  expect.equal(s.hr:action("enrol", { session = session, people = { { employee = id } } }).enrolled, 1)
  expect.equal(s.hr:action("enrol", { session = session, people = { { employee = id } } }).enrolled, 0)
  local one = s.hr:find("attendances", { training = session })[1]
  expect.refused("forbidden", function() s.teacher:transition("attendances", one.id, "attend") end)
  s.head:transition("attendances", one.id, "attend")
  clock.advance "1m"
  expect.reason(s.hr:transition("sessions", session, "close", end_of_it), "nobody", true)
  local later = s.hr:create("sessions", { name = "待定", course = s.course, trainer_kind = "expert", held_on = "2027-06-01",
    hours = "4" }).id
  local both = expect.refused("no_trainer", function() s.hr:transition("sessions", later, "hold") end)
  expect.reason(both, "to_come")
  expect.equal(s.hr:transition("sessions", later, "cancel", { note = "改期" }).state, "cancelled")
  local mine = s.head:create("sessions", { name = "实训设备操作", course = s.course, trainer_kind = "key_staff", trainer = s.head.id,
    held_on = "2027-03-01", hours = "2" })
  expect.equal(s.head:transition("sessions", mine.id, "hold").state, "held")
  expect.refused("not_writable", function() s.head:update("sessions", mine.id, { present = 30 }) end)
end)

test("HR-7, HR-8: attendance with marks becomes the training file, against the hours of the post", function()
  local s = school()
  policy { hours = { teaching = 8 } }
  local id = s.employee(s.teacher)
  local file = s.file(id)
  expect.equal({ file.hours, file.required, file.missing }, { "0.0", "8.0", "8.0" }, "also who has not been yet has one")
  local function come(session, ...)
    local one = s.hr:create("attendances", { training = session, employee = id }).id
    for _, step in ipairs { ... } do
      s.hr:transition("attendances", one, step[1], step[2])
      clock.advance "1m"
    end
    return one
  end
  local to_come = s.hr:create("attendances", { training = s.session { held_on = "2027-05-01" }, employee = id }).id
  expect.refused("to_come", function() s.hr:transition("attendances", to_come, "attend") end)
  come(s.session(), { "attend" }, { "pass", { score = 88 } })
  come(s.session { name = "校外研修", way = "external", trainer_kind = "outside", trainer_name = "省教师发展中心" },
    { "attend" })
  come(s.session { name = "信息安全" }, { "attend" }, { "fail", { score = 40 } })
  come(s.session { name = "文化讲座" }, { "miss", { note = "病假" } })
  file = s.file(id)
  expect.equal({ file.hours, file.missing, file.external, file.average, #file.lines }, { "8.0", "0.0", "4.0", "64.0", 3 })
  local other = s.hr:create("attendances", { training = s.session { name = "法规" }, employee = id }).id
  s.hr:transition("attendances", other, "attend")
  local no = expect.refused("mark", function() s.hr:transition("attendances", other, "pass", { score = 59 }) end)
  expect.equal(no.errors[1].detail, "a mark of 59; 60 are needed")
  expect.reason(s.hr:transition("attendances", other, "pass", { score = 60 }), "mark", true)
  clock.advance "1m"
  expect.refused("forbidden", function() s.hr:update("attendances", other, { score = 100 }) end)
  expect.reason(s.hr:transition("training_files", s.file(id).id, "certify"), "hours", true)
  come(s.session { name = "补课" }, { "attend" })
  expect.equal(s.file(id).hours, "12.0", "what is decided stays")
end)

test("HR-8: short hours are refused as met, with the policy's line; one's own file is seen, another's is not", function()
  local s = school()
  local id = s.employee(s.teacher, "service")
  local file = s.file(id)
  local no = expect.refused("hours", function() s.hr:transition("training_files", file.id, "certify") end)
  expect.equal({ no.errors[1].policy, no.errors[1].detail }, { "hours.service", "0 hours, fewer than the 24 required" })
  expect.equal(s.teacher:get("training_files", file.id).required, "24.0")
  expect.equal(#s.head:find("training_files", {}), 1)
  expect.refused("not_found", function() s.other:get("training_files", file.id) end)
  expect.refused("forbidden", function() s.teacher:transition("training_files", file.id, "note_short", { note = "x" }) end)
  expect.refused("forbidden", function() s.hr:update("training_files", file.id, { required = "0" }) end)
  expect.equal(s.hr:report("hours_behind").total.sum_missing, "24.0")
  expect.equal(s.hr:transition("training_files", file.id, "note_short", { note = "全年病假" }).state, "short")
  local own = s.file(s.employee(s.hr))
  expect.refused("forbidden", function() s.hr:transition("training_files", own.id, "note_short", { note = "x" }) end)
end)
