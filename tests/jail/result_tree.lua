-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget or error the result is too large
local function attack(r, policy)
  local t = ("x"):rep(1000)
  for _ = 1, 20 do t = { t, t, t, t, t, t, t, t, t, t } end
  return t
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
