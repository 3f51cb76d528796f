-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Emergencies (突发事件): taken up at once against clocks that never stop, told upward by themselves, reported on, closed by
-- somebody other than who dealt with them (ORG-8).
local field, shared = campus.field, require "shared"
local T = shared.title

local incidents = campus.case {
  title = T("突发事件", "Incidents"), serves = { "ORG-8" }, clock = "policy:incidents.clock", team = "role:deputy",
    calendar = "always",
  severities = shared.choices { "minor", "一般", "Minor", "serious", "较大", "Serious", "grave", "重大", "Grave" },
  escalate = { { after = "0h", to = "supervisor" }, { after = "policy:incidents.manager", to = "role:manager" },
    { after = "policy:incidents.leader", to = "role:principal" } },
  overview = { roles = { "principal", "manager", "deputy" }, order = 1, date = "due_at", days = 30 },
  indexes = { { "state", "due_at" }, { "group", "state" } },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "事{year}-{seq:3}" },
    kind = field.choice { title = T("类型", "Kind"), required = true,
      choices = shared.choices { "safety", "安全", "Safety", "health", "卫生健康", "Health",
      "teaching", "教学秩序", "Teaching", "service", "投诉舆情", "Complaint or rumour", "system", "系统数据", "Systems and data",
        "other", "其他", "Other" } },
    group = shared.group(T("责任小组", "Group"), { required = true }),
    happened_at = field.datetime { title = T("发生时间", "Happened at"), required = true, default = "$now" },
    place = field.text { title = T("地点", "Place"), max_length = 80 },
    about = field.text { title = T("涉及人员", "People concerned"), class = "confidential", max_length = 300 },
    reported_by = field.person { title = T("报告人", "Reported by"), readonly = true, default = "$actor" },
    told_at = field.datetime { title = T("上报时间", "Told upward at"), help = T("由系统填写", "filled in by the system") },
    report = field.longtext { title = T("事件报告", "Report"),
      help = T("经过、原因、影响、处置、教训", "What happened, why, what it did, what was done, what was learnt") },
    remark = field.text { title = T("结案意见", "Remark at closure"), max_length = 500 },
    group_key = shared.key "group",
  },
}
-- Who reports fills in what comes first; the rest is for those who deal with it.
for i, name in ipairs { "title", "severity", "kind", "group", "happened_at", "place", "found", "about", "assignee", "measure", "outcome",
  "report", "remark", "reported_by", "told_at", "number", "group_key" } do incidents.fields[name]._seq = i end
incidents.tasks = { title = T("突发事件任务", "Tasks of incidents"), serves = { "ORG-8" }, calendar = "always",
  escalate = { { after = "1d", to = "role:manager" } } }
local w = incidents.workflow
w.states.resolved = { title = T("已处置，待结案", "Dealt with"),
  deadline = { within = "policy:incidents.close", owner = "role:manager" } }
w.states.dismissed = nil
w.states.false_alarm = { title = T("误报", "False alarm"), final = true }
w.states.closed = { title = T("已结案", "Closed"), final = true }
w.transitions.dismiss = { title = T("误报", "False alarm"), from = { "open", "investigating" }, to = "false_alarm",
  needs = { "outcome" } }
w.transitions.investigate.title = T("受理处置", "Take up")
w.states.investigating.title = T("处置中", "Being dealt with")
w.transitions.resolve = { title = T("处置完毕", "Dealt with"), from = "investigating", to = "resolved",
  needs = { "measure", "outcome" },
  rule = "incident_is_reported" }
w.transitions.reopen = { title = T("继续处置", "Go on"), from = "resolved", to = "investigating", needs = { "remark" } }
w.transitions.close = { title = T("结案", "Close"), from = "resolved", to = "closed", needs = { "remark" } }

local function has(list, name)
  for _, one in ipairs(list) do if one == name then return true end end
  return false
end
local function incident_is_reported(incident, policy)
  local why = campus.reasons()
  why:check(not has(policy.incidents.reported, incident.severity) or incident.report,
    { code = "no_report", at = "report", policy = "incidents.reported" })
  why:check(not has(policy.incidents.told, incident.severity) or incident.told_at,
    { code = "not_told", at = "told_at", policy = "incidents.told" })
  return why:decision()
end

-- The manager hears of each, of grave ones the school leader too, who has it to acknowledge; also when it turns out to be graver.
local function tell(ctx, event)
  local incident, err = ctx:get("incidents", event.record)
  if not incident then return nil, err end
  if event.type == "operations.incidents.created" then ctx:send("incident_reported", "incidents", incident.id) end
  if incident.told_at or not has(ctx.policy.incidents.told, incident.severity) then return end
  if incident.state ~= "open" and incident.state ~= "investigating" then return end
  ctx:send("incident_told", "incidents", incident.id)
  local task, why = ctx:create("incidents_tasks", { record = incident.id, role = "principal", due_on = ctx:now().today,
    title = ctx:t("acknowledge", { number = incident.number }) })
  if not task then return nil, why end
  local _, wrong = ctx:update("incidents", incident.id, { told_at = ctx:now().time })
  if wrong then return nil, wrong end
end

return {
  entities = { incidents = incidents },
  rules = { incident_is_reported = campus.rule { reads = { "severity", "report", "told_at" },
    run = incident_is_reported, serves = { "ORG-8" } } },
  on = {
    ["operations.incidents.created"] = campus.on { run = tell, serves = { "ORG-8" } },
    ["operations.incidents.updated"] = campus.on { run = tell, serves = { "ORG-8" } },
  },
  messages = {
    incident_reported = campus.message {
      title = T("突发事件", "Incident"), entity = "incidents", to = { "role:deputy", "role:manager" }, channels = { "sms", "mail" },
      text = T("突发事件 {number}（{severity}）：{title}。请立即处置。",
        "Incident {number} ({severity}): {title}. Please see to it at once."), serves = { "ORG-8" },
    },
    incident_told = campus.message {
      title = T("重大突发事件报告", "Grave incident"), entity = "incidents", to = { "role:principal" }, channels = { "sms", "mail" },
      text = T("突发事件上报 {number}（{severity}）：{title}。", "Incident {number} ({severity}): {title}."), serves = { "ORG-8" },
    },
  },
  documents = {
    incident = { title = T("突发事件报告", "Report on an incident"), entity = "incidents", many = true, qr = "{link}",
      template = { zh = "templates/incident.html", en = "templates/incident.en.html" },
        states = { "resolved", "closed" }, serves = { "ORG-8" } },
  },
}
