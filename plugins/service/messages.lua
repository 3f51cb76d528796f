-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What is written to people: that they are answered, how far it is, news that they may refuse; and to staff who are urged.
local T = require("shared").title
local function sms(title, entity, text, serves, extra)
  return campus.message { title = title, entity = entity, to = { "phone" }, channels = { "sms" }, text = text, extra = extra,
    serves = serves }
end

local out = {
  enquiry_answered = sms(T("咨询答复", "Your enquiry"), "enquiries",
    T("您咨询的问题（{number}）答复如下：{answer_text} 凭查询码 {tracking} 可查看并评价。",
      "Your enquiry {number}: {answer_text} Your code to see and rate it: {tracking}"),
    { "SVC-2" }),
  complaint_progress = sms(T("投诉进展", "Your complaint"), "complaints",
    T("您反映的事项（{number}）进展：{told} 凭查询码 {tracking} 可随时查看。", "Your complaint {number}: {told} Your code to look at it: {tracking}"),
      { "SVC-4" }, { "told" }),
  complaint_replied = sms(T("投诉答复", "Reply to your complaint"), "complaints",
    T("您反映的事项（{number}）已答复：{reply} 凭查询码 {tracking} 可查看并评价。",
      "Reply to your complaint {number}: {reply} Your code to see and rate it: {tracking}"),
    { "SVC-3", "SVC-5" }),
  complaint_urged = campus.message { title = T("投诉催办", "A complaint is urged"), entity = "complaints", to = { "handler" },
    channels = { "mail" },
    text = T("投诉 {number} 已被催办，请尽快办理。", "Complaint {number} is urged; please deal with it."), serves = { "SVC-3" } },
  suggestion_decided = sms(T("建议答复", "Your suggestion"), "suggestions",
    T("您的建议（{number}）{state}：{reply}", "Your suggestion {number}, {state}: {reply}"), { "SVC-6" }),
  suggestion_done = sms(T("建议落实", "Your suggestion is carried out"), "suggestions",
    T("您的建议（{number}）已落实：{effect}", "Your suggestion {number} has been carried out: {effect}"), { "SVC-6" }),
  campaign_post = campus.message { title = T("学校消息", "From the school"), entity = "campaigns", channels = { "wecom", "dingtalk", "feishu" },
    text = T("{name}：{words}", "{name}: {words}"), serves = { "SVC-7" } },
}
-- News go by kind: who refuses one still gets the others. Nobody is written to more than three times a week.
for _, kind in ipairs(require("campaigns").kinds) do
  for _, channel in ipairs { "sms", "mail" } do
    out[kind.name .. "_" .. channel] = campus.message { title = kind.title, entity = "deliveries",
      to = { channel == "sms" and "phone" or "mail" }, channels = { channel },
      text = T("{words}（退订码 {code}）", "{words} (code to opt out: {code})"), opt_out = kind.name, cap = "3/w", serves = { "SVC-7" } }
  end
end
return out
