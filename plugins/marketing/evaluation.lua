-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What a campaign brought, held against the targets of its kind, weighed by the policy, with what a lead and an enrolment cost (MKT-5).
local field, shared = campus.field, require "shared"
local T = shared.title

local NAMES = { awareness = T("知名度", "Awareness"), reputation = T("美誉度", "Reputation"), growth = T("招生增长", "Growth of enrolment"),
  leads = T("线索", "Leads"), traffic = T("流量", "Traffic"), social = T("社媒互动", "Social media") }
local function points(name)
  return field.integer { title = T(NAMES[name].zh .. "得分", NAMES[name].en .. ", points"), min = 0, max = 100 }
end

local evaluations = campus.entity {
  title = T("效果评估", "Evaluations"), part_of = "campaign", serves = { "MKT-5" }, lab = { group = { "way", "kind" } },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "PG{year}-{seq:4}" },
    campaign = field.reference { to = "marketing.campaigns", title = T("推广活动", "Campaign"), required = true },
    way = field.choice { title = T("推广方式", "Way"), choices = shared.WAYS, derived = "campaign.way" },
    channel = field.reference { to = "admissions.channels", title = T("渠道", "Channel"), derived = "campaign.channel" },
    kind = field.choice { title = T("阶段", "Stage"), required = true, choices = {
      { name = "interim", title = T("中期", "Interim") }, { name = "final", title = T("结项", "Final") } } },
    as_of = field.date { title = T("评估日期", "As of"), required = true },
    spent = field.money { title = T("支出（元）", "Spent"), required = true, min = 0 },
    leads_is = field.integer { title = T("线索数", "Leads"), required = true, min = 0 },
    applied_is = field.integer { title = T("报名数", "Applied"), min = 0 },
    enrolled_is = field.integer { title = T("报到数", "Enrolled"), required = true, min = 0 },
    cost_per_lead = field.money { title = T("每条线索成本", "Cost per lead") },
    cost_per_enrolment = field.money { title = T("每名新生成本", "Cost per enrolment") },
    survey_round = field.reference { to = "marketing.market_rounds", title = T("依据的问卷", "Survey it rests on") },
    awareness_is = field.integer { title = T("知名度（%）", "Awareness, %"), min = 0, max = 100 },
    reputation_is = field.integer { title = T("美誉度（%）", "Reputation, %"), min = 0, max = 100 },
    growth_is = field.integer { title = T("招生增长（%）", "Growth of enrolment, %"), min = -100, max = 10000 },
    traffic_is = field.integer { title = T("流量（访问或到场人次）", "Traffic: visits or visitors"), min = 0 },
    social_is = field.integer { title = T("社媒互动（次）", "Social media: likes, shares, comments"), min = 0 },
    awareness = points "awareness", reputation = points "reputation", growth = points "growth", leads = points "leads",
    traffic = points "traffic", social = points "social",
    score = field.decimal { title = T("综合得分", "Score"), scale = 1, weights = "policy:evaluation.weights" },
    analysis = field.longtext { title = T("分析", "Analysis") },
    measures = field.longtext { title = T("调整措施", "Measures") },
  },
  workflow = {
    start = "draft", states = { draft = { title = T("草拟", "Draft") }, submitted = { title = T("已提交", "Submitted"), final = true } },
    transitions = { submit = { title = T("提交", "Submit"), from = "draft", to = "submitted", needs = { "analysis" },
      rule = "evaluation_is_right" } },
  },
  indexes = { { "campaign", "kind", "as_of", unique = true }, { "state" } },
}

