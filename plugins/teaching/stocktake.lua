-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Stocktaking: whoever counts names a store; the plugin freezes it and writes the sheet of what the ledger says; what is found
-- is written beside it; the differences are posted when they are approved, and the store opens again (TCH-4).
local field, shared = campus.field, require "shared"
local T = shared.title

local function count(zh, en) return field.integer { title = T(zh, en), min = 0, max = 1000000 } end
local function goods() return field.reference { to = "goods", title = T("物品", "Goods"), required = true } end

-- What left the stock, by why it did.
local GONE = { "missing", "lost", "damaged", "scrapped" }
local function differences()
  local post = { ledger = "stock", text = "number" }
  local function move(from, to, amount)
    post[#post + 1] = { each = "lines", account = from, item = "goods", place = "store", amount = "-" .. amount }
    post[#post + 1] = { each = "lines", account = to, item = "goods", place = "store", amount = amount }
  end
  for _, name in ipairs(GONE) do move("stock", name, name) end
  move("surplus", "stock", "surplus")
  return post
end

local stocktakes = campus.entity {
  title = T("盘点", "Stocktakes"), serves = { "TCH-4" },
  fields = {
    number = field.text { title = T("盘点单号", "Number"), number = "PD{year}-{seq:4}" },
    store = field.reference { to = "stores", title = T("存放地点", "Store"), required = true },
    counted_by = field.person { title = T("盘点人", "Counted by"), required = true, default = "$actor" },
    witness = field.person { title = T("监盘人", "Witness"), required = true },
    frozen_at = field.datetime { title = T("账面冻结时间（系统）", "Frozen at (by itself)") },
    lines = field.list { title = T("盘点明细", "Counts"), fields = {
      goods = goods(), book = count("账面数", "In the books"), counted = count("实盘数", "Counted"), missing = count("未找到", "Not found"),
      lost = count("丢失", "Lost"), damaged = count("损坏", "Damaged"), scrapped = count("报废", "Scrapped"), surplus = count("盘盈", "Surplus"),
      note = field.text { title = T("说明", "Note"), max_length = 120 },
      name = field.text { title = T("品名（盘点表用）", "Name (for the sheet)"), max_length = 80 },
    } },
    counted = field.integer { title = T("实盘合计", "Counted in all"), derived = "sum(lines.counted)" },
    missing = field.integer { title = T("未找到合计", "Not found"), derived = "sum(lines.missing)" },
    lost = field.integer { title = T("丢失合计", "Lost"), derived = "sum(lines.lost)" },
    damaged = field.integer { title = T("损坏合计", "Damaged"), derived = "sum(lines.damaged)" },
    scrapped = field.integer { title = T("报废合计", "Scrapped"), derived = "sum(lines.scrapped)" },
    surplus = field.integer { title = T("盘盈合计", "Surplus"), derived = "sum(lines.surplus)" },
    findings = field.longtext { title = T("清查结论与整改", "Findings and measures"), max_length = 4000 },
    sheet = field.list { title = T("冻结的账面（系统）", "The frozen sheet (by itself)"), fields = { goods = goods(), book = count("账面数",
      "In the books") },
      help = T("开始盘点时由系统写入，不可更改", "written when the count begins, by nobody's hand") },
    note = field.text { title = T("备注", "Note"), max_length = 500 },
  },
  workflow = { start = "preparing",
    states = {
      preparing = { title = T("正在冻结账面", "Being frozen") },
      counting = { title = T("盘点中", "Counting"), todo = "counted_by", deadline = { within = "policy:deadlines.stocktake",
        owner = "counted_by",
        remind = { "1wd" }, escalate = { { after = "1wd", to = "role:teaching.lead" } } } },
      in_approval = { title = T("待审批", "In approval") }, approved = { title = T("已入账", "Approved"), final = true },
      cancelled = { title = T("已取消", "Cancelled"), final = true },
    },
    transitions = {
      freeze = { title = T("冻结账面", "Freeze"), from = "preparing", to = "counting" },
      submit = { title = T("提交盘点结果", "Submit"), from = "counting", to = "in_approval", needs = { "findings" }, rule = "count_is_whole" },
      approve = { title = T("同意入账", "Approve"), from = "in_approval", to = "approved", approvals = "policy:approval.stocktakes",
        never_by = { "$created_by", "counted_by", "witness" }, otherwise = "climb", back = "send_back", recall = "take_back",
          post = differences() },
      send_back = { title = T("退回复盘", "Count again"), from = "in_approval", to = "counting" },
      take_back = { title = T("撤回", "Take back"), from = "in_approval", to = "counting" },
      cancel = { title = T("取消盘点", "Cancel"), from = { "preparing", "counting" }, to = "cancelled", needs = { "note" } },
    } },
  indexes = { { "state" }, { "store", "state" } },
}

-- Every item of the sheet is counted once against the number that was frozen, and every difference has a reason.
local function count_is_whole(take)
  local why, book, seen = campus.reasons(), {}, {}
  for _, line in ipairs(take.sheet or {}) do book[line.goods] = line.book end
  for i, line in ipairs(take.lines or {}) do
    local at, frozen = "lines/" .. i - 1 .. "/", book[line.goods] or 0
    why:check(not seen[line.goods], { code = "goods_twice", at = at .. "goods" })
    seen[line.goods] = true
    why:check((line.book or 0) == frozen, { code = "book_changed", at = at .. "book", have = line.book, want = frozen })
    why:check(line.counted, { code = "not_counted", at = at .. "counted" })
    local told = (line.counted or 0) - (line.surplus or 0)
    for _, name in ipairs(GONE) do told = told + (line[name] or 0) end
    why:check(told == frozen, { code = "unexplained", at = at .. "counted", have = told, want = frozen })
  end
  local left = 0
  for _, line in ipairs(take.sheet or {}) do if not seen[line.goods] then left = left + 1 end end
  why:check(left == 0, { code = "left_out", at = "lines", have = left })
  why:check(take.counted_by ~= take.witness, { code = "same_person", at = "witness" })
  return why:decision()
end

-- In one transaction: the store stands still, and the sheet says what the ledger says.
local function freeze(ctx, event)
  local take, err = ctx:get("stocktakes", event.record)
  if not take then return nil, err end
  local store = ctx:get("stores", take.store)
  if not store then return nil, err end
  local done, why
  if store.counting then
    done, why = ctx:transition("stocktakes", take.id, "cancel", { note = ctx:t("counted_already") })
    return done and nil, why
  end
  local sheet, lines = {}, {}
  for _, row in ipairs(ctx:report("stock_balance").rows) do
    if row.account == "stock" and row.place == take.store and row.sum_amount ~= 0 then
      sheet[#sheet + 1] = { goods = row.item, book = row.sum_amount }
      local thing = ctx:get("goods", row.item)
      lines[#lines + 1] = { goods = row.item, book = row.sum_amount, name = thing and thing.name }
    end
  end
  done, why = ctx:update("stores", store.id, { counting = true })
  if done then
    done, why = ctx:transition("stocktakes", take.id, "freeze", { sheet = sheet, lines = lines, frozen_at = ctx:now().time })
  end
  if not done then return nil, why end
end

local function reopen(ctx, event)
  local take, err = ctx:get("stocktakes", event.record)
  if not take then return nil, err end
  if not take.frozen_at then return end                        -- it never froze anything
  local done, why = ctx:update("stores", take.store, { counting = false })
  if not done then return nil, why end
end

return {
  entities = { stocktakes = stocktakes },
  rules = { count_is_whole = campus.rule { run = count_is_whole, serves = { "TCH-4" }, reads = { "counted_by", "witness",
    "sheet.goods", "sheet.book",
    "lines.goods", "lines.book", "lines.counted", "lines.missing", "lines.lost", "lines.damaged", "lines.scrapped", "lines.surplus" } } },
  on = {
    ["teaching.stocktakes.created"] = campus.on { run = freeze, serves = { "TCH-4" } },
    ["teaching.stocktakes.approved"] = campus.on { run = reopen, serves = { "TCH-4" } },
    ["teaching.stocktakes.cancelled"] = campus.on { run = reopen, serves = { "TCH-4" } },
  },
}
