-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The qualification review (ADM-5): every criterion of the policy, each said to be met or not.
local function age(why, applicant, policy)
  local years, limits = campus.date.age_on(applicant.birth_date, policy.age.at), policy.age
  why:check(years >= limits.min,
    { code = "too_young", at = "birth_date", have = years, want = limits.min, policy = "age.min" })
  why:check(years <= limits.max,
    { code = "too_old", at = "birth_date", have = years, want = limits.max, policy = "age.max" })
end

local function education(why, applicant, policy)
  local accepted = false
  for _, e in ipairs(policy.education.accepted) do accepted = accepted or e == applicant.education end
  why:check(accepted,
    { code = "education", at = "education", have = applicant.education, policy = "education.accepted" })
end

local function score(why, applicant, policy)
  local path = "education.min_score." .. applicant.education
  local least = policy.education.min_score[applicant.education]
  if least == 0 then return end
  if not applicant.score then
    why:check(false, { code = "score_missing", at = "score", want = least, policy = path })
  else
    why:check(applicant.score >= least,
      { code = "score", at = "score", have = applicant.score, want = least, policy = path })
  end
end

local function region(why, applicant, policy)
  if policy.regions.nationwide then return end
  local accepted = false
  for _, r in ipairs(policy.regions.accepted) do accepted = accepted or r == applicant.region end
  why:check(accepted, { code = "region", at = "region", have = applicant.region, policy = "regions.accepted" })
end

local function documents(why, applicant, policy)
  local handed_in = {}
  for _, d in ipairs(applicant.documents or {}) do handed_in[d] = true end
  for _, d in ipairs { "id_card", "diploma", "transcript", "health_form", "photo" } do
    handed_in[d] = handed_in[d] or applicant[d .. "_scan"] ~= nil
  end
  for _, d in ipairs(policy.documents.required) do
    why:check(handed_in[d], { code = "document_missing", at = "documents", want = d, policy = "documents.required" })
  end
end

-- What a person wrote about their health never appears in a reason.
local function health(why, applicant, policy)
  local note, excluded = applicant.health_note or "", false
  for _, condition in ipairs(policy.health.exclude) do excluded = excluded or note:find(condition, 1, true) ~= nil end
  why:check(not excluded, { code = "health", at = "health_note", policy = "health.exclude" })
end

-- Personal data of a child under fourteen is for the guardian to give.
local function consent(why, applicant, _, as_of)
  if campus.date.age_on(applicant.birth_date, as_of) >= 14 then return end
  why:check(applicant.guardian_consent, { code = "consent", at = "guardian_consent" })
end

local function eligible(applicant, policy, as_of)
  local why = campus.reasons()
  for _, criterion in ipairs { age, education, score, region, documents, health, consent } do
    criterion(why, applicant, policy, as_of)
  end
  return why:decision()
end

-- Nobody arrives on a copy (ADM-6).
local function may_arrive(applicant)
  local why = campus.reasons()
  why:check(applicant.originals_checked, { code = "originals", at = "originals_checked" })
  return why:decision()
end

return {
  rules = {
    eligible = campus.rule {
      reads = { "birth_date", "education", "score", "region", "documents", "health_note", "guardian_consent",
        "id_card_scan", "diploma_scan", "transcript_scan", "health_form_scan", "photo_scan" },
      run = eligible,
      serves = { "ADM-4", "ADM-5" },
    },
    may_arrive = campus.rule { reads = { "originals_checked" }, run = may_arrive, serves = { "ADM-6" } },
  },
}
