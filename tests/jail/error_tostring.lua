-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error unknown error
local function attack(r, policy)
  error(setmetatable({}, { __tostring = function() while true do end end, __index = function() while true do end end }))
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
