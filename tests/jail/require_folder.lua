-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error require takes the name of a file of this plugin
local function attack(r, policy)
  return require("../finance/claims")
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
