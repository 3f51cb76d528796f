-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error "getmetatable" is not defined
local function attack(r, policy)
  getmetatable("").__index = { rep = function() return "owned" end }
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
