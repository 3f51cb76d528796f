-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Until a complaint is solved its sender is told how far it is, again and again: each telling is owed by a time,
-- one that is missed stays flagged, and any talk that is noted meanwhile is one (SVC-4).
local field, shared = campus.field, require "shared"
local T = shared.title

local progress = campus.entity {
  title = T("进展告知", "Progress to be told"), subject = "complaint", part_of = "complaint", serves = { "SVC-4" },
  overview = { roles = { "service.lead", "customer_service" }, order = 9, date = "due_at", days = 7 },
  fields = {
    complaint = field.reference { to = "complaints", title = T("投诉", "Complaint"), required = true },
    number = field.text { title = T("投诉编号", "Number"), derived = "complaint.number" },
    severity = field.choice { title = T("严重程度", "Severity"), choices = shared.SEVERITIES, derived = "complaint.severity" },
    told = field.longtext { title = T("告知内容", "What is told"), max_length = 300 },
    way = field.choice { title = T("方式", "Way"), choices = shared.WAYS },
    told_by = field.person { title = T("告知人", "Told by") },
    told_at = field.datetime { title = T("告知时间", "Told at") },
    missed = field.boolean { title = T("曾逾期", "Was missed") },
    about_person = field.person { title = T("被投诉人", "About whom"), derived = "complaint.about_person" },
  },
  workflow = {
    start = "due",
    states = {
      due = { title = T("待告知", "To be told"), todo = "role:customer_service", deadline = { within = "policy:complaints.progress",
        by = "severity", owner = "role:customer_service", remind = { "policy:complaints.remind" },
        escalate = { { after = "0h", to = "role:service.lead" }, { after = "policy:complaints.patience", to = "role:manager" } } } },
      done = { title = T("已告知", "Told"), final = true },
      cancelled = { title = T("不再需要", "Not needed any more"), final = true },
    },
    transitions = {
      tell = { title = T("告知", "Tell"), from = "due", to = "done", needs = { "told", "way", "told_by", "told_at" } },
      cancel = { title = T("取消", "Cancel"), from = "due", to = "cancelled" },
    },
  },
  indexes = { { "state", "due_at" }, { "complaint", "state" } },
}

local function due(ctx, complaint) return shared.first(ctx, "progress", { complaint = complaint, state = "due" }) end
local function owe(ctx, complaint)
  local one, err = due(ctx, complaint)
  if one or err then return one, err end
  return ctx:create("progress", { complaint = complaint })
end

-- Owed while it is handled, and no longer: an event is heard later, so what counts is how it stands by then.
local function moved(ctx, event)
  local complaint, err = ctx:get("complaints", event.record)
  if not complaint then return nil, err end
  local ok, why
  if complaint.state == "handling" then
    ok, why = owe(ctx, complaint.id)
  else
    ok, why = shared.each(ctx, "progress", { complaint = complaint.id, state = "due" },
      function(one) return ctx:transition("progress", one.id, "cancel") end)
  end
  if not ok then return nil, why end
end
local function told(ctx, event)
  local one, err = ctx:get("progress", event.record)
  if not one then return nil, err end
  local done, why = ctx:update("complaints", one.complaint, { progress_text = one.told, progress_at = one.told_at })
  if not done then return nil, why end
  if done.state == "handling" then
    local again, refused = owe(ctx, done.id)
    if not again then return nil, refused end
  end
end
local function missed(ctx, event)
  local done, err = ctx:update("progress", event.record, { missed = true })
  if not done then return nil, err end
end
-- A talk about the complaint, noted in the log, is what was owed.
local function talked(ctx, event)
  local talk, err = ctx:get("contacts", event.record)
  if not talk then return nil, err end
  if not talk.complaint then return end
  local one, why = due(ctx, talk.complaint)
  if not one then return nil, why end
  local done, refused = ctx:transition("progress", one.id, "tell", { told = ctx:t("told_by_contact"), way = talk.way,
    told_by = talk.by_person, told_at = talk.at_time })
  if not done then return nil, refused end
end

-- A message goes out with it, or somebody says that they have told them otherwise.
local function tell(ctx, input)
  local one, err = ctx:get("progress", input.progress)
  if not one then return nil, err end
  if input.way == "message" then
    local sent, unsent = ctx:send("complaint_progress", "complaints", one.complaint, { told = input.told })
    if not sent then return nil, unsent end
    if sent.queued == 0 then return nil, { code = "invalid", text = "way: there is no mobile to write to; tell them by telephone" } end
  end
  local done, why = ctx:transition("progress", one.id, "tell", { told = input.told, way = input.way, told_by = ctx.actor.id,
    told_at = ctx:now().time })
  if not done then return nil, why end
  return { state = done.state }
end

return {
  entities = { progress = progress },
  on = {
    ["service.complaints.handling"] = moved, ["service.complaints.replied"] = moved, ["service.complaints.withdrawn"] = moved,
    ["service.progress.done"] = told,
    ["service.progress.deadline.missed"] = missed,
    ["service.contacts.created"] = talked,
  },
  actions = {
    tell = campus.action { title = T("告知投诉人", "Tell the complainant"), run = tell, on = "progress", states = { "due" },
      serves = { "SVC-4" },
      input = { progress = field.reference { to = "progress", title = T("进展告知", "Progress"), required = true },
        way = field.choice { title = T("方式（短信由系统发出）", "Way (a message goes out by itself)"), required = true, default = "message",
          choices = shared.WAYS },
        told = field.longtext { title = T("告知内容", "What is told"), required = true, max_length = 300 } } },
  },
}
