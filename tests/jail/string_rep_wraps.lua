-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error string.rep: too long
local function attack(r, policy)
  return ("xx"):rep(math.maxinteger)
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
