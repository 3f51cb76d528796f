-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The stock ledger (台账): what there is, where, in whose custody; each movement in and out, to a class or a person and
-- back again, with a posting that stays (TCH-3).
local field, shared = campus.field, require "shared"
local T = shared.title

local goods = campus.entity {
  title = T("物品目录", "Goods"), serves = { "TCH-3" },
  fields = {
    code = field.text { title = T("物品编号", "Code"), number = "WP{seq:5}" },
    name = field.text { title = T("名称", "Name"), required = true, max_length = 80, search = true },
    kind = field.choice { title = T("类别", "Kind"), required = true, choices = shared.KINDS },
    spec = field.text { title = T("规格型号/版次", "Specification"), max_length = 120 },
    maker = field.text { title = T("出版社/厂家", "Publisher or maker"), max_length = 80 },
    unit = field.text { title = T("单位", "Unit"), required = true, max_length = 8, default = "件" },
    price = field.money { title = T("参考单价", "Usual price"), min = 0 },
  },
  indexes = { { "kind", "name" } },
}

local stores = campus.entity {
  title = T("存放地点", "Stores"), serves = { "TCH-3" },
  fields = {
    name = field.text { title = T("存放地点", "Store"), required = true, unique = true, max_length = 60 },
    room = field.reference { to = "basics.rooms", title = T("所在房间", "Room") },
    keeper = field.person { title = T("保管人", "Custodian"), required = true },
    counting = field.boolean { title = T("盘点冻结", "Being counted"),
      help = T("盘点期间停止出入库", "nothing moves while it is counted") },
  },
}

local stock = campus.ledger {
  title = T("库存台账", "Stock ledger"), serves = { "TCH-3" }, unit = "integer", item = "goods", place = "stores", number = "TZ{year}-{seq:6}",
  accounts = {
    { name = "stock", title = T("在库", "In stock"), floor = 0 }, { name = "lent", title = T("借出", "Lent"), floor = 0 },
    { name = "missing", title = T("未找到", "Not found"), floor = 0 }, { name = "used", title = T("已领用", "Handed out") },
    { name = "lost", title = T("丢失", "Lost") }, { name = "damaged", title = T("损坏", "Damaged") }, { name = "scrapped",
      title = T("报废", "Scrapped") },
    { name = "surplus", title = T("盘盈", "Surplus") }, { name = "supplier", title = T("采购入库", "Bought") },
    { name = "opening", title = T("期初与捐赠", "Opening stock and gifts") },
  },
}

-- From one account to another, by each line.
local function from_to(from, to, amount, place)
  return { ledger = "stock", text = "used_for",
    { each = "lines", account = from, item = "goods", place = "store", amount = "-" .. amount },
    { each = "lines", account = to, item = "goods", place = place or "store", amount = amount } }
end
local function way(zh, en, to, rule, needs, post)
  return { title = T(zh, en), from = "draft", to = to, rule = rule, needs = needs, post = post }
end

local moves = campus.entity {
  title = T("出入库单", "Movements"), serves = { "TCH-3" },
  overview = { roles = { "storekeeper" }, order = 3, date = "back_on", days = 14 },
  fields = {
    number = field.text { title = T("单号", "Number"), number = "CR{year}-{seq:5}" },
    store = field.reference { to = "stores", title = T("存放地点", "Store"), required = true },
    used_for = field.text { title = T("用途", "Purpose"), required = true, max_length = 120, search = true },
    lines = field.list { title = T("明细", "Lines"), fields = {
      goods = field.reference { to = "goods", title = T("物品", "Goods"), required = true },
      count = field.integer { title = T("数量", "Count"), required = true, min = 1, max = 100000 },
      note = field.text { title = T("备注", "Note"), max_length = 80 },
      name = field.text { title = T("品名（领用单用）", "Name (for the slip)"), max_length = 80 },
    } },
    to_class = field.reference { to = "basics.classes", title = T("领用班级", "To the class") },
    to_person = field.person { title = T("领用人", "To whom") },
    to_store = field.reference { to = "stores", title = T("调入地点", "To the store") },
    back_on = field.date { title = T("应还日期", "Back on") },
    returns = field.list { title = T("归还情况", "What came back"), fields = {
      goods = field.reference { to = "goods", title = T("物品", "Goods"), required = true },
      back = field.integer { title = T("归还", "Came back"), min = 0 }, missing = field.integer { title = T("未归还", "Did not"), min = 0 },
      note = field.text { title = T("完好情况", "Condition"), max_length = 80 },
    } },
    keeper = field.person { title = T("保管人", "Custodian"), derived = "store.keeper" },
    counting = field.boolean { title = T("盘点冻结", "Being counted"), derived = "store.counting" },
    to_counting = field.boolean { title = T("调入地点盘点冻结", "The other is being counted"), derived = "to_store.counting" },
    pieces = field.integer { title = T("件数", "Pieces"), derived = "sum(lines.count)" },
    note = field.text { title = T("备注", "Note"), max_length = 300 },
  },
  workflow = { start = "draft",
    states = {
      draft = { title = T("待办理", "Draft") }, stored = { title = T("已入库", "Taken in"), final = true },
      moved = { title = T("已调拨", "Moved"), final = true }, handed_out = { title = T("已领用", "Handed out"), final = true },
      lent = { title = T("借出", "Lent"), deadline = { within = "field:back_on", owner = { "to_person", "keeper" }, remind = { "1wd" },
        escalate = { { after = "1wd", to = "role:storekeeper" }, { after = "5wd", to = "role:teaching.lead" } } } },
      back = { title = T("已归还", "Back"), final = true }, withdrawn = { title = T("作废", "Withdrawn"), final = true },
    },
    transitions = {
      take_in = way("入库", "Take in", "stored", "store_is_open", { "lines" }, from_to("opening", "stock", "count")),
      find_again = way("找回入库", "Found again", "stored", "store_is_open", { "lines" }, from_to("missing", "stock", "count")),
      transfer = way("调拨", "Transfer", "moved", "store_is_open", { "lines", "to_store" }, from_to("stock", "stock", "count", "to_store")),
      hand_out = way("领用", "Hand out", "handed_out", "issue_is_addressed", { "lines" }, from_to("stock", "used", "count")),
      lend = way("借出", "Lend", "lent", "issue_is_addressed", { "lines", "back_on" }, from_to("stock", "lent", "count")),
      give_back = { title = T("归还", "Give back"), from = "lent", to = "back", rule = "all_is_back", needs = { "returns" },
        post = { ledger = "stock", text = "used_for",
        { each = "lines", account = "lent", item = "goods", place = "store", amount = "-count" },
        { each = "returns", account = "stock", item = "goods", place = "store", amount = "back" },
        { each = "returns", account = "missing", item = "goods", place = "store", amount = "missing" } } },
      withdraw = { title = T("作废", "Withdraw"), from = "draft", to = "withdrawn" },
    } },
  indexes = { { "state", "back_on" }, { "store", "state" }, { "to_class" }, { "to_person" } },
}

