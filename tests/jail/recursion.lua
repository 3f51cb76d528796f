-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget or error stack overflow
local function attack(r, policy)
  local function f(n) return 1 + f(n + 1) end
  return { f(1) }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
