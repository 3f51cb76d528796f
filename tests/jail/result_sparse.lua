-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error a list has holes
local function attack(r, policy)
  local t = {}
  for i = 0, 60 do t[1 << i] = 1 end
  return t
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
