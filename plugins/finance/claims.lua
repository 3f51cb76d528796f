-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Reimbursement: the form with its invoices, on its way head of department, finance, school leader, paid (FIN-2, FIN-4 to FIN-6).
local field = campus.field
local shared = require "shared"

-- Who is paid, at which grade, on which account; kept by finance, so that nobody says of themselves what limits them.
local staff = campus.entity {
  title = { zh = "人员职级与收款账户", en = "Grades and accounts" },
  subject = "person",
  serves = { "FIN-4", "FIN-5" },
  fields = {
    person = field.person { title = { zh = "人员", en = "Person" }, required = true, unique = true },
    name = field.text { title = { zh = "姓名", en = "Name" }, required = true, max_length = 60, search = true },
    department = field.text { title = { zh = "部门", en = "Department" }, required = true, max_length = 60 },
    grade = field.choice { title = { zh = "职级", en = "Grade" }, required = true, choices = shared.GRADES },
    bank = field.text { title = { zh = "开户行", en = "Bank" }, max_length = 80 },
    account = field.text { title = { zh = "收款账号", en = "Account" }, class = "confidential", personal = true, mask = "last4", max_length = 40 },
  },
  indexes = { { "department", "name" } },
}

local claims = campus.entity {
  title = { zh = "报销单", en = "Claims" },
  serves = { "FIN-2", "FIN-4", "FIN-5", "FIN-6" },
  lab = { group = { "category", "kind", "grade" }, sum = "amount" },
  fields = {
    number = field.text { title = { zh = "单号", en = "Number" }, number = "BX{year}-{seq:5}" },
    staff = field.reference { to = "finance.staff", title = { zh = "报销人", en = "Who claims" }, required = true },
    claimant = field.person { title = { zh = "报销人账号", en = "Claimant" }, derived = "staff.person" },
    department = field.text { title = { zh = "部门", en = "Department" }, derived = "staff.department" },
    grade = field.choice { title = { zh = "职级", en = "Grade" }, choices = shared.GRADES, derived = "staff.grade" },
    line = field.reference { to = "finance.lines", title = { zh = "预算分项", en = "Budget line" }, required = true },
    year = field.text { title = { zh = "预算年度", en = "Budget of" }, derived = "line.year" },
    category = field.choice { title = { zh = "预算类别", en = "Category" }, choices = shared.CATEGORIES, derived = "line.category" },
    budget_kind = field.choice { title = { zh = "预算类型", en = "Kind of budget" }, choices = shared.BUDGETS, derived = "line.kind" },
    kind = field.choice { title = { zh = "报销类型", en = "Kind" }, required = true, choices = shared.KINDS },
    reason = field.text { title = { zh = "事由", en = "What for" }, required = true, max_length = 300, search = true },
    lines = field.list { title = { zh = "明细", en = "Lines" }, fields = {
      kind = field.choice { title = { zh = "项目", en = "Item" }, required = true, choices = shared.SPENT_ON },
      day = field.date { title = { zh = "日期", en = "Day" }, required = true },
      city = field.text { title = { zh = "城市", en = "City" }, max_length = 40 },
      days = field.integer { title = { zh = "天（晚）数", en = "Days or nights" }, min = 1, max = 366 },
      amount = field.money { title = { zh = "金额", en = "Amount" }, required = true, min = "0.01" },
      net = field.money { title = { zh = "不含税金额", en = "Without tax" }, min = 0 },
      tax = field.money { title = { zh = "税额", en = "Tax" }, min = 0 },
      invoice_no = field.text { title = { zh = "发票号码", en = "Invoice no." }, check = "invoice_no", unique = true },
      invoice_date = field.date { title = { zh = "开票日期", en = "Invoice of" } },
      seller = field.text { title = { zh = "销售方", en = "Seller" }, max_length = 120 },
      buyer = field.text { title = { zh = "购买方名称", en = "Buyer" }, max_length = 120 },
      buyer_tax_no = field.text { title = { zh = "购买方税号", en = "Buyer's tax no." }, max_length = 30 },
    } },
    stated = field.money { title = { zh = "单据合计", en = "Sum on the form" }, min = 0 },
    amount = field.money { title = { zh = "合计", en = "Total" }, derived = "sum(lines.amount)" },
    attachments = field.file { title = { zh = "附件", en = "Attachments" }, many = true, types = { "pdf", "ofd", "xml", "png", "jpeg" } },
    advance = field.reference { to = "finance.advances", title = { zh = "冲抵借款", en = "Advance it offsets" } },
    advance_of = field.person { title = { zh = "借款人", en = "Whose advance" }, derived = "advance.claimant" },
    offset = field.money { title = { zh = "冲抵金额", en = "Offset" }, min = 0 },
    note = field.text { title = { zh = "备注", en = "Note" }, max_length = 1000 },
  },
  workflow = {
    start = "draft",
    states = shared.approved_states {
      draft = { title = { zh = "草拟", en = "Draft" }, frees = true },   -- an invoice is used from the submission on
      approved = { title = { zh = "已批准待付款", en = "Approved" }, deadline = { within = "policy:deadlines.payment",
        owner = "role:cashier", remind = { "1wd" }, escalate = { { after = "2wd", to = "role:finance" } } } },
      paid = { title = { zh = "已付款", en = "Paid" }, final = true },
      rejected = { title = { zh = "不予报销", en = "Rejected" }, final = true, frees = true },
      withdrawn = { title = { zh = "已作废", en = "Withdrawn" }, final = true, frees = true },
    },
    -- the regulation's three steps in their order; a claim of one who would sign climbs
    transitions = shared.approved_by("policy:approval.claims", { "claimant", "$created_by" }, {
      submit = { needs = { "lines", "stated" }, rule = "claim_is_right", reserve = {
        { pool = "line", limit = "amount", amount = "amount", exceed = "policy:budget.exceed" },
        { pool = "advance", limit = "amount", amount = "offset", optional = true } } },
      approve = { commit = true },
      send_back = { release = true }, take_back = { release = true },
      reject = { title = { zh = "不予报销", en = "Reject" }, from = "in_approval", to = "rejected", release = true },
      withdraw = { title = { zh = "作废", en = "Withdraw" }, from = { "draft", "returned" }, to = "withdrawn" },
      cancel = { title = { zh = "撤销批准", en = "Cancel" }, from = "approved", to = "withdrawn", needs = { "note" }, release = true },
      pay = { title = { zh = "付款完成", en = "Paid" }, from = "approved", to = "paid", settle = true },
    }, { head = { head_of = "claimant" } }),
  },
  indexes = { { "state", "category" }, { "claimant", "created_at" }, { "line", "state" }, { "advance" }, { "number" } },
}

