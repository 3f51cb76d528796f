-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The report on a period: each campaign and each channel with what it cost and brought, and what is done about it (MKT-5).
local field, shared, evaluation = campus.field, require "shared", require "evaluation"
local T = shared.title

local function figures(head)
  head.spent = field.money { title = T("支出", "Spent") }
  head.leads = field.integer { title = T("线索", "Leads") }
  head.enrolled = field.integer { title = T("报到", "Enrolled") }
  head.cost_per_lead = field.money { title = T("每条线索成本", "Cost per lead") }
  head.cost_per_enrolment = field.money { title = T("每名新生成本", "Cost per enrolment") }
  return head
end

local effects = campus.entity {
  title = T("推广效果报告", "Reports on the effect"), serves = { "MKT-5" },
  fields = {
    name = field.text { title = T("报告名称", "Name"), required = true, max_length = 80 },
    from_day = field.date { title = T("自", "From"), required = true },
    until_day = field.date { title = T("至", "Until"), required = true },
    campaigns = field.list { title = T("各活动成效", "By campaign"), fields = figures {
      name = field.text { title = T("推广活动", "Campaign"), max_length = 80 },
      way = field.choice { title = T("方式", "Way"), choices = shared.WAYS },
      budget = field.money { title = T("预算", "Budget") },
      score = field.decimal { title = T("得分", "Score"), scale = 1 },
    } },
    channels = field.list { title = T("各渠道成效", "By channel"), fields = figures {
      name = field.text { title = T("渠道", "Channel"), max_length = 80 },
      count = field.integer { title = T("活动数", "Campaigns") },
    } },
    spent = field.money { title = T("支出合计", "Spent"), derived = "sum(campaigns.spent)" },
    leads = field.integer { title = T("线索合计", "Leads"), derived = "sum(campaigns.leads)" },
    enrolled = field.integer { title = T("报到合计", "Enrolled"), derived = "sum(campaigns.enrolled)" },
    analysis = field.longtext { title = T("成效分析", "Analysis") },
    measures = field.longtext { title = T("改进措施", "Measures") },
  },
  workflow = {
    start = "draft", states = { draft = { title = T("草拟", "Draft") }, submitted = { title = T("已提交", "Submitted"), final = true } },
    transitions = { submit = { title = T("提交", "Submit"), from = "draft", to = "submitted", needs = { "campaigns", "analysis" },
      rule = "effect_is_explained" } },
  },
  indexes = { { "until_day" } },
}

-- What fell short is answered with a measure.
local function effect_is_explained(effect, policy)
  local why, least = campus.reasons(), policy.evaluation.least
  for i, row in ipairs(effect.campaigns or {}) do
    why:check(not row.score or row.score >= least or effect.measures,
      { code = "low", at = "campaigns/" .. i - 1 .. "/score", have = row.score or "-", want = least, policy = "evaluation.least" })
  end
  return why:decision()
end

local function prepare(ctx, input)
  local page, err = ctx:find("campaigns", { ["state[in]"] = "running,finished,evaluated", ["starts_on[lte]"] = input.until_day,
    ["ends_on[gte]"] = input.from_day, sort = "starts_on", limit = 60 })
  if not page then return nil, err end
  local counts, why = evaluation.counted(ctx)
  if not counts then return nil, why end
  local rows, channels, order = {}, {}, {}
  for i, one in ipairs(page.items) do
    local have, spent = counts[one.id], shared.fen(one.spent) + shared.fen(one.claimed)
    local last = ctx:find("evaluations", { campaign = one.id, state = "submitted", sort = "-as_of", limit = 1 })
    rows[i] = { name = one.name, way = one.way, budget = one.budget, spent = shared.yuan(spent), leads = have.leads,
      enrolled = have.enrolled,
      cost_per_lead = evaluation.each(spent, have.leads), cost_per_enrolment = evaluation.each(spent, have.enrolled),
      score = last and last.items[1] and last.items[1].score }
    local channel = channels[one.channel]
    if not channel then
      local record = ctx:get("admissions.channels", one.channel)
      channel = { name = record and record.name or one.channel, count = 0, fen = 0, leads = 0, enrolled = 0 }
      channels[one.channel], order[#order + 1] = channel, channel
    end
    channel.count, channel.fen = channel.count + 1, channel.fen + spent
    channel.leads, channel.enrolled = channel.leads + have.leads, channel.enrolled + have.enrolled
  end
  for i, one in ipairs(order) do
    order[i] = { name = one.name, count = one.count, spent = shared.yuan(one.fen), leads = one.leads, enrolled = one.enrolled,
      cost_per_lead = evaluation.each(one.fen, one.leads), cost_per_enrolment = evaluation.each(one.fen, one.enrolled) }
  end
  if #rows == 0 then return nil, { code = "invalid", text = "there was no campaign in these days" } end
  local made, refused = ctx:create("effects", { name = input.name, from_day = input.from_day, until_day = input.until_day, campaigns = rows,
    channels = order })
  if not made then return nil, refused end
  return { effect = made.id }
end

return {
  entities = { effects = effects },
  rules = { effect_is_explained = campus.rule { reads = { "campaigns.score", "measures" }, run = effect_is_explained,
    serves = { "MKT-5" } } },
  actions = {
    prepare_effect = campus.action { title = T("编制效果报告", "Prepare the report on the effect"), run = prepare, serves = { "MKT-5" },
      input = { name = field.text { title = T("报告名称", "Name"), required = true, max_length = 80 },
        from_day = field.date { title = T("自", "From"), required = true },
        until_day = field.date { title = T("至", "Until"), required = true } } },
  },
}
