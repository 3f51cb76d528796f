-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error plausible
local function attack(r, policy)
  error({ file = "policies/access.yaml", line = 1, word = "fatal", text = "plausible", extra = { {} } }, 0)
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
