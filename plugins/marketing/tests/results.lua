-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What changes while a campaign runs, whom it brought, what it scores, and the report on a period (MKT-3, MKT-5).
local serial = 0
local OK = { approval = { note = "同意" } }
local function school()
  local s = { leader = as "principal", lead = as "marketing.lead", gao = as "marketing", finance = as "finance",
    director = as "admissions.lead", admin = as "admin" }
  s.wait = function() clock.advance "2m" end
  local budget = s.finance:create("finance.budgets", { year = "2027", name = "年度预算", goals = "工作计划",
    lines = { { category = "marketing", name = "广告", basis = "推广计划", amount = "1000" } } })
  s.finance:transition("finance.budgets", budget.id, "submit")
  s.leader:transition("finance.budgets", budget.id, "approve", OK)
  s.wait()
  s.budget = s.finance:find("finance.lines", { name = "广告" })[1].id
  s.channel = s.director:create("admissions.channels", { name = "公众号", type = "online", officer = s.director.id }).id
  s.fair = s.director:create("admissions.activities", { name = "开放日", type = "open_day", season = "2027" }).id
  local r = s.gao:create("researches", { name = "调研", year = "2027", covers = { "market", "competitors", "needs" }, question = "？",
    method = "问卷", due_on = "2027-03-20", sample = 40, findings = "就业", advice = "公众号", competitors = {
      { name = "甲校", strengths = "新", weaknesses = "远", response = "讲近", source = "官网" },
      { name = "乙校", strengths = "廉", weaknesses = "旧", response = "讲新", source = "官网" } } })
  s.gao:transition("researches", r.id, "begin")
  s.gao:transition("researches", r.id, "report")
  s.lead:transition("researches", r.id, "accept", { accepted_on = clock.today() })
  s.research = r.id
  local p = s.lead:create("plans", { year = "2027", name = "计划", rests_on = "规划", research = r.id, goals = "增长", strategy = "聚焦",
    budget = "600" })
  s.line = s.lead:create("plan_lines", { plan = p.id, name = "投放", way = "ads", goal = "线索", budget_line = s.budget, amount = "600" }).id
  s.lead:action("submit", { plan = p.id })
  s.leader:transition("plans", p.id, "approve", OK)
  s.wait()
  return s
end
local function planned(s, more)
  serial = serial + 1
  local fields = { name = "活动" .. serial, way = "ads", theme = "技能成就未来", starts_on = "2027-02-20", ends_on = "2027-03-31", place = "公众号",
    content = "短视频", form = "online", line = s.line, budget = "300", channel = s.channel }
  for k, v in pairs(more or {}) do fields[k] = v end
  return s.gao:create("campaigns", fields).id
end
local function running(s, more)
  local id = planned(s, more)
  s.lead:action("start", { campaign = id })
  s.wait()
  return id
end
local function lead(s, more)
  serial = serial + 1
  local fields = { name = "王小明", phone = ("1990000%04d"):format(serial), season = "2027", education = "junior", interest = "护理" }
  for k, v in pairs(more or {}) do fields[k] = v end
  local made = s.director:create("admissions.leads", fields)
  s.wait()
  return made.id
end
local function of(s, who)
  local one = s.gao:find("attributions", { lead = who })[1]
  return one and one.campaign, one and one.state
end

test("MKT-3: a campaign is whole before it starts, and is called off before that alone", function()
  local s = school()
  local id = planned(s, { ends_on = "2027-02-10" })
  expect.refused("ends_before", function() s.lead:transition("campaigns", id, "start", { granted = "300" }) end)
  expect.refused("granted", function() s.lead:transition("campaigns", id, "start", { granted = "1.00" }) end)
  s.gao:transition("campaigns", id, "cancel", { note = "并入下月" })
  expect.refused("forbidden", function() s.gao:action("start", { campaign = planned(s) }) end)
  local task = s.gao:create("campaigns_tasks", { record = running(s), title = "写文案", assignee = s.gao.id, due_on = "2027-03-05" })
  s.gao:transition("campaigns_tasks", task.id, "complete")
  local other = s.gao:create("campaigns_tasks", { record = task.record, title = "拍摄" })
  s.gao:transition("campaigns_tasks", other.id, "cancel", { note = "用旧素材" })
end)

