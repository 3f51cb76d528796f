-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget
local function attack(r, policy)
  local s = ("a"):rep(30000)
  return s:find((".-"):rep(100) .. "b")
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
