-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- From research to the plan, the campaigns that draw on it, what they spend and bring, and what is said of that: a small school of a
-- lead, two of her people, deputy, leader, finance, a cashier and the director of admissions (MKT-1, MKT-2, MKT-3, MKT-5).
local serial = 0
local OK = { approval = { note = "同意" } }
local function school()
  local function person(name, role) return as { roles = role or name, name = name } end
  local s = { admin = as "admin", leader = as "principal", deputy = as "deputy", lead = as "marketing.lead",
    gao = person("gao", "marketing"), finance = as "finance", cashier = as "cashier", director = as "admissions.lead" }
  s.admin:api("PATCH", "admin/users/" .. s.gao.id, { supervisor = s.lead.id })
  s.wait = function() clock.advance "2m" end
  s.staff = s.finance:create("finance.staff", { person = s.gao.id, name = "高飞", department = "市场推广组", grade = "staff",
    account = "6217000000000000001" }).id
  local budget = s.finance:create("finance.budgets", { year = "2027", name = "年度预算", goals = "工作计划", lines = {
    { category = "marketing", name = "广告", basis = "推广计划", amount = "1000" },
    { category = "marketing", name = "物料", basis = "推广计划", amount = "500" },
    { category = "staff", name = "培训", basis = "培训计划", amount = "500" } } })
  s.finance:transition("finance.budgets", budget.id, "submit")
  s.leader:transition("finance.budgets", budget.id, "approve", OK)
  s.wait()
  for _, line in ipairs(s.finance:find("finance.lines", { year = "2027" })) do s[line.name] = line.id end
  s.money = function(name) return s.finance:get("finance.lines", s[name]) end
  s.channel = s.director:create("admissions.channels", { name = "公众号", type = "online", officer = s.director.id }).id
  s.fair = s.director:create("admissions.activities", { name = "开放日", type = "open_day", season = "2027" }).id
  return s
end

local function research(s, more)
  local fields = { name = "春季市场调研", year = "2027", covers = { "market", "competitors", "needs" }, question = "生源在哪里？", method = "问卷与走访",
    due_on = "2027-03-20", sample = 40, findings = "初中生看重就业", advice = "开放日与公众号", competitors = {
      { name = "甲校", strengths = "新校区", weaknesses = "师资", response = "讲师资", source = "官网" },
      { name = "乙校", strengths = "学费低", weaknesses = "偏远", response = "讲位置", source = "走访" } } }
  for k, v in pairs(more or {}) do fields[k] = v end
  local r = s.gao:create("researches", fields)
  s.gao:transition("researches", r.id, "begin")
  return r.id
end
local function accepted(s)
  local id = research(s)
  s.gao:transition("researches", id, "report")
  s.lead:transition("researches", id, "accept", { accepted_on = clock.today() })
  return id
end
local function plan(s, lines, more)
  local fields = { year = "2027", name = "年度推广计划", rests_on = "发展规划", research = s.research or accepted(s), goals = "线索增长两成",
    strategy = "先校内后校外", budget = "600" }
  s.research = fields.research
  for k, v in pairs(more or {}) do fields[k] = v end
  local p = s.lead:create("plans", fields)
  for _, line in ipairs(lines or { { "投放", "广告", "400" }, { "印刷", "物料", "200" } }) do
    s.lead:create("plan_lines", { plan = p.id, name = line[1], way = "ads", goal = "线索", budget_line = s[line[2]], amount = line[3],
      channel = s.channel })
  end
  return p.id
end
local function in_force(s)
  local id = plan(s)
  s.lead:action("submit", { plan = id })
  s.leader:transition("plans", id, "approve", OK)
  s.wait()
  for _, line in ipairs(s.lead:find("plan_lines", { plan = id })) do s[line.name] = line.id end
  return id
