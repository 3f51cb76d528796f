-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: failed
local function attack(r, policy)
  return { { ok = true, code = 5 } }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
