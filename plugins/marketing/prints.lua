-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What is printed: a proof is signed before the press runs, and a batch is accepted by a sample of it (MKT-4).
local field, shared = campus.field, require "shared"
local T = shared.title

local prints = campus.entity {
  title = T("印刷批次", "Printed batches"), part_of = "version", serves = { "MKT-4" },
  fields = {
    number = field.text { title = T("批次号", "Number"), number = "YS{year}-{seq:4}" },
    version = field.reference { to = "marketing.versions", title = T("物料版本", "Version"), required = true },
    name = field.text { title = T("物料名称", "Name"), derived = "version.name" },
    label = field.text { title = T("版本号", "Version no."), derived = "version.version" },
    proofread_on = field.date { title = T("校对日期", "Proofread on"), derived = "version.proofread_on" },
    expires_on = field.date { title = T("有效期至", "Valid until"), derived = "version.expires_on" },
    printer = field.text { title = T("承印单位", "Printer"), required = true, max_length = 80, search = true },
    quantity = field.integer { title = T("印数", "Ordered"), required = true, min = 1, max = 1000000 },
    price = field.money { title = T("印刷费", "Price"), min = 0 },
    due_on = field.date { title = T("约定交货日期", "Due on"), required = true },
    proof = field.file { title = T("打样", "Proof"), types = { "pdf", "png", "jpeg" } },
    proof_note = field.text { title = T("签样意见", "What the proof is signed with"), max_length = 300 },
    received = field.integer { title = T("实收数", "Received"), min = 0, max = 1000000 },
    delivered_on = field.date { title = T("到货日期", "Delivered on") },
    sampled = field.integer { title = T("抽检数", "Sampled"), min = 0, max = 1000000 },
    defects = field.integer { title = T("不合格数", "Defects in the sample"), min = 0, max = 1000000 },
    checked = field.multichoice { title = T("合格项目", "Found good"), choices = shared.QUALITY },
    outcome = field.text { title = T("验收结论", "Outcome"), max_length = 300 },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "ordered",
    states = {
      ordered = { title = T("待签样", "Ordered"), todo = "role:marketing.lead" },
      proofed = { title = T("已签样，印刷中", "Proof signed"), deadline = { within = "field:due_on", owner = "role:marketing",
        remind = { "2wd" }, escalate = { { after = "1wd", to = "role:marketing.lead" } } } },
      delivered = { title = T("待验收", "Delivered"), deadline = { within = "policy:deadlines.acceptance", owner = "role:marketing.lead",
        escalate = { { after = "1wd", to = "role:deputy" } } } },
      accepted = { title = T("验收合格", "Accepted"), final = true },
      refused = { title = T("验收不合格", "Refused") },
      dropped = { title = T("已取消", "Dropped"), final = true },
    },
    transitions = {
      sign_proof = { title = T("签样", "Sign the proof"), from = "ordered", to = "proofed", needs = { "proof", "proof_note" },
        rule = "print_is_current" },
      deliver = { title = T("到货", "Delivered"), from = "proofed", to = "delivered", needs = { "received", "delivered_on" } },
      accept = { title = T("验收合格", "Accept"), from = "delivered", to = "accepted", needs = { "sampled", "defects", "outcome" },
        rule = "print_is_good" },
      refuse = { title = T("验收不合格", "Refuse"), from = "delivered", to = "refused", needs = { "outcome" } },
      reprint = { title = T("重印", "Print again"), from = "refused", to = "ordered", needs = { "note", "due_on" } },
      drop = { title = T("取消", "Drop"), from = { "ordered", "refused" }, to = "dropped", needs = { "note" } },
    },
  },
  indexes = { { "state", "due_on" }, { "version" }, { "printer" } },
}

-- Only what was proofread goes to the press, and nothing that ends before it is there.
local function print_is_current(print)
  local why = campus.reasons()
  why:check(print.proofread_on, { code = "not_proofread", at = "version" })
  why:check(print.expires_on and print.expires_on > print.due_on,
    { code = "expired", at = "due_on", have = print.expires_on or "-", want = print.due_on })
  return why:decision()
end

local function print_is_good(print, policy)
  local why, want = campus.reasons(), policy.print
  local function check(ok, code, at, have, least, key)
    why:check(ok, { code = code, at = at, have = have, want = least, policy = "print." .. key })
  end
  local short = print.quantity * want.short // 100
  local sample = math.min(print.received, math.max(want.sample_least, print.received * want.sample // 100))
  local defects = print.sampled * want.defects // 100
  check(print.received >= print.quantity - short, "short", "received", print.received, print.quantity - short, "short")
  check(print.sampled >= sample and print.sampled <= print.received, "sample_few", "sampled", print.sampled, sample, "sample")
  check(print.defects <= defects, "defects", "defects", print.defects, defects, "defects")
  for _, part in ipairs(want.checks) do check(shared.has(print.checked, part), "quality", "checked", nil, part, "checks") end
  return why:decision()
end

return {
  entities = { prints = prints },
  rules = {
    print_is_current = campus.rule { reads = { "proofread_on", "expires_on", "due_on" }, run = print_is_current, serves = { "MKT-4" } },
    print_is_good = campus.rule { reads = { "quantity", "received", "sampled", "defects", "checked" }, run = print_is_good,
      serves = { "MKT-4" } },
  },
}
