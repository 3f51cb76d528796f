-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget
local function attack(r, policy)
  while true do
    pcall(function()
      local t = {}
      for i = 1, 1000000000 do t[i] = { i } end
    end)
  end
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
