-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Customer service (SVC-1 to SVC-9): who asks, complains, suggests; families, and a hand for other departments.
local T = require("shared").title
local out = {
  title = T("客户服务", "Customer service"), version = "1.0.0",
  needs = { "basics.students", "basics.families", "basics.guardians", "basics.majors", "basics.classes" },
  entities = {}, rules = {}, on = {}, actions = {}, every = require("campaigns").every,
  messages = require "messages", public = require "portal", reports = require "reports",
  documents = {
    complaint_sheet = {   -- goes from desk to desk, and says nothing of who complains
      title = T("投诉办理单", "Complaint sheet"), entity = "complaints", template = { zh = "templates/complaint.html",
        en = "templates/complaint.en.html" },
      states = { "handling", "replied", "closed" }, many = true, qr = "{link}", serves = { "SVC-3" },
    },
  },
}
local function add(part, list) for name, one in pairs(list or {}) do part[name] = one end end
-- Of one event several files may want to know: one after the other, all or none.
local wanted = {}
for _, file in ipairs { require "knowledge", require "enquiries", require "complaints", require "progress", require "followups",
  require "suggestions", require "families", require "campaigns", require "requests" } do
  add(out.entities, file.entities)
  add(out.rules, file.rules)
  add(out.actions, file.actions)
  for event, run in pairs(file.on or {}) do
    wanted[event] = wanted[event] or {}
    table.insert(wanted[event], run)
  end
end
local events = {}
for event in pairs(wanted) do events[#events + 1] = event end
table.sort(events)
for _, event in ipairs(events) do
  local runs = wanted[event]
  out.on[event] = campus.on { serves = { "SVC-1", "SVC-2", "SVC-3", "SVC-4", "SVC-5", "SVC-7" }, run = function(ctx, e)
    for _, run in ipairs(runs) do
      local _, err = run(ctx, e)
      if err then return nil, err end
    end
  end }
end
return out
