-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Every step of every workflow: who makes it, what it needs, where it leads, and who is refused.
local PDF = "%PDF-1.4\n%%EOF\n"
local AGES = { id_number = "110199201106100020", birth_date = "2011-06-10", education = "junior", score = "400", campus = "东校区" }
local NUMBERS = { "110199201106100020", "110199201106100039", "110199201106100047", "110199201106100055" }

-- The school's people of this test.
local function people()
  local all = { director = as { roles = "admissions.lead", name = "director" }, second = as { roles = "admissions.lead", name = "second" },
    officer = as { roles = "admissions.staff", name = "officer", campus = "东校区" }, leader = as "principal", teaching = as "teaching.lead",
    affairs = as "student_affairs", finance = as "finance", writer = as { roles = "admissions.lead", name = "writer" } }
  return all
end

-- steps: { who, verb, fields or nil, the state that it leads to, or the code of a refusal after "!" }
local function walk(all, entity, id, steps)
  for i, step in ipairs(steps) do
    local who, verb, want, fields = all[step[1]], step[2], step[3], step[4]
    local function go() return who:transition(entity, id, verb, fields) end
    local label = string.format("%s %s %s by %s (step %d)", entity, want, verb, step[1], i)
    if string.sub(want, 1, 1) == "!" then
      expect.refused(string.sub(want, 2), go)
    else
      expect.equal(go().state, want, label)
    end
  end
end

local function major(all, code)
  return all.teaching:create("basics.majors", { code = code or "520201", name = "护理", years = 3 }).id
end
local function plan(all, quota)
  local m = major(all)
  local made = all.director:create("plans", { season = "2027", name = "二〇二七", headcount = quota, rests_on_development = "规划",
    rests_on_demand = "需求", strategy = "策略", lines = { { major = m, major_name = "护理", region = "浙江", quota = quota } } })
  return made.id, m
end
local function line(all, quota)
  local id, m = plan(all, quota)
  walk(all, "plans", id, { { "director", "submit", "in_approval" }, { "leader", "approve", "approved" } })
  clock.advance "1m"
  return all.director:find("plan_lines", { plan = id })[1].id, m
end
local function applicant(all, n)
  local fields = {}
  for k, v in pairs(AGES) do fields[k] = v end
  fields.name, fields.id_number = "考生" .. n, NUMBERS[n]
  return all.writer:create("applicants", fields).id
end

test("ADM-1: a plan is taken back, sent back, approved, revised and completed, each by whom it is for", function()
  local all = people()
  local id = plan(all, 2)
  walk(all, "plans", id, {
    { "officer", "submit", "!forbidden" }, { "finance", "submit", "!forbidden" },
    { "director", "submit", "in_approval" }, { "director", "approve", "!forbidden" }, { "director", "take_back", "draft" },
    { "director", "submit", "in_approval" },
    { "leader", "send_back", "returned", { approval = { note = "请补充" } } },
    { "director", "submit", "in_approval" }, { "leader", "approve", "approved" },
    { "director", "revise", "!invalid" }, { "director", "revise", "draft", { note = "增加名额" } },
    { "director", "submit", "in_approval" }, { "leader", "approve", "approved" },
    { "director", "complete", "closed", { note = "完成" } }, { "director", "revise", "!conflict", { note = "x" } },
  })
end)

test("ADM-2: a channel is opened, renewed and ended", function()
  local all = people()
  local id = all.director:create("channels", { name = "某校", type = "partner", officer = all.officer.id }).id
  local agreed = { agreement_number = "X-1", rights = "权利", duties = "义务", agreed_until = "2027-12-31" }
  walk(all, "channels", id, { { "officer", "activate", "!forbidden", agreed }, { "director", "activate", "!agreement" },
    { "director", "activate", "active", agreed }, { "director", "renew", "!agreement_over", { agreed_until = "2027-01-01" } },
    { "director", "renew", "active", { agreed_until = "2028-12-31" } }, { "director", "finish", "ended" },
    { "director", "activate", "active" } })
end)

test("ADM-3: a brochure is reviewed by another, published while it is filed, and expires by itself", function()
  local all = people()
  local file = all.director:api("POST", "files?name=a.pdf", PDF).id
  local id = all.director:create("brochures", { name = "简章", season = "2027", content = file }).id
  walk(all, "brochures", id, { { "director", "review", "!forbidden" }, { "second", "review", "reviewed" },
    { "director", "publish", "!not_filed" }, { "director", "rework", "draft" }, { "second", "review", "reviewed" },
    { "director", "publish", "published", { filing_number = "备-1", filed_until = "2027-03-31" } } })
  clock.advance "32d"
  expect.equal(all.director:get("brochures", id).state, "expired")
  walk(all, "brochures", id, { { "second", "review", "reviewed" }, { "director", "publish", "!filing_over" } })
end)

