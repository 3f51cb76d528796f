-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error there is no file os.lua
local function attack(r, policy)
  return require("os")
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
