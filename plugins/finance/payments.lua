-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What was approved is paid in batches; what the bank sends back is tried again (FIN-5). Paid, it is settled
-- in the budget and becomes a voucher.
local field = campus.field
local shared = require "shared"

local payments = campus.entity {
  title = { zh = "付款", en = "Payments" },
  subject = "staff",
  serves = { "FIN-5" },
  fields = {
    number = field.text { title = { zh = "来源单号", en = "For" }, required = true, max_length = 40, search = true },
    claim = field.reference { to = "finance.claims", title = { zh = "报销单", en = "Claim" } },
    advance = field.reference { to = "finance.advances", title = { zh = "借款单", en = "Advance" } },
    staff = field.reference { to = "finance.staff", title = { zh = "收款人", en = "To whom" }, required = true },
    name = field.text { title = { zh = "户名", en = "Name" }, derived = "staff.name" },
    bank = field.text { title = { zh = "开户行", en = "Bank" }, derived = "staff.bank" },
    account = field.text { title = { zh = "收款账号", en = "Account" }, class = "confidential", personal = true, mask = "last4", max_length = 40 },
    amount = field.money { title = { zh = "金额", en = "Amount" }, required = true, min = "0.01" },
    batch = field.reference { to = "finance.batches", title = { zh = "付款批次", en = "Batch" } },
    failure = field.text { title = { zh = "失败原因", en = "Why it failed" }, max_length = 200 },
    tries = field.integer { title = { zh = "次数", en = "Tries" }, default = 0 },
    paid_on = field.date { title = { zh = "付款日期", en = "Paid on" } },
  },
  workflow = {
    start = "waiting",
    states = {
      waiting = { title = { zh = "待付款", en = "Waiting" } },
      in_batch = { title = { zh = "已入批次", en = "In a batch" } },
      failed = { title = { zh = "付款失败", en = "Failed" }, deadline = { within = "policy:deadlines.payment", owner = "role:cashier",
        escalate = { { after = "1wd", to = "role:finance" } } } },
      paid = { title = { zh = "已付款", en = "Paid" }, final = true },
      dropped = { title = { zh = "不再付款", en = "Dropped" }, final = true },
    },
    transitions = {
      collect = { title = { zh = "纳入批次", en = "Put into a batch" }, from = "waiting", to = "in_batch", needs = { "batch" } },
      pay = { title = { zh = "付款成功", en = "Paid" }, from = "in_batch", to = "paid", needs = { "paid_on" } },
      fail = { title = { zh = "付款失败", en = "Failed" }, from = "in_batch", to = "failed", needs = { "failure" } },
      retry = { title = { zh = "重新付款", en = "Try again" }, from = "failed", to = "waiting" },
      drop = { title = { zh = "不再付款", en = "Drop" }, from = { "waiting", "failed" }, to = "dropped" },
    },
  },
  indexes = { { "state", "created_at" }, { "batch", "state" }, { "claim" }, { "advance" } },
}

local batches = campus.entity {
  title = { zh = "付款批次", en = "Payment batches" },
  serves = { "FIN-5" },
  fields = {
    number = field.text { title = { zh = "批次号", en = "Number" }, number = "FK{year}-{seq:4}" },
    bank = field.text { title = { zh = "付款账户", en = "From the account" }, required = true, max_length = 80 },
    note = field.text { title = { zh = "备注", en = "Note" }, max_length = 300 },
  },
  workflow = {
    start = "open",
    states = {
      open = { title = { zh = "编制中", en = "Open" } },
      sent = { title = { zh = "已提交银行", en = "At the bank" } },
      done = { title = { zh = "已完成", en = "Done" }, final = true },
    },
    transitions = {
      send = { title = { zh = "提交银行", en = "Send to the bank" }, from = "open", to = "sent" },
      complete = { title = { zh = "完成", en = "Complete" }, from = "sent", to = "done" },
    },
  },
}

