-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: fine
local function attack(r, policy)
  assert(math.maxinteger + 1 == math.mininteger)
  local ok = pcall(function() return 1 // 0 end)
  assert(not ok)
  return { { ok = true, code = "x", have = 0 / 0, want = 1 / 0 } }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
