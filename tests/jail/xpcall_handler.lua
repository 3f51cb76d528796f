-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error "xpcall" is not defined
local function attack(r, policy)
  local function handler() while true do end end
  xpcall(error, handler)
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
