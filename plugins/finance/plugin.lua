-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Finance (FIN-1 to FIN-7): the budget, what draws on it, what is paid, and what does not look right.
local out = {
  title = { zh = "财务", en = "Finance" }, version = "1.0.0", needs = { "admissions.plans" },
  entities = {}, rules = {}, on = {}, actions = {}, reports = require "reports",
  documents = {
    claim = {   -- A4, with its trail: what is bound to the voucher
      title = { zh = "费用报销单", en = "Claim" }, entity = "claims", template = { zh = "templates/claim.html", en = "templates/claim.en.html" },
      states = { "approved", "paid" }, many = true, qr = "{link}", serves = { "FIN-5" },
    },
  },
  exports = {
    vouchers = campus.export {
      title = { zh = "记账凭证（金蝶、用友）", en = "Vouchers" }, entity = "journal", purpose = "导入财务软件记账", serves = { "FIN-5" },
      fields = { "number", "day", "text", "account", "amount", "source" }, split = "amount", codes = { account = "policy:accounts" },
    },
    bank_file = campus.export {
      title = { zh = "银行付款清单", en = "List for the bank" }, entity = "payments", where = { state = "in_batch" },
      fields = { "number", "name", "bank", "amount" }, reveal = { "account" }, purpose = "提交银行付款", serves = { "FIN-5" },
    },
  },
  messages = {
    claim_returned = campus.message {
      title = { zh = "报销单退回", en = "A claim came back" }, entity = "claims", to = { "claimant" }, channels = { "mail" },
      text = { zh = "报销单 {number} 已退回，请按意见修改后重新提交。", en = "Claim {number} came back; see the note, then submit again." },
      serves = { "FIN-5" },
    },
  },
  obligations = {
    execution = campus.obligation {
      title = { zh = "预算执行分析", en = "Analysis of the budget's execution" }, serves = { "FIN-3" }, period = "policy:execution.period",
      within = "10wd", owner = "role:finance", remind = { "3wd" }, escalate = { { after = "1wd", to = "role:principal" } },
      evidence = "record of finance.executions",
    },
    anomalies = campus.obligation {
      title = { zh = "报销异常统计与核查", en = "Statistics and anomalies of claims" }, serves = { "FIN-7" }, period = "monthly",
      within = "5wd", owner = "role:finance", remind = { "2wd" }, evidence = "note",
      escalate = { { after = "1wd", to = "role:principal" } },
    },
  },
}
local function add(part, list) for name, one in pairs(list or {}) do part[name] = one end end
for _, file in ipairs { require "budget", require "claims", require "payments", require "anomalies", require "execution" } do
  add(out.entities, file.entities)
  add(out.rules, file.rules)
  add(out.on, file.on)
  add(out.actions, file.actions)
end
add(out.rules, require "limits")
add(out.actions, require "actions")
return out
