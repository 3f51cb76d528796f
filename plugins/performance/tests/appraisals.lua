-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- A small department: hr, a head who appraises, officers who rate each other, leaders who sign (PERF-1 to PERF-4).
local SCHEMES = {
  officer = { cycle = "yearly", indicators = { results = 50, service = 30, teamwork = 20 }, measured = { "results" },
    bonus = 3000, next = { "lead" },
    standards = { service = "no complaint" }, sources = { superior = 50, peer = 20, self = 10, audience = 20 },
    forms = { peer = { "teamwork" }, audience = { "service" } } },
  lead = { cycle = "yearly", indicators = { leading = 100 }, sources = { superior = 90, self = 10 }, bonus = 5000 },
}
local function school(schemes)
  policy { schemes = schemes or SCHEMES }
  local function person(name, role) return as { roles = role, name = name } end
  local s = { leader = as "principal", hr = person("hr", "hr"), second = person("hr2", "hr"), manager = person("manager", "manager"),
    head = person("head", "admissions.lead"), anna = person("anna", "admissions.staff"),
    peers = { person("bea", "admissions.staff"), person("cleo", "admissions.staff"), person("dora", "admissions.staff") } }
  -- a handler that a busy machine held up is asked again
  s.settle = function()
    clock.advance "1m"
    clock.advance "3m"
  end
  s.cycle = function(more)
    local fields = { name = "2026 年度考核", kind = "yearly", starts_on = "2026-01-01", ends_on = "2026-12-31", rate_by = "2027-03-20" }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.hr:create("cycles", fields).id
  end
  s.appraisal = function(cycle, more)
    local peers = {}
    for i, p in ipairs(s.peers) do peers[i] = { person = p.id } end
    local fields = { cycle = cycle, person = s.anna.id, name = "安娜", post = "officer", superior = s.head.id, peers = peers }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.hr:create("appraisals", fields).id
  end
  -- marks: a list, in the order of the form
  s.rate = function(who, id, marks, remark)
    local rating = who:find("ratings", { appraisal = id, rater = who.id })[1]
    local lines = {}
    for i, line in ipairs(rating.marks) do lines[i] = { indicator = line.indicator, mark = marks[i] } end
    return who:action("rate", { rating = rating.id, marks = lines, remark = remark })
  end
  s.measure = function(id, actual)
    s.hr:update("appraisals", id, { measures = { { indicator = "results", target = "100", actual = actual } } })
  end
  s.rated = function(id, head, peer)
    s.measure(id, "90")
    s.rate(s.head, id, { head, head })
    s.rate(s.anna, id, { 100, 100 }, "述职")
    for i, p in ipairs(s.peers) do s.rate(p, id, { peer + i }, "意见" .. i) end
    s.hr:transition("appraisals", id, "count")
    s.settle()
  end
  s.graded = function(cycle)
    s.hr:transition("cycles", cycle, "grade")
    s.settle()
  end
  s.sign = function(entity, id, verb, ...)
    for _, who in ipairs { ... } do who:transition(entity, id, verb, { approval = { note = "同意" } }) end
    s.settle()
  end
  s.publish = function(cycle)
    s.graded(cycle)
    s.hr:transition("cycles", cycle, "submit")
    s.sign("cycles", cycle, "approve", s.manager, s.leader)
  end
  s.told = function(head)
    local cycle = s.cycle()
    local id = s.appraisal(cycle)
    s.hr:transition("cycles", cycle, "open")
    s.settle()
    s.rated(id, head or 80, 89)
    s.publish(cycle)
    return id, cycle
  end
  s.interviewed = function(head)
    local id, cycle = s.told(head)
    s.head:transition("appraisals", id, "interview", { interviewed_on = clock.today(), strengths = "踏实", to_improve = "回访不够" })
    return id, cycle
  end
  return s
end

