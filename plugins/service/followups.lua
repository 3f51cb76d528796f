-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Whoever was answered is asked whether it is solved, by staff or by their own code; who is unhappy has it opened again (SVC-5).
local field, shared = campus.field, require "shared"
local T = shared.title

local followups = campus.entity {
  title = T("回访", "Follow-ups"), subject = { "complaint", "enquiry" }, part_of = { "complaint", "enquiry" }, serves = { "SVC-5" },
  fields = {
    number = field.text { title = T("投诉或咨询", "Of"), max_length = 40 },
    complaint = field.reference { to = "complaints", title = T("投诉", "Complaint") },
    enquiry = field.reference { to = "enquiries", title = T("咨询", "Enquiry") },
    handled_by = field.person { title = T("承办人", "Handled by"), derived = "complaint.handler" },
    way = field.choice { title = T("方式", "Way"), choices = shared.WAYS },
    score = field.integer { title = T("满意度", "Satisfaction"), min = 1, max = 5, help = T("1 很不满意 … 5 很满意",
      "1: very unhappy … 5: very happy") },
    comment = field.longtext { title = T("意见", "What they say"), max_length = 500 },
    about_person = field.person { title = T("被投诉人", "About whom"), derived = "complaint.about_person" },
    note = field.text { title = T("说明", "Note"), max_length = 300 },
  },
  workflow = {
    start = "due",
    states = {
      due = { title = T("待回访", "Due"), todo = "role:customer_service", deadline = { within = "policy:followup.within",
        owner = "role:customer_service", escalate = { { after = "0h", to = "role:service.lead" } } } },
      done = { title = T("已回访", "Done"), final = true },
      unreached = { title = T("未联系上", "Not reached"), final = true },
      cancelled = { title = T("取消", "Cancelled"), final = true },
    },
    transitions = {
      finish = { title = T("记录回访", "Note what they say"), from = "due", to = "done", needs = { "way", "score" },
        rule = "followup_says_why" },
      unreach = { title = T("未联系上", "Not reached"), from = "due", to = "unreached", needs = { "note" } },
      cancel = { title = T("取消", "Cancel"), from = "due", to = "cancelled" },
    },
  },
  indexes = { { "state", "due_at" }, { "complaint", "state" }, { "enquiry", "state" } },
}

local function followup_says_why(one, policy)
  local why, low = campus.reasons(), policy.followup.unhappy
  why:check(one.score > low or (one.comment and one.comment ~= ""),
    { code = "comment_missing", at = "comment", have = one.score, want = low, policy = "followup.unhappy" })
  return why:decision()
end

-- Whose case it is: the entity and the record.
local function case_of(one) return one.complaint and "complaints" or "enquiries", one.complaint or one.enquiry end

local function ask(ctx, filters)
  local one, err = shared.first(ctx, "followups", { complaint = filters.complaint, enquiry = filters.enquiry, state = "due" })
  if one or err then return one, err end
  return ctx:create("followups", filters)
end
-- Events are heard later: what counts is how the case stands by then.
local function replied(ctx, event)
  local one, err = ctx:get("complaints", event.record)
  if not one then return nil, err end
  if one.state ~= "replied" then return end
  local made, why = ask(ctx, { complaint = one.id, number = one.number })
  if not made then return nil, why end
end
-- What went through several hands is asked about; others say what they think by their code.
local function answered(ctx, event)
  local one, err = ctx:get("enquiries", event.record)
  if not one then return nil, err end
  if one.state ~= "answered" or one.hand_over_count < 1 then return end
  local made, why = ask(ctx, { enquiry = one.id, number = one.number })
  if not made then return nil, why end
end
local function call_off(ctx, entity, id)
  local filters = { state = "due", [entity == "complaints" and "complaint" or "enquiry"] = id }
  return shared.each(ctx, "followups", filters, function(one) return ctx:transition("followups", one.id, "cancel") end)
end
local function over(ctx, event)
  local entity = event.entity == "service.complaints" and "complaints" or "enquiries"
  local case, err = ctx:get(entity, event.record)
  if not case then return nil, err end
  if case.state == "replied" or case.state == "answered" then return end
  local _, why = call_off(ctx, entity, case.id)
  if why then return nil, why end
end

-- By the code of the case: taken while it has been answered and is not over, and then nobody need ask any more.
local function created(ctx, event)
  local one, err = ctx:get("followups", event.record)
  if not one then return nil, err end
  if one.way ~= "form" or one.state ~= "due" then return end
  local entity, id = case_of(one)
  local case = id and ctx:get(entity, id)
  local open = case and (case.state == "replied" or case.state == "answered") and one.score
  if not open then
    local gone, why = ctx:transition("followups", one.id, "cancel")
    if not gone then return nil, why end
    return
  end
  local low = one.score <= ctx.policy.followup.unhappy
  local done, refused = ctx:transition("followups", one.id, "finish", { score = one.score, number = case.number,
    comment = one.comment or (low and ctx:t("no_comment") or nil) })
  if not done then return nil, refused end
end
-- Unhappy: it is opened again. Happy, or not to be reached: it may be closed.
local function done(ctx, event)
  local one, err = ctx:get("followups", event.record)
  if not one then return nil, err end
  local entity, id = case_of(one)
  local case, why = ctx:get(entity, id)
  if not case then return nil, why end
  local _, left = call_off(ctx, entity, id)
  if left then return nil, left end
  if case.state ~= "replied" and case.state ~= "answered" then return end
  local ok, refused
  if one.state == "unreached" then
    if one.complaint then ok, refused = ctx:update(entity, id, { unreached = true }) else ok, refused = ctx:transition(entity, id,
      "close") end
  elseif one.score <= ctx.policy.followup.unhappy then
    ok, refused = ctx:transition(entity, id, "reopen", { note = ctx:t("unhappy", { score = one.score }), reopened = (case.reopened
      or 0) + 1 })
  elseif one.complaint then
    ok, refused = ctx:update(entity, id, { score = one.score })
  else
    ok, refused = ctx:transition(entity, id, "close")
  end
  if not ok then return nil, refused end
end

return {
  entities = { followups = followups },
  rules = { followup_says_why = campus.rule { reads = { "score", "comment" }, run = followup_says_why, serves = { "SVC-5" } } },
  on = {
    ["service.complaints.replied"] = replied, ["service.enquiries.answered"] = answered,
    ["service.complaints.withdrawn"] = over, ["service.enquiries.closed"] = over, ["service.enquiries.open"] = over,
    ["service.followups.created"] = created, ["service.followups.done"] = done, ["service.followups.unreached"] = done,
  },
}
