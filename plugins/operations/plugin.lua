-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Operations (ORG-1 to ORG-8): the department itself, its groups and posts, plans, indicators, reports, partners, rules, emergencies.
local organisation = require "organisation"
local out = {
  title = { zh = "运营管理", en = "Operations" }, version = "1.0.0", needs = { "admissions.leads", "admissions.applicants" },
  entities = {}, rules = {}, on = {}, every = {}, actions = {}, obligations = {}, messages = {}, reports = require "reports",
  documents = {
    post = { title = { zh = "岗位说明书", en = "Description of a post" }, entity = "posts", many = true,
      template = { zh = "templates/post.html", en = "templates/post.en.html" }, serves = { "ORG-1" } },
  },
}
for _, file in ipairs { organisation, require "plans", require "requests", require "indicators", require "briefs",
  require "improvements",
  require "partners", require "rule_changes", require "incidents" } do
  for _, part in ipairs { "entities", "rules", "on", "every", "actions", "obligations", "messages", "documents" } do
    for name, one in pairs(file[part] or {}) do out[part][name] = one end
  end
end
return out
