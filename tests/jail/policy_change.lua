-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error policy cannot be changed
local function attack(r, policy)
  policy.least = 0
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
