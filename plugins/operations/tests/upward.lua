-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Beyond the day: partners and agreements, proposed rules, emergencies (ORG-6 to ORG-8, SUP-1).
local PDF = "%PDF-1.4\n%%EOF\n"
local function school()
  local s = { admin = as "admin" }
  for name, role in pairs { leader = "principal", manager = "manager", deputy = "deputy", lead = "admissions.lead",
    officer = "admissions.staff" } do
    s[name] = as { roles = role, name = name }
  end
  for who, boss in pairs { officer = "lead", lead = "deputy", deputy = "manager", manager = "leader" } do
    s.admin:api("PATCH", "admin/users/" .. s[who].id, { supervisor = s[boss].id })
  end
  for _, who in ipairs { "lead", "officer" } do s.admin:api("PUT", "admin/groups/admissions/members/" .. s[who].id, {}) end
  s.manager:action "set_up"
  s.group = s.manager:find("groups", { group = "admissions" })[1].id
  return s
end
local function waits(who, id)
  for _, todo in ipairs(who:api("GET", "inbox").items) do if todo.record == id then return true end end
  return false
end

test("ORG-6: a partner has contacts; an agreement is signed whole, reminded of, lapses and is renewed", function()
  local s = school()
  local p = s.lead:create("partners", { name = "远航汽车有限公司", kind = "enterprise", field_of_work = "订单班" })
  local c = s.lead:create("partner_contacts", { partner = p.id, name = "钱经理", phone = "13900000003" })
  expect.equal(s.manager:get("partner_contacts", c.id).phone, "139****0003")
  expect.refused("not_found", function() s.officer:get("partners", p.id) end)
  local function draft(number, more)
    local fields = { title = "校企合作协议", number = number, partner = p.id, officer = s.lead.id, starts_on = "2027-03-01",
      ends_on = "2027-05-20",
      rights = "共建实训基地", duties = "每年接收实习", signed_on = "2027-03-01", file = s.lead:api("POST", "files?name=a.pdf", PDF).id }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.lead:create("agreements", fields)
  end
  local bad = draft("QH-1", { starts_on = "2020-01-01", ends_on = "2026-12-31", signed_on = "2027-04-01" })
  local no = expect.refused("over_already", function() s.manager:transition("agreements", bad.id, "sign") end)
  expect.reason(no, "signed_future", false)
  expect.reason(no, "term_long", false)
  s.lead:update("agreements", bad.id, { starts_on = "2027-05-01" })
  expect.refused("ends_before", function() s.manager:transition("agreements", bad.id, "sign") end)
  local a, b = draft "QH-2", draft("QH-3", { starts_on = "2027-05-21", ends_on = "2028-05-20" })
  expect.refused("forbidden", function() s.lead:transition("agreements", a.id, "sign") end)
  expect.equal(s.manager:transition("agreements", a.id, "sign").state, "in_force")
  expect.refused("forbidden", function() s.lead:update("agreements", a.id, { ends_on = "2029-06-30" }) end)
  clock.set "2027-03-22T09:00:00+08:00"
  expect.yes(waits(s.lead, a.id), "sixty days before its end")
  clock.set "2027-05-21T09:00:00+08:00"
  expect.equal(s.lead:get("agreements", a.id).state, "expired")
  s.manager:transition("agreements", b.id, "sign")
  expect.refused("invalid", function() s.lead:transition("agreements", a.id, "renew") end)
  expect.equal(s.lead:transition("agreements", a.id, "renew", { renewed_by = b.id }).state, "renewed")
  expect.equal(s.manager:transition("agreements", b.id, "terminate", { note = "对方停业" }).state, "ended")
  s.manager:transition("partners", p.id, "stop", { note = "对方停业" })
  expect.equal(s.manager:transition("partners", p.id, "restore").state, "active")
end)

