-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget or error not enough memory
local function attack(r, policy)
  local t = {}
  for i = 1, 1000000000 do t[i] = { i } end
  return t
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
