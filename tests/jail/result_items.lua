-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error more than 20000 items
local function attack(r, policy)
  local t = {}
  for i = 1, 100000 do t[i] = { code = "x", ok = true } end
  return t
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
