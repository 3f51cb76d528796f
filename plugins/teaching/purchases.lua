-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Textbooks, aids and equipment are bought for a course of an approved plan and out of a line of the budget: asked for,
-- approved, ordered, taken in by somebody else (TCH-2, FIN-2).
local field, shared = campus.field, require "shared"
local T = shared.title
local CATEGORIES = shared.choices { "admissions", "招生", "Admissions", "teaching", "教学支持", "Teaching support", "marketing", "市场推广",
  "Marketing", "staff", "人员", "Staff" }

local purchases = campus.entity {
  title = T("采购申请", "Purchases"), serves = { "TCH-2", "FIN-2" },
  overview = { roles = { "teaching.lead", "teaching.staff", "storekeeper" }, order = 4, date = "needed_on", days = 30 },
  fields = {
    number = field.text { title = T("单号", "Number"), number = "CG{year}-{seq:5}" },
    name = field.text { title = T("采购内容", "What is bought"), required = true, max_length = 80, search = true },
    kind = field.choice { title = T("类别", "Kind"), required = true, choices = shared.KINDS },
    course = field.reference { to = "courses", title = T("依据的课程（已批准计划）", "For the course (of an approved plan)"), required = true },
    line = field.reference { to = "finance.lines", title = T("预算分项", "Budget line"), required = true },
    lines = field.list { title = T("明细", "Lines"), fields = {
      goods = field.reference { to = "goods", title = T("物品", "Goods"), required = true },
      count = field.integer { title = T("数量", "Count"), required = true, min = 1, max = 100000 },
      price = field.money { title = T("单价", "Price"), required = true, min = 0 },
      note = field.text { title = T("备注", "Note"), max_length = 80 },
    } },
    amount = field.money { title = T("合计", "Total"), required = true, min = 0,
      help = T("数量乘单价的合计；验收后为实际到货的金额", "counts times prices; once received, of what came") },
    needed_on = field.date { title = T("需用日期", "Needed on"), required = true },
    reason = field.longtext { title = T("申请理由", "Why"), max_length = 1000 },
    attachments = field.file { title = T("附件（报价、合同、发票）", "Files"), many = true, types = { "pdf", "ofd", "xml", "png", "jpeg", "xlsx" } },
    note = field.text { title = T("备注", "Note"), max_length = 500 },
    supplier = field.text { title = T("供应商", "Supplier"), max_length = 120 },
    store = field.reference { to = "stores", title = T("入库地点", "Into the store") },
    arrivals = field.list { title = T("到货", "What came"), fields = {
      goods = field.reference { to = "goods", title = T("物品", "Goods"), required = true },
      arrived = field.integer { title = T("实到数量", "Arrived"), required = true, min = 0 },
      note = field.text { title = T("验收情况", "Inspection"), max_length = 80 },
    } },
    received_on = field.date { title = T("验收日期", "Received on") },
    received_by = field.person { title = T("验收人", "Received by") },
    applicant = field.person { title = T("申请人", "Asked for by"), readonly = true, default = "$actor" },
    plan = field.reference { to = "plans", title = T("教学计划", "Plan"), derived = "course.plan" },
    course_hours = field.integer { title = T("课程学时", "Hours of the course"), derived = "course.hours" },
    year = field.text { title = T("预算年度", "Budget of"), derived = "line.year" },
    category = field.choice { title = T("预算类别", "Category"), choices = CATEGORIES, derived = "line.category" },
    counting = field.boolean { title = T("盘点冻结", "Being counted"), derived = "store.counting" },
  },
  workflow = shared.approved("policy:approval.purchases", { "applicant", "$created_by" }, {
    approved = { title = T("已批准，待订购", "Approved"), deadline = { within = "policy:deadlines.order", owner = "applicant",
      escalate = { { after = "1wd", to = "role:teaching.lead" } } } },
    ordered = { title = T("已订购，待到货", "Ordered"), deadline = { within = "field:needed_on", owner = "applicant", remind = { "3wd" },
      escalate = { { after = "1wd", to = "role:teaching.lead" } } } },
    received = { title = T("已验收入库", "Received"), final = true }, withdrawn = { title = T("已作废", "Withdrawn"), final = true },
  }, {
    submit = { needs = { "lines" }, rule = "purchase_is_right",
      reserve = { pool = "line", limit = "amount", amount = "amount", exceed = "policy:purchases.exceed" } },
    send_back = { release = true }, take_back = { release = true }, reject = { release = true },
    withdraw = { title = T("作废", "Withdraw"), from = { "draft", "returned" }, to = "withdrawn" },
    order = { title = T("订购", "Order"), from = "approved", to = "ordered", needs = { "supplier" }, commit = true },
    receive = { title = T("验收入库", "Receive"), from = "ordered", to = "received", needs = { "store", "arrivals", "received_on",
      "received_by" },
      rule = "receipt_is_right", settle = true, post = { ledger = "stock", text = "name",
        { each = "arrivals", account = "supplier", item = "goods", place = "store", amount = "-arrived" },
        { each = "arrivals", account = "stock", item = "goods", place = "store", amount = "arrived" } } },
    cancel = { title = T("撤销采购", "Cancel"), from = { "approved", "ordered" }, to = "withdrawn", needs = { "note" }, release = true },
  }),
  indexes = { { "state", "needed_on" }, { "course" }, { "line", "state" }, { "kind", "state", "amount" } },
}

