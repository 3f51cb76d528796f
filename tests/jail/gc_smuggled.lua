-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: fine
local function attack(r, policy)
  local mt = {}
  for i = 1, 1000 do setmetatable({}, mt) end
  mt.__gc = function() while true do end end
  for i = 1, 1000 do local t = { i, {}, {} } end
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