local function open(why, move)
  why:check(not move.counting, { code = "counting", at = "store" })
  why:check(not move.to_counting, { code = "counting", at = "to_store" })
end
local function store_is_open(move)
  local why = campus.reasons()
  open(why, move)
  why:check(move.to_store ~= move.store, { code = "same_store", at = "to_store" })
  return why:decision()
end
-- What leaves the store is in somebody's hands: a class's or a person's.
local function issue_is_addressed(move)
  local why = campus.reasons()
  open(why, move)
  why:check(move.to_class or move.to_person, { code = "to_nobody", at = "to_person" })
  return why:decision()
end
-- Of each thing as many as were lent came back or did not.
local function all_is_back(move)
  local why, left, total, told = campus.reasons(), {}, 0, 0
  open(why, move)
  for _, line in ipairs(move.lines or {}) do left[line.goods], total = (left[line.goods] or 0) + line.count, total + line.count end
  for _, one in ipairs(move.returns or {}) do
    local n = (one.back or 0) + (one.missing or 0)
    left[one.goods], told = (left[one.goods] or 0) - n, told + n
  end
  local right = true
  for _, n in pairs(left) do right = right and n == 0 end
  why:check(right, { code = "not_back", at = "returns", have = told, want = total })
  return why:decision()
end

-- It leaves the store, and the slip says by its name what left.
local function issue(step, zh, en)
  return campus.action { title = T(zh, en), serves = { "TCH-3" }, on = "move", states = { "draft" },
    input = { move = field.reference { to = "moves", title = T("出入库单", "Movement"), required = true } },
    run = function(ctx, input)
      local move, err = ctx:get("moves", input.move)
      if not move then return nil, err end
      for _, line in ipairs(move.lines or {}) do
        local thing, gone = ctx:get("goods", line.goods)
        if not thing then return nil, gone end
        line.name = thing.name
      end
      local done, why = ctx:transition("moves", move.id, step, { lines = move.lines })
      if not done then return nil, why end
      return { state = done.state }
    end }
end

-- All of it came back, where nobody says otherwise.
local function give_back(ctx, input)
  local move, err = ctx:get("moves", input.move)
  if not move then return nil, err end
  local returns = input.returns
  if not returns then
    returns = {}
    for i, line in ipairs(move.lines) do returns[i] = { goods = line.goods, back = line.count } end
  end
  local done, why = ctx:transition("moves", move.id, "give_back", { returns = returns })
  if not done then return nil, why end
  return { state = done.state }
end

local FREE = { "counting", "to_counting" }
return {
  entities = { goods = goods, stores = stores, stock = stock, moves = moves },
  rules = {
    store_is_open = campus.rule { run = store_is_open, reads = { "store", "to_store", FREE[1], FREE[2] }, serves = { "TCH-3", "TCH-4" } },
    issue_is_addressed = campus.rule { run = issue_is_addressed, reads = { "to_class", "to_person", FREE[1], FREE[2] },
      serves = { "TCH-3" } },
    all_is_back = campus.rule { run = all_is_back, serves = { "TCH-3" },
      reads = { "lines.goods", "lines.count", "returns.goods", "returns.back", "returns.missing", FREE[1], FREE[2] } },
  },
  actions = {
    hand_out = issue("hand_out", "领用", "Hand out"), lend = issue("lend", "借出", "Lend"),
    give_back = campus.action { title = T("归还", "Give back"), run = give_back, serves = { "TCH-3" }, on = "move", states = { "lent" },
      input = { move = field.reference { to = "moves", title = T("出入库单", "Movement"), required = true },
        returns = field.list { title = T("归还情况（不填即全部归还）", "What came back (all of it, when left out)"),
          fields = moves.fields.returns.fields } } },
  },
}
