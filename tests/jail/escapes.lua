-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: fine
local function attack(r, policy)
  local names = { "io", "os", "debug", "load", "loadstring", "loadfile", "dofile", "package", "collectgarbage", "rawset", "rawget",
    "getmetatable", "coroutine", "xpcall", "_G", "_ENV_", "warn", "print", "ask", "sources", "env" }
  for _, n in ipairs(names) do
    local ok, err = pcall(function() return _ENV[n] end)
    assert(not ok and err:find("is not defined", 1, true), n)
  end
  assert(string.dump == nil and math.random == nil and math.randomseed == nil and table.move == nil)
  local ok = pcall(function() leaked = 1 end)
  assert(not ok)
  return {}
end
return { rules = { attack = { reads = {}, run = attack }, calm = { reads = {}, run = function() return {} end } } }
