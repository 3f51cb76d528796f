-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error xxxxx
local function attack(r, policy)
  error(("x"):rep(1048576), 0)
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
