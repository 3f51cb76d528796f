-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget
local function attack(r, policy)
  return ("abc"):gsub(".", function() while true do end end)
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
