-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error string cannot be changed
local function attack(r, policy)
  string.rep = function() return "owned" end
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
