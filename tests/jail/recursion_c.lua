-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget or error C stack overflow
local function attack(r, policy)
  local t = setmetatable({}, { __index = function(t, k) return t[k] .. "x" end })
  return { t.x }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
