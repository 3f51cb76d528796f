-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Seals and their use (用印): asked for with the paper at hand, approved, stamped by who keeps the seal, and
-- over only when the stamped scan is there.
local field = campus.field

local seals = campus.entity {
  title = { zh = "印章", en = "Seals" },
  fields = {
    name = field.text { title = { zh = "印章", en = "Seal" }, required = true, unique = true, max_length = 80 },
    kind = field.choice { title = { zh = "种类", en = "Kind" }, required = true, choices = {
      { name = "official", title = { zh = "公章", en = "Official" } }, { name = "contract", title = { zh = "合同章", en = "Contracts" } },
      { name = "finance", title = { zh = "财务章", en = "Finance" } }, { name = "legal", title = { zh = "法人章", en = "Legal representative" } },
      { name = "department", title = { zh = "部门章", en = "Department" } },
    } },
    keeper = field.person { title = { zh = "保管人", en = "Kept by" }, required = true },
    place = field.text { title = { zh = "存放处", en = "Where" }, max_length = 80 },
    note = field.text { title = { zh = "备注", en = "Note" }, max_length = 500 },
  },
  workflow = {
    start = "in_use",
    states = { in_use = { title = { zh = "在用", en = "In use" } }, retired = { title = { zh = "停用", en = "Retired" }, final = true } },
    transitions = { retire = { title = { zh = "停用", en = "Retire" }, from = "in_use", to = "retired", needs = { "note" } } },
  },
}

local function paper(title, types)
  return field.file { title = title, class = "confidential", types = types }
end

local requests = campus.entity {
  title = { zh = "用印申请", en = "Seal requests" },
  fields = {
    number = field.text { title = { zh = "编号", en = "Number" }, number = "印{year}-{seq:5}" },
    seal = field.reference { to = "seals", title = { zh = "印章", en = "Seal" }, required = true },
    subject = field.text { title = { zh = "文件名称", en = "What is sealed" }, required = true, max_length = 200, search = true },
    outgoing = field.reference { to = "outgoing", title = { zh = "发文", en = "Outgoing paper" } },
    file = paper({ zh = "待盖章文件", en = "The paper" }, { "pdf", "ofd", "docx" }),
    copies = field.integer { title = { zh = "份数", en = "Copies" }, required = true, min = 1, max = 10000 },
    used_for = field.text { title = { zh = "用途", en = "Purpose" }, required = true, max_length = 300 },
    applicant = field.person { title = { zh = "申请人", en = "Asked for by" }, readonly = true, default = "$actor" },
    used_on = field.date { title = { zh = "用印日期", en = "Stamped on" } },
    stamped_by = field.person { title = { zh = "盖章人", en = "Stamped by" } },
    scan = paper({ zh = "盖章后扫描件", en = "Stamped scan" }, { "pdf", "png", "jpeg" }),
    note = field.text { title = { zh = "备注", en = "Note" }, max_length = 500 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = { zh = "草稿", en = "Draft" } },
      in_approval = { title = { zh = "审批中", en = "In approval" } },
      approved = { title = { zh = "待盖章", en = "Approved" }, deadline = { within = "policy:deadlines.stamp",
        owner = "applicant", lapse = "lapse" } },
      stamped = { title = { zh = "已盖章，待交扫描件", en = "Stamped, scan wanted" }, deadline = { within = "policy:deadlines.scan",
        owner = "applicant", remind = { "1wd" },
        escalate = { { after = "1wd", to = "supervisor" }, { after = "3wd", to = "role:manager" } } } },
      closed = { title = { zh = "已归档", en = "Closed" }, final = true },
      refused = { title = { zh = "不同意", en = "Refused" }, final = true },
      lapsed = { title = { zh = "逾期作废", en = "Lapsed" }, final = true },
    },
    transitions = {
      submit = { title = { zh = "提交", en = "Submit" }, from = "draft", to = "in_approval", needs = { "file" } },
      approve = { title = { zh = "同意用印", en = "Approve" }, from = "in_approval", to = "approved", approvals = "policy:approval.seal",
        never_by = { "applicant" }, otherwise = "climb", back = "send_back", recall = "take_back", paper = "3d" },
      send_back = { title = { zh = "退回", en = "Send back" }, from = "in_approval", to = "draft" },
      take_back = { title = { zh = "撤回", en = "Take back" }, from = "in_approval", to = "draft" },
      refuse = { title = { zh = "不同意", en = "Refuse" }, from = "in_approval", to = "refused", needs = { "note" } },
      stamp = { title = { zh = "盖章", en = "Stamp" }, from = "approved", to = "stamped", needs = { "used_on", "stamped_by" } },
      lapse = { title = { zh = "逾期作废", en = "Lapse" }, from = "approved", to = "lapsed" },
      close = { title = { zh = "交回扫描件", en = "Close" }, from = "stamped", to = "closed", needs = { "scan" } },
    },
  },
  indexes = { { "state", "used_on" }, { "seal", "used_on" }, { "applicant", "state" } },
}

return { seals = seals, requests = requests }
