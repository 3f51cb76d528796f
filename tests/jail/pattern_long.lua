-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error subject or pattern too long
local function attack(r, policy)
  local s = ("a"):rep(70000)
  return s:find("b")
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
