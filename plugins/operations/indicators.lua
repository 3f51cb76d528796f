-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Operating indicators of each group, month by month: the target, what came of it, how far that is (ORG-5). Some are
-- filled in by people, some are counted by the system out of what is recorded anyway.
local field, shared = campus.field, require "shared"
local T = shared.title

local indicators = campus.entity {
  title = T("运营指标", "Indicators"), serves = { "ORG-5" },
  fields = {
    name = field.text { title = T("指标", "Indicator"), required = true, unique = true, max_length = 40, search = true },
    group = shared.group(T("责任小组", "Group"), { required = true }),
    unit = field.text { title = T("单位", "Unit"), required = true, max_length = 10 },
    direction = field.choice { title = T("方向", "Better when"), required = true, default = "up",
      choices = shared.choices { "up", "越高越好", "Higher", "down", "越低越好", "Lower" } },
    source = field.choice { title = T("数据来源", "Comes from"), required = true, default = "people", choices = shared.choices {
      "people", "人工填报", "People", "leads", "当月新增招生线索", "New leads of the month",
      "applicants", "当月新增报名", "New applicants of the month", "tasks", "计划任务按期完成率", "Tasks due and done (%)",
      "requests", "协调事项办结率", "Requests due and answered (%)" } },
    target = field.decimal { title = T("每月目标", "Target a month"), required = true, scale = 1, min = 0, max = 9999999 },
    keeper = field.person { title = T("填报人", "Filled in by") },
    how = field.text { title = T("统计口径", "How it is counted"), max_length = 300 },
  },
  workflow = {
    start = "in_use",
    states = { in_use = { title = T("在用", "In use") }, retired = { title = T("停用", "Retired") } },
    transitions = {
      retire = { title = T("停用", "Retire"), from = "in_use", to = "retired" },
      restore = { title = T("恢复", "Restore"), from = "retired", to = "in_use" },
    },
  },
  indexes = { { "group", "state" } },
}

local measurements = campus.entity {
  title = T("指标数据", "Measurements"), serves = { "ORG-5" }, part_of = "indicator",
  fields = {
    period = field.text { title = T("月份", "Month"), required = true, pattern = "20[0-9]{2}-(0[1-9]|1[0-2])" },
    indicator = field.reference { to = "indicators", title = T("所属指标", "Of"), required = true },
    indicator_name = field.text { title = T("指标名称", "Indicator"), derived = "indicator.name", max_length = 40 },
    group = shared.group(T("责任小组", "Group"), { derived = "indicator.group" }), group_key = shared.key "group",
    target = field.decimal { title = T("目标", "Target"), required = true, scale = 1, min = 0, max = 9999999 },
    actual = field.decimal { title = T("实际", "Actual"), scale = 1, min = 0, max = 9999999 },
    unit = field.text { title = T("单位", "Unit"), derived = "indicator.unit", max_length = 10 },
    attained = field.integer { title = T("达成率（%）", "Attained (%)") },
    flagged = field.boolean { title = T("预警", "Off target") },
    keeper = field.person { title = T("填报人", "Filled in by"), derived = "indicator.keeper" },
    note = field.text { title = T("说明", "Note"), max_length = 300 },
  },
  indexes = { { "indicator", "period", unique = true }, { "period", "group" } },
}

-- 60 of 80 is 75 %; where less is better, 80 of 60 is.
local function attained(direction, target, actual)
  local have, want = actual, target
  if direction == "down" then have, want = target, actual end
  if want == 0 then return 100 end
  return math.min(math.floor(have * 100 / want), 999)
end
local function judge(ctx, event)
  local m, err = ctx:get("measurements", event.record)
  if not m then return nil, err end
  local indicator, why = ctx:get("indicators", m.indicator)
  if not indicator then return nil, why end
  local share = m.actual and attained(indicator.direction, tonumber(m.target), tonumber(m.actual)) or nil
  local off = share ~= nil and share < ctx.policy.indicators.alarm
  if m.attained == share and m.flagged == off then return end
  local _, wrong = ctx:update("measurements", m.id, { attained = share, flagged = off })
  if wrong then return nil, wrong end
