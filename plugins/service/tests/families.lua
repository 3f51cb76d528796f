-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Families: their file, visits by a plan, help until it is confirmed, campaigns, a hand for others (SVC-7 to SVC-9).
local WEIGHTS, LAST = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 }, "10X98765432"
local function id_number(n)
  local head, sum = ("33019920090615%03d"):format(n), 0
  for i = 1, 17 do sum = sum + tonumber(head:sub(i, i)) * WEIGHTS[i] end
  return head .. LAST:sub(sum % 11 + 1, sum % 11 + 1)
end
local function person(role, name) return as { roles = role, name = name or role } end
local function people()
  return { lead = person "service.lead", desk = person("customer_service", "desk"), affairs = person "student_affairs",
    class_teacher = person "class_teacher", teacher = person "teacher", marketing = person "marketing", manager = person "manager" }
end
local function settle() clock.advance "1m" end
-- n families, each with a mother, a father and a student.
local function families(p, n, more)
  local out = {}
  for i = 1, n do
    local family = p.affairs:create("basics.families", { name = "第" .. i .. "家" })
    local function guardian(relation, phone)
      return p.affairs:create("basics.guardians", { family = family.id, name = relation, relation = relation, phone = phone }).id
    end
    out[i] = { id = family.id, mother = guardian("mother", ("142%08d"):format(i)), father = guardian("father", (more or {}).father),
      student = p.affairs:create("basics.students", { name = "学生" .. i, id_number = id_number(i), birth_date = "2009-06-15",
        family = family.id }).id }
  end
  return out
end

