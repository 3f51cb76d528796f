-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Appraisal cycles: opened for everybody in them at once, graded by the bands and shares of the policy when all are
-- scored, and told to people only after leaders have signed (PERF-1, PERF-4).
local field, shared = campus.field, require "shared"
local T = shared.title

local cycles = campus.entity {
  title = T("考核周期", "Appraisal cycles"), serves = { "PERF-1" },
  overview = { roles = { "hr" }, order = 1, date = "rate_by", days = 30 },
  fields = {
    name = field.text { title = T("名称", "Name"), required = true, unique = true, max_length = 60 },
    kind = field.choice { title = T("周期", "Period"), required = true, default = "yearly", choices = shared.PERIODS },
    starts_on = field.date { title = T("考核期起", "From"), required = true },
    ends_on = field.date { title = T("考核期止", "Until"), required = true },
    rate_by = field.date { title = T("评价截止", "Rate by"), required = true,
      help = T("到期自动停止评价并计分", "then rating ends and is counted by itself") },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("筹备", "Draft") }, open = { title = T("评价中", "Open") }, grading = { title = T("定等中", "Being graded") },
      graded = { title = T("已定等", "Graded") }, in_approval = { title = T("审批中", "In approval") },
      published = { title = T("已公布", "Published") }, closed = { title = T("已结束", "Closed"), final = true },
    },
    transitions = {
      open = { title = T("启动考核", "Open"), from = "draft", to = "open", rule = "cycle_is_right" },
      grade = { title = T("评定等次", "Grade"), from = { "open", "graded" }, to = "grading" },
      hold = { title = T("尚不能定等", "Not yet"), from = "grading", to = "open", needs = { "note" } },
      rank = { title = T("定等完成", "Graded"), from = "grading", to = "graded" },
      submit = { title = T("提交审批", "Submit"), from = "graded", to = "in_approval" },
      approve = { title = T("同意公布", "Approve"), from = "in_approval", to = "published", approvals = "policy:approval.results",
        never_by = { "$created_by" }, otherwise = "climb", back = "send_back", recall = "take_back", paper = "5d" },
      send_back = { title = T("退回", "Send back"), from = "in_approval", to = "graded" },
      take_back = { title = T("撤回", "Take back"), from = "in_approval", to = "graded" },
      close = { title = T("结束", "Close"), from = "published", to = "closed" },
    },
  },
  indexes = { { "state", "ends_on" } },
}

-- How many came to each grade, beside how many may: what leaders sign, without anybody's name.
local outcomes = campus.entity {
  title = T("等次分布", "Grades given"), serves = { "PERF-4" }, part_of = "cycle",
  fields = {
    said = field.text { title = T("结果", "Result"), max_length = 120 },
    cycle = field.reference { to = "cycles", title = T("考核周期", "Cycle"), required = true },
    grade = field.choice { title = T("等次", "Grade"), required = true, choices = shared.GRADES },
    people = field.integer { title = T("人数", "People"), min = 0 },
    most = field.integer { title = T("名额上限", "At most"), min = 0 },
  },
  indexes = { { "cycle", "grade", unique = true } },
}

local function cycle_is_right(cycle, _, as_of)
  local why = campus.reasons()
  why:check(cycle.starts_on <= cycle.ends_on, { code = "dates", at = "ends_on", have = cycle.ends_on, want = cycle.starts_on })
  why:check(cycle.rate_by >= as_of, { code = "rate_by_over", at = "rate_by", have = cycle.rate_by, want = as_of })
  return why:decision()
end

-- Bands from the best down; each has room for its share of all. Who has the same score has the same grade: where
-- there is not room for all of them they come to the next band together.
local ORDER = { "excellent", "good", "qualified", "basic", "failed" }
local function room(n, band, distribution)
  if not band or n < distribution.from then return n end
  local share = n * band.most / 100
  local up = { down = 0, nearest = 0.5, up = 0.999999 }
  return math.floor(share + up[distribution.rounding] + 1e-9)
end
local function by_score(points, bands)
  for _, name in ipairs(ORDER) do
    if not bands[name] or points >= bands[name].from then return name end
  end
