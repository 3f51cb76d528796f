-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What one group or department asks of another: taken up, handed over, answered (ORG-3).
local field, shared = campus.field, require "shared"
local T = shared.title

local requests = campus.entity {
  title = T("协调事项", "Requests"), serves = { "ORG-3" },
  overview = { order = 3, date = "wanted_by", who = "handler", days = 14 },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "协{year}-{seq:4}" },
    title = field.text { title = T("事项", "Matter"), required = true, max_length = 120, search = true },
    from = shared.group(T("提出小组", "From"), { required = true }),
    to = shared.group(T("承办小组", "To"), { required = true }),
    content = field.longtext { title = T("具体要求", "What is asked"), required = true },
    wanted_by = field.date { title = T("希望完成日期", "Wanted by"), required = true },
    asked_by = field.person { title = T("提出人", "Asked by"), readonly = true, default = "$actor" },
    handler = field.person { title = T("经办人", "Handled by") },
    reply = field.longtext { title = T("答复", "Reply") },
    handovers = field.list { title = T("转交记录", "Handed over"), fields = {
      from = field.text { title = T("由", "By"), max_length = 40 }, to = field.text { title = T("转至", "To"), max_length = 40 },
      day = field.date { title = T("日期", "Day") }, reason = field.text { title = T("原因", "Reason"), max_length = 300 },
    } },
    came_from = shared.group(T("上一承办小组", "Handed over by")),
    note = field.text { title = T("说明", "Note"), max_length = 500 },
    lead = shared.lead "to", to_key = shared.key "to", from_key = shared.key "from",
  },
  workflow = {
    start = "sent",
    states = {
      sent = { title = T("待受理", "Sent"), todo = "lead", deadline = { within = "policy:requests.accept", owner = "lead",
        escalate = { { after = "0h", to = "role:deputy" }, { after = "policy:requests.patience", to = "role:manager" } } } },
      in_hand = { title = T("办理中", "In hand"), todo = "handler",
        deadline = { within = "field:wanted_by", owner = "handler", remind = { "1wd" },
        escalate = { { after = "0h", to = "supervisor" }, { after = "policy:requests.patience", to = "role:manager" } } } },
      replied = { title = T("已答复", "Replied"), todo = "asked_by" },
      declined = { title = T("未予办理", "Declined"), todo = "asked_by" },
      closed = { title = T("已办结", "Closed"), final = true },
      withdrawn = { title = T("已撤回", "Withdrawn"), final = true },
    },
    transitions = {
      accept = { title = T("受理", "Accept"), from = "sent", to = "in_hand", needs = { "handler" } },
      hand_over = { title = T("转交", "Hand over"), from = { "sent", "in_hand" }, to = "sent",
        needs = { "came_from", "handovers" } },
      answer = { title = T("答复", "Reply"), from = "in_hand", to = "replied", needs = { "reply" } },
      decline = { title = T("不予办理", "Decline"), from = { "sent", "in_hand" }, to = "declined", needs = { "reply" } },
      close = { title = T("确认办结", "Close"), from = { "replied", "declined" }, to = "closed" },
      reopen = { title = T("继续办理", "Ask again"), from = { "replied", "declined" }, to = "sent", needs = { "note" } },
      withdraw = { title = T("撤回", "Withdraw"), from = { "sent", "in_hand" }, to = "withdrawn", needs = { "note" } },
    },
  },
  indexes = { { "state", "wanted_by" }, { "to", "state" }, { "from", "state" } },
}

-- Each hand-over stays on the request; the clock of the next group begins anew.
local function hand_over(ctx, input)
  local request, err = ctx:get("requests", input.request)
  if not request then return nil, err end
  if request.to == input.to then return nil, { code = "invalid", text = "to: it is there already" } end
  local from, to = ctx:get("groups", request.to), ctx:get("groups", input.to)
  local list = request.handovers or {}
  list[#list + 1] = { from = from and from.name, to = to and to.name, day = ctx:now().today, reason = input.reason }
  return ctx:transition("requests", request.id, "hand_over", { to = input.to, came_from = request.to, handovers = list })
end

return {
  entities = { requests = requests },
  actions = {
    hand_over = campus.action { title = T("转交", "Hand over"), run = hand_over, serves = { "ORG-3" }, on = "request",
      states = { "sent", "in_hand" },
      input = { request = field.reference { to = "requests", title = T("协调事项", "Request"), required = true },
        to = shared.group(T("转至", "To"), { required = true }),
        reason = field.text { title = T("原因", "Reason"), required = true, max_length = 300 } } },
  },
}