local DRAFT = "policy: finance\ninvoice: { window: 60 }\n"
local function proposal(s, more)
  local fields = { title = "发票报销期限缩短为 60 天", concerns = "finance", reason = "跨年发票过多", draft = DRAFT, effective_from = "2027-04-01" }
  for k, v in pairs(more or {}) do fields[k] = v or nil end
  return s.deputy:create("rule_proposals", fields)
end
test("ORG-7, SUP-1: a proposed rule comes with its lab report, is discussed, decided by others and put in force", function()
  local s = school()
  local r = proposal(s, { effective_from = "2027-02-01" })
  local no = expect.refused("not_tried", function() s.deputy:transition("rule_proposals", r.id, "propose") end)
  expect.reason(no, "lab_unsaid", false)
  expect.reason(no, "backdated", false)
  local report = s.deputy:api("POST", "files?name=lab.pdf", PDF).id
  s.deputy:update("rule_proposals", r.id, { lab_report = report, lab_result = "203 件中 4 件结论改变", effective_from = "2027-04-01" })
  s.deputy:transition("rule_proposals", r.id, "propose")
  s.lead:create("opinions", { proposal = r.id, stance = "change", title = "差旅发票放宽到 75 天" })
  s.deputy:transition("rule_proposals", r.id, "rework")
  s.deputy:update("rule_proposals", r.id, { lab_link = "任务 17" })
  s.deputy:transition("rule_proposals", r.id, "propose")
  expect.refused("forbidden", function() s.lead:transition("rule_proposals", r.id, "put") end)
  s.deputy:transition("rule_proposals", r.id, "put")
  s.deputy:transition("rule_proposals", r.id, "take_back")
  s.deputy:transition("rule_proposals", r.id, "put")
  s.manager:transition("rule_proposals", r.id, "send_back", { approval = { note = "再议" } })
  s.deputy:transition("rule_proposals", r.id, "put")
  expect.refused("forbidden", function() s.deputy:transition("rule_proposals", r.id, "adopt") end)
  s.manager:transition("rule_proposals", r.id, "adopt", { approval = { note = "同意" } })
  expect.equal(s.leader:transition("rule_proposals", r.id, "adopt", { approval = { note = "同意" } }).state, "adopted")
  expect.yes(waits(s.manager, r.id), "it waits to be put in force")
  expect.refused("invalid", function() s.manager:transition("rule_proposals", r.id, "activate") end)
  expect.equal(s.manager:transition("rule_proposals", r.id, "activate", { release = 12 }).state, "active")
  expect.refused("not_found", function() s.officer:get("rule_proposals", r.id) end)
end)

test("ORG-7: a rule is declined with a reason, or withdrawn; a policy is named; a text needs no lab, nor where it is optional", function()
  local s = school()
  local text = proposal(s, { kind = "text", concerns = false })
  s.deputy:transition("rule_proposals", text.id, "propose")
  expect.refused("invalid", function() s.manager:transition("rule_proposals", text.id, "decline") end)
  expect.equal(s.manager:transition("rule_proposals", text.id, "decline", { resolution = "与上位制度重复" }).state, "declined")
  local unnamed = proposal(s, { concerns = false })
  expect.refused("policy_unnamed", function() s.deputy:transition("rule_proposals", unnamed.id, "propose") end)
  expect.equal(s.deputy:transition("rule_proposals", unnamed.id, "withdraw").state, "withdrawn")
  policy { rules = { lab = "optional" } }
  expect.equal(s.deputy:transition("rule_proposals", proposal(s).id, "propose").state, "discussing")
end)

