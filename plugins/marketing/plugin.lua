-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Marketing (MKT-1 to MKT-5): from what is learned of the market to the plan, what is done by it, and what came of that.
local out = {
  title = { zh = "市场推广", en = "Marketing" }, version = "1.0.0",
  needs = { "finance.lines", "finance.claims", "admissions.channels", "admissions.activities", "admissions.brochures", "admissions.leads",
    "admissions.applicants" },
  entities = {}, rules = {}, on = {}, actions = {}, surveys = {}, reports = require "reports",
  documents = {
    research = {
      title = { zh = "市场调研报告", en = "Market research" }, entity = "researches",
      template = { zh = "templates/research.html", en = "templates/research.en.html" }, number = "{year}推调{seq:3}号",
      states = { "reported", "accepted" }, many = true, serves = { "MKT-1" },
    },
    acceptance = {
      title = { zh = "印刷品验收单", en = "Acceptance of a batch" }, entity = "prints",
      template = { zh = "templates/acceptance.html", en = "templates/acceptance.en.html" }, states = { "accepted", "refused" }, many = true,
      qr = "{link}", serves = { "MKT-4" },
    },
    effect = {
      title = { zh = "推广效果报告", en = "Report on the effect" }, entity = "effects",
      template = { zh = "templates/effect.html", en = "templates/effect.en.html" }, number = "{year}推效{seq:3}号", states = { "submitted" },
      many = true, serves = { "MKT-5" },
    },
  },
  obligations = {
    research = campus.obligation {
      title = { zh = "市场调研", en = "Market research" }, serves = { "MKT-1" }, period = "policy:research.period", within = "20wd",
      owner = "role:marketing.lead", remind = { "5wd" }, escalate = { { after = "1wd", to = "role:manager" } },
      evidence = "record of marketing.researches",
    },
    plan = campus.obligation {
      title = { zh = "年度推广计划", en = "Annual plan" }, serves = { "MKT-2" }, period = "yearly", within = "20wd",
      owner = "role:marketing.lead", remind = { "5wd" },
      escalate = { { after = "1wd", to = "role:principal" } }, evidence = "record of marketing.plans",
    },
    effect = campus.obligation {
      title = { zh = "推广效果评估", en = "Evaluation of the effect" }, serves = { "MKT-5" }, period = "policy:evaluation.period",
      within = "10wd", owner = "role:marketing.lead", remind = { "3wd" }, escalate = { { after = "1wd", to = "role:manager" } },
      evidence = "record of marketing.effects",
    },
  },
}
local function add(part, list) for name, one in pairs(list or {}) do part[name] = one end end
for _, file in ipairs { require "research", require "plan", require "campaigns", require "money", require "results", require "evaluation",
  require "effects", require "materials", require "prints" } do
  for _, part in ipairs { "entities", "rules", "on", "actions", "surveys" } do add(out[part], file[part]) end
end
return out
