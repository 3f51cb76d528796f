-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What was approved is paid in batches; what the bank sends back is tried again; each step is in the books (FIN-5).
local field, shared = campus.field, require "shared"
local T = shared.title

-- An approved claim is an expense that is owed, a payment what was owed and is paid; an advance is owed to the school.
local journal = campus.ledger {
  title = T("凭证分录", "Journal"), serves = { "FIN-5", "FIN-6" }, item = "finance.staff", number = "JZ{year}-{seq:5}",
  accounts = {
    { name = "admissions", title = T("招生费用", "Admissions") }, { name = "teaching", title = T("教学费用", "Teaching") },
    { name = "marketing", title = T("推广费用", "Marketing") }, { name = "staff", title = T("人员费用", "Staff") },
    { name = "payable", title = T("应付报销款", "Owed to claimants") }, { name = "bank", title = T("银行存款", "Bank") },
    { name = "advances", title = T("借款", "Advances"), floor = 0 },
  },
}

local payments = campus.entity {
  title = T("付款", "Payments"), subject = "staff", serves = { "FIN-5" },
  fields = {
    number = field.text { title = T("来源单号", "For"), required = true, max_length = 40, search = true },
    claim = field.reference { to = "finance.claims", title = T("报销单", "Claim") },
    advance = field.reference { to = "finance.advances", title = T("借款单", "Advance") },
    staff = field.reference { to = "finance.staff", title = T("收款人", "To whom"), required = true },
    name = field.text { title = T("户名", "Name"), derived = "staff.name" },
    bank = field.text { title = T("开户行", "Bank"), derived = "staff.bank" },
    account = field.text { title = T("收款账号", "Account"), class = "confidential", personal = true, mask = "last4" },
    amount = field.money { title = T("金额", "Amount"), required = true, min = "0.01" },
    book = field.choice { title = T("科目", "In the books"), required = true, choices = shared.BOOKS },
    batch = field.reference { to = "finance.batches", title = T("付款批次", "Batch") },
    failure = field.text { title = T("失败原因", "Why it failed"), max_length = 200 },
    tries = field.integer { title = T("次数", "Tries"), default = 0 }, paid_on = field.date { title = T("付款日期", "Paid on") },
  },
  workflow = {
    start = "waiting",
    states = {
      waiting = { title = T("待付款", "Waiting") }, in_batch = { title = T("已入批次", "In a batch") },
      failed = { title = T("付款失败", "Failed"), deadline = { within = "policy:deadlines.payment", owner = "role:cashier",
        escalate = { { after = "1wd", to = "role:finance" } } } },
      paid = { title = T("已付款", "Paid"), final = true }, dropped = { title = T("不再付款", "Dropped"), final = true },
    },
    transitions = {
      collect = { title = T("纳入批次", "Put into a batch"), from = "waiting", to = "in_batch", needs = { "batch" } },
      pay = { title = T("付款成功", "Paid"), from = "in_batch", to = "paid", needs = { "paid_on" },
        post = { ledger = "journal", day = "paid_on", text = "number", { account = "field:book", item = "staff", amount = "amount" },
          { account = "bank", item = "staff", amount = "-amount" } } },
      fail = { title = T("付款失败", "Failed"), from = "in_batch", to = "failed", needs = { "failure" } },
      retry = { title = T("重新付款", "Try again"), from = "failed", to = "waiting" },
      drop = { title = T("不再付款", "Drop"), from = { "waiting", "failed" }, to = "dropped" },
    },
  },
  indexes = { { "state", "created_at" }, { "batch", "state" }, { "claim" } },
}

local batches = campus.entity {
  title = T("付款批次", "Payment batches"), serves = { "FIN-5" },
  fields = {
    number = field.text { title = T("批次号", "Number"), number = "FK{year}-{seq:4}" },
    bank = field.text { title = T("付款账户", "From the account"), required = true, max_length = 80 },
    note = field.text { title = T("备注", "Note"), max_length = 300 },
  },
  workflow = {
    start = "open",
    states = { open = { title = T("编制中", "Open") }, sent = { title = T("已提交银行", "At the bank") },
      done = { title = T("已完成", "Done"), final = true } },
    transitions = {
      send = { title = T("提交银行", "Send to the bank"), from = "open", to = "sent" },
      complete = { title = T("完成", "Complete"), from = "sent", to = "done" },
    },
  },
}

-- One payment for what is approved, less what an advance offsets; where nothing is left to pay it is settled at once.
local function due(entity, book, left)
  return campus.on { serves = { "FIN-5" }, run = function(ctx, event)
    local record, err, _ = ctx:get(entity, event.record)
    if not record then return nil, err end
    if record.state ~= "approved" then return end              -- cancelled since
    local staff, amount = ctx:get("staff", record.staff), left(record)
    local why
    if amount == 0 then
      _, why = ctx:transition(entity, record.id, "pay")
    else
      _, why = ctx:create("payments", { number = record.number, staff = record.staff, account = staff and staff.account, book = book,
        amount = shared.yuan(amount), claim = book == "payable" and record.id or nil, advance = book == "advances" and record.id or nil })
    end
    if why then return nil, why end
  end }
end

local function paid(ctx, event)
  local payment, err = ctx:get("payments", event.record)
  if not payment then return nil, err end
  local done, why = ctx:transition(payment.claim and "claims" or "advances", payment.claim or payment.advance, "pay")
  if not done then return nil, why end
end

-- An advance that this claim has offset whole has come to its end.
local function claim_paid(ctx, event)
  local claim, err = ctx:get("claims", event.record)
  if not claim then return nil, err end
  local advance = claim.advance and ctx:get("advances", claim.advance)
  if advance and shared.fen(advance.left) == 0 then ctx:transition("advances", advance.id, "clear") end
end

local function cancelled(ctx, event)
  local page = ctx:find("payments", { claim = event.record, ["state[in]"] = "waiting,failed" })
  for _, payment in ipairs(page.items) do ctx:transition("payments", payment.id, "drop") end
end

return {
  entities = { journal = journal, payments = payments, batches = batches },
  on = {
    ["finance.claims.approved"] = due("claims", "payable", function(c) return shared.fen(c.amount) - shared.fen(c.offset) end),
    ["finance.advances.approved"] = due("advances", "advances", function(a) return shared.fen(a.amount) end),
    ["finance.payments.paid"] = campus.on { run = paid, serves = { "FIN-2", "FIN-5" } },
    ["finance.claims.paid"] = campus.on { run = claim_paid, serves = { "FIN-5" } },
    ["finance.claims.withdrawn"] = campus.on { run = cancelled, serves = { "FIN-5" } },
  },
}