end
local function campaign(s, amount, more)
  serial = serial + 1
  local fields = { name = "活动" .. serial, way = "ads", theme = "技能成就未来", starts_on = "2027-03-01", ends_on = "2027-03-31", place = "公众号",
    content = "短视频", form = "online", line = s["投放"], budget = amount, channel = s.channel }
  for k, v in pairs(more or {}) do fields[k] = v end
  return s.gao:create("campaigns", fields).id
end
local function running(s, amount, more)
  local id = campaign(s, amount, more)
  s.lead:transition("campaigns", id, "start", { granted = amount })
  s.wait()
  return id
end
local function claim(s, amount, line)
  serial = serial + 1
  local file = s.gao:api("POST", "files?name=a.pdf", "%PDF-1.4 receipt")
  return s.gao:create("finance.claims", { staff = s.staff, line = s[line or "广告"], kind = "publicity", reason = "投放", stated = amount,
    attachments = { file.id }, lines = { { kind = "service", day = "2027-02-24", amount = amount, invoice_no = ("%020d"):format(serial),
      invoice_date = "2027-02-24", buyer = "清河职业学校", buyer_tax_no = "12330100MB0X00000P" } } }).id
end
local function charge(s, of, id) return s.gao:action("charge", { campaign = of, claim = id, item = "投放费" }) end
local function pay(s, id)
  for _, who in ipairs { s.lead, s.finance, s.leader } do who:transition("finance.claims", id, "approve", OK) end
  s.wait()
  local batch = s.cashier:create("finance.batches", { bank = "基本户" })
  s.cashier:api("POST", "finance/actions/fill_batch", { batch = batch.id })
  for _, one in ipairs(s.cashier:find("finance.payments", { batch = batch.id })) do
    s.cashier:transition("finance.payments", one.id, "pay", { paid_on = clock.today() })
  end
  s.wait()
end

-- An action that is refused says why in words, and has done nothing.
local function told(text, fn)
  local no = expect.refused("rule_refused", fn)
  expect.yes(no.text:find(text, 1, true), text .. " in: " .. no.text)
end

test("MKT-1: research covers what it must, by enough people and competitors, and another accepts it", function()
  local s = school()
  local id = research(s, { sample = 10, covers = { "market", "competitors" }, competitors = {} })
  local no = expect.refused("sample_small", function() s.gao:transition("researches", id, "report") end)
  expect.reason(no, "not_covered")
  expect.reason(no, "competitors_few")
  local good = research(s)
  expect.reason(s.gao:transition("researches", good, "report"), "not_covered", true)
  expect.refused("forbidden", function() s.gao:update("researches", good, { sample = 99 }) end)
  expect.refused("forbidden", function() s.gao:transition("researches", good, "accept", { accepted_on = clock.today() }) end)
  s.lead:transition("researches", good, "send_back", { note = "补数据" })
  s.lead:transition("researches", good, "report")
  expect.refused("exclusive_duty", function() s.lead:transition("researches", good, "accept", { accepted_on = clock.today() }) end)
  expect.equal(s.deputy:transition("researches", good, "accept", { accepted_on = clock.today() }).state, "accepted")
  s.gao:transition("researches", id, "drop", { note = "并入春季调研" })
end)

