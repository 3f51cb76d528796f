-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Complaints: whose they are is known to those who answer for them and to nobody who handles them; dispatched,
-- urged, answered, followed up, and over with a lesson (SVC-3, SVC-5).
local field, shared = campus.field, require "shared"
local T = shared.title
local CATEGORIES, OUTCOMES, URGED = {}, {}, 100
for i, one in ipairs { { "teaching", "教育教学", "Teaching" }, { "conduct", "师德与服务", "Conduct of staff" }, { "fees", "收费", "Fees" },
  { "admission", "招生宣传", "Admission" }, { "logistics", "食宿后勤", "Board and lodging" }, { "safety", "安全", "Safety" },
  { "other", "其他", "Other" } } do CATEGORIES[i] = { name = one[1], title = T(one[2], one[3]) } end
for i, one in ipairs { { "upheld", "属实", "Upheld" }, { "partly", "部分属实", "Partly upheld" }, { "unfounded", "不属实", "Unfounded" } } do
  OUTCOMES[i] = { name = one[1], title = T(one[2], one[3]) }
end

-- Its subject is itself: that of the student would tell whoever handles it whose it is.
local complaints = campus.entity {
  title = T("投诉", "Complaints"), subject = "self", serves = { "SVC-3", "SVC-5", "SVC-8" },
  overview = { roles = { "service.lead", "manager" }, order = 11, date = "due_at", days = 14 },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "TS{year}-{seq:4}" },
    category = field.choice { title = T("类别", "Category"), required = true, choices = CATEGORIES },
    severity = field.choice { title = T("严重程度", "Severity"), required = true, default = "medium", choices = shared.SEVERITIES },
    handler = field.person { title = T("承办人", "Handled by") },
    about_person = field.person { title = T("被投诉人", "About whom"), help = T("被投诉人看不到这件投诉", "they never see it") },
    matter = field.longtext { title = T("投诉事项", "Matter"), required = true, max_length = 2000, search = true,
      help = T("只写事，不写投诉人是谁：承办人会看到", "what it is about, not who you are: whoever handles it reads this") },
    demand = field.longtext { title = T("诉求", "What is asked for"), required = true, max_length = 500 },
    complainant = field.text { title = T("投诉人", "Complainant"), class = "confidential", personal = true, mask = "name", max_length = 60 },
    phone = shared.phone(),
    relation = field.choice { title = T("身份", "Who they are"), choices = {
      { name = "student", title = T("学生", "Student") }, { name = "parent", title = T("家长", "Parent") },
      { name = "other", title = T("其他", "Other") } } },
    student = shared.student(), family = shared.family(),
    way = field.choice { title = T("来源", "Came by"), required = true, default = "phone", choices = shared.WAYS },
    urged = field.integer { title = T("催办次数", "Times urged"), default = 0, min = 0, max = URGED },
    urged_at = field.datetime { title = T("最近催办", "Urged last") },
    urge_note = field.text { title = T("催办意见", "Said when urged"), max_length = 300 },
    outcome = field.choice { title = T("认定", "Finding"), choices = OUTCOMES },
    result = field.longtext { title = T("办理情况", "What was done"), max_length = 2000 },
    reply = field.longtext { title = T("答复", "Reply"), max_length = 1000, help = T("投诉人看到的答复", "what the complainant reads") },
    progress_text = field.longtext { title = T("最近一次告知", "Last told"), max_length = 500 },
    progress_at = field.datetime { title = T("告知时间", "Told at") },
    score = field.integer { title = T("满意度", "Satisfaction"), min = 1, max = 5 },
    unreached = field.boolean { title = T("回访未联系上", "Could not be reached") },
    reopened = field.integer { title = T("重新办理次数", "Times reopened"), default = 0 },
    late = field.boolean { title = T("办理超时", "Late") },
    lesson = field.longtext { title = T("教训与改进", "Lesson"), max_length = 1000, search = true },
    tracking = shared.tracking(),
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  tasks = { title = T("投诉：催办与整改", "Complaints: urged and to be improved"), remind = { "4h" }, escalate = { { after = "0h",
    to = "supervisor" } } },
  workflow = {
    start = "received",
    states = {
      received = { title = T("待受理", "Received"), todo = "role:service.lead", deadline = { within = "policy:complaints.accept",
        by = "severity", owner = "role:service.lead", escalate = { { after = "0h", to = "role:manager" } } } },
      handling = { title = T("办理中", "Handled"), todo = "handler", deadline = { within = "policy:complaints.resolve", by = "severity",
        owner = "handler", remind = { "policy:complaints.remind" }, escalate = { { after = "0h", to = "supervisor" },
          { after = "0h", to = "role:service.lead" }, { after = "policy:complaints.patience", to = "role:manager" } } } },
      replied = { title = T("待回访", "Replied") },
      closed = { title = T("已办结", "Closed"), final = true },
      dismissed = { title = T("不予受理", "Not taken up"), final = true },
      withdrawn = { title = T("已撤诉", "Withdrawn"), final = true },
    },
    transitions = {
      dispatch = { title = T("派办", "Dispatch"), from = "received", to = "handling", needs = { "handler" }, rule = "dispatch_is_fair" },
      redispatch = { title = T("改派", "Dispatch to another"), from = "handling", to = "handling", needs = { "handler", "note" },
        rule = "dispatch_is_fair" },
      dismiss = { title = T("不予受理", "Do not take up"), from = "received", to = "dismissed", needs = { "reply" },
        message = "complaint_replied" },
      answer = { title = T("答复", "Reply"), from = "handling", to = "replied", needs = { "outcome", "result", "reply" },
        message = "complaint_replied" },
      reopen = { title = T("重新办理", "Reopen"), from = "replied", to = "handling", needs = { "note" } },
      close = { title = T("办结", "Close"), from = "replied", to = "closed", needs = { "lesson" }, rule = "complaint_is_settled" },
      withdraw = { title = T("撤诉", "Withdraw"), from = { "received", "handling", "replied" }, to = "withdrawn" },
    },
  },
  indexes = { { "state", "due_at" }, { "handler", "state" }, { "category", "state" }, { "about_person" }, { "student" } },
}

