-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error unknown error
local function attack(r, policy)
  error(nil)
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
