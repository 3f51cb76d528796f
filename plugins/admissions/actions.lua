-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Steps that touch more than one record (ADM-3, ADM-6).
local field = campus.field
local form = require("applicants").entities.applicants.fields
local SAME = { "name", "phone", "season", "region", "education", "campus", "channel", "activity", "officer" }

-- A lead becomes an applicant; what is known of it is not typed again, what is still missing comes with it.
local function convert(ctx, input)
  local lead, err = ctx:get("leads", input.lead)
  if not lead then return nil, err end
  local fields = { major = lead.interest, lead = lead.id, source = "lead" }
  for _, name in ipairs(SAME) do fields[name] = lead[name] end
  for name, value in pairs(input) do fields[name] = value end
  fields.officer = fields.officer or ctx.actor.id
  local applicant, why = ctx:create("applicants", fields)
  if not applicant then return nil, why end
  local done, refused = ctx:transition("leads", lead.id, "convert", { applicant = applicant.id })
  if not done then return nil, refused end
  return { applicant = applicant.id }
end

-- A seat, or else a place on the waiting list.
local function offer(ctx, input)
  local a, err = ctx:get("applicants", input.applicant)
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

-- The notice is numbered, drawn and sent in one step; a corrected one replaces the former.
local function notice(ctx, input, move)
  local a, err = ctx:get("applicants", input.applicant)
  if not a then return nil, err end
  local done, why = move(a.id, { report_on = input.report_on, report_place = input.report_place })
  if not done then return nil, why end
  local one, refused = ctx:document("notice", "applicants", a.id, { purpose = input.purpose, replaces = input.replaces })
  if not one then return nil, refused end
  return { state = done.state, document = one.id, number = one.number }
end
local function send_notice(ctx, input)
  return notice(ctx, input, function(id, when) return ctx:transition("applicants", id, "send_notice", when) end)
end
local function correct_notice(ctx, input)
  return notice(ctx, input, function(id, when) return ctx:update("applicants", id, when) end)
end

local function applicant() return field.reference { to = "applicants", title = { zh = "报名学生", en = "Applicant" }, required = true } end
local function purpose() return field.text { title = { zh = "用途", en = "Purpose" }, max_length = 200 } end
return {
  send_notice = campus.action {
    title = { zh = "发放通知书", en = "Send the notice" }, run = send_notice, serves = { "ADM-6" },
    on = "applicant", states = { "admitted" },
    input = { applicant = applicant(), report_on = form.report_on, report_place = form.report_place, purpose = purpose() },
  },
  correct_notice = campus.action {
    title = { zh = "更正通知书", en = "Correct the notice" }, run = correct_notice, serves = { "ADM-6" },
    on = "applicant", states = { "notified", "confirmed" },
    input = { applicant = applicant(),
      replaces = field.text { title = { zh = "更正哪一份（编号）", en = "Replaces (number)" }, required = true, max_length = 64 },
      report_on = form.report_on, report_place = form.report_place, purpose = purpose() },
  },
  convert = campus.action {
    title = { zh = "线索转报名", en = "Convert a lead" }, run = convert, serves = { "ADM-3" },
    on = "lead", states = { "new", "contacted" },
    input = { lead = field.reference { to = "leads", title = { zh = "线索", en = "Lead" }, required = true },
      id_number = form.id_number, birth_date = form.birth_date,
      education = field.choice { title = form.education.title, choices = form.education.choices },   -- the lead's, when left out
      score = form.score, region = form.region, campus = form.campus, registered_on = form.registered_on,
      guardian_name = form.guardian_name, guardian_phone = form.guardian_phone, health_note = form.health_note, note = form.note },
  },
  offer = campus.action {
    title = { zh = "录取或候补", en = "Offer a seat" }, run = offer, serves = { "ADM-6" },
    on = "applicant", states = { "eligible", "waiting" },
    input = { applicant = applicant(), plan_line = form.plan_line },
  },
}
