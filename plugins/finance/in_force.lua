-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- An approved budget becomes lines that spending draws on; a transfer moves money between two (FIN-1, FIN-3).
local shared = require "shared"

local function put(ctx, budget, line, version, left)
  local key = table.concat({ budget.year, line.category, line.name }, " ")
  local have = left[key]
  left[key] = nil
  local moved = have and shared.fen(have.moved) or 0
  local fields = { budget = budget.id, kind = budget.kind, basis = line.basis, version = version, approved = line.amount,
    amount = shared.yuan(math.max(shared.fen(line.amount) + moved, 0)) }
  if have then return ctx:update("lines", have.id, fields) end
  fields.key, fields.year, fields.category, fields.name = key, budget.year, line.category, line.name
  return ctx:create("lines", fields)
end

local function approved(ctx, event)
  local budget, err = ctx:get("budgets", event.record)
  if not budget then return nil, err end
  if budget.state ~= "approved" then return end            -- revised since
  local version, left = (budget.version or 0) + 1, {}
  local page = ctx:find("lines", { year = budget.year, limit = 500 })
  -- an interim budget that is approved late does not undo the annual one
  for _, line in ipairs(page.items) do
    if budget.kind == "interim" and line.kind == "annual" then return end
    left[line.key] = line
  end
  for _, line in ipairs(budget.lines or {}) do
    local done, why = put(ctx, budget, line, version, left)
    -- less than is spoken for already cannot be: the line keeps what it has and says so
    if not done and why.code ~= "conflict" then return nil, why end
    for _, have in ipairs(done and {} or page.items) do
      if have.category == line.category and have.name == line.name then ctx:emit("below_held", "lines", have.id) end
    end
  end
  for _, line in pairs(left) do                            -- lines that it no longer has
    local gone, why = ctx:update("lines", line.id, { amount = "0", approved = "0", moved = "0", version = version })
    if not gone and why.code ~= "conflict" then return nil, why end
    if not gone then ctx:emit("below_held", "lines", line.id) end
  end
  local _, why = ctx:update("budgets", budget.id, { version = version })
  if why then return nil, why end
end

local function move(ctx, id, by)
  local line, err = ctx:get("lines", id)
  if not line then return nil, err end
  return ctx:update("lines", id, { amount = shared.yuan(shared.fen(line.amount) + by), moved = shared.yuan(shared.fen(line.moved) + by) })
end
-- What was held is given back and moved in one transaction: nobody comes in between.
local function transfer_approved(ctx, event)
  local transfer, err = ctx:get("transfers", event.record)
  if not transfer then return nil, err end
  local amount = shared.fen(transfer.amount)
  local done, why = ctx:transition("transfers", transfer.id, "carry_out")
  if done then done, why = move(ctx, transfer.from, -amount) end
  if done then done, why = move(ctx, transfer.to, amount) end
  if not done then return nil, why end
end

return {
  ["finance.budgets.approved"] = campus.on { run = approved, serves = { "FIN-1" } },
  ["finance.transfers.approved"] = campus.on { run = transfer_approved, serves = { "FIN-3" } },
}
