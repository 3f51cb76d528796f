-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The counting: from marks to a score, once, when rating is over. It alone reads marks; of peers and of students and
-- parents nothing is used or shown where fewer rated than it takes, and a source that is missing counts for
-- nothing instead of as zero: its weight is the others' (PERF-2, PERF-3).
local shared = require "shared"
local number = shared.number

local function mean(list, scoring)
  local n, sum, low, high = #list, 0, math.huge, -math.huge
  for _, mark in ipairs(list) do sum, low, high = sum + mark, math.min(low, mark), math.max(high, mark) end
  if scoring == "trimmed" and n > 3 then return (sum - low - high) / (n - 2) end
  return sum / n
end

-- The marks by source and indicator, and how many raters of each there were.
local function collect(ctx, a)
  local page, err = ctx:find("ratings", { appraisal = a.id, limit = 100, fields = "source,marks,given,remark" })
  if not page then return nil, err end
  local marks, raters, remarks = {}, {}, {}
  for _, one in ipairs(page.items) do
    if one.state == "open" then
      local done, why = ctx:transition("ratings", one.id, "miss")
      if not done then return nil, why end
    elseif one.state == "rated" and select(2, one.given:gsub("%d+", "")) == #one.marks then
      local mine, i = marks[one.source] or {}, 0
      marks[one.source], raters[one.source] = mine, (raters[one.source] or 0) + 1
      for mark in one.given:gmatch("%d+") do
        i = i + 1
        local name = one.marks[i].indicator
        mine[name] = mine[name] or {}
        table.insert(mine[name], tonumber(mark))
      end
      remarks[one.source] = remarks[one.source] or {}
      table.insert(remarks[one.source], one.remark)
    end
  end
  return marks, raters, remarks
end

-- The survey is over with the rest; its urn opens only where enough have answered.
local function audience(ctx, a)
  if not a.round then return nil, 0 end
  local round = ctx:get("audience_rounds", a.round)
  if round and round.state == "open" then ctx:transition("audience_rounds", a.round, "close") end
  local page = ctx:find("audience_answers", { round = a.round, limit = 500, fields = "score" })
  local list = {}
  for i, one in ipairs(page and page.items or {}) do list[i] = tonumber(one.score) end
  return #list > 0 and mean(list, a.scoring) or nil, #list
end

local function reached(a, name)
  for _, one in ipairs(a.measures or {}) do
    if one.indicator == name and one.target and one.actual then
      return math.min(100, 100 * tonumber(one.actual) / tonumber(one.target)), one
    end
  end
end

-- Of each indicator: the mean of its sources by their weights, or what was reached of its target.
local function reckon(ctx, a, marks, counted)
  local said, total, weights, sums, missing = {}, 0, 0, {}, nil
  for _, one in ipairs(a.indicators) do
    local weight, parts = tonumber(one.weight), {}
    local points
    if one.measured then
      local measure
      points, measure = reached(a, one.indicator)
      missing = missing or (not points and one.indicator)
      if points then parts[1] = ctx:t("reached", { actual = measure.actual, target = measure.target }) end
    else
      local sum, all = 0, 0
      for _, source in ipairs(a.sources) do
        local list = counted[source.source] and marks[source.source][one.indicator]
        if list then
          local m, w = mean(list, a.scoring), tonumber(source.weight)
          sum, all = sum + w * m, all + w
          local s = sums[source.source] or { sum = 0, weight = 0 }
          s.sum, s.weight = s.sum + weight * m, s.weight + weight
          sums[source.source] = s
          parts[#parts + 1] = ctx:t("by_" .. source.source, { points = number(m), weight = number(w) })
        end
      end
      points = all > 0 and sum / all or nil
    end
    if points then
      total, weights = total + weight * points, weights + weight
      said[#said + 1] = ctx:t("indicator", { indicator = one.indicator, weight = number(weight), points = number(points),
        parts = table.concat(parts, ctx:t("and")) })
    end
  end
  return weights > 0 and total / weights or nil, said, sums, missing
end

local function count(ctx, event)
  local a, err = ctx:get("appraisals", event.record)
  if not a then return nil, err end
  if a.state ~= "counting" then return end
  local marks, raters, remarks = collect(ctx, a)
  if not marks then return nil, raters end
  local public, answers = audience(ctx, a)
  raters.audience = answers
  marks.audience = {}
  for _, one in ipairs(a.indicators) do marks.audience[one.indicator] = public and { public } or nil end
  local counted, short, sources = {}, {}, {}
  for i, one in ipairs(a.sources) do
    local n = raters[one.source] or 0
    -- how many peers there were is not said where they do not count: one of three is soon guessed
    counted[one.source] = n >= one.least
    if not counted[one.source] then short[#short + 1] = ctx:t("short_" .. one.source, { least = one.least }) end
    sources[i] = { source = one.source, weight = one.weight, least = one.least, raters = counted[one.source] and n or nil }
  end
  for _, one in ipairs(a.indicators) do
    local by = {}
    for _, source in ipairs(one.by or {}) do by[source] = true end
    if not by.audience then marks.audience[one.indicator] = nil end
  end
  local points, said, sums, missing = reckon(ctx, a, marks, counted)
  local without = (not counted.superior and ctx:t("no_superior")) or (missing and ctx:t("no_measure",
    { indicator = missing })) or (not points and ctx:t("no_marks"))
  if without then return ctx:transition("appraisals", a.id, "set_aside", { note = without }) end
  for _, one in ipairs(short) do said[#said + 1] = one end
  said[#said + 1] = ctx:t("total", { points = number(points), scoring = ctx:t("scoring_" .. a.scoring) })
  local fields = { score = string.format("%.2f", points), factors = table.concat(said, "\n"), sources = sources }
  for source, s in pairs(sums) do fields[source .. "_score"] = string.format("%.2f", s.sum / s.weight) end
  fields.self_report = (remarks.self or {})[1]
  if counted.peer and #remarks.peer > 0 then
    table.sort(remarks.peer)                               -- in no order of who wrote them
    fields.peer_remarks = table.concat(remarks.peer, "\n")
  end
  local done, why = ctx:transition("appraisals", a.id, "score", fields)
  if not done then return nil, why end
end

return { on = { ["performance.appraisals.counting"] = campus.on { run = count, serves = { "PERF-2", "PERF-3" } } } }
