-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error __gc, __close and __mode are not allowed
local function attack(r, policy)
  setmetatable({}, { __gc = function() while true do end end })
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
