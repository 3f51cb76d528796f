-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: budget or error not enough memory
local function attack(r, policy)
  local s = ("x"):rep(65536):gsub("x", ("y"):rep(1000000))
  return { s }
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
