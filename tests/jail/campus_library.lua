-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error campus.date cannot be changed
local function attack(r, policy)
  campus.date.age_on = function() return 18 end
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
