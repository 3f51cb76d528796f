-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- An approved plan becomes lines with seats; those that it no longer has keep none (ADM-1).
local function put(ctx, plan, line, left)
  local key = table.concat({ plan.id, line.major, line.region }, " ")
  local fields = { plan = plan.id, key = key, season = plan.season, major = line.major, major_name = line.major_name,
    region = line.region, name = line.major_name .. "·" .. line.region, quota = line.quota }
  local have = left[key]
  left[key] = nil
  if not have then return ctx:create("plan_lines", fields) end
  if have.quota == line.quota then return have end
  return ctx:update("plan_lines", have.id, { quota = line.quota })
end

local function approved(ctx, event)
  local plan, err = ctx:get("plans", event.record)
  if not plan then return nil, err end
  if plan.state ~= "approved" then return end          -- revised since
  local left = {}
  local page = ctx:find("plan_lines", { plan = plan.id, limit = 500 })
  for _, line in ipairs(page.items) do left[line.key] = line end
  for _, line in ipairs(plan.lines or {}) do
    local done, why = put(ctx, plan, line, left)
    -- a quota below the seats that are held already cannot be: the line keeps what it has and says so
    if not done and why.code == "conflict" then
      for _, have in ipairs(page.items) do
        if have.major == line.major and have.region == line.region then ctx:emit("below_held", "plan_lines", have.id) end
      end
    elseif not done then
      return nil, why
    end
  end
  for _, line in pairs(left) do
    local gone, why = ctx:update("plan_lines", line.id, { quota = 0 })
    if not gone then
      if why.code ~= "conflict" then return nil, why end
      ctx:emit("below_held", "plan_lines", line.id)
    end
  end
end

return { ["admissions.plans.approved"] = campus.on { run = approved, serves = { "ADM-1" } } }
