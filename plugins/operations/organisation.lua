-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Groups and posts, described (ORG-1). Who is in a group, holds a post, acts in it or lends it, and from when to when, is kept with
-- the people; `group` and `post` are the names that these have there. What each group has open and late is counted here (ORG-7).
local field, shared = campus.field, require "shared"
local T = shared.title

local groups = campus.entity {
  title = T("小组与部门", "Groups and departments"), serves = { "ORG-1", "ORG-7" },
  fields = {
    name = field.text { title = T("名称", "Name"), required = true, max_length = 40 },
    kind = field.choice { title = T("类型", "Kind"), required = true, default = "group",
      choices = shared.choices { "group", "本部门小组", "Group of the department", "department", "其他部门", "Other department" } },
    open_work = field.integer { title = T("在办", "Open"),
      help = T("计划任务、协调事项、突发事件、改进建议", "Tasks, requests, incidents, proposals") },
    late_work = field.integer { title = T("逾期", "Late") },
    flags = field.integer { title = T("指标预警", "Indicators off target") },
    duties = field.longtext { title = T("职责", "Duties"), required = true },
    group = field.text { title = T("小组代码", "Group's name"), required = true, unique = true,
      pattern = "[a-z][a-z0-9_]*", max_length = 48,
      help = T("与“管理—人员”中的小组名一致，如 admissions", "As groups are called under Administration, People, such as admissions") },
    lead = field.text { title = T("负责岗位", "Role of its lead"), required = true, max_length = 60,
      help = T("岗位代码，如 admissions.lead；交来的事项先到该岗位", "Name of a role, such as admissions.lead: what comes in is first theirs") },
    order = field.integer { title = T("顺序", "Order"), default = 0, min = 0 },
  },
  indexes = { { "kind", "order" } },
}

local posts = campus.entity {
  title = T("岗位说明", "Posts"), serves = { "ORG-1" },
  fields = {
    name = field.text { title = T("岗位", "Post"), required = true, max_length = 40 },
    group = field.reference { to = "groups", title = T("所在小组", "Group") },
    above = field.reference { to = "posts", title = T("上级岗位", "Reports to") },
    headcount = field.integer { title = T("编制", "Headcount"), min = 0, max = 500 },
    duties = field.longtext { title = T("职责", "Duties"), required = true },
    workflow = field.longtext { title = T("工作流程", "Workflow"), required = true },
    standards = field.longtext { title = T("工作标准", "Standards"), required = true },
    post = field.text { title = T("岗位代码", "Role or post"), required = true, unique = true, max_length = 60,
      help = T("“管理—人员”中的岗位或职务名，如 admissions.lead、head",
        "A role or a post as under Administration, People, such as admissions.lead or head") },
  },
  indexes = { { "group", "name" } },
}

-- The groups and posts of the policy that are not there yet; what a school has changed stays as it is.
local function set_up(ctx)
  local policy, ids, known, made = ctx.policy.organisation, {}, {}, 0
  local function one(entity, key, fields)
    if not known[entity] then
      local page, err = ctx:find(entity, { limit = 500 })
      if not page then return nil, err end
      known[entity] = {}
      for _, record in ipairs(page.items) do known[entity][record[key]] = record end
    end
    if known[entity][fields[key]] then return known[entity][fields[key]] end
    made = made + 1
    return ctx:create(entity, fields)
  end
  for i, g in ipairs(policy.groups) do
    local group, err = one("groups", "group", { group = g.group, name = g.name, kind = g.kind, lead = g.lead,
      duties = g.duties, order = i })
    if not group then return nil, err end
    ids[g.group] = group.id
  end
  for _, p in ipairs(policy.posts) do
    local post, err = one("posts", "post", { post = p.post, name = p.name, group = ids[p.group],
      above = ids["post " .. (p.above or "")],
      duties = p.duties, workflow = p.workflow, standards = p.standards })
    if not post then return nil, err end
    ids["post " .. p.post] = post.id
  end
  return { made = made }
end

-- Supervision: what a group has open, what of it is late, which of its indicators are off.
local COUNTED = {
  { "plans_tasks", "group", "open" }, { "requests", "to", "sent,in_hand", "came_from" }, { "incidents", "group", "open,investigating" },
  { "improvements", "group", "proposed,under_way" },
}
-- Of this month; of the last one as long as nothing is known of this.
local function off_target(ctx, id)
  local today, seen, n = ctx:now().today, {}, 0
  for _, month in ipairs { select(3, shared.month(today)), (select(3, shared.month_before(today))) } do
    local page, err = ctx:find("measurements", { group = id, period = month, ["actual[empty]"] = false, limit = 200 })
    if not page then return nil, err end
    for _, m in ipairs(page.items) do
      if m.flagged and not seen[m.indicator] then n = n + 1 end
      seen[m.indicator] = true
    end
  end
  return n
end
local function recount(ctx, id)
  local group, err = ctx:get("groups", id)
  if not group then return nil, err end
  local sums = { open_work = 0, late_work = 0 }
  for _, c in ipairs(COUNTED) do
    for name, late in pairs { open_work = false, late_work = true } do
      local n, why = shared.count(ctx, c[1], { [c[2]] = id, ["state[in]"] = c[3], overdue = late or nil })
      if not n then return nil, why end
      sums[name] = sums[name] + n
    end
  end
  local flags, why = off_target(ctx, id)
  if not flags then return nil, why end
  sums.flags = flags
  if sums.open_work == group.open_work and sums.late_work == group.late_work and flags == group.flags then return group end
  return ctx:update("groups", id, sums)
end

local function moved(entity, key, before)
  return campus.on { serves = { "ORG-7" }, run = function(ctx, event)
    local record, err = ctx:get(entity, event.record)
    if not record then
      if err.code == "not_found" then return end            -- archived since
      return nil, err
    end
    for _, id in ipairs { record[key], before and record[before] } do
      local _, why = recount(ctx, id)
      if why then return nil, why end
    end
  end }
end
local on = {}
for _, c in ipairs(COUNTED) do on["operations." .. c[1] .. ".*"] = moved(c[1], c[2], c[4]) end
on["operations.groups.created"] = campus.on { serves = { "ORG-7" }, run = function(ctx, event)
  local _, err = recount(ctx, event.record)
  if err then return nil, err end
end }
on["operations.measurements.*"] = moved("measurements", "group")

return {
  entities = { groups = groups, posts = posts }, on = on, recount = recount,
  actions = {
    set_up = campus.action { title = T("按制度建立小组与岗位", "Set up groups and posts"), run = set_up, serves = { "ORG-1" } },
  },
}