local function purchase_is_right(purchase, _, as_of)
  local why, sum, seen, twice = campus.reasons(), 0, {}, nil
  why:check(purchase.course_hours > 0, { code = "course_gone", at = "course" })
  why:check(purchase.category == "teaching", { code = "other_category", at = "line" })
  why:check(purchase.year == as_of:sub(1, 4), { code = "other_year", at = "line", have = purchase.year, want = as_of:sub(1, 4) })
  why:check(purchase.needed_on >= as_of, { code = "too_late", at = "needed_on", have = purchase.needed_on, want = as_of })
  for i, line in ipairs(purchase.lines or {}) do
    if seen[line.goods] then twice = "lines/" .. i - 1 .. "/goods" end
    seen[line.goods], sum = true, sum + line.count * line.price
  end
  why:check(not twice, { code = "goods_twice", at = twice or "lines" })
  why:check(sum > 0 and purchase.amount == sum, { code = "sum", at = "amount", have = shared.yuan(purchase.amount),
    want = shared.yuan(sum) })
  return why:decision()
end

-- What came is what is paid for: no more than was ordered, at the price it was ordered at.
local function receipt_is_right(purchase)
  local why, lines, sum = campus.reasons(), {}, 0
  why:check(not purchase.counting, { code = "counting", at = "store" })
  why:check(purchase.received_by ~= purchase.applicant, { code = "own_receipt", at = "received_by" })
  for _, line in ipairs(purchase.lines or {}) do lines[line.goods] = line end
  for i, one in ipairs(purchase.arrivals or {}) do
    local line = lines[one.goods]                              -- once: a second row of it was not ordered
    local most = line and line.count or 0
    why:check(one.arrived <= most, { code = "arrived", at = "arrivals/" .. i - 1 .. "/arrived", have = one.arrived, want = most })
    sum, lines[one.goods] = sum + one.arrived * (line and line.price or 0), nil
  end
  why:check(purchase.amount == sum, { code = "sum", at = "amount", have = shared.yuan(purchase.amount), want = shared.yuan(sum) })
  return why:decision()
end

-- All came, where nobody says otherwise; what it comes to, the day and who took it in are reckoned, not typed.
local function receive(ctx, input)
  local purchase, err = ctx:get("purchases", input.purchase)
  if not purchase then return nil, err end
  local arrivals, price, sum = input.arrivals or {}, {}, 0
  for _, line in ipairs(purchase.lines) do
    price[line.goods] = shared.fen(line.price)
    if not input.arrivals then arrivals[#arrivals + 1] = { goods = line.goods, arrived = line.count } end
  end
  for _, one in ipairs(arrivals) do sum = sum + one.arrived * (price[one.goods] or 0) end
  local done, why = ctx:transition("purchases", purchase.id, "receive", { arrivals = arrivals, store = input.store,
    amount = shared.yuan(sum),
    received_on = ctx:now().today, received_by = ctx.actor.id })
  if not done then return nil, why end
  return { amount = done.amount }
end

local f = purchases.fields
return {
  entities = { purchases = purchases },
  rules = {
    purchase_is_right = campus.rule { run = purchase_is_right, serves = { "TCH-2", "FIN-2" },
      reads = { "course_hours", "category", "year", "needed_on", "amount", "lines.goods", "lines.count", "lines.price" } },
    receipt_is_right = campus.rule { run = receipt_is_right, serves = { "TCH-2", "TCH-3" },
      reads = { "counting", "applicant", "received_by", "amount", "lines.goods", "lines.count", "lines.price", "arrivals.goods",
        "arrivals.arrived" } },
  },
  actions = {
    receive = campus.action { title = T("验收入库", "Receive"), run = receive, serves = { "TCH-2" }, on = "purchase", states = { "ordered" },
      input = { purchase = field.reference { to = "purchases", title = T("采购申请", "Purchase"), required = true },
        store = field.reference { to = "stores", title = T("入库地点", "Into the store"), required = true },
        arrivals = field.list { title = T("到货（不填即全部到货）", "What came (all of it, when left out)"), fields = f.arrivals.fields } } },
  },
}