test("ADM-3: an event is prepared, held and reviewed, or cancelled", function()
  local all = people()
  local function event() return all.officer:create("activities", { name = "咨询会", type = "fair", season = "2027" }).id end
  local roster = { { person = all.officer.id }, { person = all.director.id } }
  local whole = { starts_at = "2027-05-01T01:00:00Z", place = "体育馆", content = "咨询", form = "on_site", roster = roster }
  local id, other = event(), event()
  walk(all, "activities", id, { { "officer", "prepare", "!required" }, { "finance", "prepare", "!not_found", whole },
    { "officer", "prepare", "ready", whole }, { "officer", "hold", "held" }, { "officer", "review", "!required" },
    { "officer", "review", "reviewed", { lessons = "早些通知" } }, { "officer", "cancel", "!conflict", { note = "x" } } })
  walk(all, "activities", other, { { "officer", "cancel", "cancelled", { note = "场地" } } })
end)

test("ADM-3: a lead is taken, talked to, lost and found again; who claims it twice is told apart", function()
  local all = people()
  local other = as { roles = "admissions.staff", name = "other", campus = "东校区" }
  policy { leads = { clash = "ask" } }
  local id = all.director:create("leads", { name = "甲", phone = "14500000001" }).id
  all.other = other
  walk(all, "leads", id, { { "finance", "take", "!not_found" }, { "officer", "take", "new", { officer = all.officer.id } },
    { "other", "touch", "!forbidden" } })
  all.officer:create("contacts", { lead = id, asked = "学费" })
  clock.advance "1m"
  walk(all, "leads", id, { { "officer", "lose", "!required" }, { "officer", "lose", "lost", { note = "去了别校" } } })
  all.officer:create("contacts", { lead = id, asked = "又来问" })
  clock.advance "1m"
  expect.equal(all.director:get("leads", id).state, "contacted")
  local function again(n) return other:create("leads", { name = "乙", phone = "14500000001", officer = other.id, region = n }).id end
  local first, second = again "一", again "二"
  clock.advance "1m"
  walk(all, "leads", first, { { "other", "settle", "!forbidden", { note = "x" } },
    { "director", "settle", "contacted", { note = "另一人" } } })
  walk(all, "leads", second, { { "director", "merge", "duplicate" } })
  local input = { lead = id }
  for k, v in pairs(AGES) do input[k] = v end
  local made = all.officer:action("convert", input)
  expect.equal(all.director:get("leads", id).applicant, made.applicant)
  expect.equal(all.director:get("applicants", made.applicant).lead, id)
end)

-- days before and after a talk, the policy's days, and who has the lead when another brings it anew
for _, case in ipairs { { 30, 0, 30, "keeps" }, { 31, 0, 30, "loses" }, { 20, 20, 30, "keeps" }, { 20, 31, 30, "loses" },
  { 80, 0, 0, "keeps" } } do
  local before, after, days, what = case[1], case[2], case[3], case[4]
  test(string.format("ADM-3: %d days, a talk and %d days: of %d that protect a lead, its officer %s it",
    before, after, days, what), function()
    local all = people()
    local other = as { roles = "admissions.staff", name = "other", campus = "东校区" }
    policy { leads = { protect_days = days } }
    local first = all.officer:create("leads", { name = "甲", phone = "14500000001", officer = all.officer.id }).id
    local function talk()
      all.officer:create("contacts", { lead = first, asked = "近况" })
      clock.advance "1m"
    end
    talk()
    clock.advance(before .. "d")
    if after > 0 then talk() end
    clock.advance(after .. "d")
    other:create("leads", { name = "甲", phone = "14500000001", officer = other.id })
    clock.advance "1m"
    expect.equal(all.director:get("leads", first).officer, what == "keeps" and all.officer.id or other.id)
  end)
end

test("ADM-5: an exception takes its signatures, a proposal can go back for another look", function()
  local all = people()
  local id = applicant(all, 1)
  walk(all, "applicants", id, {
    { "finance", "review", "!not_found" }, { "officer", "review", "reviewing" }, { "officer", "ask_exception", "!required" },
    { "officer", "ask_exception", "excepting", { note = "竞赛" } },
    { "leader", "except", "!forbidden" },                                   -- the director signs first
    { "director", "reconsider", "reviewing", { approval = { note = "再看" } } },
    { "officer", "ask_exception", "excepting", { note = "竞赛" } },
    { "director", "except", "excepting" }, { "leader", "except", "eligible" },
    { "officer", "propose_refusal", "refusing", { note = "材料有疑" } }, { "officer", "refuse", "!forbidden" },
    { "director", "reconsider", "reviewing" }, { "officer", "withdraw", "withdrawn" } })
end)

