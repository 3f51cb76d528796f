-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The first weeks and the contract (HR-5): an offer that was accepted, a checklist of several offices, a term that the law allows.
local PDF = "%PDF-1.4\n%%EOF\n"

local function school()
  local function person(name, role) return as { roles = role or name, name = name } end
  local s = { hr = person "hr", leader = person("leader", "principal"), manager = person "manager", head = person("head", "teaching.lead"),
    it = person("it", "it_admin"), secrets = person("secrets", "confidentiality"), teacher = person "teacher" }
  s.employee = function(more)
    local fields = { name = "钟玲", department = "教学支持组", post = "教师", category = "teaching", joined_on = "2027-03-01" }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.hr:create("employees", fields).id
  end
  s.contract = function(employee, more)
    local fields = { employee = employee, kind = "fixed", starts_on = "2027-03-01", ends_on = "2030-02-28", pay = "月薪九千" }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.hr:create("contracts", fields).id
  end
  s.signing = function(id, day)
    local file = s.hr:api("POST", "files?name=a.pdf", PDF).id
    local done = s.hr:transition("contracts", id, "sign", { signed_on = day or "2027-03-01", file = file })
    clock.advance "1m"
    return done
  end
  -- each office does its own
  s.onboard = function(employee)
    for _, task in ipairs(s.hr:find("employees_tasks", { record = employee, state = "open" })) do
      local who = ({ it_admin = s.it, confidentiality = s.secrets })[task.role] or s.hr
      who:transition("employees_tasks", task.id, "complete")
    end
  end
  -- an offer that was accepted: for one seat
  s.hired = function()
    local plan = s.hr:create("plans", { year = "2027", name = "招聘", basis = "缺编",
      lines = { { post = "会计教师", department = "教学支持组",
      category = "teaching", headcount = 1, education = "bachelor", conditions = "会计类", lead = s.head.id } } })
    s.hr:transition("plans", plan.id, "submit")
    for _, who in ipairs { s.manager, s.leader } do who:transition("plans", plan.id, "approve", { approval = { note = "同意" } }) end
    clock.advance "1m"
    policy { interview = { raters = 1 } }
    s.opening = s.hr:find("openings", {})[1].id
    local posting = s.hr:create("postings", { opening = s.opening, name = "会计教师", channel = "referral",
      until_day = "2027-06-30" }).id
    local id = s.hr:create("candidates", { posting = posting, name = "周敏", phone = "13800000009", education = "master" }).id
    local function step(verb, fields) return s.hr:transition("candidates", id, verb, fields) end
    step("shortlist", { screening_score = 80 })
    step("invite", { written_score = 80, interview_on = "2027-03-02", interview_place = "九点" })
    local card = s.head:create("interview_cards", { about = id, knowledge = 9, practice = 9, manner = 9, ethics = 9 })
    s.head:transition("interview_cards", card.id, "submit")
    clock.advance "1m"
    step "conclude"
    clock.advance "1m"
    step "select"
    for _, item in ipairs(s.hr:find("candidates_tasks", { record = id })) do
      s.hr:action("note_check", { item = item.id, result = "passed", source = "学信网" })
    end
    clock.advance "1m"
    step("clear", { start_on = "2027-03-08", offer_until = "2027-03-20", pay = "月薪九千" })
    s.manager:transition("candidates", id, "offer", { approval = { note = "同意" } })
    step "accept"
    clock.advance "1m"
    return id, s.hr:find("employees", { candidate = id })[1].id
  end
  return s
end

