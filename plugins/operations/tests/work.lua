-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The department's daily work: groups, plans and tasks, requests, indicators, reports (ORG-1 to ORG-5, ORG-7).
local function person(name, roles, group, boss)
  local one = as { roles = roles, name = name }
  local admin = as "admin"
  if group then admin:api("PUT", "admin/groups/" .. group .. "/members/" .. one.id, { from = "2027-01-01" }) end
  if boss then admin:api("PATCH", "admin/users/" .. one.id, { supervisor = boss.id }) end
  return one
end
local function department()
  local d = { leader = person("leader", "principal") }
  d.manager, d.second = person("manager", "manager", nil, d.leader), as "manager"
  d.deputy = person("deputy", "deputy", nil, d.manager)
  d.lead = person("lead", "admissions.lead", "admissions", d.deputy)
  d.officer = person("officer", "admissions.staff", "admissions", d.lead)
  d.teacher = person("teacher", "teaching.staff", "teaching")
  d.teaching = person("teaching", "teaching.lead", "teaching", d.deputy)
  d.made = d.manager:action "set_up".made
  for _, g in ipairs(d.manager:find("groups", {})) do d[g.group .. "_group"] = g.id end
  return d
end
local function counts(d, group)
  clock.advance "2m"
  local g = d.deputy:get("groups", d[group .. "_group"])
  return { g.open_work, g.late_work, g.flags }
end
local function plan(who, more)
  local fields = { title = "2027 年春季工作计划", starts_on = "2027-03-01", ends_on = "2027-07-10",
    goals = { { goal = "完成春季招生", measure = "报名 500 人" } } }
  for k, v in pairs(more or {}) do fields[k] = v end
  return who:create("plans", fields)
end