-- A hundred for what reaches its target, in proportion below; nil where nothing was measured.
local function reckon(have, target)
  if not have then return nil end
  return math.max(0, math.min(100, have * 100 // target))
end

-- The points are what the measured values come to under the policy; a low score needs a measure.
local function evaluation_is_right(evaluation, policy)
  local why, targets = campus.reasons(), policy.evaluation.targets[evaluation.way]
  for _, name in ipairs(shared.INDICATORS) do
    local want = reckon(evaluation[name .. "_is"], targets[name])
    why:check(evaluation[name] == want, { code = "points", at = name, have = evaluation[name] or "-", want = want or "-",
      policy = table.concat({ "evaluation", "targets", evaluation.way, name }, ".") })
  end
  local score, least = evaluation.score or 0, policy.evaluation.least
  why:check(score >= least or evaluation.measures, { code = "low", at = "measures", have = score, want = least,
    policy = "evaluation.least" })
  return why:decision()
end

-- How many leads, applied and enrolled each campaign has: the kept figures.
local function counted(ctx)
  local out = {}
  local report, err = ctx:report("by_campaign_state")
  if not report then return nil, err end
  for _, row in ipairs(report.rows) do
    local one = out[row.campaign] or { leads = 0, applied = 0, enrolled = 0 }
    out[row.campaign] = one
    if row.state ~= "dropped" then one.leads = one.leads + row.count end
    if row.state == "applied" or row.state == "enrolled" then one.applied = one.applied + row.count end
    if row.state == "enrolled" then one.enrolled = one.enrolled + row.count end
  end
  return setmetatable(out, { __index = function() return { leads = 0, applied = 0, enrolled = 0 } end })
end
local function each(spent, n) return n > 0 and shared.yuan((spent + n // 2) // n) or nil end

-- What the records know is filled in; what people measured comes with it.
local function evaluate(ctx, input)
  local campaign, err = ctx:get("campaigns", input.campaign)
  if not campaign then return nil, err end
  local counts, why = counted(ctx)
  if not counts then return nil, why end
  local have, before = counts[campaign.id], campaign.previous and counts[campaign.previous]
  local spent = shared.fen(campaign.spent) + shared.fen(campaign.claimed)
  local growth = input.growth_is
  if not growth and before and before.enrolled > 0 then
    growth = math.min((have.enrolled - before.enrolled) * 100 // before.enrolled, 10000)
  end
  local fields = { campaign = campaign.id, kind = campaign.state == "running" and "interim" or "final", as_of = ctx:now().today,
    spent = shared.yuan(spent), leads_is = have.leads, applied_is = have.applied, enrolled_is = have.enrolled,
    cost_per_lead = each(spent, have.leads), cost_per_enrolment = each(spent, have.enrolled), survey_round = input.survey_round,
    awareness_is = input.awareness_is, reputation_is = input.reputation_is, growth_is = growth, traffic_is = input.traffic_is,
    social_is = input.social_is }
  local targets = ctx.policy.evaluation.targets[campaign.way]
  for _, name in ipairs(shared.INDICATORS) do fields[name] = reckon(fields[name .. "_is"], targets[name]) end
  local made, refused = ctx:create("evaluations", fields)
  if not made then return nil, refused end
  return { evaluation = made.id, score = made.score }
end

-- The final one ends the campaign.
local function submitted(ctx, event)
  local evaluation, err = ctx:get("evaluations", event.record)
  if not evaluation then return nil, err end
  if evaluation.kind ~= "final" then return end
  local campaign, why = ctx:get("campaigns", evaluation.campaign)
  if not campaign then return nil, why end
  if campaign.state ~= "finished" then return end
  local done, refused = ctx:transition("campaigns", campaign.id, "evaluate")
  if not done then return nil, refused end
end

local form = evaluations.fields
return {
  entities = { evaluations = evaluations },
  rules = {
    evaluation_is_right = campus.rule { run = evaluation_is_right, serves = { "MKT-5" },
      reads = { "way", "score", "measures", "awareness", "reputation", "growth", "leads", "traffic", "social",
        "awareness_is", "reputation_is", "growth_is", "leads_is", "traffic_is", "social_is" } },
  },
  actions = {
    evaluate = campus.action { title = T("效果评估", "Evaluate"), on = "campaign", states = { "running", "finished" }, run = evaluate,
      serves = { "MKT-5" },
      input = { campaign = field.reference { to = "campaigns", title = T("推广活动", "Campaign"), required = true },
        survey_round = form.survey_round, awareness_is = form.awareness_is, reputation_is = form.reputation_is,
        growth_is = field.integer { title = form.growth_is.title, min = -100, max = 10000,
          help = T("不填则与上一届活动的报到数比较", "when left out: against the enrolments of the campaign before") },
        traffic_is = form.traffic_is, social_is = form.social_is } },
  },
  on = { ["marketing.evaluations.submitted"] = campus.on { run = submitted, serves = { "MKT-5" } } },
  counted = counted, each = each,
}