test("PERF-1: a scheme fits post and period and knows its indicators; who rates is neither the person nor twice there", function()
  local at = { policy = { schemes = SCHEMES } }
  local function says(code, met, more)
    local a = { post = "officer", kind = "yearly", person = "p", superior = "s", peers = { { person = "a" }, { person = "b" },
      { person = "c" } } }
    for k, v in pairs(more or {}) do a[k] = v end
    return expect.reason(decide("appraisal_is_ready", a, at), code, met)
  end
  for _, code in ipairs { "no_scheme", "other_period", "own_superior", "peer_twice", "peer_involved", "too_few_peers",
    "unknown_indicator" } do says(code, true) end
  says("no_scheme", false, { post = "cook" })
  says("other_period", false, { kind = "monthly" })
  says("own_superior", false, { superior = "p" })
  says("peer_twice", false, { peers = { { person = "a" }, { person = "a" }, { person = "b" } } })
  says("peer_involved", false, { peers = { { person = "s" }, { person = "a" }, { person = "b" } } })
  says("too_few_peers", false, { peers = { { person = "a" }, { person = "b" } } })
  says("too_few_peers", true, { post = "lead", peers = {} })
  at.policy.schemes = { officer = { cycle = "yearly", indicators = { a = 100 }, sources = { superior = 100 },
    forms = { superior = { "b" } }, measured = { "c" } } }
  says("unknown_indicator", false)
end)

test("PERF-1: weights of indicators and of sources sum to 100, or the policy is refused", function()
  for _, key in ipairs { "indicators", "sources" } do
    local scheme = { cycle = "yearly", indicators = { a = 60, b = 40 }, sources = { superior = 100 } }
    policy { schemes = { cook = scheme } }
    scheme[key] = { superior = 99 }
    expect.yes(not pcall(policy, { schemes = { cook = scheme } }), key)
  end
end)

test("PERF-1: a cycle begins before it ends and is rated in days to come", function()
  local function says(code, met, more)
    local c = { starts_on = "2027-01-01", ends_on = "2027-12-31", rate_by = "2027-03-01" }
    for k, v in pairs(more or {}) do c[k] = v end
    expect.reason(decide("cycle_is_right", c), code, met)
  end
  says("dates", true)
  says("rate_by_over", true)
  says("dates", false, { ends_on = "2026-12-31" })
  says("rate_by_over", false, { rate_by = "2027-02-28" })
end)

