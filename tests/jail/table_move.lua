-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error attempt to call a nil value (field 'move')
local function attack(r, policy)
  table.move({ 1 }, 1, math.maxinteger - 1, 2)
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
