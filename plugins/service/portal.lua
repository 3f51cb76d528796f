-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What the public fills in and sees: an enquiry, a complaint, a suggestion, how far it is, and what they think of it (SVC-1 to SVC-7).
local shared = require "shared"
local T = shared.title

local consent = T("学校收集以上信息，只用于办理和答复您反映的事项。姓名和电话加密保存，只有负责答复您的工作人员可以看到，每次查看都有记录；"
  .. "办结后按学校规定的期限保存，到期删除。您可以向客户服务组查询、更正或要求删除。",
  "The school uses this only to deal with what you bring and to answer you. Name and number are kept sealed; "
  .. "only the staff who answer you see them, and every look is on record. They are kept as long as the school's rules set, then deleted. "
  .. "Ask customer service to see, correct or delete them.")
local hidden = T("投诉人的姓名和电话不会告诉承办人和被投诉人。请只写事情，不写您是谁。",
  "Neither whoever handles it nor whoever it is about learns your name or number. Please write what happened, not who you are.")
local also = T(consent.zh .. "\n" .. hidden.zh, consent.en .. "\n" .. hidden.en)
local rated = T("对我们的服务是否满意？可在服务评价页面凭查询码填写。", "Were you served well? Say so on the page for ratings, with your code.")

local function form(title, entity, fields, agree, serves)
  return campus.public { title = title, entity = entity, code = "tracking", fields = fields, set = { way = "form" },
    consent = agree, serves = serves }
end
local function status(title, entity, shows, next_step, serves)
  return campus.public { title = title, entity = entity, code = "tracking", shows = shows, next = next_step, serves = serves }
end
local function rating(title, case, serves)
  return campus.public { title = title, entity = "followups", fields = { case, "score", "comment" }, via = { [case] = "tracking" },
    set = { way = "form" }, serves = serves }
end

return {
  enquiry = form(T("在线咨询", "Ask us"), "enquiries", { "question", "topic", "asker", "phone" }, consent, { "SVC-1" }),
  enquiry_status = status(T("咨询进度", "Your enquiry"), "enquiries", { "state", "number", "due_at", "question", "answer_text" }, {
    new = T("已收到，工作人员会尽快答复。", "We have it and will answer soon."),
    open = T("正在办理，结果会在这里和短信中告诉您。", "It is being dealt with; the answer will be here and in a message."),
    answered = T("已答复。" .. rated.zh, "It is answered. " .. rated.en), closed = T("已办结。", "It is closed."),
  }, { "SVC-2" }),
  rate_enquiry = rating(T("评价咨询服务", "Rate our answer"), "enquiry", { "SVC-5" }),
  complaint = form(T("投诉", "Complain"), "complaints", { "category", "matter", "demand", "complainant", "phone", "relation" },
    also, { "SVC-3" }),
  complaint_status = status(T("投诉进度", "Your complaint"), "complaints", { "state", "number", "due_at", "category", "progress_text",
    "progress_at", "reply" }, {
    received = T("已收到，即将派人办理。", "We have it; somebody is about to be put on it."),
    handling = T("正在办理，我们会定期告知进展。", "It is being handled; we tell you regularly how far it is."),
    replied = T("已答复。" .. rated.zh, "We have replied. " .. rated.en), closed = T("已办结，谢谢您的监督。", "It is closed. Thank you."),
    dismissed = T("不予受理，原因见答复。", "It was not taken up; the reply says why."), withdrawn = T("您已撤诉。", "You have withdrawn it."),
  }, { "SVC-3", "SVC-4" }),
  complaint_withdraw = campus.public { title = T("撤回投诉", "Withdraw your complaint"), entity = "complaints", code = "tracking",
    transition = "withdraw", serves = { "SVC-3" } },
  rate_complaint = rating(T("评价投诉办理", "Rate how your complaint was handled"), "complaint", { "SVC-5" }),
  suggestion = form(T("提建议", "Suggest"), "suggestions", { "content", "proposer", "phone" }, consent, { "SVC-6" }),
  suggestion_status = status(T("建议进度", "Your suggestion"), "suggestions", { "state", "number", "content", "reply", "effect" }, {
    received = T("已收到，即将分给有关部门。", "We have it; it goes to the department concerned."),
    considering = T("有关部门正在研究。", "The department is considering it."), adopted = T("已采纳，正在落实。", "It is adopted and being carried out."),
    done = T("已落实，谢谢您的建议！", "It has been carried out. Thank you!"), declined = T("未采纳，原因见答复。", "It was not adopted; the reply says why."),
  }, { "SVC-6" }),
  opt_out = campus.public { title = T("退订消息", "Stop these messages"), entity = "deliveries", code = "code",
    transition = "opt_out", serves = { "SVC-7" } },
}
