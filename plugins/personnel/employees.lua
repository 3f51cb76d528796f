-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Who works here: from the accepted offer over the checklist of the first weeks and probation, and under which contract (HR-5).
local field, shared = campus.field, require "shared"
local T = shared.title

local employees = campus.entity {
  title = T("员工档案", "Employees"), subject = { "candidate", "person" }, serves = { "HR-5" },
  tasks = { title = T("入职事项", "Onboarding"), remind = { "1wd" }, escalate = { { after = "1wd", to = "role:hr" } },
    serves = { "HR-5" } },
  fields = {
    number = field.text { title = T("工号", "Number"), number = "GH{year}-{seq:4}" },
    name = field.text { title = T("姓名", "Name"), required = true, personal = true, max_length = 60, mask = "name" },
    person = field.person { title = T("账号", "Account"), unique = true },
    department = field.text { title = T("部门", "Department"), required = true, max_length = 60 },
    post = field.text { title = T("岗位", "Post"), required = true, max_length = 60 },
    category = field.choice { title = T("岗位类别", "Category"), required = true, choices = shared.CATEGORIES },
    joined_on = field.date { title = T("到岗日期", "Joined on"), required = true },
    candidate = field.reference { to = "candidates", title = T("应聘记录", "Candidate") },
    contract = field.reference { to = "contracts", title = T("现行合同", "Contract in force") },
    contract_signed_on = field.date { title = T("合同签订日期", "Contract signed on"), derived = "contract.signed_on" },
    contract_ends_on = field.date { title = T("合同到期", "Contract ends on"), derived = "contract.ends_on" },
    probation_ends = field.date { title = T("试用期至", "Probation until"), derived = "contract.probation_ends" },
    left_on = field.date { title = T("离职日期", "Left on") }, note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = { start = "registered",
    states = {
      registered = { title = T("已登记", "Registered") },
      onboarding = { title = T("入职办理", "Onboarding"), checklist = "policy:onboarding.items",
        deadline = { within = "policy:onboarding.within",
        owner = "role:hr", remind = { "5d" }, escalate = { { after = "0h", to = "role:manager" },
          { after = "2wd", to = "role:principal" } } } },
      probation = { title = T("试用期", "Probation"), deadline = { within = "field:probation_ends", owner = "role:hr",
        remind = { "policy:probation.remind" }, escalate = { { after = "1wd", to = "role:manager" } } } },
      active = { title = T("在职", "Active") },
      left = { title = T("离职", "Left"), final = true }, cancelled = { title = T("未入职", "Did not come"), final = true },
    },
    transitions = {
      begin = { title = T("办理入职", "Begin onboarding"), from = "registered", to = "onboarding" },
      start = { title = T("入职完成", "Onboarded"), from = "onboarding", to = "probation", checked = true,
        needs = { "person" }, rule = "is_onboarded" },
      regularise = { title = T("转正", "Confirm in post"), from = "probation", to = "active", needs = { "note" } },
      enlist = { title = T("在职人员建档", "Was here already"), from = "registered", to = "active", needs = { "person" },
        rule = "was_here_already" },
      leave = { title = T("离职", "Leave"), from = { "probation", "active" }, to = "left", needs = { "left_on", "note" } },
      cancel = { title = T("取消入职", "Did not come"), from = { "registered", "onboarding" }, to = "cancelled", needs = { "note" } },
    } },
  indexes = { { "state", "department" }, { "candidate" }, { "contract_ends_on" }, { "probation_ends" } },
}

local contracts = campus.entity {
  title = T("劳动合同", "Contracts"), subject = "employee", part_of = "employee", serves = { "HR-5" },
  overview = { roles = { "hr" }, order = 4, date = "ends_on", days = 60 },
  fields = {
    number = field.text { title = T("合同编号", "Number"), number = "HT{year}-{seq:4}" },
    employee = field.reference { to = "employees", title = T("员工", "Employee"), required = true },
    name = field.text { title = T("姓名", "Name"), personal = true, mask = "name", derived = "employee.name" },
    person = field.person { title = T("账号", "Account"), derived = "employee.person" },
    joined_on = field.date { title = T("到岗日期", "Joined on"), derived = "employee.joined_on" },
    kind = field.choice { title = T("期限类型", "Kind"), required = true, default = "fixed", choices = shared.TERMS },
    term_no = field.integer { title = T("第几次签订", "Which term"), required = true, default = 1, min = 1, max = 20 },
    previous = field.reference { to = "contracts", title = T("上一份合同", "The one before") },
    previous_no = field.integer { title = T("上一份为第几次", "Term of the one before"), derived = "previous.term_no" },
    previous_of = field.reference { to = "employees", title = T("上一份合同的员工", "Whose the one before was"),
      derived = "previous.employee" },
    starts_on = field.date { title = T("开始日期", "Starts on"), required = true },
      ends_on = field.date { title = T("到期日期", "Ends on") },
    probation_ends = field.date { title = T("试用期至", "Probation until") },
      signed_on = field.date { title = T("签订日期", "Signed on") },
    pay = field.text { title = T("薪酬待遇", "Pay"), class = "confidential", max_length = 200 },
    file = field.file { title = T("合同扫描件", "Signed scan"), class = "confidential", types = { "pdf" } },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = { start = "draft",
    states = {
      draft = { title = T("草拟", "Draft") },
      active = { title = T("履行中", "In force"),
        deadline = { within = "field:ends_on", owner = "role:hr", remind = { "policy:contract.remind", "7d" },
        escalate = { { after = "0h", to = "role:manager" } } } },
      renewed = { title = T("已续签", "Renewed"), final = true }, ended = { title = T("已终止", "Ended"), final = true },
    },
    transitions = {
      sign = { title = T("签订", "Sign"), from = "draft", to = "active", needs = { "signed_on", "file" }, rule = "contract_is_lawful" },
      renew = { title = T("续签", "Renewed"), from = "active", to = "renewed" },
      finish = { title = T("终止", "End"), from = { "draft", "active" }, to = "ended", needs = { "note" } },
    } },
  indexes = { { "state", "ends_on" }, { "employee" } },
}

-- The checklist is the core's; beside it there is a contract, signed in time.
local function is_onboarded(employee, policy)
  local why, signed, within = campus.reasons(), employee.contract_signed_on, policy.contract.within
  why:check(signed, { code = "contract_missing", at = "contract" })
  if signed then
    local days = campus.date.days_between(employee.joined_on, signed)
    why:check(days <= within, { code = "contract_late", at = "contract_signed_on", have = days, want = within, policy = "contract.within" })
  end
  return why:decision()
end

local function was_here_already(employee)
  local why = campus.reasons()
  why:check(not employee.candidate, { code = "is_new", at = "candidate" })
  return why:decision()
end

-- 劳动合同法 10, 14, 19: signed within a month; after so many fixed terms an open one; one probation, as long as the term allows.
local function contract_is_lawful(contract, policy)
  local why, law, starts, ends = campus.reasons(), policy.contract, contract.starts_on, contract.ends_on
  local fixed, want = contract.kind == "fixed", (contract.previous_no or 0) + 1
  why:check(not fixed or (ends and ends > starts), { code = "no_end", at = "ends_on" })
  why:check(contract.term_no == want, { code = "term_no", at = "term_no", have = contract.term_no, want = want })
  why:check(not contract.previous or contract.previous_of == contract.employee, { code = "others_contract", at = "previous" })
  why:check(not fixed or contract.term_no <= law.fixed_terms,
    { code = "fixed_terms", at = "kind", have = contract.term_no, want = law.fixed_terms,
    policy = "contract.fixed_terms" })
  local months, key = law.probation.longer, "longer"
  if fixed and ends then
    for _, step in ipairs { { "under_three_years", 36 }, { "under_one_year", 12 }, { "under_three_months", 3 } } do
      if campus.date.days_between(ends, shared.months_on(starts, step[2])) > 1 then months, key = law.probation[step[1]], step[1] end
    end
  end
  if contract.term_no > 1 then months = 0 end
  local latest = shared.months_on(starts, months)
  why:check(not contract.probation_ends or contract.probation_ends <= latest, { code = "probation", at = "probation_ends",
    have = contract.probation_ends, want = latest, policy = "contract.probation." .. key })
  return why:decision()
end

local function accepted(ctx, event)
  local c, err = ctx:get("candidates", event.record)
  if not c then return nil, err end
  local opening = ctx:get("openings", c.opening)
  if c.state ~= "accepted" or not opening then return end
  local made, why = ctx:create("employees", { candidate = c.id, name = c.name, post = opening.post, department = opening.department,
    category = opening.category, joined_on = c.start_on })
  if made then made, why = ctx:transition("employees", made.id, "begin") end
  if not made then return nil, why end
end

-- A place that was taken and is given up after all: what was begun ends; and the other way round.
local function declined(ctx, event)
  for _, one in ipairs(ctx:find("employees", { candidate = event.record, ["state[in]"] = "registered,onboarding" }).items) do
    local _, why = ctx:transition("employees", one.id, "cancel", { note = ctx:t "gave_up" })
    if why then return nil, why end
  end
end
local function moved(verb)
  return function(ctx, event)
    local employee, err = ctx:get("employees", event.record)
    if not employee then return nil, err end
    local c = employee.candidate and ctx:get("candidates", employee.candidate)
    if not c or c.state ~= "accepted" then return end
    local done, why = ctx:transition("candidates", c.id, verb)
    if not done then return nil, why end
    local opening = verb == "hire" and ctx:get("openings", c.opening)
    if opening and opening.state == "open" and opening.settled >= opening.headcount then ctx:transition("openings", opening.id, "close") end
  end
end

local function signed(ctx, event)
  local c, err = ctx:get("contracts", event.record)
  if not c then return nil, err end
  local done, why = ctx:update("employees", c.employee, { contract = c.id })
  local before = done and c.previous and ctx:get("contracts", c.previous)
  if before and before.state == "active" then done, why = ctx:transition("contracts", before.id, "renew") end
  if not done then return nil, why end
end

-- The next term, as a draft: counted on from this one, so that nobody counts it anew.
local function next_term(ctx, input)
  local c, err = ctx:get("contracts", input.contract)
  if not c then return nil, err end
  local made, why = ctx:create("contracts", { employee = c.employee, previous = c.id, term_no = c.term_no + 1, kind = input.kind,
    starts_on = input.starts_on, ends_on = input.ends_on })
  if not made then return nil, why end
  return { contract = made.id, number = made.number }
end

local f = contracts.fields
return {
  entities = { employees = employees, contracts = contracts },
  rules = {
    is_onboarded = campus.rule { reads = { "joined_on", "contract_signed_on" }, run = is_onboarded, serves = { "HR-5" } },
    was_here_already = campus.rule { reads = { "candidate" }, run = was_here_already, serves = { "HR-5" } },
    contract_is_lawful = campus.rule { run = contract_is_lawful, serves = { "HR-5" },
      reads = { "kind", "term_no", "previous", "previous_no",
      "previous_of", "employee", "starts_on", "ends_on", "probation_ends" } },
  },
  handlers = { accepted = accepted, declined = declined, came = moved "hire", did_not_come = moved "decline", signed = signed },
  actions = {
    next_term = campus.action { title = T("续签合同", "Renew the contract"), on = "contract", states = { "active" },
      run = next_term, serves = { "HR-5" },
      input = { contract = field.reference { to = "contracts", title = T("合同", "Contract"), required = true }, kind = f.kind,
        starts_on = f.starts_on, ends_on = f.ends_on } },
  },
}