end

-- What is due in the month, and how much of it is done, in percent.
local function share(ctx, entity, key, group, date, first, last, going, done)
  local function n(states)
    return shared.count(ctx, entity, { [key] = group, [date .. "[gte]"] = first, [date .. "[lte]"] = last,
      ["state[in]"] = states })
  end
  local all, err = n(going .. "," .. done)
  if not all then return nil, err end
  if all == 0 then return end
  local some, why = n(done)
  if not some then return nil, why end
  return ("%.1f"):format(some * 100 / all)
end
local SOURCES = {
  leads = function(ctx, _, first, last) return shared.count(ctx, "admissions.leads",
    { ["came_on[gte]"] = first, ["came_on[lte]"] = last }) end,
  applicants = function(ctx, _, first, last)
    return shared.count(ctx, "admissions.applicants", { ["registered_on[gte]"] = first, ["registered_on[lte]"] = last })
  end,
  tasks = function(ctx, i, first, last) return share(ctx, "plans_tasks", "group", i.group, "due_on", first, last,
    "open", "done") end,
  requests = function(ctx, i, first, last)
    return share(ctx, "requests", "to", i.group, "wanted_by", first, last, "sent,in_hand,declined", "replied,closed")
  end,
}

-- The month's row of an indicator, with its target; what the system counts itself is counted anew.
local function refresh(ctx, i, day)
  local first, last, month = shared.month(day)
  local found, err = ctx:find("measurements", { indicator = i.id, period = month, limit = 1 })
  if not found then return nil, err end
  local m = found.items[1]
  if not m then
    m, err = ctx:create("measurements", { indicator = i.id, period = month, target = i.target })
    if not m then return nil, err end
  end
  local actual
  if SOURCES[i.source] then actual, err = SOURCES[i.source](ctx, i, first, last) end
  if err then return nil, err end
  if actual and tonumber(actual) ~= tonumber(m.actual or "-1") then
    return ctx:update("measurements", m.id, { actual = ("%.1f"):format(tonumber(actual)) })
  end
  return m
end
-- Until the fifth the month before is counted once more: what was entered late belongs to it.
local function keep_up(ctx, i)
  local today = ctx:now().today
  if i.state ~= "in_use" then return true end
  if tonumber(today:sub(9, 10)) <= 5 and SOURCES[i.source] then
    local before, err = refresh(ctx, i, (shared.month_before(today)))
    if not before then return nil, err end
  end
  return refresh(ctx, i, today)
end
-- Counted by the system itself, whoever asks: people see different records.
local function asked(ctx, event)
  local i, err = ctx:get("indicators", event.record)
  if not i then return nil, err end
  local _, why = keep_up(ctx, i)
  if why then return nil, why end
end
local function each(ctx, run)
  local page, err = ctx:find("indicators", { state = "in_use", limit = 200 })
  if not page then return nil, err end
  for _, i in ipairs(page.items) do
    local done, why = run(i)
    if not done and why then return nil, why end
  end
  return { indicators = #page.items }
end

return {
  entities = { indicators = indicators, measurements = measurements },
  on = {
    ["operations.indicators.created"] = campus.on { run = asked, serves = { "ORG-5" } },
    ["operations.indicators.asked"] = campus.on { run = asked, serves = { "ORG-5" } },
    ["operations.measurements.created"] = campus.on { run = judge, serves = { "ORG-5" } },
    ["operations.measurements.updated"] = campus.on { run = judge, serves = { "ORG-5" } },
  },
  every = {
    hourly = campus.every { cron = "10 7-20 * * *", missed = "skip", serves = { "ORG-5" }, run = function(ctx)
      local done, err = each(ctx, function(i) return keep_up(ctx, i) end)
      if not done then return nil, err end
    end },
  },
  actions = {
    refresh_indicators = campus.action { title = T("更新指标数据", "Refresh the indicators"), serves = { "ORG-5" },
      run = function(ctx) return each(ctx, function(i) return ctx:emit("asked", "indicators", i.id) end) end },
  },
}
