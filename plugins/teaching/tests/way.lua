-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- From the plan to the shelf: what is approved, what is bought for it, what is in whose hands, what is counted (TCH-1 to TCH-4).
local function by_week(courses)
  local out = {}
  for course, topics in pairs(courses) do
    for i, topic in ipairs(topics) do out[#out + 1] = { course = course, week = i, topic = topic } end
  end
  return out
end
local function school()
  local function person(name, role) return as { roles = role or name, name = name } end
  local s = { admin = as "admin", leader = as "principal", manager = as "manager", finance = as "finance", lead = person("lead",
    "teaching.lead"),
    staff = person("staff", "teaching.staff"), teacher = as "teacher", other = person("other", "teacher"),
      keeper = person("keeper", "storekeeper"),
    second = person("second", "storekeeper") }
  local year = s.lead:create("basics.school_years", { name = "2026-2027", starts_on = "2026-09-01", ends_on = "2027-07-10" }).id
  s.term = s.lead:create("basics.terms", { school_year = year, name = "2026-2027-2", number = 2, starts_on = "2027-03-01",
    ends_on = "2027-07-10" }).id
  s.major = s.lead:create("basics.majors", { code = "510203", name = "软件技术", years = 3 }).id
  s.class = s.lead:create("basics.classes", { name = "软件2601", major = s.major, school_year = year, capacity = 40 }).id
  s.plan = s.staff:create("plans", { name = "软件技术 2026 级", term = s.term, major = s.major, cohort = year, basis = "人才培养方案",
    methods = "理实一体",
    courses = { { name = "Java 程序设计", nature = "major", teacher = s.teacher.id, weekly = 4, first = 1, last = 4, hours = 16 },
      { name = "数据库", nature = "practice", teacher = s.other.id, weekly = 2, first = 1, last = 2, hours = 4 } },
    progress = by_week({ ["Java 程序设计"] = { "项目 1", "项目 2", "项目 3", "项目 4" }, ["数据库"] = { "建库", "查询" } }) })
  s.settle = function() clock.advance "2m" end
  s.approve = function(id, note) s.leader:transition("plans", id or s.plan.id, "approve",
    { approval = { note = note or "同意" } }) s.settle() end
  s.force = function()
    s.staff:transition("plans", s.plan.id, "submit")
    s.approve()
    s.courses = {}
    for _, c in ipairs(s.staff:find("courses", { plan = s.plan.id })) do s.courses[c.name] = c end
    s.java = s.courses["Java 程序设计"]
    return s
  end
  return s
end
local function stocked(s)
  s.store = s.lead:create("stores", { name = "教材库", keeper = s.keeper.id }).id
  s.far = s.lead:create("stores", { name = "西校区库", keeper = s.second.id }).id
  s.book = s.keeper:create("goods", { name = "Java 教程", kind = "textbook", unit = "册", price = "45.00" }).id
  s.laptop = s.keeper:create("goods", { name = "笔记本电脑", kind = "equipment", unit = "台" }).id
  s.move = function(who, step, fields, more)
    fields.store, fields.used_for = fields.store or s.store, fields.used_for or "教学"
    local m = who:create("moves", fields)
    who:transition("moves", m.id, step, more)
    return m
  end
  s.balance = function(account, item, place)
    local row = s.lead:report("stock_balance", { account = account, item = item, place = place or s.store }).rows[1]
    return row and row.sum_amount or 0
  end
  s.move(s.keeper, "take_in", { lines = { { goods = s.book, count = 50 }, { goods = s.laptop, count = 5 } } })
  return s
end

test("TCH-1: a plan is nothing before the leader signs; then it is courses and their weeks, each with its days", function()
  local s = school()
  s.staff:transition("plans", s.plan.id, "submit")
  s.settle()
  expect.equal(#s.lead:find("courses", {}), 0)
  expect.refused("forbidden", function()
    s.lead:create("courses", { name = "x", plan = s.plan.id, key = "x", nature = "major", teacher = s.teacher.id, weekly = 1,
      first = 1, last = 1, hours = 1,
      term = s.term, major = s.major, cohort = s.plan.cohort })
  end)
  expect.refused("forbidden", function() s.lead:transition("plans", s.plan.id, "approve", { approval = { note = "同意" } }) end)
  expect.equal(#s.teacher:find("plans", {}), 0, "teachers see what is signed")
  s.approve()
  expect.equal(#s.teacher:find("plans", {}), 1)
  s.courses = s.teacher:find("courses", { sort = "name" })
  expect.equal({ #s.courses, s.courses[1].hours, s.courses[1].term_name }, { 2, 16, "2026-2027-2" })
  local weeks = s.teacher:find("weeks", { course = s.courses[1].id, sort = "number" })
  expect.equal({ #weeks, weeks[2].topic, weeks[2].starts_on, weeks[2].ends_on, weeks[2].hours, weeks[2].teacher },
    { 4, "项目 2", "2027-03-08", "2027-03-14", 4, s.teacher.id })
  expect.equal(s.staff:get("plans", s.plan.id).version, 1)
end)

test("TCH-1: one plan for a major, a term and a cohort; it is returned, taken back, refused, closed", function()
  local s = school()
  expect.refused("unique", function() s.staff:create("plans", { name = "又一份", term = s.term, major = s.major, cohort = s.plan.cohort }) end)
  s.staff:transition("plans", s.plan.id, "submit")
  s.leader:transition("plans", s.plan.id, "send_back", { approval = { note = "补充实训学时" } })
  s.staff:transition("plans", s.plan.id, "submit")
  s.staff:transition("plans", s.plan.id, "take_back")
  s.force()
  s.staff:transition("plans", s.plan.id, "close", { note = "学期结束" })
  local p = s.plan
  local other = s.lead:create("plans", { name = "护理", term = p.term, major = s.lead:create("basics.majors", { code = "1",
    name = "护理", years = 3 }).id,
    cohort = p.cohort, basis = p.basis, methods = p.methods, courses = p.courses, progress = p.progress })
  s.lead:transition("plans", other.id, "submit")
  s.leader:transition("plans", other.id, "reject")
end)

test("TCH-1: teachers report their weeks: kept, or behind with a measure until it is caught up; a week nobody reports climbs", function()
  local s = school().force()
  local weeks = s.teacher:find("weeks", { course = s.java.id, sort = "number" })
  expect.refused("not_found", function() s.other:transition("weeks", weeks[1].id, "keep", { taught = 4 }) end)
  expect.refused("hours_short", function() s.teacher:transition("weeks", weeks[1].id, "keep", { taught = 2 }) end)
  s.teacher:transition("weeks", weeks[1].id, "keep", { taught = 4 })
  expect.refused("required", function() s.teacher:transition("weeks", weeks[2].id, "lag", { taught = 2, covered = "一半" }) end)
  s.teacher:transition("weeks", weeks[2].id, "lag", { taught = 2, covered = "一半", measure = "第三周补课" })
  local row = s.lead:report("progress").rows[1]
  expect.equal({ row.course_name, row.sum_taught, row.target }, { "Java 程序设计", 6, 16 })
  row = s.lead:report("weeks_by_state").rows[1]
  expect.equal({ row.kept, row.behind, row.count }, { 1, 1, 4 })
  s.teacher:transition("weeks", weeks[2].id, "catch_up", { taught = 4 })
  s.teacher:transition("weeks", weeks[1].id, "correct", { covered = "多记一周" })
  s.teacher:transition("weeks", weeks[1].id, "keep", { taught = 4 })
  clock.set "2027-03-25T08:00:00+08:00"
  local late = {}
  for _, e in ipairs(events "deadline.escalated") do late[e.record] = true end
  expect.yes(late[weeks[3].id] and not late[weeks[1].id], "the third week climbs, the first does not")
end)

test("TCH-1: a revision changes what is still to come, keeps what was taught, and a dropped course is bought nothing for", function()
  local s = school().force()
  local weeks = s.teacher:find("weeks", { course = s.java.id, sort = "number" })
  s.teacher:transition("weeks", weeks[1].id, "keep", { taught = 4 })
  s.staff:transition("plans", s.plan.id, "revise", { note = "压缩" })
  expect.equal(s.teacher:get("courses", s.java.id).hours, 16, "until it is signed the old one stands")
  local c = s.plan.courses[1]
  c.last, c.hours = 3, 12
  s.staff:update("plans", s.plan.id, { courses = { c }, progress = by_week { [c.name] = { "绪论", "类与对象", "综合" } } })
  s.staff:transition("plans", s.plan.id, "submit")
  s.approve()
  local now = s.teacher:find("weeks", { course = s.java.id, sort = "number" })
  expect.equal({ now[1].topic, now[1].state, now[2].topic, now[4].state }, { "项目 1", "taught", "类与对象", "dropped" })
  expect.equal({ s.teacher:get("courses", s.courses["数据库"].id).hours, s.staff:get("plans", s.plan.id).version }, { 0, 2 })
  s.staff:transition("plans", s.plan.id, "revise", { note = "恢复" })
  c.last, c.hours = 4, 16
  s.staff:update("plans", s.plan.id, { courses = { c }, progress = by_week { [c.name] = { "绪论", "类与对象", "综合", "项目答辩" } } })
  s.staff:transition("plans", s.plan.id, "submit")
  s.approve()
  local back = s.teacher:get("weeks", now[4].id)
  expect.equal({ back.state, back.topic }, { "planned", "项目答辩" })
end)

local function budgeted(s)
  local b = s.finance:create("finance.budgets", { year = "2027", name = "年度预算", goals = "工作计划", lines = {
    { category = "teaching", name = "教材", basis = "教学计划", amount = "2000" } } })
  s.finance:transition("finance.budgets", b.id, "submit")
  s.leader:transition("finance.budgets", b.id, "approve", { approval = { note = "同意" } })
  s.settle()
  s.line = s.finance:find("finance.lines", { year = "2027" })[1].id
  s.left = function() return s.finance:get("finance.lines", s.line).left end
  s.buy = function(who, count, more)
    local fields = { name = "Java 教程", kind = "textbook", course = s.java.id, line = s.line, needed_on = "2027-03-20",
      amount = count * 45 .. ".00",
      lines = { { goods = s.book, count = count, price = "45.00" } } }
    for k, v in pairs(more or {}) do fields[k] = v end
    return who:create("purchases", fields)
  end
  s.sign = function(p)
    for _, who in ipairs { s.lead, s.manager, s.finance } do who:transition("purchases", p.id, "approve",
      { approval = { note = "同意" } }) end
  end
  return s
end

test("TCH-2, FIN-2: signed, ordered, taken in by somebody else: the budget holds it at each step, then the ledger has it", function()
  local s = budgeted(stocked(school().force()))
  local p = s.buy(s.staff, 40)
  s.staff:transition("purchases", p.id, "submit")
  expect.equal(s.left(), "200.00")
  expect.refused("pool_full", function() local q = s.buy(s.staff, 10) s.staff:transition("purchases", q.id, "submit") end)
  s.sign(p)
  expect.refused("required", function() s.staff:transition("purchases", p.id, "order") end)
  s.staff:transition("purchases", p.id, "order", { supplier = "新华书店" })
  expect.equal(s.finance:get("finance.lines", s.line).committed, "1800.00")
  expect.refused("forbidden", function() s.staff:action("receive", { purchase = p.id, store = s.store }) end)
  expect.refused("forbidden", function() s.keeper:transition("purchases", p.id, "receive", { lines = {} }) end)
  local got = s.keeper:action("receive", { purchase = p.id, store = s.store, arrivals = { { goods = s.book, arrived = 38 } } })
  expect.equal({ got.amount, s.finance:get("finance.lines", s.line).settled, s.left() }, { "1710.00", "1710.00", "290.00" })
  expect.equal({ s.balance("stock", s.book), s.balance("supplier", s.book) }, { 88, -38 })
  local q = s.buy(s.staff, 1)
  s.staff:transition("purchases", q.id, "submit")
  s.sign(q)
  s.staff:transition("purchases", q.id, "order", { supplier = "新华书店" })
  s.keeper:action("receive", { purchase = q.id, store = s.store })
  expect.equal(s.balance("stock", s.book), 89)
end)

test("TCH-2: what is sent back, taken back, refused, withdrawn or cancelled gives the money back; one's own is another's to sign",
  function()
  local s = budgeted(stocked(school().force()))
  local p = s.buy(s.teacher, 10)
  local function submit() s.teacher:transition("purchases", p.id, "submit") end
  submit()
  expect.refused("forbidden", function() s.teacher:transition("purchases", p.id, "approve", { approval = { note = "同意" } }) end)
  s.lead:transition("purchases", p.id, "send_back", { approval = { note = "版次不对" } })
  submit()
  s.teacher:transition("purchases", p.id, "take_back")
  submit()
  s.sign(p)
  s.lead:transition("purchases", p.id, "cancel", { note = "出版社断货" })
  expect.equal(s.left(), "2000.00")
  local mine = s.buy(s.lead, 1)
  s.lead:transition("purchases", mine.id, "submit")
  expect.refused("forbidden", function() s.lead:transition("purchases", mine.id, "approve", { approval = { note = "同意" } }) end)
  local colleague = as { roles = "teaching.lead", name = "colleague" }
  colleague:transition("purchases", mine.id, "approve", { approval = { note = "同意" } })
  s.manager:transition("purchases", mine.id, "approve", { approval = { note = "同意" } })
  s.finance:transition("purchases", mine.id, "reject")
  s.teacher:transition("purchases", s.buy(s.teacher, 2).id, "withdraw")
  expect.equal(s.left(), "2000.00")
end)

test("TCH-2: a course that is in no plan any more, another year, another category are refused", function()
  local s = budgeted(stocked(school().force()))
  local p = s.buy(s.staff, 1, { amount = "46.00", needed_on = "2027-02-01" })
  local no = expect.refused("sum", function() s.staff:transition("purchases", p.id, "submit") end)
  expect.reason(no, "too_late")
end)

test("TCH-3: to a class, to a person and back again, never below nothing, each movement on the ledger", function()
  local s = stocked(school().force())
  s.move(s.keeper, "hand_out", { to_class = s.class, lines = { { goods = s.book, count = 40 } } })
  expect.equal({ s.balance("stock", s.book), s.balance("used", s.book) }, { 10, 40 })
  expect.refused("below_floor", function() s.move(s.keeper, "hand_out", { to_class = s.class, lines = { { goods = s.book,
    count = 11 } } }) end)
  local lent = s.move(s.keeper, "lend", { to_person = s.teacher.id, back_on = "2027-03-05", lines = { { goods = s.laptop, count = 3 } } })
  expect.equal({ s.balance("stock", s.laptop), s.balance("lent", s.laptop) }, { 2, 3 })
  expect.equal(s.teacher:get("moves", lent.id).state, "lent", "who has it sees it")
  expect.refused("forbidden", function() s.keeper:update("moves", lent.id, { lines = { { goods = s.laptop, count = 1 } } }) end)
  expect.refused("forbidden", function() s.second:action("give_back", { move = lent.id }) end)
  s.keeper:action("give_back", { move = lent.id, returns = { { goods = s.laptop, back = 2, missing = 1 } } })
  expect.equal({ s.balance("stock", s.laptop), s.balance("lent", s.laptop), s.balance("missing", s.laptop) }, { 4, 0, 1 })
  s.move(s.keeper, "find_again", { lines = { { goods = s.laptop, count = 1 } } })
  expect.equal({ s.balance("stock", s.laptop), s.balance("missing", s.laptop) }, { 5, 0 })
  s.move(s.keeper, "transfer", { to_store = s.far, lines = { { goods = s.laptop, count = 2 } } })
  expect.equal({ s.balance("stock", s.laptop), s.balance("stock", s.laptop, s.far) }, { 3, 2 })
  local again = s.move(s.keeper, "lend", { to_class = s.class, back_on = "2027-03-05", lines = { { goods = s.laptop, count = 1 } } })
  s.keeper:action("give_back", { move = again.id })
  expect.equal(s.balance("stock", s.laptop), 3)
  expect.equal(#s.lead:find("stock", { item = s.laptop }), 15)
  expect.refused("forbidden", function() s.keeper:create("stock", { account = "stock", item = s.book, place = s.store, amount = 1 }) end)
end)

test("TCH-3: who keeps another store moves nothing here; staff ask, the custodian hands out", function()
  local s = stocked(school().force())
  expect.refused("forbidden", function() s.second:create("moves", { store = s.store, used_for = "x" }) end)
  local asked = s.teacher:create("moves", { store = s.store, used_for = "实训", to_person = s.teacher.id,
    lines = { { goods = s.book, count = 1 } } })
  expect.refused("forbidden", function() s.teacher:transition("moves", asked.id, "hand_out") end)
  expect.refused("forbidden", function() s.second:transition("moves", asked.id, "hand_out") end)
  expect.equal(#s.other:find("moves", {}), 0)
  s.keeper:transition("moves", asked.id, "hand_out")
  local no = s.teacher:create("moves", { store = s.store, used_for = "实训" })
  s.teacher:transition("moves", no.id, "withdraw")
end)

test("TCH-4: a stocktake freezes the store and its sheet; differences count once they are approved, and the store opens again", function()
  local s = stocked(school().force())
  local t = s.keeper:create("stocktakes", { store = s.store, witness = s.staff.id })
  expect.refused("forbidden", function() s.keeper:create("stocktakes", { store = s.far, witness = s.staff.id, sheet = {} }) end)
  s.settle()
  t = s.keeper:get("stocktakes", t.id)
  expect.equal({ t.state, #t.sheet, #t.lines }, { "counting", 2, 2 })
  expect.refused("counting", function() s.move(s.keeper, "hand_out", { to_class = s.class, lines = { { goods = s.book, count = 1 } } }) end)
  local second = s.keeper:create("stocktakes", { store = s.store, witness = s.staff.id })
  s.settle()
  expect.equal(s.keeper:get("stocktakes", second.id).state, "cancelled", "it is being counted already")
  expect.equal(s.lead:get("stores", s.store).counting, true)
  expect.refused("forbidden", function() s.keeper:update("stocktakes", t.id, { sheet = {} }) end)
  expect.refused("forbidden", function() s.lead:update("stores", s.store, { counting = false }) end)
  for _, line in ipairs(t.lines) do
    if line.goods == s.book then line.counted, line.missing, line.damaged = 47, 2, 1 else line.counted, line.surplus = 6, 1 end
  end
  s.keeper:update("stocktakes", t.id, { lines = t.lines })
  expect.refused("required", function() s.keeper:transition("stocktakes", t.id, "submit") end)
  s.keeper:transition("stocktakes", t.id, "submit", { findings = "两册未找到，一册破损" })
  s.keeper:transition("stocktakes", t.id, "take_back")
  s.keeper:transition("stocktakes", t.id, "submit")
  s.lead:transition("stocktakes", t.id, "send_back", { approval = { note = "再找一次" } })
  s.keeper:transition("stocktakes", t.id, "submit")
  s.lead:transition("stocktakes", t.id, "approve", { approval = { note = "同意" } })
  expect.equal(s.balance("stock", s.book), 50, "not before the last signature")
  s.manager:transition("stocktakes", t.id, "approve", { approval = { note = "同意" } })
  expect.equal({ s.balance("stock", s.book), s.balance("missing", s.book), s.balance("damaged", s.book), s.balance("stock",
    s.laptop) }, { 47, 2, 1, 6 })
  s.settle()
  expect.equal(s.lead:get("stores", s.store).counting, false)
  s.move(s.keeper, "hand_out", { to_class = s.class, lines = { { goods = s.book, count = 1 } } })
end)

test("TCH-4: one that is cancelled opens the store; each term owes one, and only a stocktake is its evidence", function()
  local s = stocked(school().force())
  local t = s.keeper:create("stocktakes", { store = s.store, witness = s.staff.id })
  s.settle()
  s.lead:transition("stocktakes", t.id, "cancel", { note = "改期" })
  s.settle()
  expect.equal(s.lead:get("stores", s.store).counting, false)
  clock.set "2027-09-20T08:00:00+08:00"
  local late, owed = as "storekeeper", nil                    -- who was signed in is not any more
  for _, o in ipairs(late:api("GET", "obligations?state=open").items) do if o.name == "teaching.stocktake" then owed = o end end
  expect.yes(owed, "a stocktake of the term")
  local function close(body) return late:api("POST", "obligations/" .. owed.id .. "/close", body) end
  expect.refused("invalid", function() close { note = "都在" } end)
  close { record = t.id, note = "见盘点单" }
end)
