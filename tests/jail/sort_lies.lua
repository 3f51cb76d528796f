-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget or error invalid order function
local function attack(r, policy)
  local t = {}
  for i = 1, 1000 do t[i] = i % 7 end
  table.sort(t, function() return true end)
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
