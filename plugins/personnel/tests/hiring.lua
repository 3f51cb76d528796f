-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- From the recruitment plan to the first day: seats, stages, the panel, background checks, offers (HR-1 to HR-4).
local LINE = { post = "软件专业教师", department = "教学支持组", category = "teaching", headcount = 1, education = "bachelor",
  conditions = "计算机类专业，有企业经历优先" }
local PHONES = { "13800000001", "13800000002", "13800000003", "13800000004" }

local function school(line)
  local function person(name, role) return as { roles = role or name, name = name } end
  local s = { hr = person "hr", leader = person("leader", "principal"), manager = person "manager", head = person("head", "teaching.lead"),
    second = person("second", "teacher"), third = person("third", "teacher"), other = person("other", "teacher") }
  s.plan = s.hr:create("plans", { year = "2027", name = "二〇二七招聘计划", basis = "软件专业扩班" })
  s.line = { lead = s.head.id }
  for k, v in pairs(LINE) do s.line[k] = v end
  for k, v in pairs(line or {}) do s.line[k] = v end
  s.hr:update("plans", s.plan.id, { lines = { s.line } })
  s.sign = function(id, entity)
    for _, who in ipairs { s.manager, s.leader } do who:transition(entity or "plans", id, "approve", { approval = { note = "同意" } }) end
    clock.advance "1m"
  end
  s.open = function()
    s.hr:transition("plans", s.plan.id, "submit")
    s.sign(s.plan.id)
    s.opening = s.hr:find("openings", { plan = s.plan.id })[1].id
    s.head:update("openings", s.opening, { panel_2 = s.second.id, panel_3 = s.third.id })
    s.posting = s.hr:create("postings", { opening = s.opening, name = "软件教师·官网", channel = "website",
      until_day = "2027-03-31" }).id
    s.hr:transition("postings", s.posting, "publish")
  end
  s.candidate = function(n, more)
    local fields = { posting = s.posting, name = "应聘者" .. n, phone = PHONES[n], education = "bachelor" }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.hr:create("candidates", fields).id
  end
  s.step = function(id, verb, fields, who) return (who or s.hr):transition("candidates", id, verb, fields) end
  s.card = function(who, id, points)
    local card = who:create("interview_cards", { about = id, knowledge = points, practice = points, manner = points, ethics = points })
    who:transition("interview_cards", card.id, "submit")
    clock.advance "1m"
    return card
  end
  -- heard by the panel, with these points of ten from each
  s.heard = function(n, points, scores)
    local id = s.candidate(n)
    s.step(id, "shortlist", { screening_score = scores or 80 })
    s.step(id, "invite", { written_score = scores or 80, interview_on = "2027-03-10", interview_place = "九点，行政楼二〇一" })
    for _, who in ipairs { s.head, s.second } do s.card(who, id, points) end
    s.step(id, "conclude")
    clock.advance "1m"
    return id
  end
  s.check = function(id, result)
    for _, item in ipairs(s.hr:find("candidates_tasks", { record = id, state = "open" })) do
      s.hr:action("note_check", { item = item.id, result = result or "passed", source = "学信网" })
    end
    clock.advance "1m"
  end
  s.cleared = function(id)
    s.step(id, "select")
    s.check(id)
    return s.step(id, "clear", { start_on = "2027-04-01", offer_until = "2027-03-20", pay = "月薪九千" })
  end
  s.offer = function(id) return s.manager:transition("candidates", id, "offer", { approval = { note = "同意" } }) end
  s.get = function(id) return s.hr:get("candidates", id) end
  s.seats = function() return s.hr:get("openings", s.opening) end
  return s
end

test("HR-1: a plan is taken back, sent back, refused, and approved by manager and leader; then it is openings", function()
  local s = school()
  expect.equal(s.hr:get("plans", s.plan.id).headcount, 1)
  s.hr:transition("plans", s.plan.id, "submit")
  s.hr:transition("plans", s.plan.id, "take_back")
  s.hr:transition("plans", s.plan.id, "submit")
  expect.refused("forbidden", function() s.hr:transition("plans", s.plan.id, "approve") end)
  s.manager:transition("plans", s.plan.id, "send_back", { approval = { note = "补充用人理由" } })
  expect.equal(s.hr:find("openings", {}), {})
  s.open()
  local opening = s.seats()
  expect.equal({ opening.post, opening.headcount, opening.left, opening.state, opening.lead },
    { "软件专业教师", 1, 1, "open", s.head.id })
  expect.refused("forbidden", function() s.hr:update("openings", s.opening, { headcount = 9 }) end)
  local mine = s.head:create("plans", { year = "2027", name = "实训教师", basis = "设备增加", lines = { s.line } })
  s.head:transition("plans", mine.id, "submit")
  s.manager:transition("plans", mine.id, "reject")
  expect.refused("not_found", function() s.other:get("plans", mine.id) end)
end)

