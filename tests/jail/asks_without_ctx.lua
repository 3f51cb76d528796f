-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error "ask" is not defined
local function attack(r, policy)
  return ask("get", { "applicants", "x" })
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
