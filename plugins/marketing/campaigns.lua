-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Campaigns: advertising, social media, offline. One takes its budget of an approved line of the plan when it starts, and what it
-- did not spend goes back when it ends; what changes meanwhile is a record of its own, with the reason (MKT-3).
local field, shared = campus.field, require "shared"
local T = shared.title

-- What a campaign is: what is planned, and what a change may change.
local function theme(more) return field.text { title = T("主题", "Theme"), max_length = 120, search = more } end
local function starts_on() return field.date { title = T("开始日期", "From") } end
local function ends_on() return field.date { title = T("结束日期", "Until") } end
local function place() return field.text { title = T("地点或平台", "Place or platform"), max_length = 120 } end
local function content() return field.longtext { title = T("内容", "Content") } end
local function form() return field.choice { title = T("形式", "Form"), choices = shared.FORMS } end

local campaigns = campus.entity {
  title = T("推广活动", "Campaigns"), tasks = { serves = { "MKT-3" } }, serves = { "MKT-3" },
  overview = { roles = { "marketing.lead", "marketing", "deputy", "manager" }, order = 6, date = "starts_on", days = 30 },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "TG{year}-{seq:4}" },
    name = field.text { title = T("活动名称", "Name"), required = true, max_length = 80, search = true },
    way = field.choice { title = T("推广方式", "Way"), required = true, choices = shared.WAYS },
    theme = theme(true), starts_on = starts_on(), ends_on = ends_on(), place = place(), content = content(), form = form(),
    line = field.reference { to = "marketing.plan_lines", title = T("计划分项", "Line of the plan"), required = true },
    budget = field.money { title = T("预算", "Budget"), required = true, min = "0.01" },
    granted = field.money { title = T("可用额度", "Granted"), min = 0 },
    claimed = field.money { title = T("报销中", "Being claimed"), derived = "reserved(granted)" },
    spent = field.money { title = T("已支付", "Paid"), derived = "settled(granted)" },
    left = field.money { title = T("剩余", "Left"), derived = "left(granted)" },
    line_approved = field.money { title = T("分项批准金额", "Approved for the line"), derived = "line.approved" },
    channel = field.reference { to = "admissions.channels", title = T("招生渠道", "Channel"), required = true,
      help = T("该渠道来的线索计入本活动", "leads that come by it count for this campaign") },
    activity = field.reference { to = "admissions.activities", title = T("宣传活动（招生）", "Event of admissions"),
      help = T("填写后，只统计该场活动的线索", "when given, only this event's leads count") },
    previous = field.reference { to = "marketing.campaigns", title = T("上一届活动", "The one before"),
      help = T("用于比较招生增长", "what growth is measured against") },
    owner_person = field.person { title = T("负责人", "Responsible"), required = true, default = "$actor" },
    lessons = field.longtext { title = T("总结", "Lessons") },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "planned",
    states = {
      planned = { title = T("策划中", "Planned") },
      running = { title = T("进行中", "Running"), deadline = { within = "field:ends_on", owner = "owner_person", remind = { "2d" },
        escalate = { { after = "3wd", to = "role:marketing.lead" } } } },
      finished = { title = T("已结束，待评估", "Finished"), deadline = { within = "policy:deadlines.evaluation", owner = "owner_person",
        remind = { "2wd" }, escalate = { { after = "1wd", to = "role:marketing.lead" } } } },
      evaluated = { title = T("已评估", "Evaluated"), final = true },
      cancelled = { title = T("已取消", "Cancelled"), final = true },
    },
    transitions = {
      start = { title = T("启动", "Start"), from = "planned", to = "running",
        needs = { "theme", "starts_on", "ends_on", "place", "content", "form" }, rule = "campaign_is_ready",
        reserve = { pool = "line", limit = "approved", amount = "granted" } },
      adjust = { title = T("执行调整", "Adjust"), from = "running", to = "running", rule = "campaign_is_ready",
        reserve = { pool = "line", limit = "approved", amount = "granted" } },
      finish = { title = T("结束", "Finish"), from = "running", to = "finished", needs = { "lessons" }, rule = "campaign_is_over",
        reserve = { pool = "line", limit = "approved", amount = "granted", optional = true } },
      evaluate = { title = T("完成评估", "Evaluated"), from = "finished", to = "evaluated" },
      cancel = { title = T("取消", "Cancel"), from = "planned", to = "cancelled", needs = { "note" } },
    },
  },
  indexes = { { "state", "starts_on" }, { "line", "state" }, { "channel", "state", "starts_on" }, { "activity", "state", "starts_on" } },
}

