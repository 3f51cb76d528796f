-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What happens to a lead by itself: duplicates by phone, whose it is (撞单), and each contact noted (ADM-3, ADM-7).

-- The first lead of the same phone that is still worked on, or nil.
local function earlier(ctx, lead)
  local page = ctx:find("leads", { phone = lead.phone, limit = 20 })
  for _, other in ipairs(page and page.items or {}) do
    if other.id ~= lead.id and other.id < lead.id and other.state ~= "duplicate" and other.state ~= "lost" then return other end
  end
end

-- Who does nothing about a lead keeps it no longer than the policy protects it.
local function is_protected(ctx, lead)
  local days = ctx.policy.leads.protect_days
  return days == 0 or campus.date.days_between(string.sub(lead.updated_at, 1, 10), ctx:now().today) <= days
end

local function created(ctx, event)
  local lead, err = ctx:get("leads", event.record)
  if not lead then return nil, err end
  if lead.state ~= "new" then return end
  local first = earlier(ctx, lead)
  if not first then return end
  local rule = ctx.policy.leads.clash
  local theirs = first.officer and lead.officer and first.officer ~= lead.officer
  if theirs and rule == "ask" then
    return ctx:transition("leads", lead.id, "dispute", { same_as = first.id })
  end
  if theirs and first.state ~= "converted" and (rule == "latest" or not is_protected(ctx, first)) then
    local moved, why = ctx:update("leads", first.id, { officer = lead.officer })
    if not moved then return nil, why end
  end
  return ctx:transition("leads", lead.id, "merge", { same_as = first.id })
end

local function contacted(ctx, event)
  local contact, err = ctx:get("contacts", event.record)
  if not contact then return nil, err end
  if not contact.lead then return end
  local lead = ctx:get("leads", contact.lead)
  if not lead then return end
  if lead.state ~= "new" and lead.state ~= "lost" and lead.state ~= "contacted" then return end
  local done, why = ctx:transition("leads", lead.id, "touch", { next_contact = contact.next_contact })
  if not done then return nil, why end
end

return {
  ["admissions.leads.created"] = campus.on { run = created, serves = { "ADM-3" } },
  ["admissions.contacts.created"] = campus.on { run = contacted, serves = { "ADM-7" } },
}
