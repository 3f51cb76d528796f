-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error nested too deeply
local function attack(r, policy)
  local t = {}
  t[1] = t
  return t
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
