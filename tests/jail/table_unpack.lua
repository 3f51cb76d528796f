-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error too many results to unpack
local function attack(r, policy)
  return { table.unpack({}, 1, 100000000) }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
