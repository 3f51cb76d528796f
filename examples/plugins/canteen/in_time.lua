-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The kitchen buys ahead: an order must come early enough, and cannot be for more than it can cook.
local function in_time(order, policy, as_of)
  local why = campus.reasons()
  local ahead = campus.date.days_between(as_of, order.day)
  why:check(ahead >= policy.days_ahead, { code = "too_late", at = "day", have = ahead, want = policy.days_ahead, policy = "days_ahead" })
  why:check(order.portions <= policy.portions.most,
    { code = "too_many", at = "portions", have = order.portions, want = policy.portions.most, policy = "portions.most" })
  return why:decision()
end

return { in_time = campus.rule { reads = { "day", "portions" }, run = in_time } }
