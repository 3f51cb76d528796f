-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Admissions (ADM-1 to ADM-8): one season from the plan to arrival.
local out = {
  title = { zh = "招生", en = "Admissions" },
  version = "2.0.0",
  needs = { "basics.majors", "basics.classes", "basics.students" },
  entities = {}, rules = {}, on = {},
  reports = require "reports",
  actions = require "actions",
  public = require "portal",
  exports = {
    student_register = campus.export {
      title = { zh = "学籍注册名册", en = "Student register" }, entity = "applicants", where = { state = "arrived" },
      fields = { "name", "birth_date", "education", "region", "major", "class", "registered_on" }, reveal = { "id_number", "phone" },
      purpose = "学籍注册报送", serves = { "ADM-8" },
    },
  },
  documents = {
    poster = {   -- on a wall at the event: whoever scans it is asked for a name and a number
      title = { zh = "活动海报", en = "Poster of an event" }, entity = "activities", template = "templates/poster.html",
      states = { "ready" }, many = true, qr = "{address}/public/admissions/lead?activity={capture_code}", serves = { "ADM-3" },
    },
    notice = {
      title = { zh = "录取通知书", en = "Notice of admission" }, entity = "applicants",
      template = { zh = "templates/notice.html", en = "templates/notice.en.html" }, number = "{year}招字第{seq:5}号",
      states = { "admitted", "notified", "confirmed" },   -- each of them holds a seat
      seal = { zh = "招生专用章", en = "Seal" }, qr = "{link}", serves = { "ADM-6" },
    },
  },
  messages = {
    notice_sent = campus.message {
      title = { zh = "录取通知", en = "Your place" }, entity = "applicants", to = { "phone" }, channels = { "sms" },
      text = { zh = "{name}同学，你已被{major}专业录取，请于{report_on}到{report_place}报到，并及时在查询页面确认。",
        en = "{name}, you are admitted to {major}. Please come to {report_place} on {report_on}, and confirm your place." },
      serves = { "ADM-6", "ADM-7" },
    },
    taken_up = campus.message {
      title = { zh = "报名受理", en = "Registration taken up" }, entity = "applicants", to = { "phone" }, channels = { "sms" },
      text = { zh = "{name}同学，你的报名已受理，可凭查询码查看进度。", en = "{name}, your registration is being looked at; your code shows how far it is." },
      cap = "3/d", serves = { "ADM-7" },
    },
  },
  obligations = {
    statistics = campus.obligation {
      title = { zh = "招生统计", en = "Statistics of admissions" }, serves = { "ADM-8" }, period = "policy:statistics.period",
      within = "5wd", owner = "role:admissions.lead", remind = { "2wd" },
      escalate = { { after = "1wd", to = "role:manager" } }, evidence = "note",
    },
    yearly_summary = campus.obligation {
      title = { zh = "年度招生总结", en = "Yearly summary of admissions" }, serves = { "ADM-8" }, period = "yearly",
      within = "10wd", owner = "role:admissions.lead", remind = { "3wd" },
      escalate = { { after = "1wd", to = "role:principal" } }, evidence = "record of admissions.summaries",
    },
  },
}
local function add(part, list)
  for name, one in pairs(list or {}) do part[name] = one end
end
for _, file in ipairs { require "plan", require "channels", require "activities", require "leads", require "applicants",
  require "eligibility", require "season" } do
  add(out.entities, file.entities)
  add(out.rules, file.rules)
  add(out.on, file.on)
end
add(out.on, require "plan_in_force")
add(out.on, require "lead_rules")
return out