test("ORG-1: four groups and the posts of the policy are set up once, with duties, workflow and standards", function()
  local d = department()
  expect.yes(d.made >= 14, "groups and posts")
  expect.equal(d.manager:action "set_up".made, 0)
  expect.equal(#d.officer:find("groups", { kind = "group" }), 4)
  local post = d.officer:find("posts", { post = "admissions.staff" })[1]
  expect.yes(post.duties ~= "" and post.workflow ~= "" and post.standards ~= "", "a post says what it is for")
  expect.equal(d.officer:get("posts", post.above).post, "admissions.lead")
  expect.refused("forbidden", function() d.officer:update("posts", post.id, { duties = "无" }) end)
  d.manager:update("posts", post.id, { duties = "咨询登记、报名录入" })
  expect.equal(d.manager:action "set_up".made, 0)
  expect.equal(d.officer:get("posts", post.id).duties, "咨询登记、报名录入", "what the school changed stays")
  expect.equal(d.officer:get("groups", d.admissions_group).open_work, nil, "how late others are is for leaders")
  expect.refused("forbidden", function() d.officer:action "set_up" end)
  expect.yes(d.manager:api("POST", "operations/posts/" .. post.id .. "/documents/post", {}).id, "it can be printed")
end)

test("ORG-1: who acts in a post, and until when, is on the chart for staff", function()
  local d = department()
  as "admin":api("PUT", "admin/users/" .. d.deputy.id .. "/posts/head",
    { group = "admissions", acting = true, ["until"] = "2027-06-30" })
  local chart = d.officer:api("GET", "organisation")
  expect.equal(chart.posts[1], { person = d.deputy.id, post = "head", group = "admissions", from = "2027-03-01",
    ["until"] = "2027-06-30", acting = true })
  expect.refused("forbidden", function() as "partner":api("GET", "organisation") end)
end)

test("ORG-2: a plan whose goals are measured is signed by the leaders, carried out, revised and reviewed", function()
  local d = department()
  local p = plan(d.manager, { goals = { { goal = "完成春季招生" } }, ends_on = "2027-02-01" })
  local no = expect.refused("goal_unmeasured", function() d.manager:transition("plans", p.id, "submit") end)
  expect.reason(no, "ends_before", false)
  expect.refused("not_found", function() d.officer:get("plans", p.id) end)
  d.deputy:update("plans", p.id, { goals = { { goal = "完成春季招生", measure = "报名 500 人" } }, ends_on = "2027-07-10" })
  d.manager:transition("plans", p.id, "submit")
  d.manager:transition("plans", p.id, "take_back")
  d.manager:transition("plans", p.id, "submit")
  expect.refused("forbidden", function() d.manager:transition("plans", p.id, "approve", { approval = { note = "同意" } }) end)
  d.leader:transition("plans", p.id, "send_back", { approval = { note = "补充依据" } })
  d.manager:update("plans", p.id, { basis = "学校年度工作要点" })
  d.manager:transition("plans", p.id, "submit")
  d.second:transition("plans", p.id, "approve", { approval = { note = "同意" } })
  expect.equal(d.leader:transition("plans", p.id, "approve", { approval = { note = "同意" } }).state, "approved")
  expect.equal(d.officer:get("plans", p.id).state, "approved")
  d.manager:transition("plans", p.id, "revise", { note = "增加目标" })
  d.manager:transition("plans", p.id, "submit")
  d.second:transition("plans", p.id, "approve", { approval = { note = "同意" } })
  d.leader:transition("plans", p.id, "approve", { approval = { note = "同意" } })
  expect.refused("invalid", function() d.manager:transition("plans", p.id, "close") end)
  expect.equal(d.manager:transition("plans", p.id, "close", { review = "目标完成", achieved = 96 }).state, "closed")
end)

test("ORG-2: a plan without goals is not submitted; a lead plans for the group, the manager and the leader sign", function()
  local d = department()
  local p = plan(d.lead, { group = d.admissions_group, goals = {} })
  expect.refused("no_goals", function() d.lead:transition("plans", p.id, "submit") end)
  d.lead:update("plans", p.id, { goals = { { goal = "回访", measure = "回访率 100%" } } })
  d.lead:transition("plans", p.id, "submit")
  d.manager:transition("plans", p.id, "approve", { approval = { note = "同意" } })
  expect.equal(d.leader:transition("plans", p.id, "approve", { approval = { note = "同意" } }).state, "approved")
end)

test("ORG-2, ORG-4, ORG-7: a task is told of, reported on, chased when late, and seen by who supervises", function()
  local d = department()
  local p = plan(d.manager)
  local t = d.lead:create("plans_tasks", { record = p.id, title = "县城巡回咨询", group = d.admissions_group,
    assignee = d.officer.id, due_on = "2027-03-05",
    link = "培训班次：招生咨询话术" })
  expect.refused("forbidden", function()
    d.lead:create("plans_tasks", { record = p.id, title = "不是本组的", group = d.teaching_group, due_on = "2027-03-05" })
  end)
  local inbox = d.officer:api("GET", "inbox").items
  expect.equal({ inbox[1].record, d.officer:get("plans_tasks", t.id).link }, { t.id, "培训班次：招生咨询话术" })
  d.officer:update("plans_tasks", t.id, { progress = 60, note = "已走三县" })
  expect.refused("forbidden", function() d.officer:update("plans_tasks", t.id, { due_on = "2027-04-05" }) end)
  expect.refused("not_found", function() d.teacher:get("plans_tasks", t.id) end)
  expect.equal(counts(d, "admissions"), { 1, 0, 0 })
  clock.advance "7d"
  expect.equal(counts(d, "admissions"), { 1, 1, 0 })
  expect.yes(#events "deadline.missed" >= 1, "it is late")
  clock.advance "4d"
  local told = {}
  for _, who in ipairs { "lead", "deputy", "manager" } do
    for _, todo in ipairs(d[who]:api("GET", "inbox").items) do told[who] = told[who] or todo.record == t.id end
  end
  expect.equal(told, { lead = true, deputy = true, manager = true })
  local table_of = d.leader:report "supervision".rows
  expect.equal(#table_of, 6)
  expect.equal(d.officer:transition("plans_tasks", t.id, "complete", { result = "五县完成" }).state, "done")
  expect.equal(counts(d, "admissions"), { 0, 0, 0 })
  local other = d.deputy:create("plans_tasks", { record = p.id, title = "取消的", group = d.teaching_group })
  d.deputy:transition("plans_tasks", other.id, "cancel", { note = "合并" })
  local row = d.leader:report "tasks_by_plan".rows[1]
  expect.equal({ row.count, row.done, row.open }, { 2, 1, 0 })
end)

test("ORG-3: a request is taken up, handed over with its trail, answered, asked again and closed by who asked", function()
  local d = department()
  local r = d.officer:create("requests", { title = "开放日教室", from = d.admissions_group, to = d.service_group,
    content = "借用两间教室", wanted_by = "2027-03-12" })
  expect.refused("not_found", function() d.teacher:get("requests", r.id) end)
  expect.refused("forbidden", function() d.officer:transition("requests", r.id, "accept", { handler = d.officer.id }) end)
  expect.refused("invalid", function() d.manager:action("hand_over", { request = r.id, to = d.service_group, reason = "x" }) end)
  expect.equal(counts(d, "service"), { 1, 0, 0 })
  d.manager:action("hand_over", { request = r.id, to = d.teaching_group, reason = "教室归教学支持组" })
  expect.equal(counts(d, "service"), { 0, 0, 0 })
  local seen = d.teaching:get("requests", r.id)
  expect.equal({ seen.lead, seen.handovers[1].to, seen.handovers[1].reason }, { "teaching.lead", "教学支持组", "教室归教学支持组" })
  expect.equal(d.teaching:api("GET", "inbox").items[1].record, r.id)
  d.officer:update("requests", r.id, { content = "借用三间教室" })
  d.teaching:transition("requests", r.id, "accept", { handler = d.teacher.id })
  expect.refused("forbidden", function() d.officer:update("requests", r.id, { content = "借用四间教室" }) end)
  d.teacher:transition("requests", r.id, "answer", { reply = "301 至 303" })
  expect.equal(d.officer:transition("requests", r.id, "reopen", { note = "还缺投影" }).state, "sent")
  d.teaching:transition("requests", r.id, "accept", {})
  d.teacher:transition("requests", r.id, "answer", { reply = "投影已备" })
  expect.refused("forbidden", function() d.teacher:transition("requests", r.id, "close") end)
  expect.equal(d.officer:transition("requests", r.id, "close").state, "closed")
  expect.equal(#d.lead:find("requests", {}), 1, "the group that asked sees it")
end)

test("ORG-3: what nobody takes up climbs; it may be declined with a reply, or withdrawn", function()
  local d = department()
  local function ask() return d.officer:create("requests",
    { title = "x", from = d.admissions_group, to = d.teaching_group, content = "y", wanted_by = "2027-03-12" }) end
  local late, no, back = ask(), ask(), ask()
  d.teaching:transition("requests", no.id, "decline", { reply = "当周考试" })
  expect.equal(d.officer:transition("requests", no.id, "close").state, "closed")
  expect.equal(d.officer:transition("requests", back.id, "withdraw", { note = "不需要了" }).state, "withdrawn")
  clock.advance "5d"
  expect.equal(counts(d, "teaching"), { 1, 1, 0 })
  local told
  for _, todo in ipairs(d.manager:api("GET", "inbox").items) do told = told or todo.record == late.id end
  expect.yes(told, "the manager hears of it")
end)

test("ORG-5: an indicator has its month's target; what people fill in is judged; off target is flagged", function()
  local d = department()
  local i = d.manager:create("indicators", { name = "线索转化率", group = d.admissions_group, unit = "%", target = "20.0",
    keeper = d.officer.id })
  local less = d.deputy:create("indicators", { name = "投诉件数", group = d.service_group, unit = "件", direction = "down",
    target = "5.0" })
  clock.advance "2m"
  local m = d.officer:find("measurements", { indicator = i.id })[1]
  expect.equal({ m.period, m.target, m.actual }, { "2027-03", "20.0", nil })
  d.officer:update("measurements", m.id, { actual = "12.0" })
  expect.refused("forbidden", function() d.officer:update("measurements", m.id, { target = "10.0" }) end)
  expect.refused("not_found", function() d.teacher:get("measurements", m.id) end)
  expect.equal(counts(d, "admissions"), { 0, 0, 1 })
  m = d.lead:get("measurements", m.id)
  expect.equal({ m.attained, m.flagged }, { 60, true })
  d.officer:update("measurements", m.id, { actual = "19.0" })
  expect.equal(counts(d, "admissions"), { 0, 0, 0 })
  local down = d.manager:find("measurements", { indicator = less.id })[1]
  d.manager:update("measurements", down.id, { actual = "10.0" })
  clock.advance "2m"
  expect.equal(d.manager:get("measurements", down.id).attained, 50)
  expect.refused("unique", function() d.manager:create("measurements",
    { indicator = i.id, period = "2027-03", target = "1.0" }) end)
  local row
  for _, one in ipairs(d.lead:report "indicators_by_group".rows) do if one.indicator_name == "线索转化率" then row = one end end
  expect.equal({ row.period, row.target, row.group_name }, { "2027-03", "20.0", "招生组" })
  expect.equal(#d.leader:report "attainment_trend".rows, 2)
  expect.equal(d.manager:transition("indicators", less.id, "retire").state, "retired")
  expect.equal(d.manager:transition("indicators", less.id, "restore").state, "in_use")
end)

test("ORG-5: what is recorded anyway is counted by the system: leads, tasks and requests of the month", function()
  local d = department()
  d.lead:create("admissions.leads", { name = "某某", phone = "13900000001" })
  local p = plan(d.manager)
  for n = 1, 4 do
    local t = d.deputy:create("plans_tasks", { record = p.id, title = "任务" .. n, group = d.admissions_group,
      due_on = "2027-03-2" .. n })
    if n < 4 then d.deputy:transition("plans_tasks", t.id, "complete") end
  end
  for source, target in pairs { leads = "1.0", applicants = "10.0", tasks = "90.0", requests = "90.0" } do
    d.manager:create("indicators", { name = source, group = d.admissions_group, unit = "个", source = source, target = target })
  end
  clock.advance "2m"
  local function actual(name) return d.manager:find("measurements", { indicator_name = name, period = "2027-03" })[1].actual end
  expect.equal({ actual "leads", actual "applicants", actual "tasks", actual "requests" }, { "1.0", "0.0", "75.0", nil })
  d.lead:create("admissions.leads", { name = "某某", phone = "13900000002" })
  expect.equal(d.deputy:action "refresh_indicators".indicators, 4)
  clock.advance "2m"
  expect.equal(actual "leads", "2.0")
  expect.refused("forbidden", function() d.officer:action "refresh_indicators" end)
end)

test("ORG-5, ORG-7: reports upward carry the figures, say why something is late, and are read with a remark", function()
  local d = department()
  local p = plan(d.manager)
  d.deputy:create("plans_tasks", { record = p.id, title = "逾期的", group = d.admissions_group, due_on = "2027-03-02" })
  local i = d.manager:create("indicators", { name = "线索转化率", group = d.admissions_group, unit = "%", target = "20.0" })
  clock.advance "2m"
  d.manager:update("measurements", d.manager:find("measurements", { indicator = i.id })[1].id, { actual = "10.0" })
  clock.advance "4d"
  clock.advance "2m"
  local id = d.deputy:action("prepare_report", { kind = "progress", period = "2027-03" }).report
  local r = d.deputy:get("briefs", id)
  expect.equal({ r.to_role, r.late, #r.groups, r.indicators[1].attained, r.until_day }, { "manager", 1, 4, 50, "2027-03-31" })
  local no = expect.refused("late_unexplained", function() d.deputy:transition("briefs", id, "submit", { analysis = "总体正常" }) end)
  expect.reason(no, "off_unexplained", false)
  d.deputy:update("briefs", id, { from_day = "2027-04-02" })
  expect.refused("ends_before", function() d.deputy:transition("briefs", id, "submit", { analysis = "x", measures = "y" }) end)
  d.deputy:update("briefs", id, { from_day = "2027-03-01" })
  d.deputy:transition("briefs", id, "submit", { analysis = "总体正常", measures = "增派人手，周内补齐" })
  expect.refused("forbidden", function() d.leader:transition("briefs", id, "acknowledge", { remark = "阅" }) end)
  expect.refused("forbidden", function() d.deputy:update("briefs", id, { analysis = "改" }) end)
  d.manager:transition("briefs", id, "send_back", { remark = "补充数据" })
  d.deputy:transition("briefs", id, "submit")
  expect.equal(d.manager:transition("briefs", id, "acknowledge", { remark = "同意，抓紧" }).state, "read")
  expect.yes(d.manager:api("POST", "operations/briefs/" .. id .. "/documents/report", {}).id, "it can be printed")
  local mine = d.manager:action("prepare_report", { kind = "operations" }).report
  local last = d.manager:get("briefs", mine)
  expect.equal({ last.to_role, last.title }, { "principal", "2027-02 运营分析报告" })
  expect.equal(d.manager:transition("briefs", mine, "submit", { analysis = "正常", measures = "无" }).state, "submitted")
  expect.equal(d.leader:transition("briefs", mine, "acknowledge", { remark = "阅" }).state, "read")
  expect.refused("not_found", function() d.officer:get("briefs", id) end)
end)

test("ORG-5, ORG-7: an improvement is proposed, decided, carried out and seen to work by somebody else", function()
  local d = department()
  local function propose(title)
    return d.officer:create("improvements", { title = title, group = d.admissions_group, problem = "首次联系慢", measure = "分时段排班" })
  end
  local one, two = propose "排班", propose "加人"
  expect.refused("forbidden", function() d.officer:transition("improvements", one.id, "adopt",
    { responsible = d.officer.id, due_on = "2027-04-01" }) end)
  expect.refused("invalid", function() d.manager:transition("improvements", two.id, "decline") end)
  expect.equal(d.manager:transition("improvements", two.id, "decline", { resolution = "编制不足" }).state, "declined")
  d.manager:transition("improvements", one.id, "adopt", { responsible = d.officer.id, due_on = "2027-04-01" })
  expect.refused("forbidden", function() d.officer:update("improvements", one.id, { due_on = "2027-05-01" }) end)
  expect.equal(counts(d, "admissions"), { 1, 0, 0 })
  d.officer:transition("improvements", one.id, "finish", { result = "首次联系缩短到 6 小时" })
  expect.refused("forbidden", function() d.officer:transition("improvements", one.id, "verify") end)
  d.deputy:transition("improvements", one.id, "resume", { resolution = "周末仍慢", due_on = "2027-04-10" })
  d.officer:transition("improvements", one.id, "finish", { result = "周末也有人" })
  expect.equal(d.deputy:transition("improvements", one.id, "verify").state, "verified")
end)