test("ORG-8: a grave incident reaches the leader by itself, takes a report, and is closed by somebody else", function()
  local s = school()
  local i = s.officer:create("incidents", { title = "实训楼触电", kind = "safety", severity = "grave", group = s.group,
    place = "实训楼", about = "学生一名" })
  clock.advance "2m"
  expect.yes(s.leader:get("incidents", i.id).told_at, "the leader was told")
  expect.equal({ #messages "incident_reported" > 0, #messages "incident_told" > 0 }, { true, true })
  local task
  for _, todo in ipairs(s.leader:api("GET", "inbox").items) do
    if todo.entity == "operations.incidents_tasks" then task = todo.record end
  end
  expect.equal(s.leader:transition("incidents_tasks", task, "complete").state, "done")
  expect.yes(waits(s.deputy, i.id), "it is the deputy's until somebody has it")
  clock.advance "20m"
  expect.yes(waits(s.deputy, i.id), "and climbs")
  expect.refused("forbidden", function() s.deputy:update("incidents", i.id, { told_at = "2027-03-01T00:00:00Z" }) end)
  s.lead:transition("incidents", i.id, "investigate", { assignee = s.lead.id })
  expect.equal(s.lead:get("incidents", i.id).state, "investigating")
  expect.refused("no_report", function() s.lead:transition("incidents", i.id, "resolve",
    { measure = "断电送医", outcome = "无生命危险" }) end)
  s.lead:update("incidents", i.id, { report = "经过、原因、教训" })
  s.lead:transition("incidents", i.id, "resolve", { measure = "断电送医", outcome = "无生命危险" })
  s.manager:transition("incidents", i.id, "reopen", { remark = "补充整改" })
  s.manager:transition("incidents", i.id, "resolve")
  expect.refused("forbidden", function() s.manager:transition("incidents", i.id, "close", { remark = "已整改" }) end)
  expect.equal(s.leader:transition("incidents", i.id, "close", { remark = "已整改" }).state, "closed")
  expect.refused("forbidden", function() s.manager:update("incidents", i.id, { outcome = "改" }) end)
  expect.yes(s.manager:api("POST", "operations/incidents/" .. i.id .. "/documents/incident", {}).id, "it can be printed")
end)

test("ORG-8: a minor one needs no report, but its clock climbs to the manager and the leader; a false alarm ends", function()
  local s = school()
  local i = s.officer:create("incidents", { title = "系统登录缓慢", kind = "system", severity = "minor", group = s.group })
  clock.advance "2m"
  expect.equal(#messages "incident_told", 0)
  clock.advance "7h"
  expect.yes(waits(s.manager, i.id) and waits(s.leader, i.id), "nobody took it up")
  local f = s.officer:create("incidents", { title = "烟感误报", kind = "safety", severity = "minor", group = s.group })
  expect.equal(s.deputy:transition("incidents", f.id, "dismiss", { outcome = "误触" }).state, "false_alarm")
  s.deputy:transition("incidents", i.id, "investigate", { assignee = s.deputy.id })
  s.deputy:transition("incidents", i.id, "resolve", { measure = "重启", outcome = "恢复" })
  expect.equal(s.manager:transition("incidents", i.id, "close", { remark = "阅" }).state, "closed")
  local t = s.deputy:create("incidents_tasks", { record = i.id, title = "扩容", assignee = s.officer.id })
  expect.refused("not_found", function() s.lead:transition("incidents_tasks", t.id, "cancel", { note = "x" }) end)
  s.deputy:transition("incidents_tasks", t.id, "cancel", { note = "列入预算" })
end)

test("ORG-8: one that turns out to be graver is told upward then, and not resolved before", function()
  local s = school()
  local i = s.officer:create("incidents", { title = "食物中毒疑似", kind = "health", severity = "minor", group = s.group })
  s.deputy:transition("incidents", i.id, "investigate", { assignee = s.deputy.id })
  s.deputy:update("incidents", i.id, { severity = "serious", report = "经过" })
  expect.reason(decide("incident_is_reported", { severity = "serious", report = "经过" }), "not_told", false)
  clock.advance "2m"
  expect.yes(#messages "incident_told" > 0 and s.leader:get("incidents", i.id).told_at, "the leader was told")
  expect.equal(s.deputy:transition("incidents", i.id, "resolve", { measure = "送医", outcome = "排除" }).state, "resolved")
end)