test("HR-5: who accepts is onboarded by several offices, has a contract, and is hired; the last seat closes the opening", function()
  local s = school()
  local c, id = s.hired()
  local e = s.hr:get("employees", id)
  expect.equal({ e.state, e.name, e.post, e.joined_on }, { "onboarding", "周敏", "会计教师", "2027-03-08" })
  expect.equal(#s.hr:find("employees_tasks", { record = id }), 5)
  local nda = s.hr:find("employees_tasks", { record = id, step = "nda" })[1]
  expect.refused("forbidden", function() s.hr:transition("employees_tasks", nda.id, "complete") end)
  expect.refused("not_found", function() s.it:transition("employees_tasks", nda.id, "complete") end)
  expect.equal(#s.it:find("employees_tasks", {}), 1)
  s.it:update("employees", id, { person = s.teacher.id })
  expect.refused("task_open", function() s.hr:transition("employees", id, "start") end)
  s.onboard(id)
  expect.refused("contract_missing", function() s.hr:transition("employees", id, "start") end)
  s.signing(s.contract(id, { starts_on = "2027-03-08", ends_on = "2030-03-07", probation_ends = "2027-09-08" }))
  local done = s.hr:transition("employees", id, "start")
  expect.reason(done, "contract_missing", true)
  expect.reason(done, "contract_late", true)
  expect.equal({ done.state, done.probation_ends }, { "probation", "2027-09-08" })
  clock.advance "2m"
  local opening = s.hr:get("openings", s.opening)
  expect.equal({ s.hr:get("candidates", c).state, opening.settled, opening.left, opening.state }, { "hired", 1, 0, "closed" })
  expect.equal(s.teacher:get("employees", id).contract_ends_on, "2030-03-07")
  expect.equal(s.hr:transition("employees", id, "regularise", { note = "考核合格" }).state, "active")
  expect.equal(s.hr:transition("employees", id, "leave", { left_on = "2027-12-31", note = "个人原因" }).state, "left")
end)

test("HR-5: who does not come after all frees the seat", function()
  local s = school()
  local c, id = s.hired()
  s.hr:transition("employees", id, "cancel", { note = "未报到" })
  clock.advance "1m"
  expect.equal({ s.hr:get("candidates", c).state, s.hr:get("openings", s.opening).left }, { "declined", 1 })
  expect.equal(s.hr:find("employees_tasks", { record = id })[1].state, "cancelled")
end)

test("HR-5: a seat that was taken and is given up ends what was begun", function()
  local s = school()
  local c, id = s.hired()
  s.hr:transition("candidates", c, "decline")
  clock.advance "1m"
  expect.equal({ s.hr:get("employees", id).state, s.hr:get("openings", s.opening).left }, { "cancelled", 1 })
end)

test("HR-5: onboarding that drags on goes to the manager; who was here before is put on file, who is new is not", function()
  local s = school()
  local _, new = s.hired()
  local registered = s.employee { person = s.teacher.id }
  local done = s.hr:transition("employees", registered, "enlist")
  expect.equal(done.state, "active")
  expect.reason(done, "is_new", true)
  expect.reason(decide("was_here_already", { candidate = new }), "is_new", false)
  local late = s.employee()
  s.hr:transition("employees", late, "begin")
  expect.yes(s.hr:get("employees", late).due_at)
  s.onboard(late)
  s.signing(s.contract(late), "2027-04-15")
  expect.refused("contract_late", function() s.hr:transition("employees", late, "start", { person = s.head.id }) end)
  clock.advance "40d"
  expect.yes(#events "employees.deadline.missed" > 0)
end)

test("HR-5: a contract is as the law has it, and its renewal counts on from the one before", function()
  local s = school()
  local id = s.employee { person = s.teacher.id }
  s.hr:transition("employees", id, "enlist")
  local other = s.employee { name = "付强" }
  local function refused(code, more) expect.refused(code, function() s.signing(s.contract(id, more)) end) end
  refused("no_end", { ends_on = "2027-03-01" })
  refused("term_no", { term_no = 2 })
  refused("probation", { ends_on = "2027-05-01", probation_ends = "2027-03-10" })      -- under three months none
  refused("probation", { ends_on = "2027-12-31", probation_ends = "2027-04-02" })      -- under a year one month
  refused("probation", { ends_on = "2029-02-28", probation_ends = "2027-05-02" })      -- under three years two
  refused("probation", { probation_ends = "2027-09-02" })                              -- else six
  local first = s.contract(id, { probation_ends = "2027-09-01" })
  local done = s.signing(first)
  for _, code in ipairs { "no_end", "term_no", "others_contract", "fixed_terms", "probation" } do expect.reason(done, code, true) end
  expect.refused("forbidden", function() s.hr:update("contracts", first, { ends_on = "2031-01-01" }) end)
  expect.equal(s.hr:get("employees", id).contract, first)
  expect.equal(s.teacher:get("contracts", first).number, "HT2027-0007")
  expect.refused("not_found", function() s.head:get("contracts", first) end)
  refused("others_contract", { employee = other, previous = first, term_no = 2 })
  local two = s.hr:action("next_term", { contract = first, kind = "fixed", starts_on = "2030-03-01", ends_on = "2033-02-28" }).contract
  s.signing(two)
  expect.equal(s.hr:get("contracts", first).state, "renewed")
  local three = s.hr:action("next_term", { contract = two, kind = "fixed", starts_on = "2033-03-01", ends_on = "2036-02-28" }).contract
  expect.refused("fixed_terms", function() s.signing(three) end)
  s.hr:update("contracts", three, { kind = "open" })
  expect.equal(s.signing(three).state, "active")
  expect.equal(s.hr:transition("contracts", three, "finish", { note = "退休" }).state, "ended")
end)

test("HR-5: a contract that ends is reminded of as long before as the policy says", function()
  local s = school()
  local id = s.employee { person = s.teacher.id }
  s.hr:transition("employees", id, "enlist")
  s.signing(s.contract(id, { ends_on = "2027-06-30" }))
  clock.set "2027-04-25T09:00:00+08:00"
  expect.equal(#events "contracts.deadline.reminded", 0)
  clock.set "2027-05-03T09:00:00+08:00"
  expect.equal(#events "contracts.deadline.reminded", 1)
end)
