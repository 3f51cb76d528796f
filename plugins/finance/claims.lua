-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Reimbursement: the form with its invoices, on its way head of department, finance, school leader, paid (FIN-2, FIN-4 to FIN-6).
local field, shared = campus.field, require "shared"
local T = shared.title

-- Who is paid, at which grade, on which account; kept by finance, so that nobody says of themselves what limits them.
local staff = campus.entity {
  title = T("人员职级与收款账户", "Grades and accounts"), subject = "person", serves = { "FIN-4", "FIN-5" },
  fields = {
    person = field.person { title = T("人员", "Person"), required = true, unique = true },
    name = field.text { title = T("姓名", "Name"), required = true, max_length = 60, search = true },
    department = field.text { title = T("部门", "Department"), required = true, max_length = 60 },
    grade = field.choice { title = T("职级", "Grade"), required = true, choices = shared.GRADES },
    bank = field.text { title = T("开户行", "Bank"), max_length = 80 },
    account = field.text { title = T("收款账号", "Account"), class = "confidential", personal = true, mask = "last4", max_length = 40 },
  },
  indexes = { { "department", "name" } },
}

local claims = campus.entity {
  title = T("报销单", "Claims"), serves = { "FIN-2", "FIN-4", "FIN-5", "FIN-6" },
  lab = { group = { "category", "kind", "grade" }, sum = "amount" },
  fields = {
    number = field.text { title = T("单号", "Number"), number = "BX{year}-{seq:5}" },
    staff = field.reference { to = "finance.staff", title = T("报销人", "Who claims"), required = true },
    claimant = field.person { title = T("报销人账号", "Claimant"), derived = "staff.person" },
    department = field.text { title = T("部门", "Department"), derived = "staff.department" },
    grade = field.choice { title = T("职级", "Grade"), choices = shared.GRADES, derived = "staff.grade" },
    line = field.reference { to = "finance.lines", title = T("预算分项", "Budget line"), required = true },
    year = field.text { title = T("预算年度", "Budget of"), derived = "line.year" },
    category = field.choice { title = T("预算类别", "Category"), choices = shared.CATEGORIES, derived = "line.category" },
    budget_kind = field.choice { title = T("预算类型", "Kind of budget"), choices = shared.BUDGETS, derived = "line.kind" },
    kind = field.choice { title = T("报销类型", "Kind"), required = true, choices = shared.KINDS },
    reason = field.text { title = T("事由", "What for"), required = true, max_length = 200, search = true },
    lines = field.list { title = T("明细", "Lines"), fields = {
      kind = field.choice { title = T("项目", "Item"), required = true, choices = shared.SPENT_ON },
      day = field.date { title = T("日期", "Day"), required = true }, city = field.text { title = T("城市", "City"), max_length = 40 },
      days = field.integer { title = T("天（晚）数", "Days or nights"), min = 1, max = 366 },
      amount = field.money { title = T("金额", "Amount"), required = true, min = "0.01" },
      net = field.money { title = T("不含税金额", "Without tax"), min = 0 }, tax = field.money { title = T("税额", "Tax"), min = 0 },
      invoice_no = field.text { title = T("发票号码", "Invoice no."), check = "invoice_no", unique = true },
      invoice_date = field.date { title = T("开票日期", "Invoice of") }, seller = field.text { title = T("销售方", "Seller"), max_length = 120 },
      buyer = field.text { title = T("购买方名称", "Buyer"), max_length = 120 },
      buyer_tax_no = field.text { title = T("购买方税号", "Buyer's tax no."), max_length = 30 },
    } },
    stated = field.money { title = T("单据合计", "Sum on the form"), min = 0 },
    amount = field.money { title = T("报销金额", "Amount"), derived = "sum(lines.amount)" },
    attachments = field.file { title = T("附件", "Attachments"), many = true, types = { "pdf", "ofd", "xml", "png", "jpeg" } },
    advance = field.reference { to = "finance.advances", title = T("冲抵借款", "Advance it offsets") },
    advance_of = field.person { title = T("借款人", "Whose advance"), derived = "advance.claimant" },
    offset = field.money { title = T("冲抵金额", "Offset"), min = 0 }, note = field.text { title = T("备注", "Note"), max_length = 1000 },
  },
  -- the regulation's three steps in their order; a claim of one who would sign climbs
  workflow = shared.approved("policy:approval.claims", { "claimant", "$created_by" }, {
    draft = { frees = true },                                  -- an invoice is used from the submission on
    approved = { title = T("已批准待付款", "Approved"), deadline = { within = "policy:deadlines.payment",
      owner = "role:cashier", remind = { "1wd" }, escalate = { { after = "2wd", to = "role:finance" } } } },
    paid = { title = T("已付款", "Paid"), final = true }, withdrawn = { title = T("已作废", "Withdrawn"), final = true, frees = true },
  }, {
    submit = { needs = { "lines", "stated" }, rule = "claim_is_right", reserve = {
      { pool = "line", limit = "amount", amount = "amount", exceed = "policy:budget.exceed" },
      { pool = "advance", limit = "amount", amount = "offset", optional = true } } },
    approve = { commit = true, post = { ledger = "journal", text = "reason",
      { account = "field:category", item = "staff", amount = "amount" }, { account = "payable", item = "staff", amount = "-amount" } } },
    send_back = { release = true, message = "claim_returned" }, take_back = { release = true }, reject = { release = true },
    withdraw = { title = T("作废", "Withdraw"), from = { "draft", "returned" }, to = "withdrawn" },
    cancel = { title = T("撤销批准", "Cancel"), from = "approved", to = "withdrawn", needs = { "note" }, release = true,
      post = { ledger = "journal", reverse = "approve" } },
    pay = { title = T("付款完成", "Paid"), from = "approved", to = "paid", settle = true, post = { ledger = "journal", text = "number",
      { account = "payable", item = "staff", amount = "offset" }, { account = "advances", item = "staff", amount = "-offset" } } },
  }, { head = { head_of = "claimant" } }),
  indexes = { { "state", "category" }, { "year", "category", "state", "amount" }, { "claimant", "created_at" }, { "line", "state" },
    { "advance" }, { "number" } },
}

