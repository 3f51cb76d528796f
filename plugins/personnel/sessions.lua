-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Training as it is given: sessions inside and outside the house, who came, and with what result (HR-7).
local field, shared = campus.field, require "shared"
local T = shared.title

local sessions = campus.entity {
  title = T("培训班次", "Training sessions"), serves = { "HR-7" },
  overview = { order = 5, date = "held_on", days = 30 },
  fields = {
    name = field.text { title = T("培训名称", "Session"), required = true, max_length = 100, search = true },
    course = field.reference { to = "courses", title = T("课程", "Course"), required = true },
    kind = field.choice { title = T("内容类别", "Kind"), choices = shared.KINDS, derived = "course.kind" },
    way = field.choice { title = T("方式", "Way"), required = true, default = "internal", choices = shared.WAYS },
    trainer_kind = field.choice { title = T("讲师来源", "Given by"), required = true, choices = shared.TRAINERS },
    trainer = field.person { title = T("校内讲师", "Trainer of the house") },
    trainer_name = field.text { title = T("校外讲师或机构", "Trainer from outside"), max_length = 80 },
    held_on = field.date { title = T("培训日期", "Day"), required = true },
    place = field.text { title = T("时间与地点", "Time and place"), max_length = 120 },
    hours = field.decimal { title = T("学时", "Hours"), required = true, scale = 1, min = 0.5, max = 400 },
    plan = field.reference { to = "training_plans", title = T("培训计划", "Plan") },
    present = field.integer { title = T("到场人数", "Present"), min = 0 },
    cost = field.money { title = T("实际费用", "Cost"), min = 0 },
    result = field.longtext { title = T("培训效果", "Result"), max_length = 2000 },
    materials = field.file { title = T("课件与签到表", "Materials and sign-in sheet"), many = true,
      types = { "pdf", "docx", "png", "jpeg", "zip" } },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = { start = "planned",
    states = {
      planned = { title = T("待举办", "Planned"),
        deadline = { within = "field:held_on", owner = { "trainer", "role:hr" }, remind = { "2d" } } },
      held = { title = T("已举办", "Held"), deadline = { within = "policy:deadlines.result", owner = { "trainer", "role:hr" },
        remind = { "1wd" },
        escalate = { { after = "1wd", to = "role:hr" } } } },
      closed = { title = T("已归档", "Closed"), final = true }, cancelled = { title = T("已取消", "Cancelled"), final = true },
    },
    transitions = {
      hold = { title = T("已举办", "Held"), from = "planned", to = "held", rule = "session_has_a_trainer" },
      close = { title = T("归档", "Close"), from = "held", to = "closed", needs = { "cost", "result" }, rule = "session_was_attended" },
      cancel = { title = T("取消", "Cancel"), from = "planned", to = "cancelled", needs = { "note" } },
    } },
  indexes = { { "held_on" }, { "state", "held_on" }, { "trainer", "state" } },
}

local attendances = campus.entity {
  title = T("参训记录", "Attendance"), subject = "employee", part_of = "training", serves = { "HR-7", "HR-8" },
  fields = {
    training = field.reference { to = "sessions", title = T("培训班次", "Session"), required = true },
    employee = field.reference { to = "employees", title = T("员工", "Employee"), required = true },
    name = field.text { title = T("姓名", "Name"), personal = true, mask = "name", derived = "employee.name" },
    department = field.text { title = T("部门", "Department"), derived = "employee.department" },
    title = field.text { title = T("培训名称", "Training"), derived = "training.name" },
    held_on = field.date { title = T("培训日期", "Day"), derived = "training.held_on" },
    hours = field.decimal { title = T("学时", "Hours"), scale = 1, derived = "training.hours" },
    kind = field.choice { title = T("内容类别", "Kind"), choices = shared.KINDS, derived = "training.kind" },
    way = field.choice { title = T("方式", "Way"), choices = shared.WAYS, derived = "training.way" },
    score = field.integer { title = T("考核成绩", "Mark"), min = 0, max = 100 },
    certificate = field.file { title = T("结业证书", "Certificate"), types = { "pdf", "png", "jpeg" } },
    note = field.text { title = T("说明", "Note"), max_length = 300 },
    person = field.person { title = T("账号", "Account"), derived = "employee.person" },
    trainer = field.person { title = T("校内讲师", "Trainer"), derived = "training.trainer" },
  },
  workflow = { start = "enrolled",
    states = {
      enrolled = { title = T("已报名", "Enrolled") }, attended = { title = T("已参加", "Attended") },
      passed = { title = T("考核合格", "Passed"), final = true }, failed = { title = T("考核不合格", "Failed"), final = true },
      absent = { title = T("缺席", "Absent"), final = true },
    },
    transitions = {
      attend = { title = T("到场", "Present"), from = "enrolled", to = "attended", rule = "session_has_been" },
      miss = { title = T("缺席", "Absent"), from = "enrolled", to = "absent", needs = { "note" } },
      pass = { title = T("合格", "Passed"), from = "attended", to = "passed", needs = { "score" }, rule = "mark_suffices" },
      fail = { title = T("不合格", "Failed"), from = "attended", to = "failed", needs = { "score" } },
    } },
  indexes = { { "training", "employee", unique = true }, { "employee", "held_on" }, { "person", "state" }, { "trainer", "state" } },
}

local function session_has_a_trainer(session, _, as_of)
  local why, outside = campus.reasons(), session.trainer_kind == "outside"
  why:check(session.trainer or session.trainer_name, { code = "no_trainer", at = "trainer" })
  why:check(session.way == "external" or not outside, { code = "not_inside", at = "trainer_kind" })
  why:check(session.held_on <= as_of, { code = "to_come", at = "held_on", have = session.held_on, want = as_of })
  return why:decision()
end
local function session_was_attended(session)
  local why = campus.reasons()
  why:check((session.present or 0) > 0, { code = "nobody", at = "present" })
  return why:decision()
end
local function session_has_been(attendance, _, as_of)
  local why = campus.reasons()
  why:check(attendance.held_on <= as_of, { code = "to_come", at = "held_on", have = attendance.held_on, want = as_of })
  return why:decision()
end
local function mark_suffices(attendance, policy)
  local why, pass = campus.reasons(), policy.training.pass
  why:check(attendance.score >= pass, { code = "mark", at = "score", have = attendance.score, want = pass, policy = "training.pass" })
  return why:decision()
end

-- Several at once; who is on the list already stays.
local function enrol(ctx, input)
  local n = 0
  for _, one in ipairs(input.people) do
    local done, err = ctx:create("attendances", { training = input.session, employee = one.employee })
    if done then n = n + 1 elseif err.code ~= "conflict" then return nil, err end
  end
  return { enrolled = n }
end

return {
  entities = { sessions = sessions, attendances = attendances },
  rules = {
    session_has_a_trainer = campus.rule { reads = { "trainer", "trainer_name", "trainer_kind", "way", "held_on" },
      run = session_has_a_trainer,
      serves = { "HR-7" } },
    session_was_attended = campus.rule { reads = { "present" }, run = session_was_attended, serves = { "HR-7" } },
    session_has_been = campus.rule { reads = { "held_on" }, run = session_has_been, serves = { "HR-7" } },
    mark_suffices = campus.rule { reads = { "score" }, run = mark_suffices, serves = { "HR-7" } },
  },
  actions = {
    enrol = campus.action { title = T("安排参训人员", "Enrol people"), on = "session", states = { "planned", "held" },
      run = enrol, serves = { "HR-7" },
      input = { session = field.reference { to = "sessions", title = T("培训班次", "Session"), required = true },
        people = field.list { title = T("参训人员", "People"), required = true, fields = {
          employee = field.reference { to = "employees", title = T("员工", "Employee"), required = true } } } } },
  },
}