test("MKT-2: a plan rests on accepted research, its lines are its budget, and nothing is usable before the leader signs", function()
  local s = school()
  local open = research(s)
  local id = plan(s, nil, { research = open })
  told("not accepted yet", function() s.lead:action("submit", { plan = id }) end)
  expect.refused("research_open", function() s.lead:transition("plans", id, "submit") end)
  expect.equal(s.money("广告").reserved, "0.00")               -- all of it or nothing
  s.gao:transition("researches", open, "report")
  s.lead:transition("researches", open, "accept", { accepted_on = "2025-12-01" })
  s.lead:update("plans", id, { goals = "线索增长三成" })
  expect.refused("research_old", function() s.lead:transition("plans", id, "submit") end)
  local good = plan(s, nil, { research = accepted(s), budget = "700" })
  expect.refused("lines_sum", function() s.lead:transition("plans", good, "submit") end)
  s.lead:update("plans", good, { budget = "600" })
  s.lead:action("submit", { plan = good })
  expect.equal({ s.money("广告").reserved, s.money("物料").left, s.lead:get("plans", good).submitted }, { "400.00", "300.00", "600.00" })
  local line = s.lead:find("plan_lines", { plan = good, name = "投放" })[1]
  local early = campaign(s, "100", { line = line.id })
  expect.refused("line_not_approved", function() s.lead:transition("campaigns", early, "start", { granted = "100" }) end)
  expect.refused("forbidden", function() s.lead:transition("plans", good, "approve", OK) end)
  s.leader:transition("plans", good, "approve", OK)
  s.wait()
  expect.equal({ s.money("广告").committed, s.lead:get("plan_lines", line.id).free }, { "400.00", "400.00" })
  expect.equal(s.lead:action("start", { campaign = early }).state, "running")
end)

test("MKT-2: what is sent back, taken back or refused gives its money back; lines are of marketing and of the year", function()
  local s = school()
  local id = plan(s)
  for _, step in ipairs { "send_back", "take_back", "reject" } do
    s.lead:action("submit", { plan = id })
    expect.equal(s.money("广告").reserved, "400.00")
    local who = step == "take_back" and s.lead or s.leader
    who:transition("plans", id, step, step == "send_back" and { approval = { note = "压缩" } } or nil)
    s.wait()
    expect.equal(s.money("广告").left, "1000.00", step)
  end
  local other = plan(s, { { "培训", "培训", "100" } }, { budget = "100" })
  local function hold(of) s.lead:transition("plan_lines", s.lead:find("plan_lines", { plan = of })[1].id, "hold") end
  expect.refused("other_category", function() hold(other) end)
  local next_year = plan(s, { { "投放", "广告", "100" } }, { budget = "100", year = "2028" })
  expect.refused("other_year", function() hold(next_year) end)
  s.lead:transition("plan_lines", s.lead:find("plan_lines", { plan = id })[1].id, "hold")
  local much = plan(s, { { "投放", "广告", "1000.01" } }, { budget = "1000.01" })
  expect.refused("pool_full", function() hold(much) end)
end)

test("MKT-2: a revision is signed anew while what was approved stays; a year that ends gives the rest back", function()
  local s = school()
  local id = in_force(s)
  running(s, "100")
  s.lead:transition("plans", id, "revise", { note = "追加" })
  s.lead:update("plans", id, { budget = "650" })
  s.lead:create("plan_lines", { plan = id, name = "追加", way = "social", goal = "互动", budget_line = s["广告"], amount = "50" })
  expect.equal(s.lead:get("plan_lines", s["投放"]).free, "300.00")
  s.lead:action("submit", { plan = id })
  s.leader:transition("plans", id, "approve", OK)
  s.wait()
  expect.equal(s.money("广告").committed, "450.00")
  s.lead:transition("plans", id, "close", { note = "年度结束" })
  s.wait()
  expect.equal({ s.money("广告").committed, s.lead:get("plan_lines", s["印刷"]).state }, { "0.00", "closed" })
end)

test("MKT-2: the strategy is for those who make and sign the plan", function()
  local s = school()
  local id = in_force(s)
  for _, who in ipairs { s.lead, s.leader, s.deputy } do expect.equal(who:get("plans", id).strategy, "先校内后校外") end
  for _, who in ipairs { s.gao, s.finance, s.director } do expect.equal(who:get("plans", id).strategy, nil) end
  expect.refused("forbidden", function() s.lead:update("plan_lines", s["投放"], { approved = "9999" }) end)
end)

