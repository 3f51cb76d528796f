-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The register of papers. Each gets its number when it is entered, without a gap, and keeps it.
local field = campus.field

local function title() return field.text { title = { zh = "标题", en = "Title" }, required = true, max_length = 200, search = true } end
local function secrecy()
  return field.choice { title = { zh = "密级", en = "Secrecy" }, required = true, default = "internal", choices = {
    { name = "open", title = { zh = "公开", en = "Open" } }, { name = "internal", title = { zh = "内部", en = "Internal" } },
    { name = "confidential", title = { zh = "保密", en = "Confidential" } },
  } }
end
local function urgency()
  return field.choice { title = { zh = "缓急", en = "Urgency" }, required = true, default = "normal", choices = {
    { name = "normal", title = { zh = "一般", en = "Normal" } }, { name = "urgent", title = { zh = "紧急", en = "Urgent" } },
  } }
end
local function scan()
  return field.file { title = { zh = "文件", en = "File" }, class = "confidential", types = { "pdf", "ofd", "docx", "png", "jpeg" } }
end

local incoming = campus.entity {
  title = { zh = "来文登记", en = "Incoming papers" },
  overview = { roles = { "confidentiality", "manager" }, order = 20, date = "answer_by", who = "handler" },
  fields = {
    number = field.text { title = { zh = "收文号", en = "Number" }, number = "收{year}-{seq:4}" },
    title = title(),
    sender = field.text { title = { zh = "来文单位", en = "From" }, required = true, max_length = 120, search = true },
    their_number = field.text { title = { zh = "来文字号", en = "Their number" }, max_length = 60, search = true },
    received_on = field.date { title = { zh = "收文日期", en = "Received on" }, required = true, default = "$today" },
    secrecy = secrecy(),
    urgency = urgency(),
    file = scan(),
    handler = field.person { title = { zh = "承办人", en = "Handled by" } },
    answer_by = field.date { title = { zh = "办理期限", en = "Answer by" } },
    outcome = field.longtext { title = { zh = "办理结果", en = "Outcome" }, max_length = 4000 },
    answer = field.reference { to = "outgoing", title = { zh = "复文", en = "Answered by" } },
  },
  workflow = {
    start = "registered",
    states = {
      registered = { title = { zh = "已登记", en = "Registered" }, deadline = { within = "policy:deadlines.assign",
        owner = "role:confidentiality", escalate = { { after = "1wd", to = "role:manager" } } } },
      assigned = { title = { zh = "办理中", en = "Assigned" }, deadline = { within = "field:answer_by", owner = "handler", remind = { "2wd" },
        escalate = { { after = "1wd", to = "role:manager" } } } },
      filed = { title = { zh = "已归档", en = "Filed" }, final = true },
    },
    transitions = {
      assign = { title = { zh = "交办", en = "Assign" }, from = { "registered", "assigned" }, to = "assigned", needs = { "handler" } },
      file = { title = { zh = "办结归档", en = "File" }, from = { "registered", "assigned" }, to = "filed", needs = { "outcome" } },
    },
  },
  indexes = { { "state", "received_on" }, { "handler", "state" } },
}

local outgoing = campus.entity {
  title = { zh = "发文登记", en = "Outgoing papers" },
  fields = {
    number = field.text { title = { zh = "发文号", en = "Number" }, number = "发{year}-{seq:4}" },
    title = title(),
    recipient = field.text { title = { zh = "主送单位", en = "To" }, required = true, max_length = 200, search = true },
    secrecy = secrecy(),
    urgency = urgency(),
    drafted_by = field.person { title = { zh = "拟稿人", en = "Drafted by" }, readonly = true, default = "$actor" },
    file = scan(),
    sent_on = field.date { title = { zh = "发出日期", en = "Sent on" } },
    sent_by = field.text { title = { zh = "发送方式", en = "Sent by" }, max_length = 60 },
    note = field.text { title = { zh = "备注", en = "Note" }, max_length = 500 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = { zh = "拟稿", en = "Draft" } },
      in_approval = { title = { zh = "核稿签发", en = "In approval" } },
      signed = { title = { zh = "已签发", en = "Signed" } },
      sent = { title = { zh = "已发出", en = "Sent" }, final = true },
      dropped = { title = { zh = "作废", en = "Dropped" }, final = true },
    },
    transitions = {
      submit = { title = { zh = "送审", en = "Submit" }, from = "draft", to = "in_approval", needs = { "file" } },
      sign = { title = { zh = "签发", en = "Sign" }, from = "in_approval", to = "signed", approvals = "policy:approval.paper",
        never_by = { "drafted_by" }, otherwise = "climb", back = "send_back", recall = "take_back" },
      send_back = { title = { zh = "退回", en = "Send back" }, from = "in_approval", to = "draft" },
      take_back = { title = { zh = "撤回", en = "Take back" }, from = "in_approval", to = "draft" },
      send = { title = { zh = "发出", en = "Send" }, from = "signed", to = "sent", needs = { "sent_on", "sent_by" } },
      drop = { title = { zh = "作废", en = "Drop" }, from = { "draft", "signed" }, to = "dropped", needs = { "note" } },   -- its number stays
    },
  },
  indexes = { { "state", "sent_on" } },
}

return { incoming = incoming, outgoing = outgoing }
