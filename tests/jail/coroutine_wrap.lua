-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: error "coroutine" is not defined
local function attack(r, policy)
  local spin = coroutine.wrap(function() while true do coroutine.yield() end end)
  while true do spin() end
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