test("HR-1: nobody signs the plan they made; a plan names its posts, each once", function()
  local s = school()
  local own = s.manager:create("plans", { year = "2027", name = "本部门", basis = "缺编", lines = { s.line } })
  s.manager:transition("plans", own.id, "submit")
  expect.refused("forbidden", function() s.manager:transition("plans", own.id, "approve", { approval = { note = "同意" } }) end)
  as "manager":transition("plans", own.id, "approve", { approval = { note = "同意" } })   -- another of the post
  expect.equal(s.leader:transition("plans", own.id, "approve", { approval = { note = "同意" } }).state, "approved")
  local no = s.hr:create("plans", { year = "2027", name = "重复", basis = "缺编", lines = { s.line, s.line } })
  expect.refused("post_twice", function() s.hr:transition("plans", no.id, "submit") end)
  expect.reason(decide("plan_is_whole", { lines = {} }), "no_posts", false)
end)

test("HR-1: a revision adds seats and posts; what is held of an opening stays, a post that is gone is closed", function()
  local s = school { headcount = 2 }
  s.open()
  local first = s.heard(1, 9)
  s.cleared(first)
  s.offer(first)
  local function revise(lines)
    s.hr:transition("plans", s.plan.id, "revise", { note = "调整" })
    s.hr:update("plans", s.plan.id, { lines = lines })
    s.hr:transition("plans", s.plan.id, "submit")
    s.sign(s.plan.id)
  end
  local extra = {}
  for k, v in pairs(s.line) do extra[k] = v end
  extra.post, s.line.headcount = "实训教师", 1
  revise { s.line, extra }
  expect.equal({ s.seats().headcount, s.seats().left }, { 1, 0 })
  local other = s.hr:find("openings", { post = "实训教师" })[1]
  revise { s.line }
  expect.equal(s.hr:get("openings", other.id).state, "closed")
  revise { extra }
  expect.equal(s.hr:get("openings", other.id).state, "open")
  expect.equal(s.seats().headcount, 1, "one seat is held")
  expect.yes(#events "openings.below_held" > 0)
  expect.equal(s.hr:transition("plans", s.plan.id, "close", { note = "年度完成" }).state, "closed")
end)

test("HR-2: each candidate has a source; an opening that is closed ends its postings", function()
  local s = school()
  s.open()
  local c = s.get(s.candidate(1))
  expect.equal({ c.opening, c.post, c.channel, c.seats, c.lead }, { s.opening, "软件专业教师", "website", 1, s.head.id })
  expect.equal(s.hr:report("by_channel").rows[1].channel, "website")
  expect.refused("required", function() s.hr:create("candidates", { name = "无来源", phone = PHONES[2], education = "master" }) end)
  s.hr:transition("openings", s.opening, "close")
  clock.advance "1m"
  expect.equal(s.hr:get("postings", s.posting).state, "ended")
  s.hr:transition("openings", s.opening, "reopen")
  s.hr:transition("postings", s.posting, "publish")
  clock.set "2027-04-02T09:00:00+08:00"
  expect.equal(s.hr:get("postings", s.posting).state, "ended", "its day has passed")
end)

test("HR-3: screening and written test have pass marks of the policy, and the education of the post counts", function()
  local s = school()
  s.open()
  local low = s.candidate(1, { education = "college" })
  local no = expect.refused("rule_refused", function() s.step(low, "shortlist", { screening_score = 55 }) end)
  expect.reason(no, "education")
  expect.equal(expect.reason(no, "screening").detail, "55 in the screening; 60 are needed")
  s.step(low, "reject", { note = "学历不符" })
  local id = s.candidate(2)
  local done = s.step(id, "shortlist", { screening_score = 60 }, s.head)
  expect.reason(done, "education", true)
  expect.reason(done, "screening", true)
  local place = { interview_on = "2027-03-10", interview_place = "九点，行政楼" }
  expect.refused("written", function() s.step(id, "invite", place) end)
  place.written_score = 59
  expect.refused("written", function() s.step(id, "invite", place) end)
  place.written_score = 60
  expect.reason(s.step(id, "invite", place), "written", true)
  expect.equal(#messages "interview_set", 1)
  policy { written = { required = false } }
  local other = s.candidate(3)
  s.step(other, "shortlist", { screening_score = 70 })
  expect.equal(s.step(other, "invite", { interview_on = "2027-03-10", interview_place = "九点" }).state, "interviewing")
end)

test("HR-3: only the panel's cards count, each its own; the total is weighed by the policy, and ranks follow", function()
  local s = school { headcount = 1 }
  s.open()
  local id = s.candidate(1)
  s.step(id, "shortlist", { screening_score = 80 })
  expect.refused("not_found", function() s.second:get("candidates", id) end)
  s.step(id, "invite", { written_score = 70, interview_on = "2027-03-10", interview_place = "九点" })
  local seen = s.second:get("candidates", id)
  expect.equal({ seen.screening_score, seen.phone }, {}, "who hears does not see marks and numbers")
  local mine = s.card(s.second, id, 8)
  expect.refused("not_found", function() s.third:get("interview_cards", mine.id) end)
  s.card(s.other, id, 1)
  expect.refused("raters", function() s.step(id, "conclude") end)
  s.card(s.head, id, 9)
  local c = s.get(id)
  expect.equal({ c.interview_score, c.raters, c.overall }, { 85, 2, "79.50" })      -- 80 × 20 % + 70 × 30 % + 85 × 50 %
  expect.refused("not_writable", function() s.hr:update("candidates", id, { interview_score = 100 }) end)
  expect.refused("not_writable", function() s.head:update("candidates", id, { rank = 1 }) end)
  expect.reason(s.step(id, "conclude", nil, s.head), "raters", true)
  clock.advance "1m"
  local best, worst = s.heard(2, 10, 90), s.heard(3, 4, 60)
  expect.equal({ s.get(best).rank, s.get(id).rank, s.get(worst).rank }, { 1, 2, 3 })
  expect.refused("forbidden", function() s.hr:update("candidates", id, { written_score = 100 }) end)
  local no = expect.refused("rule_refused", function() s.step(worst, "select") end)
  expect.reason(no, "rank")
  expect.reason(no, "total")
  local yes = s.step(best, "select")
  expect.reason(yes, "rank", true)
  expect.reason(yes, "total", true)
  s.step(best, "withdraw")
  clock.advance "1m"
  expect.equal({ s.get(id).rank, s.get(worst).rank }, { 1, 2 }, "who is left moves up")
  policy { selection = { reach = 200, least = 50 } }
  expect.equal(s.step(worst, "select").state, "checking", "more are looked into where the policy says so")
end)

test("HR-4: no offer before each item of the background check was passed", function()
  local s = school()
  s.open()
  local id = s.heard(1, 9)
  s.step(id, "select")
  local items = s.hr:find("candidates_tasks", { record = id, sort = "due_on" })
  expect.equal(#items, 4)
  local terms = { start_on = "2027-04-01", offer_until = "2027-03-20", pay = "月薪九千" }
  expect.refused("task_open", function() s.step(id, "clear", terms) end)
  expect.refused("forbidden", function() s.hr:transition("candidates_tasks", items[1].id, "complete") end)
  expect.refused("forbidden", function() s.hr:transition("candidates_tasks", items[1].id, "cancel", { note = "免查" }) end)
  s.hr:action("note_check", { item = items[1].id, result = "failed", source = "学信网" })
  for i = 2, 4 do s.hr:action("note_check", { item = items[i].id, result = "passed", source = "原单位" }) end
  clock.advance "1m"
  expect.equal(s.hr:get("candidates_tasks", items[2].id).state, "done")
  expect.refused("task_open", function() s.step(id, "clear", terms) end)
  expect.equal(s.hr:get("candidates_tasks", items[1].id).result, "failed")
  expect.refused("conflict", function() s.offer(id) end)
  expect.refused("required", function() s.step(id, "reject") end)
  expect.equal(s.step(id, "reject", { note = "学历不实" }).state, "rejected")
  expect.equal(s.hr:get("candidates_tasks", items[1].id).state, "cancelled")
  expect.refused("not_found", function() s.head:get("candidates_tasks", items[2].id) end)
end)

test("HR-1, HR-4: an offer is approved, takes a seat, and no more are hired than planned", function()
  local s = school()
  s.open()
  policy { selection = { reach = 300, least = 0 } }
  local a, b, c = s.heard(1, 10), s.heard(2, 9), s.heard(3, 8)
  for _, id in ipairs { a, b, c } do s.cleared(id) end
  expect.refused("forbidden", function() s.step(a, "offer", nil, s.head) end)
  s.step(c, "send_back", { approval = { note = "再比较" } }, s.manager)
  expect.equal(s.get(c).state, "ranked")
  expect.equal(s.offer(a).state, "offered")
  expect.equal(#messages "offer_made", 1)
  expect.equal({ s.seats().reserved, s.seats().left }, { 1, 0 })
  expect.refused("pool_full", function() s.offer(b) end)
  s.step(a, "decline")
  clock.advance "1m"
  expect.equal(s.seats().left, 1)
  s.offer(b)
  clock.set "2027-03-21T09:00:00+08:00"
  expect.equal({ s.get(b).state, s.seats().left }, { "declined", 1 }, "no answer in time frees the seat")
end)