test("PERF-1: several people of a post are enrolled at once and rate each other; what they reached is entered by hr alone", function()
  local s = school()
  local cycle, people = s.cycle(), { { person = s.anna.id, name = "安娜" } }
  for i, p in ipairs(s.peers) do people[i + 1] = { person = p.id, name = "同事" .. i } end
  local input = { cycle = cycle, post = "officer", superior = s.head.id, people = people, raters = 3 }
  expect.refused("forbidden", function() s.head:action("enrol", input) end)
  expect.equal(s.hr:action("enrol", input).made, 4)
  s.hr:transition("cycles", cycle, "open")
  s.settle()
  local a = s.hr:find("appraisals", { cycle = cycle, person = s.anna.id })[1]
  expect.equal({ a.state, #a.peers, #s.hr:find("ratings", { appraisal = a.id }) }, { "rating", 3, 5 })
  s.hr:action("enter", { appraisal = a.id, measures = { { indicator = "results", target = "10", actual = "9" } }, presence = 98 })
  expect.equal(s.anna:get("appraisals", a.id).presence, 98)
  expect.refused("forbidden", function() s.anna:action("enter", { appraisal = a.id, presence = 100 }) end)
end)

test("PERF-2: each source has its form; a rating needs a mark of 0 to 100 for everything on it", function()
  local s = school()
  local cycle = s.cycle()
  local id = s.appraisal(cycle)
  s.hr:transition("cycles", cycle, "open")
  s.settle()
  local a = s.hr:get("appraisals", id)
  expect.equal({ a.state, a.indicators[1].indicator, a.indicators[1].measured, a.indicators[2].standard, #a.sources },
    { "rating", "results", true, "no complaint", 4 })
  local function asked(who)
    local out = {}
    for _, line in ipairs(who:find("ratings", { appraisal = id })[1].marks) do out[#out + 1] = line.indicator end
    return table.concat(out, " ")
  end
  expect.equal({ asked(s.head), asked(s.anna), asked(s.peers[1]) }, { "service teamwork", "service teamwork", "teamwork" })
  expect.refused("out_of_range", function() s.rate(s.peers[1], id, { 101 }) end)
  expect.refused("invalid", function() s.rate(s.head, id, { 80 }) end)
  local mine = s.head:find("ratings", { appraisal = id })[1]
  expect.refused("pattern", function() s.head:transition("ratings", mine.id, "rate", { given = "80,101" }) end)
  expect.refused("not_found", function() s.peers[1]:transition("ratings", mine.id, "rate", { given = "80,80" }) end)
  expect.equal(s.rate(s.head, id, { 80, 70 }).state, "rated")
  expect.equal(s.head:get("ratings", mine.id).given, "****")
  -- who goes round the form and leaves something out does not count
  s.peers[1]:transition("ratings", s.peers[1]:find("ratings", { appraisal = id })[1].id, "rate", { given = "90,90" })
  for i = 2, 3 do s.rate(s.peers[i], id, { 90 }) end
  s.measure(id, "100")
  s.hr:transition("appraisals", id, "count")
  s.settle()
  expect.equal(s.hr:get("appraisals", id).peer_score, nil)
end)

test("PERF-2: sources count by their weights, what is measured by target and actual; the score says how it came about", function()
  local s = school()
  local id = s.told(80)
  local a = s.anna:get("appraisals", id)
  -- results 90 × 50; service (80×50 + 100×10)/60 × 30; teamwork (80×50 + 91×20 + 100×10)/80 × 20
  expect.equal({ a.score, a.superior_score, a.peer_score, a.self_score, a.grade }, { "87.05", "80.00", "91.00", "100.00", "good" })
  for _, part in ipairs { "90", "83.33", "85.25", "87.05" } do expect.yes(a.factors:find(part, 1, true), part) end
  expect.equal({ a.self_report, a.peer_remarks }, { "述职", "意见1\n意见2\n意见3" })
  expect.equal({ a.peers == nil, a.audience_score == nil or a.audience_score }, { true, true })
end)

test("PERF-2: fewer peers than it takes do not count and are not shown, and are not a zero", function()
  local s = school()
  local cycle = s.cycle()
  local id = s.appraisal(cycle)
  s.hr:transition("appraisals", id, "start")
  s.settle()
  s.measure(id, "200")
  s.rate(s.head, id, { 80, 80 })
  for i = 1, 2 do s.rate(s.peers[i], id, { 1 }, "我是谁") end
  s.hr:transition("appraisals", id, "count")
  s.settle()
  local a = s.hr:get("appraisals", id)
  expect.equal({ a.state, a.score, a.peer_score == nil, a.peer_remarks == nil }, { "scored", "90.00", true, true })
  for _, one in ipairs(a.sources) do expect.equal(one.raters, one.source == "superior" and 1 or nil, one.source) end
end)

test("PERF-2: a trimmed mean leaves out the highest and the lowest mark", function()
  local s = school { officer = { cycle = "yearly", indicators = { work = 100 }, sources = { superior = 50, peer = 50 },
    scoring = "trimmed" } }
  s.peers[4] = as { roles = "admissions.staff", name = "emma" }
  local cycle = s.cycle()
  local id = s.appraisal(cycle)
  s.hr:transition("appraisals", id, "start")
  s.settle()
  s.rate(s.head, id, { 60 })
  for i, mark in ipairs { 0, 80, 90, 100 } do s.rate(s.peers[i], id, { mark }) end
  s.hr:transition("appraisals", id, "count")
  s.settle()
  local a = s.hr:get("appraisals", id)
  expect.equal({ a.peer_score, a.score }, { "85.00", "72.50" })
end)

test("PERF-2: nobody learns who rates them, hr included; marks are read by nobody", function()
  local s = school()
  local cycle = s.cycle()
  local id = s.appraisal(cycle, { person = s.hr.id, name = "人事", peers = { { person = s.peers[1].id },
    { person = s.peers[2].id }, { person = s.peers[3].id } } })
  s.second:transition("appraisals", id, "start")
  s.settle()
  expect.equal(s.hr:get("appraisals", id).peers, nil)
  expect.equal(#s.second:get("appraisals", id).peers, 3)
  expect.refused("forbidden", function() s.hr:update("appraisals", id, { peers = {} }) end)
  expect.refused("forbidden", function() s.hr:transition("appraisals", id, "count") end)
  s.rate(s.peers[1], id, { 60 }, "不要说是我")
  local seen = s.second:find("ratings", { appraisal = id, state = "rated" })
  expect.equal({ #seen, seen[1].given, seen[1].remark }, { 1 })
  expect.equal(#s.hr:find("ratings", { appraisal = id }), 1)        -- one's own
  expect.equal(#s.manager:find("ratings", {}), 0)
end)

test("PERF-1, PERF-3: more people than a handler takes at once are started, graded and told", function()
  local s = school { officer = { cycle = "yearly", indicators = { work = 100 }, sources = { superior = 100 } } }
  local cycle, people = s.cycle(), {}
  for i = 1, 33 do people[i] = { person = as({ roles = "teacher", name = "many" .. i }).id, name = "教师" .. i } end
  s.hr:action("enrol", { cycle = cycle, post = "officer", superior = s.head.id, people = people, raters = 0 })
  s.hr:transition("cycles", cycle, "open")
  s.settle()
  for i, rating in ipairs(s.head:find("ratings", { limit = 100 })) do s.head:transition("ratings", rating.id, "rate",
    { given = tostring(60 + i) }) end
  for _, one in ipairs(s.hr:find("appraisals", { cycle = cycle, limit = 100 })) do s.hr:transition("appraisals", one.id, "count") end
  s.settle()
  s.publish(cycle)
  local by = {}
  for _, one in ipairs(s.hr:find("appraisals", { cycle = cycle, state = "published", limit = 100, fields = "grade" })) do
    by[one.grade] = (by[one.grade] or 0) + 1
  end
  expect.equal(by, { excellent = 4, good = 10, qualified = 10, basic = 9 })
end)

test("PERF-2: who cannot rate is replaced where a rating is wanting, not under way", function()
  local s = school()
  local cycle = s.cycle()
  local id = s.appraisal(cycle)
  s.hr:transition("appraisals", id, "start")
  s.settle()
  expect.refused("not_writable", function() s.hr:update("appraisals", id, { superior = s.manager.id }) end)
  s.measure(id, "90")
  s.hr:transition("appraisals", id, "count")
  s.settle()
  s.hr:update("appraisals", id, { superior = s.manager.id })
  s.hr:transition("appraisals", id, "reopen")
  s.settle()
  s.rate(s.manager, id, { 70, 70 })
  s.hr:transition("appraisals", id, "count")
  s.settle()
  expect.equal(s.hr:get("appraisals", id).superior_score, "70.00")
end)

test("PERF-2: when time is up rating ends; without the superior or an actual it is incomplete, and goes on", function()
  local s = school()
  local cycle = s.cycle { rate_by = "2027-03-10" }
  local id = s.appraisal(cycle)
  s.hr:transition("cycles", cycle, "open")
  s.settle()
  clock.set "2027-03-11"
  s.settle()
  expect.equal(s.hr:get("appraisals", id).state, "incomplete")
  s.hr:update("cycles", cycle, { rate_by = "2027-03-15" })
  s.hr:transition("appraisals", id, "reopen")
  s.settle()
  s.rate(s.head, id, { 80, 80 })
  s.hr:transition("appraisals", id, "count")
  s.settle()
  expect.yes(s.hr:get("appraisals", id).note:find "results")
  s.graded(cycle)
  expect.equal(s.hr:get("cycles", cycle).state, "open")               -- not yet
  s.measure(id, "70")
  s.hr:transition("appraisals", id, "reopen")
  s.settle()
  s.hr:transition("appraisals", id, "count")
  s.settle()
  expect.equal(s.hr:get("appraisals", id).state, "scored")
end)

test("PERF-2: students and parents answer by links; enough of them count for what the scheme asks them about", function()
  local s = school()
  local cycle = s.cycle()
  local id = s.appraisal(cycle)
  s.hr:transition("appraisals", id, "start")
  s.settle()
  local round = s.hr:get("appraisals", id).round
  s.hr:action("audience_issue", { round = round, count = 5 })
  s.hr:transition("audience_rounds", round, "open")
  for _, link in ipairs(s.hr:find("audience_links", { round = round })) do
    local code = s.hr:api("GET", "performance/audience_links/" .. link.id .. "?reveal=code&purpose=print").code
    s.hr:api("POST", "/public/performance/audience", { code = code, consent = true, attitude = 5, clarity = 4, timely = 4 })
  end
  s.rated(id, 80, 89)
  local a = s.hr:get("appraisals", id)
  expect.equal({ a.audience_score, a.score }, { "88.00", "87.40" })
  expect.equal(s.hr:get("audience_rounds", round).state, "closed")
end)

test("PERF-4: bands by score, shares of all at most; the same score is the same grade; leaders sign before anybody is told", function()
  local flat = { cycle = "yearly", indicators = { work = 100 }, sources = { superior = 100 } }
  local s = school { officer = flat }
  policy { schemes = { officer = flat }, distribution = { from = 5, rounding = "down" } }
  local cycle = s.cycle()
  local points, ids = { 99, 95, 91, 91, 75, 65, 50 }, {}
  for i, n in ipairs(points) do
    local who = as { roles = "admissions.staff", name = "officer" .. i }
    ids[i] = s.appraisal(cycle, { person = who.id, name = "专员" .. i, peers = {} })
    s.hr:transition("appraisals", ids[i], "start")
    s.settle()
    s.rate(s.head, ids[i], { n })
    s.hr:transition("appraisals", ids[i], "count")
  end
  s.hr:transition("cycles", cycle, "open")
  s.settle()
  s.graded(cycle)
  local got = {}
  for i, id in ipairs(ids) do got[i] = s.hr:get("appraisals", id).grade end
  expect.equal(got, { "excellent", "good", "qualified", "qualified", "qualified", "basic",
    "failed" })      -- 20 % and 40 % of 7, and two of 91 do not fit
  local spread = {}
  for _, row in ipairs(s.leader:find("outcomes", { cycle = cycle })) do spread[row.grade] = row.people end
  expect.equal(spread, { excellent = 1, good = 1, qualified = 3, basic = 1, failed = 1 })
  expect.equal({ s.leader:get("appraisals", ids[1]).score, s.head:get("appraisals", ids[1]).score }, {})
  policy { schemes = { officer = flat }, distribution = { rounding = "up" } }
  s.graded(cycle)
  expect.equal({ s.hr:get("appraisals", ids[2]).grade, s.hr:get("appraisals", ids[3]).grade }, { "excellent", "good" })
  s.hr:transition("cycles", cycle, "submit")
  s.manager:transition("cycles", cycle, "send_back", { approval = { note = "再核" } })
  s.hr:transition("cycles", cycle, "submit")
  s.hr:transition("cycles", cycle, "take_back")
  s.hr:transition("cycles", cycle, "submit")
  s.sign("cycles", cycle, "approve", s.manager, s.leader)
  expect.equal({ s.hr:get("appraisals", ids[1]).state, s.head:get("appraisals", ids[1]).score }, { "published", "99.00" })
  s.hr:transition("cycles", cycle, "close")
end)

test("PERF-3: told, talked over, confirmed; nobody else sees the result, and it is printed", function()
  local s = school()
  local id = s.told()
  expect.refused("forbidden", function() s.anna:transition("appraisals", id, "interview", { strengths = "x" }) end)
  expect.equal(#messages "result_told", 1)
  s.head:transition("appraisals", id, "interview", { interviewed_on = clock.today(), strengths = "踏实", to_improve = "回访不够" })
  expect.refused("not_found", function() s.peers[1]:get("appraisals", id) end)
  expect.equal(s.manager:get("appraisals", id).score, nil)
  expect.equal(s.head:get("appraisals", id).to_improve, "回访不够")
  expect.refused("not_writable", function() s.anna:transition("appraisals", id, "confirm", { opinion = "同意", to_improve = "无" }) end)
  local sheet = s.hr:api("POST", "performance/appraisals/" .. id .. "/documents/result_sheet", { purpose = "通知本人" })
  expect.yes(sheet.number:find "考字第0001号")
  s.anna:transition("appraisals", id, "confirm", { opinion = "同意" })
  s.settle()
  expect.equal(#s.hr:find("plans", {}), 0)
end)

test("PERF-3: who says nothing in time has confirmed", function()
  local s = school()
  local id = s.interviewed()
  clock.advance "8d"
  s.settle()
  expect.equal(s.hr:get("appraisals", id).state, "settled")
end)

test("PERF-3: an appeal is decided by hr and the leader, never by the superior; a changed grade says so", function()
  local s = school()
  local id = s.interviewed()
  s.anna:transition("appraisals", id, "lodge", { appeal = "指标数据漏计" })
  expect.refused("forbidden", function() s.head:transition("appraisals", id, "decide", { approval = { note = "同意" } }) end)
  s.hr:transition("appraisals", id, "hand_back", { approval = { note = "请附数据" } })
  s.anna:transition("appraisals", id, "lodge", { appeal = "附数据" })
  s.anna:transition("appraisals", id, "withdraw")
  s.anna:transition("appraisals", id, "lodge", { appeal = "附数据" })
  expect.equal(s.leader:get("appraisals", id).score, "87.05")
  s.hr:transition("appraisals", id, "decide", { appeal_grade = "excellent", appeal_answer = "核实漏计", approval = { note = "属实" } })
  expect.equal(s.hr:get("appraisals", id).state, "appealed")
  s.leader:transition("appraisals", id, "decide", { approval = { note = "同意" } })
  s.settle()
  local a = s.anna:get("appraisals", id)
  expect.equal({ a.state, a.grade, a.appeal_answer }, { "settled", "excellent", "核实漏计" })
  expect.yes(a.grade_why:find "申诉" or a.grade_why:find "appeal")
  expect.equal(s.leader:get("appraisals", id).score, nil)
end)

test("PERF-3: a low grade asks for a plan, which is agreed, has tasks, and is followed to its end", function()
  local s = school()
  local id = s.interviewed(0)
  s.anna:transition("appraisals", id, "confirm", { opinion = "同意" })
  s.settle()
  local plan = s.head:find("plans", {})[1]
  expect.equal({ plan.state, s.head:get("plans", plan.id).shortfall }, { "draft", "回访不够" })
  local goals = { shortfall = "回访不够", goals = "每周回访十户", due_on = "2027-05-31" }
  for k, v in pairs(goals) do s.head:update("plans", plan.id, { [k] = v }) end
  s.head:transition("plans", plan.id, "propose")
  s.anna:transition("plans", plan.id, "discuss")
  s.head:transition("plans", plan.id, "propose")
  expect.refused("forbidden", function() s.head:transition("plans", plan.id, "agree") end)
  s.anna:transition("plans", plan.id, "agree")
  local task = s.head:create("plans_tasks", { record = plan.id, title = "回访培训", assignee = s.anna.id, due_on = "2027-04-10" })
  local other = s.head:create("plans_tasks", { record = plan.id, title = "旁听", assignee = s.anna.id })
  s.anna:transition("plans_tasks", task.id, "complete")
  s.head:transition("plans_tasks", other.id, "cancel", { note = "改期" })
  s.anna:update("plans", plan.id, { progress = "已回访二十户" })
  s.head:transition("plans", plan.id, "extend")
  s.head:transition("plans", plan.id, "propose")
  s.anna:transition("plans", plan.id, "agree")
  s.head:transition("plans", plan.id, "achieve", { outcome = "达到要求" })
  expect.equal(#s.peers[1]:find("plans", {}), 0)
  expect.refused("unique", function() s.head:create("plans", { appraisal = id }) end)
end)

test("PERF-3: a plan that was not achieved says what follows", function()
  local s = school()
  local id = s.interviewed(0)
  s.anna:transition("appraisals", id, "confirm", { opinion = "同意" })
  s.settle()
  local plan = s.head:find("plans", {})[1]
  s.head:update("plans", plan.id, { goals = "每周回访十户", due_on = "2027-05-31" })
  s.head:transition("plans", plan.id, "propose")
  s.anna:transition("plans", plan.id, "agree")
  expect.refused("required", function() s.head:transition("plans", plan.id, "miss") end)
  s.head:transition("plans", plan.id, "miss", { outcome = "调整岗位" })
end)

test("PERF-3: a plan's day is to come and not too far", function()
  local function says(code, met, due) expect.reason(decide("plan_is_right", { due_on = due }), code, met) end
  says("plan_over", true, "2027-03-02")
  says("plan_over", false, "2027-03-01")
  says("plan_too_long", true, "2027-08-28")
  says("plan_too_long", false, "2027-08-29")
end)