local function dispatch_is_fair(complaint)
  local why = campus.reasons()
  why:check(complaint.handler ~= complaint.about_person, { code = "own_case", at = "handler" })
  return why:decision()
end
-- It is over once the complainant has said that it is, or could not be reached.
local function complaint_is_settled(complaint, policy)
  local why, least = campus.reasons(), policy.followup.unhappy + 1
  why:check(complaint.score or complaint.unreached, { code = "no_followup", at = "score" })
  if complaint.score then
    why:check(complaint.score >= least, { code = "unhappy", at = "score", have = complaint.score, want = least,
      policy = "followup.unhappy" })
  end
  return why:decision()
end

local function missed(ctx, event)
  local one, err = ctx:get("complaints", event.record)
  if not one then return nil, err end
  if one.state ~= "received" and one.state ~= "handling" then return end
  local done, why = ctx:update("complaints", one.id, { late = true })
  if not done then return nil, why end
end

-- Urging is counted, told, and a task of whoever handles it until it is done.
local function urge(ctx, input)
  local one, err = ctx:get("complaints", input.complaint)
  if not one then return nil, err end
  local n = (one.urged or 0) + 1
  local done, why = ctx:update("complaints", one.id, { urged = n, urged_at = ctx:now().time, urge_note = input.note })
  if not done then return nil, why end
  local _, unheard = ctx:emit("urged", "complaints", one.id)
  if unheard then return nil, unheard end
  return { urged = n }
end
local function urged(ctx, event)
  local one, err = ctx:get("complaints", event.record)
  if not one then return nil, err end
  if one.state ~= "handling" then return end
  local task, refused = ctx:create("complaints_tasks", { record = one.id, assignee = one.handler, due_on = ctx:now().today,
    title = ctx:t("urged", { n = one.urged }), note = one.urge_note })
  if not task then return nil, refused end
  local sent, unsent = ctx:send("complaint_urged", "complaints", one.id)
  if not sent then return nil, unsent end
end

return {
  entities = { complaints = complaints },
  rules = {
    dispatch_is_fair = campus.rule { reads = { "handler", "about_person" }, run = dispatch_is_fair, serves = { "SVC-3" } },
    complaint_is_settled = campus.rule { reads = { "score", "unreached" }, run = complaint_is_settled, serves = { "SVC-5" } },
  },
  on = { ["service.complaints.deadline.missed"] = missed, ["service.complaints.urged"] = urged },
  actions = {
    urge = campus.action { title = T("催办", "Urge"), run = urge, on = "complaint", states = { "handling" }, serves = { "SVC-3" },
      input = { complaint = field.reference { to = "complaints", title = T("投诉", "Complaint"), required = true },
        note = field.text { title = T("催办意见", "Note"), required = true, max_length = 300 } } },
  },
}