test("MKT-2, MKT-3: a claim takes over what its line holds; campaign, line and budget are never overspent", function()
  local s = school()
  in_force(s)
  local id = running(s, "300")
  expect.refused("pool_full", function() running(s, "100.01") end)
  told("too little is left", function() s.lead:action("start", { campaign = campaign(s, "100.01") }) end)
  local first = claim(s, "250")
  expect.equal(charge(s, id, first).amount, "250.00")
  local line = s.money "广告"
  expect.equal({ line.committed, line.reserved, line.left }, { "150.00", "250.00", "600.00" })
  local wrong = s.gao:create("spends", { campaign = id, claim = claim(s, "10", "物料"), item = "展架" }).id
  expect.refused("other_line", function() s.gao:transition("spends", wrong, "book") end)
  told("too little is left", function() charge(s, id, claim(s, "50.01")) end)
  told("booked already", function() charge(s, id, first) end)
  expect.refused("unique", function() s.gao:create("spends", { campaign = id, claim = first, item = "x" }) end)
  expect.equal({ s.money("广告").left, #s.gao:find("spends", {}) }, { "600.00", 2 })       -- what was refused left nothing
  told("still being claimed", function() s.gao:action("finish", { campaign = id, lessons = "无" }) end)
  expect.refused("claims_open", function() s.gao:transition("campaigns", id, "finish", { granted = "250", lessons = "无" }) end)
  pay(s, first)
  expect.equal({ s.gao:get("campaigns", id).spent, s.money("广告").settled }, { "250.00", "250.00" })
  expect.refused("granted", function() s.gao:transition("campaigns", id, "finish", { granted = "300.00", lessons = "无" }) end)
  expect.equal(s.gao:transition("campaigns", id, "finish", { granted = "250.00", lessons = "图文好于视频" }).state, "finished")
  expect.equal(s.gao:get("plan_lines", s["投放"]).free, "150.00")
end)

test("MKT-3: a claim that comes back gives its money back to campaign, line and budget; a line may be spent whole", function()
  local s = school()
  in_force(s)
  local id = running(s, "400")
  local c = claim(s, "400")
  charge(s, id, c)
  expect.equal({ s.money("广告").committed, s.money("广告").reserved }, { "0.00", "400.00" })
  s.lead:transition("finance.claims", c, "send_back", { approval = { note = "补说明" } })
  s.wait()
  expect.equal({ s.money("广告").committed, s.gao:get("campaigns", id).left }, { "400.00", "400.00" })
  charge(s, id, c)
  s.gao:transition("finance.claims", c, "take_back")
  s.wait()
  charge(s, id, c)
  s.lead:transition("finance.claims", c, "reject")
  s.wait()
  expect.equal({ s.money("广告").committed, s.money("广告").left }, { "400.00", "600.00" })
  local part = s.gao:create("spends", { campaign = id, claim = claim(s, "30"), item = "印刷" }).id
  s.gao:transition("spends", part, "book")
  for _, step in ipairs { "refit", "commit" } do s.gao:transition("plan_lines", s["投放"], step) end
  expect.equal(s.money("广告").committed, "370.00")             -- step by step it is the same
  local done = claim(s, "20")
  s.gao:transition("finance.claims", done, "submit")           -- handed in before it was booked: that too
  charge(s, id, done)
  expect.equal({ s.money("广告").committed, s.money("广告").left }, { "350.00", "630.00" })
end)

test("MKT-2: what a claim gives back the line has again, or others have taken it and the line says so; never both", function()
  local s = school()
  in_force(s)
  local id = running(s, "400")
  local mine = claim(s, "100")
  charge(s, id, mine)
  local others = { claim(s, "600"), claim(s, "100") }
  s.gao:transition("finance.claims", others[1], "submit")
  s.lead:transition("finance.claims", mine, "reject")
  local taken = pcall(function() s.gao:transition("finance.claims", others[2], "submit") end)
  s.wait()
  expect.equal({ s.money("广告").committed, s.money("广告").left, s.gao:get("plan_lines", s["投放"]).held },
    { taken and "300.00" or "400.00", "0.00", "400.00" })
  expect.equal(#events "plan_lines.short", taken and 1 or 0)
end)