-- 凭证分录: what each payment is in the books, as 金蝶 and 用友 take it in. Written once, by the plugin alone.
local entries = campus.entity {
  title = { zh = "凭证分录", en = "Voucher entries" },
  serves = { "FIN-5", "FIN-6" },
  fields = {
    day = field.date { title = { zh = "日期", en = "Day" }, required = true },
    voucher = field.text { title = { zh = "来源单号", en = "Voucher of" }, required = true, max_length = 40, search = true },
    summary = field.text { title = { zh = "摘要", en = "Summary" }, required = true, max_length = 360 },
    account = field.text { title = { zh = "科目编码", en = "Account" }, required = true, max_length = 20 },
    debit = field.money { title = { zh = "借方", en = "Debit" }, default = "0" },
    credit = field.money { title = { zh = "贷方", en = "Credit" }, default = "0" },
  },
  indexes = { { "day", "voucher" } },
}

-- One payment for what is approved, less what an advance offsets; where nothing is left to pay it is settled at once.
local function due(ctx, entity, record, amount)
  if amount == 0 then return ctx:transition(entity, record.id, "pay") end
  local staff, err = ctx:get("staff", record.staff)
  if not staff then return nil, err end
  return ctx:create("payments", { number = record.number, staff = record.staff, account = staff.account, amount = shared.yuan(amount),
    claim = entity == "claims" and record.id or nil, advance = entity == "advances" and record.id or nil })
end
local function claim_approved(ctx, event)
  local claim, err = ctx:get("claims", event.record)
  if not claim then return nil, err end
  if claim.state ~= "approved" then return end
  local _, why = due(ctx, "claims", claim, shared.fen(claim.amount) - shared.fen(claim.offset))
  if why then return nil, why end
end
local function advance_approved(ctx, event)
  local advance, err = ctx:get("advances", event.record)
  if not advance then return nil, err end
  local _, why = due(ctx, "advances", advance, shared.fen(advance.amount))
  if why then return nil, why end
end

local function paid(ctx, event)
  local payment, err = ctx:get("payments", event.record)
  if not payment then return nil, err end
  local entity = payment.claim and "claims" or "advances"
  local _, why = ctx:transition(entity, payment.claim or payment.advance, "pay")
  if why then return nil, why end
end

local function book(ctx, rows, voucher, summary)
  for _, row in ipairs(rows) do
    local debit, credit = shared.fen(row[2]), shared.fen(row[3])
    if debit + credit > 0 then
      local _, why = ctx:create("entries", { day = ctx:now().today, voucher = voucher, summary = summary, account = row[1],
        debit = shared.yuan(debit), credit = shared.yuan(credit) })
      if why then return nil, why end
    end
  end
  return true
end
local function claim_paid(ctx, event)
  local claim, err = ctx:get("claims", event.record)
  if not claim then return nil, err end
  local accounts, offset = ctx.policy.accounts, shared.fen(claim.offset)
  local _, why = book(ctx, { { accounts.expense[claim.category] or accounts.other, claim.amount, 0 }, { accounts.advances, 0, claim.offset },
    { accounts.bank, 0, shared.yuan(shared.fen(claim.amount) - offset) } }, claim.number, claim.reason)
  if why then return nil, why end
  if offset == 0 then return end
  local advance = ctx:get("advances", claim.advance)
  if advance and shared.fen(advance.left) == 0 then ctx:transition("advances", advance.id, "clear") end
end
local function advance_paid(ctx, event)
  local advance, err = ctx:get("advances", event.record)
  if not advance then return nil, err end
  local _, why = book(ctx, { { ctx.policy.accounts.advances, advance.amount, 0 }, { ctx.policy.accounts.bank, 0, advance.amount } },
    advance.number, advance.reason)
  if why then return nil, why end
end
local function cancelled(ctx, event)
  local page = ctx:find("payments", { claim = event.record, ["state[in]"] = "waiting,failed" })
  for _, payment in ipairs(page.items) do ctx:transition("payments", payment.id, "drop") end
end

return {
  entities = { payments = payments, batches = batches, entries = entries },
  on = {
    ["finance.claims.approved"] = campus.on { run = claim_approved, serves = { "FIN-5" } },
    ["finance.advances.approved"] = campus.on { run = advance_approved, serves = { "FIN-5" } },
    ["finance.payments.paid"] = campus.on { run = paid, serves = { "FIN-2", "FIN-5" } },
    ["finance.claims.paid"] = campus.on { run = claim_paid, serves = { "FIN-5" } },
    ["finance.advances.paid"] = campus.on { run = advance_paid, serves = { "FIN-5" } },
    ["finance.claims.withdrawn"] = campus.on { run = cancelled, serves = { "FIN-5" } },
  },
}
