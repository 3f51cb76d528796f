-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What people bring: enquiries, complaints, suggestions, on their way from the first word to the last (SVC-1 to SVC-6).
local function person(role, name) return as { roles = role, name = name or role } end
local function people()
  local p = { admin = as "admin", lead = person "service.lead", desk = person("customer_service", "desk"),
    other = person("customer_service", "other"),
    manager = person "manager", affairs = person "student_affairs", admissions = person "admissions.lead", teacher = person "teacher" }
  p.admin:api("PATCH", "admin/users/" .. p.lead.id, { supervisor = p.manager.id })
  return p
end
local function settle() clock.advance "1m" end
local function public(p, form, body)
  body.consent = true
  return p.desk:api("POST", "/public/service/" .. form, body).code
end
local function article(p, more)
  local fields = { question = "学费是多少", topic = "fees", keywords = "学费 缴费", answer = "每学年 6500 元，按学年收取。" }
  for k, v in pairs(more or {}) do fields[k] = v end
  local a = p.desk:create("articles", fields)
  p.desk:transition("articles", a.id, "submit")
  p.lead:transition("articles", a.id, "approve", { approval = { note = "同意" } })
  return a
end
local function enquiry(p, more)
  local fields = { question = "请问学费怎么缴？", topic = "fees", asker = "王女士", phone = "14212345678" }
  for k, v in pairs(more or {}) do fields[k] = v end
  local e = p.desk:create("enquiries", fields)
  settle()
  return e
end

