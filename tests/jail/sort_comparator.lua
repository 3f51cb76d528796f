-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget
local function attack(r, policy)
  table.sort({ 3, 2, 1 }, function() while true do end end)
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
