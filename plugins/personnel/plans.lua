-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Whom the school wants to hire: the plan, and the openings it becomes once it is signed, each with its seats and the
-- panel that hears its candidates (HR-1, HR-3).
local field, shared = campus.field, require "shared"
local T = shared.title

-- What a line of a plan and an opening have in common.
local function post() return field.text { title = T("岗位", "Post"), required = true, max_length = 60, search = true } end
local function department() return field.text { title = T("部门", "Department"), required = true, max_length = 60 } end
local function category() return field.choice { title = T("岗位类别", "Category"), required = true, choices = shared.CATEGORIES } end
local function education() return field.choice { title = T("最低学历", "Least education"), required = true,
  choices = shared.EDUCATION } end

local plans = campus.entity {
  title = T("招聘计划", "Recruitment plans"), serves = { "HR-1" },
  fields = {
    year = field.text { title = T("年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    name = field.text { title = T("名称", "Name"), required = true, max_length = 80, search = true },
    basis = field.longtext { title = T("编制依据与用人理由", "What it rests on"), required = true },
    lines = field.list { title = T("招聘岗位", "Posts"), fields = {
      post = field.text { title = T("岗位", "Post"), required = true, max_length = 60 }, department = department(), category = category(),
      headcount = field.integer { title = T("人数", "Number"), required = true, min = 1, max = 200 }, education = education(),
      conditions = field.text { title = T("招聘条件", "Conditions"), required = true, max_length = 500 },
      lead = field.person { title = T("用人负责人", "Head it is for"), required = true },
    } },
    headcount = field.integer { title = T("计划人数", "Headcount"), derived = "sum(lines.headcount)" },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = shared.approved("policy:approval.plan", nil, { submit = { needs = { "lines" }, rule = "plan_is_whole" } }),
  indexes = { { "year", "state" } },
}

-- Written by the plugin alone, out of what was approved.
local openings = campus.entity {
  title = T("招聘岗位", "Openings"), serves = { "HR-1" },
  fields = {
    post = post(), department = department(), category = category(),
    year = field.text { title = T("年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    headcount = field.integer { title = T("计划人数", "Seats"), required = true, min = 0 },
    reserved = field.integer { title = T("已发录用", "Offered"), derived = "reserved(headcount)" },
    committed = field.integer { title = T("已接受", "Accepted"), derived = "committed(headcount)" },
    settled = field.integer { title = T("已到岗", "Hired"), derived = "settled(headcount)" },
    left = field.integer { title = T("空缺", "Vacant"), derived = "left(headcount)" },
    education = education(),
    conditions = field.text { title = T("招聘条件", "Conditions"), required = true, max_length = 500 },
    lead = field.person { title = T("用人负责人（面试组长）", "Head it is for, who chairs the panel"), required = true },
    panel_2 = field.person { title = T("面试官二", "Second of the panel") },
      panel_3 = field.person { title = T("面试官三", "Third of the panel") },
    opened_on = field.date { title = T("批准日期", "Opened on"), default = "$today" },
    plan = field.reference { to = "plans", title = T("招聘计划", "Plan"), required = true },
    key = field.text { title = T("编号", "Key"), required = true, unique = true, max_length = 140 },
  },
  workflow = { start = "open",
    states = { open = { title = T("招聘中", "Open") }, closed = { title = T("已结束", "Closed") } },
    transitions = {
      close = { title = T("结束招聘", "Close"), from = "open", to = "closed" },
      reopen = { title = T("恢复招聘", "Reopen"), from = "closed", to = "open" },
    } },
  indexes = { { "state", "year", "department" }, { "plan" }, { "lead", "state" } },
}

local function plan_is_whole(plan)
  local why, seen, twice = campus.reasons(), {}, nil
  for _, line in ipairs(plan.lines or {}) do
    local key = line.department .. " " .. line.post
    if seen[key] then twice = line.post end
    seen[key] = true
  end
  why:check(next(seen), { code = "no_posts", at = "lines" })
  why:check(not twice, { code = "post_twice", at = "lines", have = twice })
  return why:decision()
end

-- What is held of an opening stays: fewer seats than that are refused, and it says so.
local function put(ctx, plan, line, there)
  local key = table.concat({ plan.year, line.department, line.post }, " ")
  local have = there[key]
  there[key] = nil
  local fields = { plan = plan.id, category = line.category, headcount = line.headcount, education = line.education,
    conditions = line.conditions, lead = line.lead }
  if not have then
    fields.key, fields.year, fields.post, fields.department = key, plan.year, line.post, line.department
    return ctx:create("openings", fields)
  end
  if have.state == "closed" and line.headcount > have.headcount then
    local open, err = ctx:transition("openings", have.id, "reopen")
    if not open then return nil, err end
  end
  local done, err = ctx:update("openings", have.id, fields)
  if not done and err.code == "conflict" then return ctx:emit("below_held", "openings", have.id) end
  return done, err
end

local function approved(ctx, event)
  local plan, err = ctx:get("plans", event.record)
  if not plan then return nil, err end
  if plan.state ~= "approved" then return end              -- revised since
  local there = {}
  for _, one in ipairs(ctx:find("openings", { plan = plan.id, limit = 500 }).items) do there[one.key] = one end
  for _, line in ipairs(plan.lines or {}) do
    local _, why = put(ctx, plan, line, there)
    if why then return nil, why end
  end
  for _, one in pairs(there) do                            -- posts that it no longer has
    local _, why = ctx:update("openings", one.id, { headcount = 0 })
    if why and why.code ~= "conflict" then return nil, why end
    if why then
      ctx:emit("below_held", "openings", one.id)
    elseif one.state == "open" then
      ctx:transition("openings", one.id, "close")
    end
  end
end

-- Where nobody is wanted any more nobody may apply.
local function closed(ctx, event)
  local page, err = ctx:find("postings", { opening = event.record, state = "published", limit = 100 })
  if not page then return nil, err end
  for _, one in ipairs(page.items) do
    local done, why = ctx:transition("postings", one.id, "finish")
    if not done then return nil, why end
  end
end

return {
  entities = { plans = plans, openings = openings },
  rules = { plan_is_whole = campus.rule { reads = { "lines.department", "lines.post" }, run = plan_is_whole, serves = { "HR-1" } } },
  handlers = { approved = approved, closed = closed },
}
