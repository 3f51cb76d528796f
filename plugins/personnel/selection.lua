-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What a candidate must meet at each stage, by the policy; and what follows from the panel's cards: a mean, and a rank
-- among those who are still in the running (HR-3, HR-4).
local field, shared = campus.field, require "shared"
local T = shared.title

local LEVEL = {}
for i, one in ipairs(shared.EDUCATION) do LEVEL[one.name] = i end

local function at_least(why, code, at, have, want, policy)
  return why:check(have and have >= want, { code = code, at = at, have = have or 0, want = want, policy = policy })
end

local function is_qualified(candidate, policy)
  local why = campus.reasons()
  why:check(LEVEL[candidate.education] >= LEVEL[candidate.asked], { code = "education", at = "education" })
  at_least(why, "screening", "screening_score", candidate.screening_score, policy.screening.pass, "screening.pass")
  return why:decision()
end

local function passed_the_test(candidate, policy)
  local why = campus.reasons()
  if policy.written.required then
    at_least(why, "written", "written_score", candidate.written_score, policy.written.pass, "written.pass")
  end
  return why:decision()
end

local function panel_has_rated(candidate, policy)
  local why = campus.reasons()
  at_least(why, "raters", "raters", candidate.raters, policy.interview.raters, "interview.raters")
  return why:decision()
end

-- Nobody is taken while somebody better is in the running, but as far as the policy lets more than the seats be looked into.
local function is_within_reach(candidate, policy)
  local why, selection = campus.reasons(), policy.selection
  local reach = math.ceil(candidate.seats * selection.reach / 100)
  why:check(candidate.rank and candidate.rank <= reach,
    { code = "rank", at = "rank", have = candidate.rank or 0, want = reach, policy = "selection.reach" })
  at_least(why, "total", "overall", candidate.overall, selection.least, "selection.least")
  return why:decision()
end

-- Only cards of the panel count, and only until it has concluded.
local function carded(ctx, event)
  local card, err = ctx:get("interview_cards", event.record)
  if not card then return nil, err end
  local candidate = ctx:get("candidates", card.about)
  if not candidate or candidate.state ~= "interviewing" then return end
  local panel, sum, n = {}, 0, 0
  for _, seat in ipairs { "lead", "panel_2", "panel_3" } do if candidate[seat] then panel[candidate[seat]] = true end end
  for _, one in ipairs(ctx:find("interview_cards", { about = candidate.id, state = "submitted", limit = 50 }).items) do
    if panel[one.rater] then sum, n = sum + tonumber(one.score), n + 1 end
  end
  if n == 0 then return end
  local _, why = ctx:update("candidates", candidate.id, { interview_score = math.floor(sum / n + 0.5), raters = n })
  if why then return nil, why end
end

local function better(a, b)
  for _, key in ipairs { "overall", "interview_score", "written_score" } do
    local x, y = tonumber(a[key] or 0), tonumber(b[key] or 0)
    if x ~= y then return x > y end
  end
  return a.number < b.number
end

-- Somebody came in or went: those of the opening who have been heard are put in order once more.
local function rank(ctx, event)
  local candidate, err = ctx:get("candidates", event.record)
  if not candidate then return nil, err end
  local page, why = ctx:find("candidates", { opening = candidate.opening, limit = 200,
    ["state[in]"] = "ranked,checking,cleared,offered,accepted,hired" })
  if not page then return nil, why end
  local list = page.items
  table.sort(list, better)
  for i, one in ipairs(list) do
    if one.rank ~= i and one.state == "ranked" then
      local _, refused = ctx:update("candidates", one.id, { rank = i })
      if refused then return nil, refused end
    end
  end
end

-- What was found is noted on the item; one that is in order is done by itself, one that is not stays open and holds the
-- offer back. Nobody presses done.
local function note_check(ctx, input)
  local done, err = ctx:update("candidates_tasks", input.item, { result = input.result, source = input.source, evidence = input.evidence })
  if not done then return nil, err end
  return { result = input.result }
end
local function checked(ctx, event)
  local item, err = ctx:get("candidates_tasks", event.record)
  if not item then return nil, err end
  if item.state ~= "open" or item.result ~= "passed" then return end
  local done, why = ctx:transition("candidates_tasks", item.id, "complete")
  if not done then return nil, why end
end

local candidates = require("candidates").entities.candidates
local checks = candidates.tasks.fields
return {
  rules = {
    is_qualified = campus.rule { reads = { "education", "asked", "screening_score" }, run = is_qualified, serves = { "HR-3" } },
    passed_the_test = campus.rule { reads = { "written_score" }, run = passed_the_test, serves = { "HR-3" } },
    panel_has_rated = campus.rule { reads = { "raters" }, run = panel_has_rated, serves = { "HR-3" } },
    is_within_reach = campus.rule { reads = { "rank", "seats", "overall" }, run = is_within_reach, serves = { "HR-3" } },
  },
  handlers = { carded = carded, rank = rank, checked = checked },
  actions = {
    note_check = campus.action { title = T("登记核查结果", "Note the result"), on = "item", states = { "open" },
      run = note_check, serves = { "HR-4" },
      input = { item = field.reference { to = "candidates_tasks", title = T("核查项", "Item"), required = true },
        result = field.choice { title = T("核查结果", "Result"), required = true, choices = checks.result.choices },
        source = field.text { title = T("核查途径", "Source"), required = true, max_length = 120 }, evidence = checks.evidence } },
  },
}
