-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget
local function attack(r, policy)
  local mt = {}
  local t = setmetatable({}, mt)
  mt.__close = function() while true do end end
  local x <close> = t
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
