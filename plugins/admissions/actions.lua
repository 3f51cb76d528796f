-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Steps that touch more than one record (ADM-3, ADM-6).
local SAME = { "name", "phone", "season", "region", "education", "campus", "channel", "activity", "officer" }

-- A lead becomes an applicant; what is known of it is not typed again. input: { lead, applicant = { what is still missing } }.
local function convert(ctx, input)
  if type(input.lead) ~= "string" then return nil, { code = "invalid", text = "lead: the id of a lead" } end
  local lead, err = ctx:get("leads", input.lead)
  if not lead then return nil, err end
  local fields = { major = lead.interest, lead = lead.id, source = "lead" }
  for _, name in ipairs(SAME) do fields[name] = lead[name] end
  for name, value in pairs(input.applicant or {}) do fields[name] = value end
  fields.officer = fields.officer or ctx.actor.id
  local applicant, why = ctx:create("applicants", fields)
  if not applicant then return nil, why end
  local done, refused = ctx:transition("leads", lead.id, "convert", { applicant = applicant.id })
  if not done then return nil, refused end
  return { applicant = applicant.id }
end

-- A seat, or else a place on the waiting list. input: { applicant, plan_line }.
local function offer(ctx, input)
  local a, err = ctx:get("applicants", input.applicant or "")
  if not a then return nil, err end
  local line = input.plan_line or a.plan_line
  if not line then return nil, { code = "invalid", text = "plan_line: the line whose seat it is" } end
  local seat, why = ctx:transition("applicants", a.id, "admit", { plan_line = line })
  if seat then return { state = seat.state } end
  if why.code ~= "conflict" and why.code ~= "pool_full" then return nil, why end
  local waits, refused = ctx:transition("applicants", a.id, "wait", { plan_line = line, waits_since = ctx:now().today })
  if not waits then return nil, refused end
  return { state = waits.state }
end

-- The notice is numbered, drawn and sent in one step; a corrected one replaces the former. input: { applicant, report_on,
-- report_place, purpose, replaces }.
local function send_notice(ctx, input)
  local a, err = ctx:get("applicants", input.applicant or "")
  if not a then return nil, err end
  local when = { report_on = input.report_on, report_place = input.report_place }
  local done, why
  if input.replaces then
    done, why = ctx:update("applicants", a.id, when)
  else
    done, why = ctx:transition("applicants", a.id, "send_notice", when)
  end
  if not done then return nil, why end
  local notice, refused = ctx:document("notice", "applicants", a.id, { purpose = input.purpose, replaces = input.replaces })
  if not notice then return nil, refused end
  return { state = done.state, document = notice.id, number = notice.number }
end

return {
  send_notice = campus.action { title = { zh = "发放通知书", en = "Send the notice" }, run = send_notice, serves = { "ADM-6" } },
  convert = campus.action { title = { zh = "线索转报名", en = "Convert a lead" }, run = convert, serves = { "ADM-3" } },
  offer = campus.action { title = { zh = "录取或候补", en = "Offer a seat" }, run = offer, serves = { "ADM-6" } },
}
