-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Each claim is submitted once: IDS (file of ids), TOKEN; what it came to is printed as JSON.
local ids, n = {}, 0
for id in io.lines(os.getenv("IDS")) do ids[#ids + 1] = id end
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. os.getenv("TOKEN") }

function request()
  n = n + 1
  return wrk.format("POST", "/api/v1/spending/claims/" .. ids[1 + n % #ids] .. "/submit", headers, "{}")
end

function done(s, l)
  io.write(('{"requests":%d,"rps":%.1f,"p50":%.2f,"p99":%.2f,"refused":%d}\n'):format(
    s.requests, s.requests / (s.duration / 1e6), l:percentile(50) / 1e3, l:percentile(99) / 1e3, s.errors.status))
end
