-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- From the budget to the voucher: a small school of a claimant, her head, finance, the leader, a cashier (FIN-1 to FIN-7).
local serial = 0
local function school()
  local function person(name, role) return as { roles = role or name, name = name } end
  local s = { admin = as "admin", leader = as "principal", cashier = as "cashier", finance = person "finance",
    second = person("second", "finance"), head = person("head", "teaching.lead"), teacher = person "teacher" }
  for who, boss in pairs { teacher = s.head, head = s.leader, finance = s.head } do
    s.admin:api("PATCH", "admin/users/" .. s[who].id, { supervisor = boss.id })
  end
  s.staff = s.finance:create("staff", { person = s.teacher.id, name = "钟玲", department = "教学支持组", grade = "staff", bank = "建行",
    account = "6217000000000000001" }).id
  s.advance = function()
    clock.advance "2m"
  end
  s.budget = s.finance:create("budgets", { year = "2027", name = "年度预算", goals = "工作计划", lines = {
    { category = "teaching", name = "耗材", basis = "教学计划", amount = "1000" },
    { category = "staff", name = "培训", basis = "培训计划", amount = "500" } } })
  s.finance:transition("budgets", s.budget.id, "submit")
  s.leader:transition("budgets", s.budget.id, "approve", { approval = { note = "同意" } })
  s.advance()
  s.lines = s.finance:find("lines", { year = "2027", sort = "name" })
  for _, line in ipairs(s.lines) do s[line.name] = line.id end
  s.left = function() return s.finance:get("lines", s["耗材"]).left end
  s.claim = function(amount, more)
    serial = serial + 1
    local file = s.teacher:api("POST", "files?name=a.pdf", "%PDF-1.4 receipt")
    local line = { kind = "other", day = "2027-02-24", amount = amount, invoice_no = ("%020d"):format(serial), invoice_date = "2027-02-24",
      buyer = "清河职业学校", buyer_tax_no = "12330100MB0X00000P" }
    local fields = { staff = s.staff, line = s["耗材"], kind = "teaching", reason = "耗材", stated = amount, attachments = { file.id },
      lines = { line } }
    for k, v in pairs(more or {}) do fields[k] = v end
    return s.teacher:create("claims", fields)
  end
  s.sign = function(id, entity)
    for _, who in ipairs { s.head, s.finance, s.leader } do
      who:transition(entity or "claims", id, "approve", { approval = { note = "同意" } })
    end
    s.advance()
  end
  s.pay = function()
    local batch = s.cashier:create("batches", { bank = "基本户" })
    s.cashier:action("fill_batch", { batch = batch.id })
    s.cashier:transition("batches", batch.id, "send")
    local list = s.cashier:find("payments", { batch = batch.id })
    for _, one in ipairs(list) do s.cashier:transition("payments", one.id, "pay", { paid_on = clock.today() }) end
    s.cashier:transition("batches", batch.id, "complete")
    s.advance()
    return list
  end
  return s
end

