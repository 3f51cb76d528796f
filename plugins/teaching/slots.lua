-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What an activity takes: a text for each room, teacher and class in each period of each day. Such a text is there once in all
-- activities that are not drafts or cancelled, so that no two take the same, also when both are entered at the same instant (TCH-5).
local shared = require "shared"
local slots = {}

-- activity: kind, day, until_day, first, last, room, teacher, class, others; an internship takes whole days.
function slots.of(activity, periods)
  local out, first, last, who = {}, activity.first or 1, activity.last or 1, {}
  if activity.kind == "internship" then first, last = 1, periods end
  if activity.room then who[#who + 1] = "room " .. activity.room end
  if activity.teacher then who[#who + 1] = "teacher " .. activity.teacher end
  if activity.class then who[#who + 1] = "class " .. activity.class end
  for _, other in ipairs(activity.others or {}) do who[#who + 1] = "class " .. other.class end
  for n = 0, campus.date.days_between(activity.day, activity.until_day or activity.day) do
    local day = shared.day_after(activity.day, n)
    for period = first, last do
      for _, one in ipairs(who) do out[#out + 1] = { key = string.format("%s %02d %s", day, period, one) } end
    end
  end
  return out
end

-- Whether these are exactly what it takes: nobody takes less, or keeps more.
function slots.right(activity, periods)
  local want, n = {}, 0
  for _, one in ipairs(slots.of(activity, periods)) do want[one.key], n = true, n + 1 end
  for _, one in ipairs(activity.slots or {}) do
    if not want[one.key] then return false end
    want[one.key], n = nil, n - 1
  end
  return n == 0
end

return slots
