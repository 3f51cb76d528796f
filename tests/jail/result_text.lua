-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error a text is longer than 1 MiB
local function attack(r, policy)
  local s = ("x"):rep(1048576)
  return { { code = "x", ok = true, text = s .. s } }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
