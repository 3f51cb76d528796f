-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The qualification review (ADM-5): each criterion by itself, at its edge, and on the way through the gate.
local function applicant(with)
  local a = { birth_date = "2011-06-10", education = "junior", score = 400, region = "北京", documents = { "id_card" } }
  for k, v in pairs(with or {}) do a[k] = v end
  return a
end

test("ADM-5: age is counted on the policy's date, not on the day of the review", function()
  -- fifteen on 1 September 2027, to the day
  expect.yes(decide("eligible", applicant { birth_date = "2012-09-01" }).pass)
  local late = decide("eligible", applicant { birth_date = "2012-09-02" })
  expect.yes(not late.pass)
  local why = expect.reason(late, "too_young", false)
  expect.equal(why.have, 14)
  expect.equal(why.policy, "age.min")
  expect.yes(decide("eligible", applicant { birth_date = "2012-09-02" }, { policy = { age = { at = "2027-09-02" } } }).pass)
  expect.reason(decide("eligible", applicant { birth_date = "2001-08-31" }), "too_old", false)
end)

test("ADM-5: education must be among those accepted, and its own least score is asked for", function()
  expect.reason(decide("eligible", applicant(), { policy = { education = { accepted = { "senior" } } } }), "education", false)
  expect.yes(decide("eligible", applicant { score = 280 }).pass)
  expect.reason(decide("eligible", applicant { score = 279.5 }), "score", false)
  expect.reason(decide("eligible", applicant { education = "senior", score = 299 }), "score", false)
  local missing = applicant()
  missing.score = nil
  expect.reason(decide("eligible", missing), "score_missing", false)
  local college = decide("eligible", applicant { education = "college", score = 1 })
  expect.yes(college.pass, "no score is asked of college graduates")
end)

test("ADM-5: regions count only where the policy names them", function()
  expect.yes(decide("eligible", applicant { region = "西藏" }).pass)
  local some = { policy = { regions = { nationwide = false, accepted = { "北京", "天津" } } } }
  expect.reason(decide("eligible", applicant(), some), "region", true)
  expect.reason(decide("eligible", applicant { region = "西藏" }, some), "region", false)
end)

test("ADM-5: a document that the policy asks for is named when it is missing", function()
  local asked = { policy = { documents = { required = { "id_card", "diploma" } } } }
  local d = decide("eligible", applicant(), asked)
  expect.equal(expect.reason(d, "document_missing", false).want, "diploma")
  expect.equal(expect.reason(d, "document_missing", true).want, "id_card")
end)

test("ADM-5: a note on health excludes without being repeated", function()
  local d = decide("eligible", applicant { health_note = "既往严重心脏病史" })
  local why = expect.reason(d, "health", false)
  expect.equal(why.have, nil, "the note stays out of the reason")
  expect.yes(decide("eligible", applicant { health_note = "近视" }).pass)
end)

test("ADM-5: hepatitis B cannot be made a criterion", function()
  local err = expect.refused("forbidden", function() policy { health = { exclude = { "乙肝" } } } end)
  expect.equal(err.status, 422)
end)

test("ADM-5: a refusal by the rule says which criteria, and is kept as a decision", function()
  local director = as "admissions.lead"
  local a = director:create("applicants", { name = "王小明", id_number = "110199201106100020", birth_date = "2011-06-10",
    education = "junior", score = "100", campus = "东校区" })
  local err = expect.refused("rule_refused", function() director:transition("applicants", a.id, "assess") end)
  expect.reason(err, "score")
  local kept = director:api("GET", "decisions/" .. err.decision)
  expect.equal(kept.pass, false)
  expect.reason(kept, "too_young", true)
  director:update("applicants", a.id, { score = "300" })
  expect.equal(director:transition("applicants", a.id, "assess").state, "reviewing")
end)

test("ADM-5: a changed policy counts for the next assessment", function()
  local director = as "admissions.lead"
  local a = director:create("applicants", { name = "王小明", id_number = "110199201106100020", birth_date = "2011-06-10",
    education = "junior", score = "300", campus = "东校区" })
  policy { age = { min = 18 } }
  expect.refused("too_young", function() director:transition("applicants", a.id, "assess") end)
end)

test("ADM-7: who enters an applicant does not qualify the same one", function()
  local director, other = as "admissions.lead", as { roles = "admissions.lead" }
  local a = director:create("applicants", { name = "王小明", id_number = "110199201106100020", birth_date = "2011-06-10",
    education = "junior", score = "300", campus = "东校区" })
  director:transition("applicants", a.id, "review")
  expect.refused("forbidden", function() director:transition("applicants", a.id, "qualify") end)
  expect.equal(other:transition("applicants", a.id, "qualify").state, "eligible")
  expect.equal(#events "applicants.eligible", 1)
end)

test("ADM-4: an officer of another campus does not find the applicant", function()
  local here, there = as { roles = "admissions.staff", campus = "东校区" }, as { roles = "admissions.staff", campus = "西校区" }
  local a = here:create("applicants", { name = "王小明", id_number = "110199201106100020", birth_date = "2011-06-10",
    education = "junior", score = "300", campus = "东校区" })
  expect.equal(here:get("applicants", a.id).name, "王小明")
  expect.refused("not_found", function() there:get("applicants", a.id) end)
  expect.equal(#there:find("applicants", { state = "registered" }), 0)
end)