test("MKT-3: what changes in mid-course is a change with its reason, agreed to by another; the way it was stays with it", function()
  local s = school()
  local id = running(s)
  expect.refused("forbidden", function() s.gao:update("campaigns", id, { place = "抖音" }) end)
  expect.refused("forbidden", function() s.lead:transition("campaigns", id, "adjust", { place = "抖音" }) end)
  local function change(more)
    local fields = { campaign = id, cause = "feedback", reason = "咨询者多在短视频平台" }
    for k, v in pairs(more) do fields[k] = v end
    return s.gao:create("changes", fields).id
  end
  expect.refused("nothing_changed", function() s.lead:transition("changes", change {}, "agree") end)
  expect.refused("evaluation_missing", function() s.lead:transition("changes", change { cause = "evaluation", place = "抖音" }, "agree") end)
  local one = change { place = "抖音", budget = "450" }
  expect.refused("forbidden", function() s.gao:transition("changes", one, "agree") end)
  s.lead:transition("changes", one, "agree")
  s.wait()
  local c, done = s.gao:get("campaigns", id), s.gao:get("changes", one)
  expect.equal({ c.place, c.budget, c.granted, done.state }, { "抖音", "450.00", "450.00", "done" })
  expect.yes(done.before:find("公众号", 1, true), "the place before")
  expect.equal(s.gao:get("plan_lines", s.line).free, "150.00")
  local much = change { budget = "700" }
  s.lead:transition("changes", much, "agree")
  s.wait()
  expect.equal({ s.gao:get("changes", much).state, s.gao:get("campaigns", id).budget }, { "failed", "450.00" })
  s.lead:transition("changes", change { place = "电台" }, "decline", { note = "不合受众" })
  local own = s.lead:create("changes", { campaign = id, cause = "other", reason = "x", place = "y" }).id
  expect.refused("exclusive_duty", function() s.lead:transition("changes", own, "agree") end)
end)

-- Seats of a major, and the way of an applicant through the door.
local function seats(s)
  local teaching = as "teaching.lead"
  s.second = as { roles = "admissions.lead", name = "second" }
  s.major = teaching:create("basics.majors", { code = "520201", name = "护理", years = 3 }).id
  local year = teaching:create("basics.school_years", { name = "2027-2028", starts_on = "2027-09-01", ends_on = "2028-07-10" }).id
  s.class = teaching:create("basics.classes", { name = "护理2701", major = s.major, school_year = year }).id
  local p = s.director:create("admissions.plans", { season = "2027", name = "招生计划", headcount = 9, rests_on_development = "规划",
    rests_on_demand = "需求", strategy = "策略", lines = { { major = s.major, major_name = "护理", region = "浙江", quota = 9 } } })
  s.director:transition("admissions.plans", p.id, "submit")
  s.leader:transition("admissions.plans", p.id, "approve", OK)
  s.wait()
  s.seat = s.director:find("admissions.plan_lines", { plan = p.id })[1].id
end
local function arrive(s, id)
  local function step(who, verb, fields) who:transition("admissions.applicants", id, verb, fields) end
  step(s.second, "review")
  step(s.second, "qualify")
  step(s.second, "admit", { plan_line = s.seat })
  step(s.second, "send_notice", { report_on = "2027-09-01", report_place = "体育馆" })
  step(s.second, "confirm")
  step(s.second, "arrive", { class = s.class, originals_checked = true })
  s.wait()
end
local WHO = { birth_date = "2011-06-10", education = "junior", score = "400" }
local function with(fields)
  for k, v in pairs(WHO) do fields[k] = v end
  return fields
end