test("FIN-1, FIN-2: an approved budget becomes lines; a claim reserves, is committed, is settled and booked", function()
  local s = school()
  expect.equal(#s.lines, 2)
  expect.equal(s.finance:get("budgets", s.budget.id).version, 1)
  local c = s.claim "400.00"
  expect.equal({ c.claimant, c.grade, c.year, c.category, c.amount }, { s.teacher.id, "staff", "2027", "teaching", "400.00" })
  s.teacher:transition("claims", c.id, "submit")
  local line = s.finance:get("lines", s["耗材"])
  expect.equal({ line.reserved, line.left }, { "400.00", "600.00" })
  s.sign(c.id)
  expect.equal(s.finance:get("lines", s["耗材"]).committed, "400.00")
  s.pay()
  expect.equal(s.finance:get("claims", c.id).state, "paid")
  line = s.finance:get("lines", s["耗材"])
  expect.equal({ line.settled, line.committed, line.left }, { "400.00", "0.00", "600.00" })
  local function balance(account, sum)
    for _, row in ipairs(s.finance:report("journal_balance", { account = account }).rows) do sum = sum - row.sum_amount end
    expect.equal(sum, 0.0)
  end
  balance("teaching", 400.0)
  balance("bank", -400.0)
  balance("payable", 0.0)
end)

test("FIN-2: what is more than is left is refused, with nothing taken; a return gives back, and it comes again", function()
  local s = school()
  local c, d = s.claim "700.00", s.claim "301.00"
  s.teacher:transition("claims", c.id, "submit")
  expect.refused("pool_full", function() s.teacher:transition("claims", d.id, "submit") end)
  s.head:transition("claims", c.id, "send_back", { approval = { note = "补单据" } })
  expect.equal(s.left(), "1000.00")
  s.teacher:update("claims", c.id, { note = "已补" })
  s.teacher:transition("claims", c.id, "submit")
  expect.equal(s.left(), "300.00")
  s.teacher:transition("claims", c.id, "take_back")
  s.teacher:transition("claims", c.id, "withdraw")
  s.teacher:transition("claims", d.id, "submit")
  s.finance:transition("claims", d.id, "reject")
  expect.equal(s.left(), "1000.00")
end)

test("FIN-5: nobody signs their own; nobody claims for another or at another's grade", function()
  local s = school()
  local mine = s.finance:create("staff", { person = s.finance.id, name = "唐慧", department = "财务", grade = "leader" }).id
  expect.refused("forbidden", function() s.teacher:create("claims", { staff = mine, line = s["耗材"], kind = "other", reason = "x" }) end)
  local c = s.finance:create("claims", { staff = mine, line = s["耗材"], kind = "other", reason = "书", stated = "50.00",
    lines = { { kind = "goods", day = "2027-02-24", amount = "50.00" } },
    attachments = { s.finance:api("POST", "files?name=a.pdf", "%PDF-1.4 x").id } })
  s.finance:transition("claims", c.id, "submit")
  s.head:transition("claims", c.id, "approve", { approval = { note = "同意" } })
  expect.refused("forbidden", function() s.finance:transition("claims", c.id, "approve", { approval = { note = "同意" } }) end)
  s.second:transition("claims", c.id, "approve", { approval = { note = "同意" } })
  expect.equal(s.leader:transition("claims", c.id, "approve", { approval = { note = "同意" } }).state, "approved")
  s.advance()
  s.finance:transition("claims", c.id, "cancel", { note = "重复" })
  s.advance()
  expect.equal(s.finance:find("payments", {})[1].state, "dropped")
  expect.equal(s.left(), "1000.00")
end)

test("FIN-6: an invoice is used once, also within a claim; a draft uses none, what was taken back frees it", function()
  local s = school()
  local c = s.claim "100.00"
  local same = { lines = c.lines }
  local d = s.claim("100.00", same)
  s.teacher:transition("claims", c.id, "submit")
  local used = expect.refused("unique", function() s.teacher:transition("claims", d.id, "submit") end)
  expect.equal(used.errors[1].pointer, "/lines/0/invoice_no")
  s.teacher:transition("claims", c.id, "take_back")
  s.teacher:transition("claims", d.id, "submit")
  local twice = s.claim("200.00", { lines = { s.claim("100.00").lines[1], d.lines[1] } })
  twice.lines[2].invoice_no = twice.lines[1].invoice_no
  expect.refused("unique", function() s.teacher:update("claims", twice.id, { lines = twice.lines }) end)
end)

test("FIN-5: an advance is paid, offset by a claim, and cleared with what is paid back; others' cannot be offset", function()
  local s = school()
  local a = s.teacher:create("advances", { staff = s.staff, reason = "差旅", amount = "300.00" })
  s.teacher:transition("advances", a.id, "submit")
  s.sign(a.id, "advances")
  expect.equal(s.pay()[1].amount, "300.00")
  local c = s.claim("400.00", { advance = a.id, offset = "200.00" })
  s.teacher:transition("claims", c.id, "submit")
  s.sign(c.id)
  expect.equal(s.pay()[1].amount, "200.00")
  expect.equal(s.finance:get("advances", a.id).left, "100.00")
  expect.refused("not_cleared", function() s.finance:transition("advances", a.id, "clear") end)
  s.finance:update("advances", a.id, { repaid = "100.00" })
  expect.equal(s.finance:transition("advances", a.id, "clear").state, "cleared")
  for _, row in ipairs(s.finance:report("journal_balance").rows) do
    expect.equal(row.sum_amount, ({ advances = "0.00", bank = "-400.00", payable = "0.00", teaching = "400.00" })[row.account], row.account)
  end
  local b = s.teacher:create("advances", { staff = s.staff, reason = "差旅", amount = "50.00" })
  s.teacher:transition("advances", b.id, "submit")
  s.head:transition("advances", b.id, "send_back", { approval = { note = "不需要" } })
  s.teacher:transition("advances", b.id, "submit")
  s.teacher:transition("advances", b.id, "take_back")
  s.teacher:transition("advances", b.id, "submit")
  s.head:transition("advances", b.id, "reject")
end)

test("FIN-5: a payment that fails is tried again", function()
  local s = school()
  local c = s.claim "90.00"
  s.teacher:transition("claims", c.id, "submit")
  s.sign(c.id)
  local batch = s.cashier:create("batches", { bank = "基本户" })
  s.cashier:action("fill_batch", { batch = batch.id })
  local p = s.cashier:find("payments", { batch = batch.id })[1]
  s.cashier:transition("payments", p.id, "fail", { failure = "账号不符" })
  s.cashier:transition("payments", p.id, "retry")
  expect.equal(s.finance:get("claims", c.id).state, "approved")
  s.pay()
  expect.equal({ s.finance:get("claims", c.id).state, s.cashier:get("payments", p.id).tries }, { "paid", 2 })
end)

test("FIN-3: a transfer holds what it moves, and moves it once it is signed; a revision keeps what was moved", function()
  local s = school()
  local function transfer(amount)
    local t = s.finance:create("transfers", { from = s["耗材"], to = s["培训"], amount = amount, reason = "调整" })
    s.finance:transition("transfers", t.id, "submit")
    return t
  end
  local t = transfer "300.00"
  expect.equal(s.left(), "700.00")
  for _, who in ipairs { s.second, s.leader } do who:transition("transfers", t.id, "approve", { approval = { note = "同意" } }) end
  s.advance()
  expect.equal({ s.finance:get("transfers", t.id).state, s.left(), s.finance:get("lines", s["培训"]).amount }, { "done", "700.00", "800.00" })
  local back = transfer "100.00"
  s.second:transition("transfers", back.id, "send_back", { approval = { note = "理由不足" } })
  s.finance:transition("transfers", back.id, "submit")
  s.finance:transition("transfers", back.id, "take_back")
  s.finance:transition("transfers", back.id, "submit")
  s.second:transition("transfers", back.id, "reject")
  expect.equal(s.left(), "700.00")
  s.finance:transition("budgets", s.budget.id, "revise", { note = "追加" })
  s.finance:update("budgets", s.budget.id, { lines = { { category = "teaching", name = "耗材", basis = "教学计划", amount = "1200" } } })
  s.finance:transition("budgets", s.budget.id, "submit")
  s.leader:transition("budgets", s.budget.id, "approve", { approval = { note = "同意" } })
  s.advance()
  local line = s.finance:get("lines", s["耗材"])
  expect.equal({ line.amount, line.version, s.finance:get("lines", s["培训"]).amount }, { "900.00", 2, "0.00" })
end)

test("FIN-7: split, round, weekend and far above the usual open a case each, once", function()
  local s = school()
  policy { anomaly = { least = 2, outlier = 2, split_limit = 100, round = 200 } }
  local function submit(amount, more)
    local c = s.claim(amount, more)
    s.teacher:transition("claims", c.id, "submit")
    s.advance()
    local found = {}
    for _, one in ipairs(s.finance:find("cases", { about = c.id, sort = "signal" })) do found[#found + 1] = one.signal end
    return table.concat(found, " "), c
  end
  expect.equal(submit "51.00", "")
  expect.equal(submit "52.00", "split")
  expect.equal(submit "200.00", "outlier round")
  local weekend = s.claim "60.10"
  weekend.lines[1].kind, weekend.lines[1].day = "goods", "2027-02-27"
  s.teacher:update("claims", weekend.id, { lines = weekend.lines })
  s.teacher:transition("claims", weekend.id, "submit")
  s.advance()
  local case = s.finance:find("cases", { about = weekend.id, signal = "weekend" })[1]
  expect.refused("required", function() s.finance:transition("cases", case.id, "dismiss") end)
  s.finance:transition("cases", case.id, "dismiss", { outcome = "开放日采购" })
  local other = s.finance:find("cases", { state = "open" })[1]
  s.finance:transition("cases", other.id, "investigate", { assignee = s.finance.id })
  s.finance:transition("cases", other.id, "resolve", { measure = "合并审批", outcome = "拆分报销" })
  s.finance:transition("cases", other.id, "reopen")
end)

test("FIN-3: the execution report says where each line will end, and what is far off needs a measure", function()
  local s = school()
  local c = s.claim "400.00"
  s.teacher:transition("claims", c.id, "submit")
  local made = s.finance:action("prepare_execution", {})
  local report = s.finance:get("executions", made.execution)
  expect.equal({ report.amount, #report.lines, report.until_day }, { "1500.00", 2, "2027-03-01" })
  expect.equal(report.lines[2].forecast, "2433.33")        -- 400 in 60 of 365 days
  s.finance:update("executions", report.id, { analysis = "耗材偏快" })
  expect.refused("deviation", function() s.finance:transition("executions", report.id, "submit") end)
  s.finance:update("executions", report.id, { measures = "调剂三百元" })
  s.finance:transition("executions", report.id, "submit")
end)

test("FIN-1: a budget is sent back, taken back, refused, and closed when the year is over", function()
  local s = school()
  s.finance:transition("budgets", s.budget.id, "revise", { note = "追加" })
  for _, step in ipairs { "send_back", "take_back" } do
    s.finance:transition("budgets", s.budget.id, "submit")
    local who = step == "send_back" and s.leader or s.finance
    who:transition("budgets", s.budget.id, step, step == "send_back" and { approval = { note = "压缩" } } or nil)
  end
  s.finance:transition("budgets", s.budget.id, "submit")
  s.leader:transition("budgets", s.budget.id, "approve", { approval = { note = "同意" } })
  s.finance:transition("budgets", s.budget.id, "close", { note = "年度决算" })
  local other = s.finance:create("budgets", { year = "2028", name = "下年", goals = "计划", lines = {
    { category = "staff", name = "培训", basis = "计划", amount = "1" } } })
  s.finance:transition("budgets", other.id, "submit")
  s.leader:transition("budgets", other.id, "reject")
end)

test("FIN-2: where the policy says so, what is beyond the budget goes through with a warning, or a higher signer", function()
  local s = school()
  policy { budget = { exceed = "warn" } }
  local c = s.claim "1000.50"
  expect.equal(s.teacher:transition("claims", c.id, "submit").warnings[1].code, "pool_exceeded")
  expect.equal(s.left(), "-0.50")
  policy { budget = { exceed = "ask:principal" } }
  local d = s.claim "10.00"
  s.teacher:transition("claims", d.id, "submit")
  s.sign(d.id)
  expect.equal(s.finance:get("claims", d.id).state, "approved")
end)

test("FIN-5: above the sum of the policy the deputy signs too, before the leader; nothing is signed out of order", function()
  local s = school()
  local deputy = as "deputy"
  policy { approval = { claims = { steps = { "head", "finance", "principal" },
    add = { { above = 500, field = "amount", step = "deputy", before = "principal" } } } } }
  local c = s.claim "500.01"
  s.teacher:transition("claims", c.id, "submit")
  expect.refused("forbidden", function() s.leader:transition("claims", c.id, "approve", { approval = { note = "同意" } }) end)
  for _, who in ipairs { s.head, s.finance, deputy, s.leader } do
    expect.equal(s.finance:get("claims", c.id).state, "in_approval")
    who:transition("claims", c.id, "approve", { approval = { note = "同意" } })
  end
  expect.equal(s.finance:get("claims", c.id).state, "approved")
end)
