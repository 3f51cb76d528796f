-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Performance (PERF-1 to PERF-6): schemes and cycles, who rates whom, results and what comes of them, bonuses, honours, welfare.
local out = {
  title = { zh = "绩效", en = "Performance" }, version = "1.0.0", needs = { "finance.lines", "personnel.training_files" },
  entities = {}, rules = {}, on = {}, actions = {}, surveys = {}, reports = require "reports",
  documents = {
    result_sheet = {
      title = { zh = "绩效考核结果通知单", en = "Result sheet" }, entity = "appraisals", number = "{year}考字第{seq:4}号", many = true,
      template = { zh = "templates/result.html", en = "templates/result.en.html" }, states = { "published", "interviewed",
        "appealed", "settled" },
      seal = { zh = "清河职业学校" }, serves = { "PERF-3" },
    },
    bonus_slip = {
      title = { zh = "绩效奖金明细单", en = "Bonus slip" }, entity = "bonuses", many = true, states = { "granted" }, serves = { "PERF-5" },
      template = { zh = "templates/bonus.html", en = "templates/bonus.en.html" },
    },
    certificate = {
      title = { zh = "荣誉证书", en = "Certificate" }, entity = "honours", number = "{year}荣字第{seq:4}号", serves = { "PERF-6" },
      template = { zh = "templates/certificate.html", en = "templates/certificate.en.html" }, seal = { zh = "清河职业学校" },
    },
  },
  exports = {
    results = campus.export {
      title = { zh = "考核结果（存入人事档案）", en = "Results for the personnel file" }, entity = "appraisals", where = { state = "settled" },
      fields = { "number", "name", "post", "team", "ends_on" }, reveal = { "score", "grade" }, purpose = "考核结果存入人事档案",
        serves = { "PERF-4" },
    },
    bonus_list = campus.export {
      title = { zh = "奖金发放表", en = "List of bonuses" }, entity = "bonuses", where = { state = "granted" },
      fields = { "run", "name", "post" }, reveal = { "amount" }, purpose = "发放绩效奖金", serves = { "PERF-5" },
    },
  },
  messages = {
    result_told = campus.message {
      title = { zh = "考核结果已公布", en = "Your appraisal" }, entity = "appraisals", to = { "person", "superior" }, channels = { "mail" },
      text = { zh = "考核 {number} 的结果已公布，请登录查看；上级将与您面谈，确认前可提出申诉。",
        en = "The result of appraisal {number} is out. Your superior will talk it over with you; you may appeal until you confirm it." },
      serves = { "PERF-3" },
    },
  },
  obligations = {
    cycle = campus.obligation {
      title = { zh = "组织绩效考核", en = "Hold the appraisal" }, serves = { "PERF-1" }, period = "policy:cycle.period", within = "20wd",
      owner = "role:hr", remind = { "5wd" }, escalate = { { after = "1wd", to = "role:principal" } },
        evidence = "record of performance.cycles",
    },
  },
}
local function add(part, list) for name, one in pairs(list or {}) do part[name] = one end end
for _, file in ipairs { require "cycles", require "appraisals", require "ratings", require "count", require "plans", require "bonuses",
  require "promotions", require "honours" } do
  add(out.entities, file.entities)
  add(out.rules, file.rules)
  add(out.on, file.on)
  add(out.actions, file.actions)
  add(out.surveys, file.surveys)
end
return out
