-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: fine
local function attack(r, policy)
  local _, inner, start = pairs(string)
  assert(inner == nil and start == nil)
  _, inner = pairs(policy)
  assert(inner == nil)
  for k, v in pairs(string) do assert(string[k] == v) end
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