-- Money handed out before it is spent; it takes nothing from the budget, the claim that offsets it does.
local advances = campus.entity {
  title = { zh = "借款单", en = "Advances" },
  serves = { "FIN-5" },
  fields = {
    number = field.text { title = { zh = "单号", en = "Number" }, number = "JK{year}-{seq:5}" },
    staff = field.reference { to = "finance.staff", title = { zh = "借款人", en = "Who borrows" }, required = true },
    claimant = field.person { title = { zh = "借款人账号", en = "Claimant" }, derived = "staff.person" },
    reason = field.text { title = { zh = "事由", en = "What for" }, required = true, max_length = 300 },
    amount = field.money { title = { zh = "金额", en = "Amount" }, required = true, min = "0.01" },
    offset = field.money { title = { zh = "已冲抵", en = "Offset" }, derived = "settled(amount)" },
    left = field.money { title = { zh = "未冲抵", en = "Left" }, derived = "left(amount)" },
    repaid = field.money { title = { zh = "退回现金", en = "Paid back" }, min = 0 },
    note = field.text { title = { zh = "备注", en = "Note" }, max_length = 1000 },
  },
  workflow = {
    start = "draft",
    states = shared.approved_states {
      approved = { title = { zh = "已批准待付款", en = "Approved" } },
      paid = { title = { zh = "未核销", en = "Open" }, deadline = { within = "policy:deadlines.advance", owner = "claimant", remind = { "5d" },
        escalate = { { after = "1wd", to = "role:finance" } } } },
      cleared = { title = { zh = "已核销", en = "Cleared" }, final = true },
      rejected = { title = { zh = "不予批准", en = "Rejected" }, final = true },
    },
    transitions = shared.approved_by("policy:approval.advances", { "claimant", "$created_by" }, {
      submit = { rule = "advance_is_right" },
      reject = { title = { zh = "不予批准", en = "Reject" }, from = "in_approval", to = "rejected" },
      pay = { title = { zh = "付款完成", en = "Paid" }, from = "approved", to = "paid" },
      clear = { title = { zh = "核销", en = "Clear" }, from = "paid", to = "cleared", rule = "advance_is_cleared" },
    }, { head = { head_of = "claimant" } }),
  },
  indexes = { { "state" }, { "claimant", "state" } },
}

return { entities = { staff = staff, claims = claims, advances = advances } }