test("MKT-3, MKT-5: a lead counts for the campaign of its event, else of its channel; then as applied, then as enrolled", function()
  local s = school()
  seats(s)
  local before = lead(s, { channel = s.channel })
  local channel = running(s)
  expect.equal(of(s, before), channel)                         -- it was there when the campaign began here
  local event = running(s, { budget = "100", activity = s.fair, way = "offline" })
  local a, b, c = lead(s, { activity = s.fair, channel = s.channel }), lead(s, { channel = s.channel }), lead(s, { channel = s.channel })
  expect.equal({ of(s, a) }, { event, "lead" })
  expect.equal({ of(s, b) }, { channel, "lead" })
  expect.equal(of(s, lead(s)), nil)
  expect.equal(of(s, lead(s, { channel = s.channel, came_on = "2027-01-05" })), nil)
  local made = s.director:api("POST", "admissions/actions/convert", with { lead = b, id_number = "110199201106100020" }).result
  s.wait()
  expect.equal({ of(s, b) }, { channel, "applied" })
  arrive(s, made.applicant)
  expect.equal({ of(s, b) }, { channel, "enrolled" })
  s.director:transition("admissions.leads", c, "merge", { same_as = b })
  s.wait()
  expect.equal({ of(s, c) }, { channel, "dropped" })
  local direct = s.director:create("admissions.applicants", with { name = "张三", id_number = "110199201106100039", activity = s.fair,
    registered_on = "2027-03-01" })
  arrive(s, direct.id)
  expect.equal(s.gao:find("attributions", { applicant = direct.id })[1].campaign, event)
  local rows = {}
  for _, row in ipairs(s.gao:report("by_channel").rows) do rows[#rows + 1] = { row.channel_name, row.count, row.applied, row.enrolled } end
  expect.equal(rows, { { "公众号", 2, 1, 1 }, { "公众号", 2, 1, 1 } })
  expect.refused("forbidden", function() s.gao:create("attributions", { campaign = channel, lead = a, came_on = "2027-03-01" }) end)
end)

test("MKT-1, MKT-5: a survey is answered by links without a name", function()
  local s = school()
  local round = s.gao:create("market_rounds", { title = "春季问卷", about = s.research })
  expect.yes(s.gao:action("market_issue", { round = round.id, count = 5 }))
  s.gao:transition("market_rounds", round.id, "open")
  for _, link in ipairs(s.gao:find("market_links", { round = round.id })) do
    local code = s.gao:api("GET", "marketing/market_links/" .. link.id .. "?reveal=code&purpose=test").code
    s.gao:api("POST", "/public/marketing/market", { code = code, consent = true, heard = "online", awareness = 4, reputation = 5,
      cares = { "jobs" } })
  end
  expect.equal(s.gao:transition("market_rounds", round.id, "close").answered, 5)
end)

test("MKT-5: a campaign scores by the targets and weights of the policy, with what a lead and an enrolment cost", function()
  local s = school()
  seats(s)
  local first = running(s, { budget = "100", ends_on = "2027-03-01" })
  for _ = 1, 3 do lead(s, { channel = s.channel }) end
  local applicant = s.director:create("admissions.applicants", with { name = "张三", id_number = "110199201106100039", channel = s.channel,
    registered_on = "2027-03-01" })
  arrive(s, applicant.id)
  local ads = { leads = 8, traffic = 1000, awareness = 50, reputation = 50, growth = 100, social = 10 }
  policy { evaluation = { least = 60, targets = { ads = ads } } }
  local made = s.gao:action("evaluate", { campaign = first, awareness_is = 40, traffic_is = 2500, social_is = 1, growth_is = -5 })
  local e = s.gao:get("evaluations", made.evaluation)
  expect.equal({ e.kind, e.leads_is, e.enrolled_is, e.leads, e.traffic, e.awareness, e.growth, e.reputation },
    { "interim", 4, 1, 50, 100, 80, 0, nil })
  expect.equal({ e.score, e.cost_per_lead }, { "47.6", "0.00" })  -- (80*15 + 0*20 + 50*25 + 100*15 + 10*10) / 85
  s.gao:update("evaluations", e.id, { analysis = "到访多，留资少", leads = 100 })
  local no = expect.refused("points", function() s.gao:transition("evaluations", e.id, "submit") end)
  expect.equal(no.errors[1].pointer, "/leads")
  s.gao:update("evaluations", e.id, { leads = 50 })
  expect.refused("low", function() s.gao:transition("evaluations", e.id, "submit") end)
  s.gao:update("evaluations", e.id, { measures = "增加现场扫码" })
  s.gao:transition("evaluations", e.id, "submit")
  s.wait()
  expect.equal(s.gao:get("campaigns", first).state, "running")
  local change = s.gao:create("changes", { campaign = first, cause = "evaluation", evaluation = e.id, reason = "留资少", content = "增加扫码" })
  s.lead:transition("changes", change.id, "agree")
  s.wait()
  s.gao:action("finish", { campaign = first, lessons = "扫码有效" })
  local final = s.gao:action("evaluate", { campaign = first, awareness_is = 50, traffic_is = 2500, social_is = 10, growth_is = 100 })
  expect.equal(s.gao:get("evaluations", final.evaluation).kind, "final")
  s.gao:update("evaluations", final.evaluation, { analysis = "达标" })
  s.gao:transition("evaluations", final.evaluation, "submit")
  s.wait()
  expect.equal(s.gao:get("campaigns", first).state, "evaluated")
  local again = running(s, { previous = first, budget = "50", starts_on = "2027-03-01" })
  local grown = s.gao:get("evaluations", s.gao:action("evaluate", { campaign = again }).evaluation)
  expect.equal({ grown.growth_is, grown.growth }, { -100, 0 })   -- none so far, one then
end)

test("MKT-5: the report on a period has every campaign and channel, and answers what fell short", function()
  local s = school()
  local id = running(s)
  for _ = 1, 2 do lead(s, { channel = s.channel }) end
  local e = s.gao:action("evaluate", { campaign = id, social_is = 1 }).evaluation
  s.gao:update("evaluations", e, { analysis = "弱", measures = "换内容" })
  s.gao:transition("evaluations", e, "submit")
  local made = s.gao:action("prepare_effect", { name = "一季度推广效果报告", from_day = "2027-01-01", until_day = "2027-03-31" })
  local report = s.gao:get("effects", made.effect)
  expect.equal({ #report.campaigns, report.channels[1].name, report.channels[1].leads, report.leads }, { 1, "公众号", 2, 2 })
  s.gao:update("effects", report.id, { analysis = "线索少" })
  expect.refused("low", function() s.gao:transition("effects", report.id, "submit") end)
  s.gao:update("effects", report.id, { measures = "增投短视频" })
  expect.equal(s.gao:transition("effects", report.id, "submit").state, "submitted")
  expect.refused("forbidden", function() s.gao:update("effects", report.id, { analysis = "x" }) end)
  local empty = { name = "空", from_day = "2026-01-01", until_day = "2026-03-31" }
  expect.refused("rule_refused", function() s.gao:action("prepare_effect", empty) end)
end)
