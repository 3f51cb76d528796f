-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: failed
local function attack(r, policy)
  local t = {}
  for i = 1, 2000 do t[i] = { ok = true, code = "x" } end
  return t
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