test("ADM-6: a seat is offered, noticed, confirmed and taken; who waits gets what comes free", function()
  local all = people()
  local seat, m = line(all, 1)
  local year = all.teaching:create("basics.school_years", { name = "2027-2028", starts_on = "2027-09-01", ends_on = "2028-07-10" }).id
  local class = all.teaching:create("basics.classes", { name = "护理2701", major = m, school_year = year }).id
  local when = { report_on = "2027-09-01", report_place = "体育馆" }
  local ids = {}
  for n = 1, 3 do
    ids[n] = applicant(all, n)
    walk(all, "applicants", ids[n], { { "officer", "review", "reviewing" }, { "writer", "qualify", "!forbidden" },
      { "director", "qualify", "eligible" }, { "director", "send_notice", "!conflict", when } })
  end
  walk(all, "applicants", ids[1], { { "officer", "admit", "!forbidden", { plan_line = seat } },
    { "director", "admit", "admitted", { plan_line = seat } } })
  walk(all, "applicants", ids[2], { { "director", "admit", "!pool_full", { plan_line = seat } },
    { "director", "wait", "waiting", { plan_line = seat, waits_since = "2027-03-01" } } })
  walk(all, "applicants", ids[3], { { "director", "wait", "waiting", { plan_line = seat, waits_since = "2027-03-02" } } })
  walk(all, "applicants", ids[1], { { "officer", "send_notice", "notified", when }, { "officer", "decline", "declined" } })
  clock.advance "1m"
  expect.equal(all.director:get("applicants", ids[2]).state, "admitted", "who waited")
  walk(all, "applicants", ids[2], { { "officer", "send_notice", "notified", when } })
  expect.equal(#messages "notice_sent", 2)
  clock.advance "15d"
  expect.equal(all.director:get("applicants", ids[2]).state, "lapsed", "not confirmed in fourteen days")
  walk(all, "applicants", ids[3], { { "director", "send_notice", "notified", when }, { "officer", "arrive", "!conflict" },
    { "officer", "confirm", "confirmed" }, { "officer", "arrive", "!required" }, { "officer", "arrive", "!originals", { class = class } },
    { "officer", "arrive", "arrived", { class = class, originals_checked = true } } })
  clock.advance "1m"
  expect.equal(#all.affairs:find("basics.students", { came_from = "admissions.applicants/" .. ids[3] }), 1)
end)

test("ADM-6: who does not come gives the seat back", function()
  local all = people()
  local seat = line(all, 1)
  local id = applicant(all, 1)
  walk(all, "applicants", id, { { "officer", "review", "reviewing" }, { "director", "qualify", "eligible" },
    { "director", "admit", "admitted", { plan_line = seat } },
    { "director", "send_notice", "notified", { report_on = "2027-09-01", report_place = "体育馆" } },
    { "officer", "confirm", "confirmed" }, { "officer", "not_arrived", "!required" },
    { "officer", "not_arrived", "absent", { note = "未到" } } })
  expect.equal(all.director:api("GET", "admissions/plan_lines/" .. seat .. "/reservations").pool.quota.left, 1)
end)

test("ADM-8: rows of the official list are matched by themselves, or settled by somebody", function()
  local all = people()
  local seat = line(all, 1)
  local id = applicant(all, 1)
  walk(all, "applicants", id, { { "officer", "review", "reviewing" }, { "director", "qualify", "eligible" },
    { "director", "admit", "admitted", { plan_line = seat } } })
  local function row(n, major_name)
    return all.director:create("official_rows", { season = "2027", name = "考生" .. n, id_number = NUMBERS[n], major_name = major_name }).id
  end
  local same, strange = row(1, "护理"), row(4, "护理")
  clock.advance "1m"
  expect.equal(all.director:get("official_rows", same).state, "matched")
  expect.equal(all.director:get("applicants", id).on_official_list, true)
  expect.equal(all.director:get("official_rows", strange).found, "not_registered")
  walk(all, "official_rows", strange, { { "officer", "settle", "!not_found", { found = "x" } },
    { "director", "settle", "settled", { found = "补录" } } })
end)

test("ADM-4: the public registers by a form, and asks how far it is", function()
  local anyone = as "teacher"       -- signed in or not, a form acts as the public
  local sent = { name = "网上", id_number = NUMBERS[1], birth_date = "2011-06-10", education = "junior",
    phone = "14500000001", consent = true }
  local made = anyone:api("POST", "/public/admissions/register", sent)
  expect.equal(anyone:api("GET", "/public/admissions/status/" .. made.code).state, "registered")
  expect.refused("conflict", function() anyone:api("POST", "/public/admissions/register", sent) end)
  expect.refused("unknown_field", function()
    sent.plan_line = "x"
    anyone:api("POST", "/public/admissions/register", sent)
  end)
end)
