-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The load: wrk runs this with one thread. Environment: OP (create read list assess kept scan),
-- ROWS (rows.lua), IDS (file of ids), START (first row or id to use), TOKEN, OUT (result file).
local env = os.getenv
local rows = dofile(env("ROWS"))
local op, n = env("OP"), tonumber(env("START"))
local base = "/api/v1/bench/"
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. env("TOKEN") }
local fixed = {
  list = base .. "applicants?state=registered&sort=name&limit=50",
  kept = base .. "reports/by_region_state",
  scan = base .. "reports/by_region_state_scan",
}

local ids = {}
if op == "read" or op == "assess" then
  for id in io.lines(env("IDS")) do ids[#ids + 1] = id end
end

-- a multiplier without a common factor with the number of ids visits each once, in no order
local function pick()
  n = n + 1
  return base .. "applicants/" .. ids[1 + n * 7919 % #ids]
end

local same
function request()
  if op == "create" then
    n = n + 1
    return wrk.format("POST", base .. "applicants", headers, rows.json(n))
  elseif op == "read" then
    return wrk.format("GET", pick(), headers)
  elseif op == "assess" then
    return wrk.format("POST", pick() .. "/assess", headers, "{}")
  end
  same = same or wrk.format("GET", fixed[op], headers)
  return same
end

function done(s, l)
  local f, e = io.open(env("OUT"), "w"), s.errors
  local ms = function(p) return l:percentile(p) / 1e3 end
  f:write(('{"requests":%d,"rps":%.1f,"p50":%.3f,"p99":%.3f,"max":%.1f,"refused":%d,"broken":%d}\n'):format(
    s.requests, s.requests / (s.duration / 1e6), ms(50), ms(99), l.max / 1e3, e.status,
    e.connect + e.read + e.write + e.timeout))
  f:close()
end
