-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error '__index' chain too long
local function attack(r, policy)
  local a, b = {}, {}
  setmetatable(a, { __index = b })
  setmetatable(b, { __index = a })
  return { a.x }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
