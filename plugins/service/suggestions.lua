-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Suggestions: classified, dispatched, decided with a reply, and what an adopted one has brought (SVC-6).
local field, shared = campus.field, require "shared"
local T = shared.title

local suggestions = campus.entity {
  title = T("建议", "Suggestions"), subject = "self", serves = { "SVC-6", "SVC-8" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "JY{year}-{seq:4}" },
    content = field.longtext { title = T("建议内容", "Suggestion"), required = true, max_length = 2000, search = true },
    category = field.choice { title = T("类别", "Category"), choices = {
      { name = "teaching", title = T("教育教学", "Teaching") }, { name = "service", title = T("服务", "Service") },
      { name = "logistics", title = T("食宿后勤", "Board and lodging") }, { name = "campus", title = T("校园环境", "Campus") },
      { name = "management", title = T("管理制度", "Management") }, { name = "other", title = T("其他", "Other") } } },
    proposer = field.text { title = T("建议人", "Who suggests"), class = "confidential", personal = true, mask = "name", max_length = 60 },
    phone = shared.phone(),
    student = shared.student(), family = shared.family(),
    way = field.choice { title = T("来源", "Came by"), required = true, default = "phone", choices = shared.WAYS },
    handler = field.person { title = T("承办人", "Handled by") },
    reply = field.longtext { title = T("答复", "Reply"), max_length = 1000, help = T("建议人看到的答复", "what the proposer reads") },
    measure = field.longtext { title = T("采纳措施", "What is done"), max_length = 1000 },
    due_on = field.date { title = T("完成期限", "Done by") },
    effect = field.longtext { title = T("采纳效果", "Effect"), max_length = 1000 },
    tracking = shared.tracking(),
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "received",
    states = {
      received = { title = T("待分类", "Received"), todo = "role:service.lead", deadline = { within = "policy:suggestions.dispatch",
        owner = "role:service.lead", escalate = { { after = "1wd", to = "role:manager" } } } },
      considering = { title = T("研究中", "Considered"), todo = "handler", deadline = { within = "policy:suggestions.decide",
        owner = "handler", remind = { "2wd" }, escalate = { { after = "0h", to = "supervisor" }, { after = "2wd",
          to = "role:service.lead" } } } },
      adopted = { title = T("已采纳，实施中", "Adopted"), todo = "handler", deadline = { within = "field:due_on", owner = "handler",
        remind = { "2wd" }, escalate = { { after = "1wd", to = "role:service.lead" } } } },
      done = { title = T("已落实", "Done"), final = true },
      declined = { title = T("未采纳", "Declined"), final = true },
    },
    transitions = {
      dispatch = { title = T("分类派办", "Classify and dispatch"), from = { "received", "considering" }, to = "considering",
        needs = { "category", "handler" } },
      adopt = { title = T("采纳", "Adopt"), from = "considering", to = "adopted", needs = { "reply", "measure", "due_on" },
        rule = "adoption_is_ahead", message = "suggestion_decided" },
      decline = { title = T("不采纳", "Decline"), from = "considering", to = "declined", needs = { "reply" }, message = "suggestion_decided" },
      finish = { title = T("落实", "Done"), from = "adopted", to = "done", needs = { "effect" }, message = "suggestion_done" },
    },
  },
  indexes = { { "state", "category" }, { "handler", "state" }, { "student" } },
}

local function adoption_is_ahead(suggestion, _, as_of)
  local why = campus.reasons()
  why:check(suggestion.due_on >= as_of, { code = "due_past", at = "due_on", have = suggestion.due_on, want = as_of })
  return why:decision()
end

return {
  entities = { suggestions = suggestions },
  rules = { adoption_is_ahead = campus.rule { reads = { "due_on" }, run = adoption_is_ahead, serves = { "SVC-6" } } },
}
