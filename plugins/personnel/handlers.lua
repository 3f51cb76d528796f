-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What personnel do by themselves, in one place: what happened, and who does something about it.
local plans, selection = require("plans").handlers, require("selection").handlers
local employees, files = require("employees").handlers, require("files").handlers

local function on(serves, ...)
  local list = { ... }
  return campus.on { serves = serves, run = function(ctx, event)
    for _, one in ipairs(list) do
      local _, err = one(ctx, event)
      if err then return nil, err end
    end
  end }
end

return {
  ["personnel.plans.approved"] = on({ "HR-1" }, plans.approved),
  ["personnel.openings.closed"] = on({ "HR-2" }, plans.closed),
  ["personnel.interview_cards.submitted"] = on({ "HR-3" }, selection.carded),
  ["personnel.candidates_tasks.updated"] = on({ "HR-4" }, selection.checked),
  ["personnel.candidates.ranked"] = on({ "HR-3" }, selection.rank),
  ["personnel.candidates.rejected"] = on({ "HR-3" }, selection.rank),
  ["personnel.candidates.withdrawn"] = on({ "HR-3" }, selection.rank),
  ["personnel.candidates.declined"] = on({ "HR-3", "HR-5" }, selection.rank, employees.declined),
  ["personnel.candidates.accepted"] = on({ "HR-5" }, employees.accepted),
  ["personnel.employees.probation"] = on({ "HR-1", "HR-5", "HR-8" }, employees.came, files.began),
  ["personnel.employees.active"] = on({ "HR-8" }, files.began),
  ["personnel.employees.cancelled"] = on({ "HR-5" }, employees.did_not_come),
  ["personnel.contracts.active"] = on({ "HR-5" }, employees.signed),
  ["personnel.attendances.attended"] = on({ "HR-7", "HR-8" }, files.attended),
  ["personnel.attendances.passed"] = on({ "HR-8" }, files.attended),
  ["personnel.attendances.failed"] = on({ "HR-8" }, files.attended),
}
