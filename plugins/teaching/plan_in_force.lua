-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- An approved plan becomes courses, each course its weeks. A course that a revision drops keeps its records and has no hours
-- any more; a week that was taught stays as it was (TCH-1).
local shared = require "shared"
local SAME = { "name", "nature", "teacher", "weekly", "first", "last", "hours", "assessment", "textbook" }

-- What each week is about, in their order, a line a week.
local function topics_of(plan, course)
  local out = {}
  for _, row in ipairs(plan.progress) do
    if row.course == course.name then out[row.week - course.first + 1] = row.topic end
  end
  return table.concat(out, "\n")
end

local function approved(ctx, event)
  local plan, err = ctx:get("plans", event.record)
  if not plan then return nil, err end
  if plan.state ~= "approved" then return end                 -- revised since
  local version, left = (plan.version or 0) + 1, {}
  for _, c in ipairs(ctx:find("courses", { plan = plan.id, limit = 200 }).items) do left[c.key] = c end
  for _, c in ipairs(plan.courses) do
    local key = plan.id .. " " .. c.name
    local fields, have = { version = version, topics = topics_of(plan, c) }, left[key]
    for _, name in ipairs(SAME) do fields[name] = c[name] end
    left[key] = nil
    local done, why
    if have then
      done, why = ctx:update("courses", have.id, fields)
    else
      fields.plan, fields.key, fields.term, fields.major, fields.cohort = plan.id, key, plan.term, plan.major, plan.cohort
      done, why = ctx:create("courses", fields)
    end
    if not done then return nil, why end
  end
  for _, c in pairs(left) do
    local gone, why = ctx:update("courses", c.id, { weekly = 0, hours = 0, topics = "", version = version })
    if not gone then return nil, why end
  end
  local counted, why = ctx:update("plans", plan.id, { version = version })
  if not counted then return nil, why end
end

local function put_weeks(ctx, event)
  local course, err = ctx:get("courses", event.record)
  if not course then return nil, err end
  local term, why = ctx:get("basics.terms", course.term)
  if not term then return nil, why end
  local first, left = shared.monday(term.starts_on), {}
  for _, w in ipairs(ctx:find("weeks", { course = course.id, limit = 100 }).items) do left[w.number] = w end
  for i, topic in ipairs(shared.lines(course.topics)) do
    local number = course.first + i - 1
    local have, done = left[number], true
    local fields = { topic = topic, hours = course.weekly, name = course.name .. " " .. number .. "：" .. topic }
    left[number] = nil
    if not have then
      fields.course, fields.number, fields.key = course.id, number, course.id .. " " .. number
      fields.starts_on = shared.day_after(first, (number - 1) * 7)
      fields.ends_on = shared.day_after(fields.starts_on, 6)
      done, why = ctx:create("weeks", fields)
    elseif have.state == "planned" or have.state == "dropped" then
      if have.name ~= fields.name or have.hours ~= fields.hours or have.teacher ~= course.teacher then
        fields.course = course.id                             -- and what it repeats of the course
        done, why = ctx:update("weeks", have.id, fields)
      end
      if done and have.state == "dropped" then done, why = ctx:transition("weeks", have.id, "restore") end
    end
    if not done then return nil, why end
  end
  for _, w in pairs(left) do
    if w.state == "planned" then
      local gone, no = ctx:transition("weeks", w.id, "drop")
      if not gone then return nil, no end
    end
  end
end

return {
  ["teaching.plans.approved"] = campus.on { run = approved, serves = { "TCH-1" } },
  ["teaching.courses.created"] = campus.on { run = put_weeks, serves = { "TCH-1" } },
  ["teaching.courses.updated"] = campus.on { run = put_weeks, serves = { "TCH-1" } },
}