test("SVC-1: a standard answer is signed by another, found by its words, looked at again in time, revised and retired", function()
  local p = people()
  local a = p.desk:create("articles", { question = "学费是多少", topic = "fees", keywords = "学费 缴费", answer = "6500 元" })
  p.desk:transition("articles", a.id, "submit")
  expect.refused("forbidden", function() p.desk:transition("articles", a.id, "approve") end)
  p.desk:transition("articles", a.id, "take_back")
  p.desk:transition("articles", a.id, "submit")
  p.lead:transition("articles", a.id, "send_back", { approval = { note = "写明依据" } })
  expect.refused("not_found", function() p.teacher:get("articles", a.id) end)
  p.desk:transition("articles", a.id, "submit")
  p.lead:transition("articles", a.id, "approve")
  expect.equal(#p.teacher:find("articles", { q = "学费" }), 1)
  policy { knowledge = { review = "3d" } }
  local b = article(p, { question = "短期" })
  clock.advance "5d"
  expect.equal(p.lead:get("articles", b.id).state, "expired")
  p.desk:transition("articles", b.id, "revise")
  p.desk:transition("articles", a.id, "revise")
  p.desk:transition("articles", a.id, "submit")
  p.lead:transition("articles", a.id, "approve")
  expect.equal(p.lead:transition("articles", a.id, "retire").state, "retired")
end)

test("SVC-1: nobody signs their own standard answer, not even the lead", function()
  local p = people()
  local a = p.lead:create("articles", { question = "住宿", topic = "life", keywords = "住宿", answer = "四人间" })
  p.lead:transition("articles", a.id, "submit")
  expect.refused("forbidden", function() p.lead:transition("articles", a.id, "approve") end)
  expect.equal((as "service.lead"):transition("articles", a.id, "approve").state, "approved")
end)

test("SVC-1: what is asked is given the answer that fits best, and is answered by it in one step", function()
  local p = people()
  article(p, { question = "奖学金", keywords = "奖学金", answer = "每学期评定。" })
  local a = article(p)
  local e = enquiry(p)
  expect.equal(p.desk:get("enquiries", e.id).suggested, a.id)
  p.desk:action("use_answer", { enquiry = e.id, more = "可分期。" })
  local done = p.desk:get("enquiries", e.id)
  expect.equal({ done.state, done.answer_text, done.article }, { "answered", "每学年 6500 元，按学年收取。可分期。", a.id })
  expect.equal(#messages "enquiry_answered", 1)
  local none = enquiry(p, { question = "食堂几点开门", topic = "life" })
  expect.yes(p.desk:get("enquiries", none.id).suggested == nil)
  expect.refused("invalid", function() p.desk:action("use_answer", { enquiry = none.id }) end)
  expect.equal(p.lead:report("answers_used").rows[1].count, 1)
end)

test("SVC-2: a complex one goes to whom the policy sends it, is answered there, and the result goes back to who asked", function()
  local p = people()
  local e = enquiry(p, { topic = "admission", question = "省外考生如何报名" })
  p.desk:action("acknowledge", { enquiry = e.id })
  expect.equal(p.desk:get("enquiries", e.id).officer, p.desk.id)
  expect.refused("not_found", function() p.admissions:get("enquiries", e.id) end)
  p.desk:action("transfer", { enquiry = e.id, note = "请招生组答复" })
  local there = p.admissions:get("enquiries", e.id)
  expect.equal({ there.team, there.hand_over_count, there.state }, { "admissions.lead", 1, "open" })
  expect.yes(there.phone ~= "14212345678")
  expect.refused("not_found", function() p.affairs:get("enquiries", e.id) end)
  p.admissions:action("transfer", { enquiry = e.id, team = "teaching.lead", handler = p.teacher.id, note = "专业问题" })
  expect.refused("invalid", function() p.teacher:action("transfer", { enquiry = e.id, note = "不是我" }) end)
  p.teacher:transition("enquiries", e.id, "answer", { answer_text = "可网上报名。" })
  expect.equal(messages("enquiry_answered")[1].channel, "sms")
  settle()
  local asked = p.desk:find("followups", { enquiry = e.id })
  expect.equal({ #asked, asked[1].state }, { 1, "due" })
  p.desk:transition("followups", asked[1].id, "finish", { way = "phone", score = 5 })
  settle()
  expect.equal(p.desk:get("enquiries", e.id).state, "closed")
end)

test("SVC-2: clocks run in working hours by priority, are told before, climb and stay on record; a hand-over stops none", function()
  local p = people()
  local e = enquiry(p)
  expect.equal(e.due_at, "2027-03-01T06:30:00.000Z")       -- 08:30 to 12:00, and half an hour of the afternoon
  local u = enquiry(p, { priority = "urgent" })
  expect.equal(u.due_at, "2027-03-01T01:30:00.000Z")
  clock.advance "2h"
  expect.equal(p.desk:get("enquiries", u.id).late_first, true)
  expect.yes(#events "enquiries.deadline.escalated" > 0)
  p.desk:action("acknowledge", { enquiry = u.id })
  local due = p.desk:get("enquiries", u.id).due_at
  p.desk:action("transfer", { enquiry = u.id, note = "转财务" })
  expect.equal(p.desk:get("enquiries", u.id).due_at, due)
  clock.advance "3d"
  expect.equal(p.desk:get("enquiries", u.id).late, true)
end)

test("SVC-2: routing is the school's: fees go to finance at once; an answered one that nobody comes back to closes", function()
  local p = people()
  local finance = as "finance"
  policy { routing = { first = { fees = "finance" } } }
  local e = enquiry(p)
  expect.equal(finance:get("enquiries", e.id).team, "finance")
  finance:action("acknowledge", { enquiry = e.id })
  expect.equal(finance:get("enquiries", e.id).handler, finance.id)
  finance:transition("enquiries", e.id, "answer", { answer_text = "可分期" })
  clock.advance "10d"
  expect.equal(p.desk:get("enquiries", e.id).state, "closed")
end)

test("SVC-5: who asked says by the code that it is not solved: it is open again, once", function()
  local p = people()
  local code = public(p, "enquiry", { question = "怎么转专业", topic = "teaching", asker = "李同学", phone = "14212345679" })
  local e = p.desk:find("enquiries", { way = "form" })[1]
  p.desk:api("POST", "/public/service/rate_enquiry", { enquiry = code, score = 1 })
  settle()
  expect.equal(p.desk:get("enquiries", e.id).state, "new")            -- nothing is answered yet
  p.desk:transition("enquiries", e.id, "answer", { answer_text = "见手册" })
  p.desk:api("POST", "/public/service/rate_enquiry", { enquiry = code, score = 1 })
  settle()
  local again = p.desk:get("enquiries", e.id)
  expect.equal({ again.state, again.reopened }, { "open", 1 })
  p.desk:transition("enquiries", e.id, "answer", { answer_text = "每年五月申请" })
  expect.equal(p.desk:transition("enquiries", e.id, "reopen").state, "open")
  p.desk:transition("enquiries", e.id, "answer", { answer_text = "每年五月申请" })
  p.desk:api("POST", "/public/service/rate_enquiry", { enquiry = code, score = 4, comment = "清楚" })
  settle()
  expect.equal(p.desk:get("enquiries", e.id).state, "closed")
end)

local function complaint(p, more)
  local fields = { category = "conduct", severity = "medium", matter = "上课时间接电话", demand = "改正", complainant = "赵先生",
    phone = "14212345670", about_person = p.teacher.id }
  for k, v in pairs(more or {}) do fields[k] = v or nil end
  return p.desk:create("complaints", fields)
end
local function handled(p, more)
  local c = complaint(p, more)
  p.lead:transition("complaints", c.id, "dispatch", { handler = p.affairs.id })
  settle()
  return c
end
local function replied(p, c)
  p.affairs:transition("complaints", c.id, "answer", { outcome = "upheld", result = "已谈话", reply = "已要求改正，谢谢监督。" })
  settle()
  return p.desk:find("followups", { complaint = c.id, state = "due" })[1]
end

test("SVC-3: who handles a complaint does not learn whose it is; whom it is about never sees it nor handles it", function()
  local p = people()
  local c = complaint(p)
  expect.equal(c.number, "TS2027-0001")
  expect.refused("own_case", function() p.lead:transition("complaints", c.id, "dispatch", { handler = p.teacher.id }) end)
  expect.refused("forbidden", function() p.desk:transition("complaints", c.id, "dispatch", { handler = p.affairs.id }) end)
  p.lead:transition("complaints", c.id, "dispatch", { handler = p.affairs.id })
  settle()
  local seen = p.affairs:get("complaints", c.id)
  expect.equal(seen.matter, "上课时间接电话")
  for _, name in ipairs { "complainant", "phone", "student", "family", "relation", "tracking" } do expect.yes(seen[name] == nil, name) end
  expect.refused("not_found", function() p.teacher:get("complaints", c.id) end)
  expect.equal(#p.teacher:find("complaints"), 0)
  expect.yes(p.desk:get("complaints", c.id).complainant ~= "赵先生")
  local mine = complaint(p, { about_person = p.other.id })
  expect.refused("not_found", function() p.other:get("complaints", mine.id) end)
  expect.equal(#p.other:find("complaints"), 1)
  p.lead:transition("complaints", mine.id, "dispatch", { handler = p.affairs.id })
  settle()
  expect.equal(#p.other:find("progress", { complaint = mine.id }), 0)
  expect.equal(#p.desk:find("progress", { complaint = mine.id }), 1)
end)

test("SVC-3: it is urged, which is a task of whoever handles it; goes to another on record; late it climbs", function()
  local p = people()
  local c = handled(p)
  p.desk:action("urge", { complaint = c.id, note = "家长又来电" })
  p.lead:action("urge", { complaint = c.id, note = "已三天" })
  settle()
  expect.equal(p.desk:get("complaints", c.id).urged, 2)
  expect.equal(#messages "complaint_urged", 2)
  local tasks = p.affairs:find("complaints_tasks", { sort = "created_at" })
  expect.equal(#tasks, 2)
  p.affairs:transition("complaints_tasks", tasks[1].id, "complete")
  p.desk:transition("complaints_tasks", tasks[2].id, "cancel", { note = "已回电" })
  expect.refused("own_case", function() p.lead:transition("complaints", c.id, "redispatch", { handler = p.teacher.id, note = "x" }) end)
  local due = p.lead:get("complaints", c.id).due_at
  local moved = p.lead:transition("complaints", c.id, "redispatch", { handler = p.admissions.id, note = "属招生" })
  expect.equal(moved.due_at, due)
  expect.refused("not_found", function() p.affairs:get("complaints", c.id) end)
  clock.advance "14d"
  expect.equal(p.lead:get("complaints", c.id).late, true)
  expect.yes(#events "complaints.deadline.escalated" > 0)
end)

test("SVC-3: what is not taken up says why; who complained withdraws it by the code", function()
  local p = people()
  local c = complaint(p)
  expect.refused("invalid", function() p.lead:transition("complaints", c.id, "dismiss") end)
  expect.equal(p.lead:transition("complaints", c.id, "dismiss", { reply = "不属本校" }).state, "dismissed")
  local code = public(p, "complaint", { category = "fees", matter = "重复收费", demand = "退费", complainant = "钱女士", phone = "14212345671" })
  local w = p.lead:find("complaints", { category = "fees" })[1]
  p.lead:transition("complaints", w.id, "dispatch", { handler = p.affairs.id })
  settle()
  p.desk:api("POST", "/public/service/complaint_withdraw", { code = code })
  settle()
  expect.equal(p.lead:get("complaints", w.id).state, "withdrawn")
  expect.equal(p.desk:find("progress", { complaint = w.id })[1].state, "cancelled")
end)

test("SVC-4: progress is owed again and again until it is solved; a message goes out, a talk counts, what is missed stays flagged",
  function()
  local p = people()
  local c = handled(p)
  local function due() return p.desk:find("progress", { complaint = c.id, state = "due" }) end
  local first = due()[1]
  expect.yes(first.due_at)
  p.desk:action("tell", { progress = first.id, way = "message", told = "正在核实。" })
  expect.equal(#messages "complaint_progress", 1)
  settle()
  expect.equal(p.desk:get("complaints", c.id).progress_text, "正在核实。")
  local second = due()[1]
  expect.yes(second.id ~= first.id)
  clock.advance "3d"
  expect.equal(p.desk:get("progress", second.id).missed, true)
  expect.yes(#events "progress.deadline.escalated" > 0)
  p.desk:create("contacts", { complaint = c.id, asked = "进展", answered = "已约谈" })
  settle()
  local told = p.desk:get("progress", second.id)
  expect.equal({ told.state, told.missed, told.way }, { "done", true, "phone" })
  expect.equal(#due(), 1)
  replied(p, c)
  expect.equal(#due(), 0)
  expect.equal(p.lead:report("progress_kept").total.missed, 1)
  local silent = handled(p, { phone = false })
  local owed = p.desk:find("progress", { complaint = silent.id, state = "due" })[1]
  expect.refused("invalid", function() p.desk:action("tell", { progress = owed.id, told = "核实中" }) end)
  p.desk:action("tell", { progress = owed.id, told = "核实中", way = "visit" })
end)

test("SVC-5: a complaint is over when its sender has been asked and is content, and what was learned is written down", function()
  local p = people()
  local c = handled(p)
  local f = replied(p, c)
  expect.refused("no_followup", function() p.lead:transition("complaints", c.id, "close", { lesson = "加强巡课" }) end)
  expect.refused("comment_missing", function() p.desk:transition("followups", f.id, "finish", { way = "phone", score = 2 }) end)
  p.desk:transition("followups", f.id, "finish", { way = "phone", score = 2, comment = "没有道歉" })
  settle()
  local again = p.lead:get("complaints", c.id)
  expect.equal({ again.state, again.reopened }, { "handling", 1 })
  local g = replied(p, c)
  p.desk:transition("followups", g.id, "finish", { way = "phone", score = 4 })
  settle()
  expect.refused("invalid", function() p.lead:transition("complaints", c.id, "close") end)
  expect.refused("forbidden", function() p.affairs:transition("complaints", c.id, "close", { lesson = "x" }) end)
  local closed = p.lead:transition("complaints", c.id, "close", { lesson = "每周巡课一次" })
  expect.equal(closed.state, "closed")
  expect.refused("forbidden", function() p.lead:update("complaints", c.id, { lesson = "x" }) end)
  expect.equal(#p.lead:find("complaints", { q = "巡课" }), 1)
  expect.equal(p.lead:report("satisfaction").total.unhappy, 1)
end)

test("SVC-5: who cannot be reached does not hold it up; an unhappy one does; who handled it neither asks nor closes", function()
  local p = people()
  local c = handled(p)
  local f = replied(p, c)
  p.desk:transition("followups", f.id, "unreach", { note = "三次未接" })
  settle()
  expect.equal(p.lead:transition("complaints", c.id, "close", { lesson = "无" }).state, "closed")
  expect.reason(decide("complaint_is_settled", { score = 2 }), "unhappy", false)
  expect.reason(decide("complaint_is_settled", { score = 3 }), "unhappy", true)
  local both = person({ "service.lead" }, "both")
  local d = complaint(p)
  p.lead:transition("complaints", d.id, "dispatch", { handler = both.id })
  settle()
  both:transition("complaints", d.id, "answer", { outcome = "unfounded", result = "查无此事", reply = "经查不属实。" })
  settle()
  local g = p.desk:find("followups", { complaint = d.id })[1]
  expect.refused("forbidden", function() both:transition("followups", g.id, "finish", { way = "phone", score = 5 }) end)
  p.lead:transition("complaints", d.id, "reopen", { note = "再核" })
  settle()
  expect.equal(p.desk:get("followups", g.id).state, "due")
  both:transition("complaints", d.id, "answer", { outcome = "unfounded", result = "查无此事", reply = "经查不属实。" })
  p.desk:transition("followups", g.id, "finish", { way = "phone", score = 3 })
  settle()
  expect.refused("forbidden", function() both:transition("complaints", d.id, "close", { lesson = "x" }) end)
end)

test("SVC-6: a suggestion is classified, dispatched, decided with a reply, and its effect told to whoever made it", function()
  local p = people()
  local code = public(p, "suggestion", { content = "图书馆周末开放", proposer = "周同学", phone = "14212345672" })
  local s = p.lead:find("suggestions")[1]
  expect.refused("invalid", function() p.lead:transition("suggestions", s.id, "dispatch", { handler = p.affairs.id }) end)
  p.lead:transition("suggestions", s.id, "dispatch", { handler = p.affairs.id, category = "campus" })
  local seen = p.affairs:get("suggestions", s.id)
  expect.yes(seen.proposer == nil and seen.phone == nil)
  local adoption = { reply = "采纳", measure = "周末开放两层", due_on = "2027-02-01" }
  expect.refused("due_past", function() p.affairs:transition("suggestions", s.id, "adopt", adoption) end)
  adoption.due_on = "2027-04-01"
  p.affairs:transition("suggestions", s.id, "adopt", adoption)
  expect.refused("invalid", function() p.affairs:transition("suggestions", s.id, "finish") end)
  p.affairs:transition("suggestions", s.id, "finish", { effect = "每周末约 200 人到馆" })
  expect.equal(#messages "suggestion_decided" + #messages "suggestion_done", 2)
  expect.equal(p.desk:api("GET", "/public/service/suggestion_status/" .. code).effect, "每周末约 200 人到馆")
  local t = p.desk:create("suggestions", { content = "取消早操" })
  p.lead:transition("suggestions", t.id, "dispatch", { handler = p.teacher.id, category = "management" })
  expect.refused("not_found", function() p.affairs:transition("suggestions", t.id, "decline", { reply = "不宜" }) end)
  expect.equal(p.teacher:transition("suggestions", t.id, "decline", { reply = "早操有益健康" }).state, "declined")
  expect.equal(p.lead:report("suggestions_by_category").total.declined, 1)
end)