end
local function graded(list, policy)
  local n, band, used, held = #list, 1, 0, {}
  table.sort(list, function(a, b) return a.points > b.points or (a.points == b.points and a.id < b.id) end)
  local i = 1
  while i <= n do
    local last = i
    while last < n and list[last + 1].points == list[i].points do last = last + 1 end
    repeat
      local rule = policy.grades[ORDER[band]]
      local fits = not rule or (list[i].points >= rule.from and used + last - i + 1 <= room(n, rule, policy.distribution))
      if not fits then band, used = band + 1, 0 end
    until fits
    for k = i, last do list[k].grade, list[k].best, list[k].rank = ORDER[band], by_score(list[i].points, policy.grades), i end
    used, i = used + last - i + 1, last + 1
  end
  for _, one in ipairs(list) do held[one.grade] = (held[one.grade] or 0) + 1 end
  return held
end

local function title_of(ctx, grade) return ctx:t("grade_" .. grade) end
local function grade(ctx, event)
  local cycle, err = ctx:get("cycles", event.record)
  if not cycle then return nil, err end
  if cycle.state ~= "grading" then return end
  local waiting = ctx:find("appraisals", { cycle = cycle.id, ["state[in]"] = "draft,rating,counting,incomplete", limit = 1,
    total = true, fields = "cycle" })
  local page, why = ctx:find("appraisals", { cycle = cycle.id, ["state[in]"] = "scored,graded", limit = 500, fields = "score,grade" })
  if not page then return nil, why end
  if waiting.total > 0 or #page.items == 0 then
    local held, no = ctx:transition("cycles", cycle.id, "hold", { note = ctx:t("not_all_scored", { count = waiting.total }) })
    return held, no
  end
  local list = {}
  for i, one in ipairs(page.items) do list[i] = { id = one.id, points = tonumber(one.score), had = one.grade, state = one.state } end
  local held, left, n = graded(list, ctx.policy), 30, #list
  for _, one in ipairs(list) do
    if one.state == "scored" or one.had ~= one.grade then
      if left == 0 then return ctx:emit("regrade", "cycles", cycle.id) end
      left = left - 1
      local said = ctx:t(one.best == one.grade and "band" or "band_full", { rank = one.rank, count = n, best = title_of(ctx, one.best),
        grade = title_of(ctx, one.grade), from = (ctx.policy.grades[one.best] or { from = 0 }).from,
          most = (ctx.policy.grades[one.best] or { most = 100 }).most })
      local done, no = ctx:transition("appraisals", one.id, "grade", { grade = one.grade, grade_why = said })
      if not done then return nil, no end
    end
  end
  local rows = {}
  for _, row in ipairs(ctx:find("outcomes", { cycle = cycle.id }).items) do rows[row.grade] = row.id end
  for _, name in ipairs(ORDER) do
    local band = ctx.policy.grades[name]
    local fields = { people = held[name] or 0, most = band and room(n, band, ctx.policy.distribution) or nil }
    fields.said = ctx:t(band and "outcome" or "outcome_open", { grade = title_of(ctx, name), people = fields.people, most = fields.most })
    local done, no
    if rows[name] then
      done, no = ctx:update("outcomes", rows[name], fields)
    else
      fields.cycle, fields.grade = cycle.id, name
      done, no = ctx:create("outcomes", fields)
    end
    if not done then return nil, no end
  end
  return ctx:transition("cycles", cycle.id, "rank")
end

-- Everybody in the cycle takes this step, some at a time.
local function all(step, from, again)
  return function(ctx, event)
    local _, err = shared.some(ctx, "appraisals", { cycle = event.record, state = from, fields = "cycle" },
      { entity = "cycles", id = event.record }, again,
      function(one) return ctx:transition("appraisals", one.id, step) end)
    if err then return nil, err end
  end
end
local grades = campus.on { run = grade, serves = { "PERF-4" } }
local function on(fn) return campus.on { run = fn, serves = { "PERF-1", "PERF-3" } } end

return {
  entities = { cycles = cycles, outcomes = outcomes },
  rules = { cycle_is_right = campus.rule { reads = { "starts_on", "ends_on", "rate_by" }, run = cycle_is_right, serves = { "PERF-1" } } },
  on = {
    ["performance.cycles.open"] = on(all("start", "draft", "start_more")), ["performance.cycles.start_more"] = on(all("start",
      "draft", "start_more")),
    ["performance.cycles.grading"] = grades, ["performance.cycles.regrade"] = grades,
    ["performance.cycles.published"] = on(all("publish", "graded", "publish_more")),
    ["performance.cycles.publish_more"] = on(all("publish", "graded", "publish_more")),
  },
}
