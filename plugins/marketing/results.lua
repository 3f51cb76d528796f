-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Which campaign a lead came by, and what became of it: by the event it names, else by its channel, while the campaign runs and so
-- many days after. Admissions keep the lead; here is only where it came from (MKT-3, MKT-5).
local field, shared = campus.field, require "shared"
local T = shared.title

local attributions = campus.entity {
  title = T("线索归因", "Where leads came from"), part_of = "campaign", serves = { "MKT-3", "MKT-5" },
  fields = {
    campaign = field.reference { to = "marketing.campaigns", title = T("推广活动", "Campaign"), required = true },
    way = field.choice { title = T("推广方式", "Way"), choices = shared.WAYS, derived = "campaign.way" },
    channel = field.reference { to = "admissions.channels", title = T("渠道", "Channel"), derived = "campaign.channel" },
    lead = field.reference { to = "admissions.leads", title = T("招生线索", "Lead"), unique = true },
    applicant = field.reference { to = "admissions.applicants", title = T("报名学生", "Applicant"), unique = true },
    region = field.text { title = T("生源地", "Region"), derived = "lead.region" },
    came_on = field.date { title = T("来访日期", "Came on"), required = true },
  },
  workflow = {
    start = "lead",
    states = {
      lead = { title = T("线索", "Lead") }, applied = { title = T("已报名", "Applied") },
      enrolled = { title = T("已报到", "Enrolled"), final = true }, dropped = { title = T("重复，不计", "Counted elsewhere"), final = true },
    },
    transitions = {
      apply = { title = T("报名", "Applied"), from = "lead", to = "applied", needs = { "applicant" } },
      enrol = { title = T("报到", "Enrolled"), from = { "lead", "applied" }, to = "enrolled", needs = { "applicant" } },
      drop = { title = T("不计", "Drop"), from = "lead", to = "dropped" },
    },
  },
  indexes = { { "campaign", "state" }, { "channel", "state" } },
}

-- The campaign that somebody who came that day is counted for, or nil: the event's first, then the channel's that began last.
local function campaign_of(ctx, who, day)
  for _, by in ipairs { "activity", "channel" } do
    if who[by] then
      local page = ctx:find("campaigns", { [by] = who[by], ["state[in]"] = "running,finished,evaluated", ["starts_on[lte]"] = day,
        sort = "-starts_on", limit = 20 })
      for _, campaign in ipairs(page and page.items or {}) do
        local after = campus.date.days_between(campaign.ends_on, day)
        local others = by == "channel" and campaign.activity and campaign.activity ~= who.activity
        if after <= ctx.policy.attribution.days and not others then return campaign end
      end
    end
  end
end

local function expected(why) return why.code == "conflict" or why.code == "unique" end
local function move(ctx, entity, id, step, fields)
  local done, why = ctx:transition(entity, id, step, fields or {})
  if not done then return nil, why end
end
local function attribution(ctx, key, id)
  local page = id and ctx:find("attributions", { [key] = id, limit = 1 })
  return page and page.items[1]
end

-- Notes where a lead came from, and how far it has come already.
local function note_lead(ctx, lead)
  if lead.state == "duplicate" then return end
  local campaign = campaign_of(ctx, lead, lead.came_on)
  if not campaign then return end
  local made, why = ctx:create("attributions", { campaign = campaign.id, lead = lead.id, came_on = lead.came_on })
  if not made then
    if expected(why) then return end
    return nil, why
  end
  if not lead.applicant then return end
  local applicant = ctx:get("admissions.applicants", lead.applicant)
  local step = applicant and applicant.state == "arrived" and "enrol" or "apply"
  return move(ctx, "attributions", made.id, step, { applicant = lead.applicant })
end

local function lead_created(ctx, event)
  local lead, err = ctx:get("admissions.leads", event.record)
  if not lead then return nil, err end
  if attribution(ctx, "lead", lead.id) then return end
  return note_lead(ctx, lead)
end
local function lead_converted(ctx, event)
  local lead, err = ctx:get("admissions.leads", event.record)
  if not lead then return nil, err end
  local one = attribution(ctx, "lead", lead.id)
  if one and one.state == "lead" then return move(ctx, "attributions", one.id, "apply", { applicant = lead.applicant }) end
end
local function lead_twice(ctx, event)
  local one = attribution(ctx, "lead", event.record)
  if one and one.state == "lead" then return move(ctx, "attributions", one.id, "drop") end
end

-- Who arrives is an enrolment of the campaign that the lead came by; who had no lead, of the one at whose event or channel they registered.
local function arrived(ctx, event)
  local applicant, err = ctx:get("admissions.applicants", event.record)
  if not applicant then return nil, err end
  local one = attribution(ctx, "applicant", applicant.id) or attribution(ctx, "lead", applicant.lead)
  if not one and not applicant.lead then
    local campaign = applicant.registered_on and campaign_of(ctx, applicant, applicant.registered_on)
    if not campaign then return end
    local made, why = ctx:create("attributions", { campaign = campaign.id, applicant = applicant.id, came_on = applicant.registered_on })
    if not made then return nil, why end
    one = made
  end
  if one and (one.state == "lead" or one.state == "applied") then
    return move(ctx, "attributions", one.id, "enrol", { applicant = applicant.id })
  end
end

-- Leads that were there before the campaign was started here: the newest of its days.
local function begun(ctx, event)
  local campaign, err = ctx:get("campaigns", event.record)
  if not campaign then return nil, err end
  local by = campaign.activity and "activity" or "channel"
  local page, why = ctx:find("admissions.leads", { [by] = campaign[by], ["came_on[gte]"] = campaign.starts_on,
    ["came_on[lte]"] = campaign.ends_on, sort = "-came_on", limit = 100 })
  if not page then return nil, why end
  for _, lead in ipairs(page.items) do
    if not attribution(ctx, "lead", lead.id) then
      local _, refused = note_lead(ctx, lead)
      if refused then return nil, refused end
    end
  end
end

return {
  entities = { attributions = attributions },
  on = {
    ["admissions.leads.created"] = campus.on { run = lead_created, serves = { "MKT-3" } },
    ["admissions.leads.converted"] = campus.on { run = lead_converted, serves = { "MKT-5" } },
    ["admissions.leads.duplicate"] = campus.on { run = lead_twice, serves = { "MKT-5" } },
    ["admissions.applicants.arrived"] = campus.on { run = arrived, serves = { "MKT-5" } },
    ["marketing.campaigns.running"] = campus.on { run = begun, serves = { "MKT-3" } },
  },
}
