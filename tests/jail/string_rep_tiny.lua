-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget
local function attack(r, policy)
  while true do local s = ("x"):rep(1048576) end
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