-- Money handed out before it is spent; it takes nothing from the budget, the claim that offsets it does.
local advances = campus.entity {
  title = T("借款单", "Advances"), serves = { "FIN-5" },
  fields = {
    number = field.text { title = T("单号", "Number"), number = "JK{year}-{seq:5}" },
    staff = field.reference { to = "finance.staff", title = T("借款人", "Who borrows"), required = true },
    claimant = field.person { title = T("借款人账号", "Claimant"), derived = "staff.person" },
    reason = field.text { title = T("事由", "What for"), required = true, max_length = 200 },
    amount = field.money { title = T("金额", "Amount"), required = true, min = "0.01" },
    offset = field.money { title = T("已冲抵", "Offset"), derived = "settled(amount)" },
    left = field.money { title = T("未冲抵", "Left"), derived = "left(amount)" },
    repaid = field.money { title = T("退回现金", "Paid back"), min = 0 }, note = field.text { title = T("备注", "Note"), max_length = 1000 },
  },
  workflow = shared.approved("policy:approval.advances", { "claimant", "$created_by" }, {
    paid = { title = T("未核销", "Open"), deadline = { within = "policy:deadlines.advance", owner = "claimant", remind = { "5d" },
      escalate = { { after = "1wd", to = "role:finance" } } } },
    cleared = { title = T("已核销", "Cleared"), final = true },
  }, {
    submit = { rule = "advance_is_right" }, pay = { title = T("付款完成", "Paid"), from = "approved", to = "paid" },
    clear = { title = T("核销", "Clear"), from = "paid", to = "cleared", rule = "advance_is_cleared",
      post = { ledger = "journal", text = "number", { account = "bank", item = "staff", amount = "repaid" },
        { account = "advances", item = "staff", amount = "-repaid" } } },
  }, { head = { head_of = "claimant" } }),
  indexes = { { "state" }, { "claimant", "state" } },
}

return { entities = { staff = staff, claims = claims, advances = advances } }