local changes = campus.entity {
  title = T("活动调整单", "Changes of campaigns"), part_of = "campaign", serves = { "MKT-3", "MKT-5" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "TZ{year}-{seq:4}" },
    campaign = field.reference { to = "marketing.campaigns", title = T("推广活动", "Campaign"), required = true },
    cause = field.choice { title = T("起因", "Cause"), required = true, choices = {
      { name = "feedback", title = T("市场或受众反馈", "Feedback") }, { name = "evaluation", title = T("效果评估", "An evaluation") },
      { name = "budget", title = T("预算", "Budget") }, { name = "schedule", title = T("时间或场地", "Time or place") },
      { name = "other", title = T("其他", "Other") } } },
    reason = field.longtext { title = T("反馈与理由", "Feedback and reason"), required = true },
    evaluation = field.reference { to = "marketing.evaluations", title = T("依据的评估", "Evaluation it rests on") },
    theme = theme(), starts_on = starts_on(), ends_on = ends_on(), place = place(), content = content(), form = form(),
    budget = field.money { title = T("预算", "Budget"), min = "0.01" },
    before = field.longtext { title = T("调整前", "As it was before") },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "proposed",
    states = {
      proposed = { title = T("待同意", "Proposed"), todo = "role:marketing.lead" }, agreed = { title = T("执行中", "Agreed") },
      done = { title = T("已执行", "Done"), final = true }, failed = { title = T("未能执行", "Could not be done"), final = true },
      declined = { title = T("不同意", "Declined"), final = true },
    },
    transitions = {
      agree = { title = T("同意调整", "Agree"), from = "proposed", to = "agreed", rule = "change_is_something" },
      decline = { title = T("不同意", "Decline"), from = "proposed", to = "declined", needs = { "note" } },
      carry_out = { title = T("已执行", "Carried out"), from = "agreed", to = "done", needs = { "before" } },
      fail = { title = T("未能执行", "Failed"), from = "agreed", to = "failed", needs = { "note" } },
    },
  },
  indexes = { { "campaign", "state" } },
}

local function campaign_is_ready(campaign)
  local why = campus.reasons()
  why:check((campaign.line_approved or 0) > 0, { code = "line_not_approved", at = "line" })
  why:check(campaign.ends_on >= campaign.starts_on, { code = "ends_before", at = "ends_on", have = campaign.ends_on,
    want = campaign.starts_on })
  local granted = campaign.granted or 0
  why:check(granted == campaign.budget, { code = "granted", at = "granted", have = shared.yuan(granted),
    want = shared.yuan(campaign.budget) })
  return why:decision()
end

-- What was granted comes down to what was paid: a claim that is still on its way keeps it open.
local function campaign_is_over(campaign)
  local why, granted = campus.reasons(), campaign.granted or 0
  why:check(campaign.claimed == 0, { code = "claims_open", at = "claimed", have = shared.yuan(campaign.claimed) })
  why:check(granted == campaign.spent, { code = "granted", at = "granted", have = shared.yuan(granted),
    want = shared.yuan(campaign.spent) })
  return why:decision()
end

local CHANGED = { "theme", "starts_on", "ends_on", "place", "content", "form", "budget" }
local function change_is_something(change)
  local why, some = campus.reasons(), false
  for _, name in ipairs(CHANGED) do some = some or change[name] ~= nil end
  why:check(some, { code = "nothing_changed", at = "theme" })
  why:check(change.cause ~= "evaluation" or change.evaluation, { code = "evaluation_missing", at = "evaluation" })
  return why:decision()
end

local function start(ctx, input)
  local campaign, err = ctx:get("campaigns", input.campaign)
  if not campaign then return nil, err end
  return ctx:transition("campaigns", campaign.id, "start", { granted = campaign.budget })
end
local function finish(ctx, input)
  local campaign, err = ctx:get("campaigns", input.campaign)
  if not campaign then return nil, err end
  return ctx:transition("campaigns", campaign.id, "finish", { granted = campaign.spent, lessons = input.lessons })
end

-- What was agreed is done at once and the way it was before is kept with it; money that is not there leaves all as it was.
local function agreed(ctx, event)
  local change, err = ctx:get("changes", event.record)
  if not change then return nil, err end
  local campaign, why = ctx:get("campaigns", change.campaign)
  if not campaign then return nil, why end
  local to, before = {}, {}
  for _, name in ipairs(CHANGED) do
    if change[name] ~= nil then
      to[name] = change[name]
      before[#before + 1] = ctx:t(name) .. "：" .. tostring(campaign[name])
    end
  end
  if to.budget then to.granted = to.budget end
  local done, refused = ctx:transition("campaigns", campaign.id, "adjust", to)
  if not done then return ctx:transition("changes", change.id, "fail", { note = refused.text or refused.code }) end
  return ctx:transition("changes", change.id, "carry_out", { before = table.concat(before, "\n") })
end

local function campaign() return field.reference { to = "campaigns", title = T("推广活动", "Campaign"), required = true } end
return {
  entities = { campaigns = campaigns, changes = changes },
  rules = {
    campaign_is_ready = campus.rule { reads = { "line_approved", "starts_on", "ends_on", "granted", "budget" }, run = campaign_is_ready,
      serves = { "MKT-2", "MKT-3" } },
    campaign_is_over = campus.rule { reads = { "granted", "spent", "claimed" }, run = campaign_is_over, serves = { "MKT-3" } },
    change_is_something = campus.rule { run = change_is_something, serves = { "MKT-3" },
      reads = { "theme", "starts_on", "ends_on", "place", "content", "form", "budget", "cause", "evaluation" } },
  },
  actions = {
    start = campus.action { title = T("启动", "Start"), on = "campaign", states = { "planned" }, run = start, serves = { "MKT-3" },
      input = { campaign = campaign() } },
    finish = campus.action { title = T("结束", "Finish"), on = "campaign", states = { "running" }, run = finish, serves = { "MKT-3" },
      input = { campaign = campaign(), lessons = field.longtext { title = T("总结", "Lessons"), required = true } } },
  },
  on = { ["marketing.changes.agreed"] = campus.on { run = agreed, serves = { "MKT-3" } } },
}
