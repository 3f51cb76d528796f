-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What is measured: applicants of ten fields, three of them sealed, under a rule with a policy.
local field = campus.field
local applicants = campus.entity {
  title = "Applicants", subject = "self",
  fields = {
    name = field.text { required = true, personal = true, max_length = 60, mask = "last4" },
    id_number = field.text { class = "secret", personal = true, required = true, unique = true, searchable = true, check = "cn_id", mask = "cn_id" },
    birth_date = field.date { required = true },
    education = field.choice { required = true, choices = { "junior", "senior", "vocational", "college" } },
    region = field.text { max_length = 40 },
    major = field.text { max_length = 60 },
    phone = field.text { class = "confidential", personal = true, searchable = true, check = "mobile", mask = "mobile" },
    guardian_phone = field.text { class = "confidential", personal = true, check = "mobile", mask = "mobile" },
    campus = field.text { max_length = 40 },
    score = field.decimal { scale = 1, min = 0, max = 750 },
  },
  workflow = {
    start = "registered",
    states = { registered = {}, reviewing = {}, admitted = { final = true } },
    transitions = {
      assess = { from = { "registered", "reviewing" }, to = "reviewing", rule = "eligible" },
      admit = { from = "reviewing", to = "admitted" },
    },
  },
  indexes = { { "state", "name" }, { "region", "state" }, { "state", "score" } },
}

local function eligible(applicant, policy)
  local why = campus.reasons()
  local years, age = campus.date.age_on(applicant.birth_date, policy.age.at), policy.age
  why:check(years >= age.min, { code = "too_young", at = "birth_date", have = years, want = age.min, policy = "age.min" })
  why:check(years <= age.max, { code = "too_old", at = "birth_date", have = years, want = age.max, policy = "age.max" })
  local accepted = false
  for _, e in ipairs(policy.education.accepted) do accepted = accepted or e == applicant.education end
  why:check(accepted, { code = "education", at = "education", have = applicant.education, policy = "education.accepted" })
  local least = policy.education.min_score
  why:check((applicant.score or 0) >= least, { code = "score", at = "score", have = applicant.score, want = least, policy = "education.min_score" })
  return why:decision()
end

local by = { "region", "state" }
return {
  title = "Benchmark", version = "1.0.0",
  entities = { applicants = applicants },
  rules = { eligible = campus.rule { reads = { "birth_date", "education", "score" }, run = eligible } },
  reports = {
    by_region_state = campus.report { title = "Kept", entity = "applicants", group = by, kept = true },
    by_region_state_scan = campus.report { title = "Scanned", entity = "applicants", group = by },
  },
}
