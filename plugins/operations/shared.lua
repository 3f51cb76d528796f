-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What several files of operations say alike: titles, choices, the group that something belongs to.
local field = campus.field
local shared = {}

local function T(zh, en) return { zh = zh, en = en } end
-- name, 中文, English, one after the other
local function choices(list)
  local out = {}
  for i = 1, #list, 3 do out[#out + 1] = { name = list[i], title = T(list[i + 1], list[i + 2]) } end
  return out
end
shared.title, shared.choices = T, choices

-- The role of the group's lead, and its name among the groups of people: whose something is and who sees it goes by these.
function shared.group(title, more)
  local f = { to = "operations.groups", title = title }
  for k, v in pairs(more or {}) do f[k] = v end
  return field.reference(f)
end
function shared.lead(via) return field.text { title = T("负责岗位", "Role of its lead"), derived = via .. ".lead",
  max_length = 60 } end
function shared.key(via) return field.text { title = T("小组代码", "Group's name"), derived = via .. ".group", max_length = 48 } end

-- "2027-03-15" -> the first and the last day of its month, and the month
function shared.month(day)
  local y, m = tonumber(day:sub(1, 4)), tonumber(day:sub(6, 7))
  local next_y, next_m = m == 12 and y + 1 or y, m == 12 and 1 or m + 1
  local first = ("%04d-%02d-01"):format(y, m)
  local last = campus.date.days_between(first, ("%04d-%02d-01"):format(next_y, next_m))
  return first, ("%04d-%02d-%02d"):format(y, m, last), ("%04d-%02d"):format(y, m)
end
function shared.month_before(day)
  local y, m = tonumber(day:sub(1, 4)), tonumber(day:sub(6, 7))
  if m == 1 then y, m = y - 1, 13 end
  return shared.month(("%04d-%02d-01"):format(y, m - 1))
end

-- How many records fit; nil and why where they may not be counted.
function shared.count(ctx, entity, filters)
  filters.total, filters.limit = true, 1
  local page, err = ctx:find(entity, filters)
  if not page then return nil, err end
  return page.total
end

return shared
