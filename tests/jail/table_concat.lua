-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget or error not enough memory
local function attack(r, policy)
  local t, s = {}, ("x"):rep(1048576)
  for i = 1, 1000 do t[i] = s end
  return { table.concat(t) }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
