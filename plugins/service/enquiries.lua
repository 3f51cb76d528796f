-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Enquiries: a first answer in time, a hand-over to whoever knows, and the result back to who asked (SVC-1, SVC-2).
local field, shared, knowledge = campus.field, require "shared", require "knowledge"
local T = shared.title
local WHOSE = { "handler", "team", "officer", "role:customer_service" }
local function runs(which)
  return { within = "policy:clocks." .. which, by = "priority", owner = WHOSE, remind = { "policy:clocks.remind" },
    escalate = { { after = "0h", to = "role:service.lead" }, { after = "policy:clocks.patience", to = "supervisor" },
      { after = "policy:clocks.patience", to = "role:manager" } } }
end

local enquiries = campus.entity {
  title = T("咨询", "Enquiries"), subject = "student", serves = { "SVC-1", "SVC-2", "SVC-8" },
  overview = { roles = { "service.lead", "customer_service" }, order = 10, date = "due_at", days = 7 },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "ZX{year}-{seq:5}" },
    question = field.longtext { title = T("咨询内容", "Question"), required = true, max_length = 1000, search = true },
    topic = field.choice { title = T("类别", "Topic"), required = true, default = "other", choices = shared.TOPICS },
    priority = field.choice { title = T("缓急", "Priority"), required = true, default = "normal", choices = shared.PRIORITIES },
    officer = field.person { title = T("受理人", "Taken up by") },
    team = field.choice { title = T("转办部门", "Handed to"), choices = shared.TEAMS },
    handler = field.person { title = T("承办人", "Handled by") },
    asker = field.text { title = T("咨询人", "Who asks"), required = true, personal = true, max_length = 60, mask = "name", search = true },
    phone = shared.phone(),
    way = field.choice { title = T("来源", "Came by"), required = true, default = "phone", choices = shared.WAYS },
    student = shared.student(), family = shared.family(),
    suggested = field.reference { to = "service.articles", title = T("推荐答复", "Suggested answer") },
    hand_overs = field.list { title = T("转办经过", "Hand-overs"), fields = {
      at_time = field.datetime { title = T("时间", "At") }, by = field.person { title = T("转出人", "By") },
      team = field.choice { title = T("转给", "To"), choices = shared.TEAMS }, handler = field.person { title = T("承办人", "To whom") },
      note = field.text { title = T("说明", "Note"), max_length = 300 },
    } },
    hand_over_count = field.integer { title = T("转办次数", "Times handed over"), derived = "count(hand_overs)" },
    article = field.reference { to = "service.articles", title = T("采用的标准答复", "Answer used") },
    answer_text = field.longtext { title = T("答复", "Answer"), max_length = 2000, search = true },
    reopened = field.integer { title = T("重新办理次数", "Times reopened"), default = 0 },
    late_first = field.boolean { title = T("首次响应超时", "First answer late") },
    late = field.boolean { title = T("办结超时", "Solved late") },
    tracking = shared.tracking(),
    note = field.text { title = T("备注", "Note"), max_length = 500 },
  },
  workflow = {
    start = "new",
    states = {
      new = { title = T("待响应", "New"), todo = WHOSE, deadline = runs("first_response") },
      open = { title = T("办理中", "Open"), todo = WHOSE, deadline = runs("resolve") },
      answered = { title = T("已答复", "Answered"), deadline = { within = "policy:followup.window", owner = WHOSE, lapse = "close" } },
      closed = { title = T("已办结", "Closed"), final = true },
    },
    transitions = {
      acknowledge = { title = T("受理", "Take up"), from = { "new", "open" }, to = "open" },
      transfer = { title = T("转办", "Hand over"), from = { "new", "open" }, to = "open", needs = { "team" } },
      answer = { title = T("答复", "Answer"), from = { "new", "open" }, to = "answered", needs = { "answer_text" },
        message = "enquiry_answered" },
      reopen = { title = T("未解决，重新办理", "Not solved: reopen"), from = "answered", to = "open" },
      close = { title = T("办结", "Close"), from = "answered", to = "closed" },
    },
  },
  indexes = { { "state", "due_at" }, { "handler", "state" }, { "team", "state" }, { "topic", "state" }, { "student" } },
}

