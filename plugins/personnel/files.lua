-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The training file: what each person has learned in a year, against the hours that the policy asks of the post. It is
-- written out of attendance alone, and once it is decided it is the basis of appraisal, promotion and pay (HR-8).
local field, shared = campus.field, require "shared"
local T = shared.title

local files = campus.entity {
  title = T("培训档案", "Training files"), subject = "employee", part_of = "employee", serves = { "HR-8" },
  fields = {
    employee = field.reference { to = "employees", title = T("员工", "Employee"), required = true },
    name = field.text { title = T("姓名", "Name"), personal = true, mask = "name", derived = "employee.name" },
    department = field.text { title = T("部门", "Department"), derived = "employee.department" },
    post = field.text { title = T("岗位", "Post"), derived = "employee.post" },
    category = field.choice { title = T("岗位类别", "Category"), choices = shared.CATEGORIES, derived = "employee.category" },
    year = field.text { title = T("年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    hours = field.decimal { title = T("已修学时", "Hours"), scale = 1, derived = "sum(lines.hours)" },
    required = field.decimal { title = T("规定学时", "Hours required"), scale = 1, min = 0, default = 0 },
    missing = field.decimal { title = T("欠学时", "Hours missing"), scale = 1, min = 0, default = 0 },
    external = field.decimal { title = T("其中外部培训", "Of them external"), scale = 1, min = 0, default = 0 },
    average = field.decimal { title = T("考核平均分", "Average mark"), scale = 1 },
    lines = field.list { title = T("培训经历", "Training"), fields = {
      day = field.date { title = T("日期", "Day"), required = true },
        title = field.text { title = T("培训名称", "Training"), max_length = 100 },
      kind = field.choice { title = T("内容类别", "Kind"), choices = shared.KINDS },
      way = field.choice { title = T("方式", "Way"), choices = shared.WAYS },
      hours = field.decimal { title = T("学时", "Hours"), scale = 1 }, score = field.integer { title = T("成绩", "Mark") },
      result = field.choice { title = T("结果", "Result"), choices = shared.RESULTS },
    } },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
    person = field.person { title = T("账号", "Account"), derived = "employee.person" },
  },
  workflow = { start = "open",
    states = {
      open = { title = T("登记中", "Open") },
      met = { title = T("达标", "Met"), final = true }, short = { title = T("未达标", "Short"), final = true },
    },
    transitions = {
      certify = { title = T("认定达标", "Certify"), from = "open", to = "met", rule = "hours_are_met" },
      note_short = { title = T("认定未达标", "Note as short"), from = "open", to = "short", needs = { "note" } },
    } },
  indexes = { { "employee", "year", unique = true }, { "year", "department" }, { "person", "year" }, { "state", "year" } },
}

local function hours_are_met(file, policy)
  local why, want = campus.reasons(), policy.hours[file.category]
  why:check(file.hours >= want, { code = "hours", at = "hours", have = math.tointeger(file.hours) or file.hours, want = want,
    policy = "hours." .. file.category })
  return why:decision()
end

-- Whether it says so already: what does not change is not written once more.
local function same(have, fields)
  for _, key in ipairs { "required", "missing", "external", "average" } do
    if tonumber(have[key]) ~= tonumber(fields[key]) then return false end
  end
  local lines = have.lines or {}
  for i, line in ipairs(fields.lines) do
    local old = lines[i] or {}
    if line.day ~= old.day or line.title ~= old.title or line.result ~= old.result or line.score ~= old.score
      or tonumber(line.hours) ~= tonumber(old.hours) then return false end
  end
  return #lines == #fields.lines
end

-- The file of a person and year as attendance says; one that is decided stays as it is.
local function written(ctx, employee, year)
  local page, err = ctx:find("attendances", { employee = employee.id, ["held_on[gte]"] = year .. "-01-01",
    ["held_on[lte]"] = year .. "-12-31",
    ["state[in]"] = "attended,passed,failed", sort = "held_on", limit = 200 })
  if not page then return nil, err end
  local lines, hours, external, marks, sum = {}, 0, 0, 0, 0
  for i, one in ipairs(page.items) do
    local counts = one.state ~= "failed" and tonumber(one.hours) or 0
    lines[i] = { day = one.held_on, title = one.title, kind = one.kind, way = one.way, hours = tostring(counts), score = one.score,
      result = one.state }
    hours = hours + counts
    if one.way == "external" then external = external + counts end
    if one.score then marks, sum = marks + 1, sum + one.score end
  end
  local want = ctx.policy.hours[employee.category]
  local fields = { lines = lines, required = tostring(want), missing = string.format("%.1f", math.max(want - hours, 0)),
    external = string.format("%.1f", external), average = marks > 0 and string.format("%.1f", sum / marks) or nil }
  local have = ctx:find("training_files", { employee = employee.id, year = year, limit = 1 }).items[1]
  if have and have.state ~= "open" then return true end
  if have and same(have, fields) then return true end
  if have then return ctx:update("training_files", have.id, fields) end
  fields.employee, fields.year = employee.id, year
  return ctx:create("training_files", fields)
end

local function attended(ctx, event)
  local one, err = ctx:get("attendances", event.record)
  if not one then return nil, err end
  local page = ctx:find("attendances", { training = one.training, ["state[in]"] = "attended,passed,failed", limit = 500 })
  local session, why = ctx:get("sessions", one.training)
  if session and session.present ~= #page.items then session, why = ctx:update("sessions", session.id, { present = #page.items }) end
  local employee = session and ctx:get("employees", one.employee)
  local done = employee and written(ctx, employee, one.held_on:sub(1, 4))
  if not done then return nil, why or { "conflict", "the file could not be written" } end
end

-- Who is new has a file from the first day; each month those of the year are seen to, so that who never came has one too.
local function began(ctx, event)
  local employee, err = ctx:get("employees", event.record)
  if not employee then return nil, err end
  local done, why = written(ctx, employee, ctx:now().today:sub(1, 4))
  if not done then return nil, why end
end
local function monthly(ctx, run)
  local page = ctx:find("employees", { ["state[in]"] = "probation,active", sort = "created_at", limit = 10, cursor = run.cursor })
  for _, employee in ipairs(page.items) do
    local done, why = written(ctx, employee, ctx:now().today:sub(1, 4))
    if not done then return nil, why end
  end
  if page.next then return { cursor = page.next } end
end

return {
  entities = { training_files = files },
  rules = { hours_are_met = campus.rule { reads = { "hours", "category" }, run = hours_are_met, serves = { "HR-8" } } },
  handlers = { attended = attended, began = began },
  every = { monthly = campus.every { cron = "0 3 1 * *", missed = "once", run = monthly, serves = { "HR-8" } } },
}
