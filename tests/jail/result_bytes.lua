-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error a text is not valid UTF-8
local function attack(r, policy)
  return { { ok = true, code = "\xff\xfe" } }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