-- What is asked often is answered at once: the answer that fits is found as the enquiry comes in.
local function created(ctx, event)
  local one, err = ctx:get("enquiries", event.record)
  if not one then return nil, err end
  local found, why = knowledge.suggest(ctx, one.question, one.topic)
  if why then return nil, why end
  local first = ctx.policy.routing.first[one.topic]
  local fields = { suggested = found }
  if first and first ~= "customer_service" and not one.team then fields.team = first end
  if next(fields) then
    local done, refused = ctx:update("enquiries", one.id, fields)
    if not done then return nil, refused end
  end
end
-- That a clock ran out stays on the record, whenever it is answered.
local function missed(ctx, event)
  local one, err = ctx:get("enquiries", event.record)
  if not one then return nil, err end
  if one.state ~= "new" and one.state ~= "open" then return end
  local done, why = ctx:update("enquiries", one.id, one.state == "new" and { late_first = true } or { late = true })
  if not done then return nil, why end
end

-- Who takes it up at the desk keeps it; what was handed to a team is then that person's.
local function acknowledge(ctx, input)
  local one, why = ctx:get("enquiries", input.enquiry)
  if not one then return nil, why end
  local done, err = ctx:transition("enquiries", one.id, "acknowledge", { [one.team and "handler" or "officer"] = ctx.actor.id })
  if not done then return nil, err end
  return { state = done.state }
end
-- To whom the policy sends this topic, when nobody says; each hand-over is a line of its own.
local function transfer(ctx, input)
  local one, err = ctx:get("enquiries", input.enquiry)
  if not one then return nil, err end
  local team, lines = input.team or ctx.policy.routing.second[one.topic], one.hand_overs or {}
  lines[#lines + 1] = { at_time = ctx:now().time, by = ctx.actor.id, team = team, handler = input.handler, note = input.note }
  if one.handler and not input.handler then
    return nil, { code = "invalid", text = "handler: somebody has it already; say to whom it goes now" }
  end
  local done, refused = ctx:transition("enquiries", one.id, "transfer", { team = team, hand_overs = lines, handler = input.handler })
  if not done then return nil, refused end
  return { team = team, hand_overs = #lines }
end
-- The standard answer as it stands, or with what is added to it.
local function use_answer(ctx, input)
  local one, err = ctx:get("enquiries", input.enquiry)
  if not one then return nil, err end
  local id = input.article or one.suggested
  if not id then return nil, { code = "invalid", text = "article: no answer fits by its keywords; choose one" } end
  local article, why = ctx:get("articles", id)
  if not article then return nil, why end
  if article.state ~= "approved" then return nil, { code = "invalid", text = "article: only an approved answer is a standard answer" } end
  local done, refused = ctx:transition("enquiries", one.id, "answer", { article = id, answer_text = article.answer .. (input.more or "") })
  if not done then return nil, refused end
  return { state = done.state }
end

local function enquiry() return field.reference { to = "enquiries", title = T("咨询", "Enquiry"), required = true } end
return {
  entities = { enquiries = enquiries },
  on = {
    ["service.enquiries.created"] = created,
    ["service.enquiries.deadline.missed"] = missed,
  },
  actions = {
    acknowledge = campus.action { title = T("受理", "Take up"), run = acknowledge, on = "enquiry", states = { "new", "open" },
      serves = { "SVC-2" },
      input = { enquiry = enquiry() } },
    use_answer = campus.action { title = T("用标准答复", "Use the standard answer"), run = use_answer, on = "enquiry",
      states = { "new", "open" }, serves = { "SVC-1" },
      input = { enquiry = enquiry(), article = field.reference { to = "articles", title = T("标准答复（不填则用推荐的）",
        "Answer (the suggested one)") },
        more = field.longtext { title = T("补充", "What is added"), max_length = 500 } } },
    transfer = campus.action { title = T("转办", "Hand over"), run = transfer, on = "enquiry", states = { "new", "open" },
      serves = { "SVC-2" },
      input = { enquiry = enquiry(),
        team = field.choice { title = T("转给部门（不填按制度分派）", "To (by the policy, when left out)"), choices = shared.TEAMS },
        handler = field.person { title = T("承办人", "To whom") },
        note = field.text { title = T("说明", "Note"), required = true, max_length = 300 } } },
  },
}