test("SVC-7: a family's file owes a visit; each difficulty found is helped with until the family confirms", function()
  local p = people()
  local f = families(p, 1)[1]
  local profile = p.desk:create("profiles", { family = f.id, keeper = p.class_teacher.id, attention = "focus", background = "单亲" })
  settle()
  local visit = p.class_teacher:find("visits", { profile = profile.id })[1]
  expect.equal({ visit.state, visit.family, visit.visitor, visit.due_at:sub(1, 10) }, { "planned", f.id, p.class_teacher.id, "2027-03-31" })
  expect.refused("not_found", function() p.teacher:get("visits", visit.id) end)
  local said = { way = "home", visited_on = "2027-03-02", study = "数学吃力", life = "住校", wants = "补课", difficulties = {
    { matter = "数学跟不上", category = "study", urgency = "normal", helper = p.teacher.id }, { matter = "生活费不足",
      category = "economic", urgency = "urgent" } } }
  expect.refused("visit_ahead", function() p.class_teacher:transition("visits", visit.id, "finish", said) end)
  said.visited_on = "2027-03-01"
  p.class_teacher:transition("visits", visit.id, "finish", said)
  settle()
  local helps = p.desk:find("helps", { family = f.id, sort = "urgency" })
  expect.equal({ #helps, helps[1].helper, helps[2].urgency }, { 2, p.teacher.id, "urgent" })
  expect.equal(p.teacher:get("helps", helps[1].id).matter, "数学跟不上")
  expect.refused("invalid", function() p.teacher:transition("helps", helps[1].id, "solve") end)
  p.teacher:transition("helps", helps[1].id, "solve", { measure = "每周辅导两次", result = "期中及格" })
  p.class_teacher:transition("helps", helps[1].id, "reopen", { note = "还要一个月" })
  p.teacher:transition("helps", helps[1].id, "solve", { result = "期末良好" })
  expect.equal(p.class_teacher:transition("helps", helps[1].id, "confirm").state, "done")
  p.affairs:transition("helps", helps[2].id, "assign", { helper = p.affairs.id })
  expect.equal(#p.class_teacher:find("visits", { profile = profile.id, state = "planned" }), 1)     -- the next one
  clock.advance "40d"
  expect.yes(#events "visits.deadline.missed" > 0 and #events "helps.deadline.escalated" > 0)
end)

test("SVC-7: a file that is closed owes no visit, one that is resumed owes one; a visit is called off with a reason", function()
  local p = people()
  local f = families(p, 1)[1]
  local profile = p.desk:create("profiles", { family = f.id, keeper = p.class_teacher.id })
  expect.refused("conflict", function() p.affairs:create("profiles", { family = f.id, keeper = p.desk.id }) end)
  settle()
  local function planned() return p.desk:find("visits", { profile = profile.id, state = "planned" }) end
  p.desk:transition("visits", planned()[1].id, "cancel", { note = "家长出差" })
  p.desk:transition("profiles", profile.id, "close", { note = "毕业" })
  settle()
  expect.equal(#planned(), 0)
  p.desk:transition("profiles", profile.id, "resume")
  settle()
  expect.equal(#planned(), 1)
  p.desk:transition("profiles", profile.id, "close", { note = "转学" })
  settle()
  expect.equal(#planned(), 0)
end)

test("SVC-8: everything that a student and their family did with the school stands together", function()
  local p = people()
  local f = families(p, 1)[1]
  local e = p.desk:create("enquiries", { question = "奖学金", asker = "母亲", student = f.student })
  p.desk:create("complaints", { category = "fees", matter = "多收", demand = "退", student = f.student })
  p.desk:create("suggestions", { content = "多开社团", student = f.student })
  p.desk:create("contacts", { student = f.student, family = f.id, asked = "学习", answered = "正常" })
  p.desk:create("profiles", { family = f.id, keeper = p.desk.id })
  settle()
  expect.equal(e.family, f.id)
  local function story(who, entity, id)
    local seen = {}
    for _, one in ipairs(who:api("GET", "basics/" .. entity .. "/" .. id .. "/subject").items) do seen[one.entity] = true end
    return seen
  end
  local mine = story(p.desk, "students", f.student)
  for _, entity in ipairs { "enquiries", "contacts" } do expect.yes(mine["service." .. entity], entity) end
  expect.yes(story(p.desk, "families", f.id)["service.profiles"] and story(p.desk, "families", f.id)["service.visits"])
  expect.yes(not story(p.teacher, "students", f.student)["service.enquiries"])
  for _, entity in ipairs { "enquiries", "complaints", "suggestions", "contacts" } do
    if entity ~= "contacts" then expect.equal(#p.desk:find(entity, { family = f.id }), 1, entity) end
  end
  local talk = p.desk:find("contacts", { family = f.id })[1]
  expect.equal(p.desk:get("contacts", talk.id).answered, "正常")
end)

local function campaign(p, more)
  local fields = { name = "开放日", kind = "activity", words = "4月17日校园开放日，欢迎参加。", channels = { "sms" } }
  for k, v in pairs(more or {}) do fields[k] = v end
  local c = p.marketing:create("campaigns", fields)
  p.marketing:transition("campaigns", c.id, "submit")
  p.lead:transition("campaigns", c.id, "approve", { approval = { note = "同意" } })
  settle()
  return c
end

test("SVC-7: a campaign is signed, goes to each guardian once, says whom it did not reach and why, and never to who said no", function()
  local p = people()
  local f = families(p, 2)
  p.desk:create("profiles", { family = f[1].id, keeper = p.desk.id, mail = "home@example.cn" })
  local draft = p.marketing:create("campaigns", { name = "喜报", kind = "results", words = "技能大赛获奖", channels = { "sms" } })
  p.marketing:transition("campaigns", draft.id, "submit")
  expect.refused("forbidden", function() p.marketing:transition("campaigns", draft.id, "approve") end)
  p.marketing:transition("campaigns", draft.id, "take_back")
  p.marketing:transition("campaigns", draft.id, "submit")
  p.lead:transition("campaigns", draft.id, "send_back", { approval = { note = "删去名次" } })
  p.marketing:transition("campaigns", draft.id, "drop")
  local c = campaign(p, { channels = { "sms", "mail", "social" } })
  local sent = p.lead:get("campaigns", c.id)
  expect.equal({ sent.state, sent.sent, sent.left_out }, { "sent_out", 2, 2 })
  expect.equal({ #messages "activity_sms", #messages "activity_mail" }, { 2, 1 })
  local log = p.desk:find("deliveries", { campaign = c.id, state = "left_out" })
  expect.equal({ #log, log[1].why }, { 2, "no_address" })
  local mine = p.desk:find("deliveries", { guardian = f[1].mother })[1]
  expect.yes(mine.code == nil and mine.phone ~= "14200000001")
  p.desk:transition("deliveries", mine.id, "opt_out")
  settle()
  local again = campaign(p)
  expect.equal(p.lead:get("campaigns", again.id).sent, 1)
  local refused = p.desk:find("deliveries", { guardian = f[1].mother, campaign = again.id })[1]
  expect.equal({ refused.state, refused.why }, { "left_out", "refused" })
  expect.equal(p.lead:get("campaigns", campaign(p, { kind = "news" }).id).sent, 2)            -- of that kind alone
  expect.equal(p.lead:report("campaign_reach").total.opted_out, 1)
end)

test("SVC-7: a segment is a part of them, students are written to themselves, and a campaign can be stopped half way", function()
  local p = people()
  local f = families(p, 9)
  local yan = as "teaching.lead"
  local year = yan:create("basics.school_years", { name = "2026-2027", starts_on = "2026-09-01", ends_on = "2027-07-10" })
  local major = yan:create("basics.majors", { code = "1", name = "护理", years = 3 })
  local class = yan:create("basics.classes", { name = "护理2601", major = major.id, school_year = year.id })
  p.affairs:update("basics.students", f[1].student, { class = class.id, major = major.id, phone = "14300000001" })
  local c = campaign(p, { class = class.id, audience = "students" })
  expect.equal({ p.lead:get("campaigns", c.id).sent, #p.desk:find("deliveries", { campaign = c.id }) }, { 1, 1 })
  expect.equal(p.lead:get("campaigns", campaign(p, { major = major.id }).id).sent, 1)
  local all = campaign(p, { kind = "news" })
  local half = p.lead:get("campaigns", all.id)
  expect.equal({ half.state, half.sent }, { "sending", 5 })
  expect.equal(p.lead:transition("campaigns", all.id, "stop", { note = "内容有误" }).state, "dropped")
  local posted = campaign(p, { channels = { "social" } })
  expect.equal(p.lead:get("campaigns", posted.id).state, "sent_out")
end)

test("SVC-9: a department asks for a hand: accepted, done, not yet, done, thanked; or declined with a reason", function()
  local p = people()
  local r = p.teacher:create("requests", { subject = "家长会接待", wanted_by = "2027-03-10" })
  expect.equal({ r.number, r.asked_by, r.team }, { "XZ2027-0001", p.teacher.id, "customer_service" })
  expect.refused("not_found", function() p.marketing:get("requests", r.id) end)
  p.desk:action("accept", { request = r.id })
  expect.equal(p.teacher:get("requests", r.id).helper, p.desk.id)
  expect.refused("invalid", function() p.desk:transition("requests", r.id, "finish") end)
  p.desk:transition("requests", r.id, "finish", { outcome = "接待 40 位家长" })
  p.teacher:transition("requests", r.id, "reopen", { note = "还差签到表" })
  p.desk:transition("requests", r.id, "finish", { outcome = "签到表已交" })
  expect.refused("forbidden", function() p.desk:transition("requests", r.id, "thank", { thanks = "x" }) end)
  p.teacher:transition("requests", r.id, "thank", { thanks = "非常周到", rating = 5 })
  local other = p.desk:create("requests", { subject = "活动海报", team = "marketing.lead", wanted_by = "2027-03-05" })
  p.marketing:transition("requests", other.id, "decline", { note = "本周排满" })
  local total = p.manager:report("requests_by_team").total
  expect.equal({ total.done, total.declined }, { 1, 1 })
end)
