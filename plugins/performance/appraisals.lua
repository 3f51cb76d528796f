-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- One person's appraisal, from the scheme of the post to the interview, an appeal and the end. What the scheme says on
-- the day it starts is kept with it; a policy changed later does not touch it (PERF-1 to PERF-4).
local field, shared = campus.field, require "shared"
local T, sealed = shared.title, shared.sealed
local function score(zh, en) return sealed("decimal", zh, en, { scale = 2 }) end

local appraisals = campus.entity {
  title = T("绩效考核", "Appraisals"), subject = "person", serves = { "PERF-1", "PERF-2", "PERF-3", "PERF-4" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "KH{year}-{seq:5}" },
    cycle = field.reference { to = "cycles", title = T("考核周期", "Cycle"), required = true },
    kind = field.choice { title = T("周期类型", "Period"), choices = shared.PERIODS, derived = "cycle.kind" },
    ends_on = field.date { title = T("考核期止", "Until"), derived = "cycle.ends_on" },
    rate_by = field.date { title = T("评价截止", "Rate by"), derived = "cycle.rate_by" },
    person = field.person { title = T("被考核人", "Person"), required = true },
    name = field.text { title = T("姓名", "Name"), required = true, max_length = 60, search = "name" },
    post = field.text { title = T("岗位", "Post"), required = true, max_length = 40,
      help = T("与考核方案（policies/performance.yaml 的 schemes）中的岗位一致", "as under schemes in policies/performance.yaml") },
    team = field.text { title = T("部门", "Team"), max_length = 60 },
    superior = field.person { title = T("考核上级", "Superior"), required = true },
    score = score("考核得分", "Score"), grade = sealed("choice", "考核等次", "Grade", { choices = shared.GRADES }),
    superior_score = score("上级评价", "By the superior"), peer_score = score("同事互评", "By peers"),
    self_score = score("自评", "By themselves"), audience_score = score("学生、家长评价分", "By students and parents"),
    factors = sealed("longtext", "得分说明", "How the score came about"), grade_why = sealed("longtext", "等次说明", "How the grade came about"),
    peers = field.list { title = T("互评同事", "Peers who rate"), fields = {
      person = field.person { title = T("同事", "Peer"), required = true } } },
    measures = field.list { title = T("量化指标完成情况", "What is measured"), fields = {
      indicator = field.text { title = T("指标", "Indicator"), required = true, max_length = 60 },
      target = field.decimal { title = T("目标值", "Target"), min = "0.01" }, actual = field.decimal { title = T("完成值",
        "Actual"), min = 0 } } },
    presence = field.integer { title = T("出勤率（%）", "Presence (%)"), min = 0, max = 100, default = 100 },
    indicators = field.list { title = T("考核指标", "Indicators"), fields = {
      indicator = field.text { title = T("指标", "Indicator"), required = true, max_length = 60 },
      weight = field.decimal { title = T("权重（%）", "Weight (%)"), required = true },
      standard = field.text { title = T("评价标准", "Standard"), max_length = 400 },
      measured = field.boolean { title = T("按完成率计分", "By target and actual") },
      by = field.multichoice { title = T("评价来源", "Rated by"), choices = shared.SOURCES } } },
    sources = field.list { title = T("评价来源与权重", "Sources"), fields = {
      source = field.choice { title = T("来源", "Source"), required = true, choices = shared.SOURCES },
      weight = field.decimal { title = T("权重（%）", "Weight (%)"), required = true },
      least = field.integer { title = T("至少人数", "At least") }, raters = field.integer { title = T("实际人数", "Raters") } } },
    scoring = field.choice { title = T("计分方式", "Scoring"), choices = shared.SCORING },
    round = field.reference { to = "audience_rounds", title = T("学生、家长评价", "Survey of students and parents") },
    self_report = sealed("longtext", "本人述职", "What they say of their work"),
    peer_remarks = sealed("longtext", "同事意见", "What peers remark"),
    interviewed_on = field.date { title = T("面谈日期", "Interview on") },
    strengths = sealed("longtext", "面谈：肯定的成绩", "Interview: strengths"),
    to_improve = sealed("longtext", "面谈：需要改进", "Interview: to improve"),
    opinion = sealed("longtext", "本人意见", "Their own opinion"),
    appeal = sealed("longtext", "申诉理由", "Appeal"), appeal_grade = sealed("choice", "复核后的等次", "Grade after the appeal",
      { choices = shared.GRADES }),
    appeal_answer = sealed("longtext", "申诉答复", "Answer to the appeal"),
    note = field.text { title = T("备注", "Note"), max_length = 500 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("待启动", "Draft") },
      rating = { title = T("评价中", "Being rated"), deadline = { within = "field:rate_by", owner = "role:hr",
        remind = { "2wd" }, lapse = "count" } },
      counting = { title = T("计分中", "Being counted") },
      incomplete = { title = T("评价不全", "Incomplete"), todo = "role:hr" },
      scored = { title = T("已计分", "Scored") }, graded = { title = T("已定等", "Graded") },
      published = { title = T("待面谈", "Told, interview wanted"), todo = "superior", deadline = { within = "policy:deadlines.interview",
        owner = "superior", remind = { "2wd" }, escalate = { { after = "1wd", to = "supervisor" }, { after = "3wd",
          to = "role:hr" } } } },
      interviewed = { title = T("待本人确认", "To be confirmed"), todo = "person", deadline = { within = "policy:deadlines.answer",
        owner = "person", remind = { "2d" }, lapse = "settle", calendar = "always" } },
      appealed = { title = T("申诉中", "Appealed"), deadline = { within = "policy:deadlines.appeal", owner = "role:hr", remind = { "2wd" },
        escalate = { { after = "1wd", to = "role:principal" } } } },
      settled = { title = T("已完成", "Settled"), final = true },
    },
    transitions = {
      start = { title = T("启动", "Start"), from = "draft", to = "rating", rule = "appraisal_is_ready" },
      count = { title = T("停止评价并计分", "Count"), from = "rating", to = "counting" },
      set_aside = { title = T("评价不全", "Incomplete"), from = "counting", to = "incomplete", needs = { "note" } },
      reopen = { title = T("继续评价", "Go on rating"), from = "incomplete", to = "rating" },
      score = { title = T("计分", "Score"), from = "counting", to = "scored", needs = { "score" } },
      grade = { title = T("定等", "Grade"), from = { "scored", "graded" }, to = "graded", needs = { "grade" } },
      publish = { title = T("公布", "Tell"), from = "graded", to = "published", message = "result_told" },
      interview = { title = T("记录面谈", "Interviewed"), from = "published", to = "interviewed",
        needs = { "interviewed_on", "strengths", "to_improve" } },
      confirm = { title = T("确认结果", "Confirm"), from = "interviewed", to = "settled", needs = { "opinion" } },
      settle = { title = T("逾期视为确认", "Settled in silence"), from = "interviewed", to = "settled" },
      lodge = { title = T("提出申诉", "Appeal"), from = { "published", "interviewed" }, to = "appealed", needs = { "appeal" } },
      decide = { title = T("作出复核决定", "Decide"), from = "appealed", to = "settled", needs = { "appeal_answer" },
        approvals = "policy:approval.appeal",
        never_by = { "person", "superior" }, otherwise = "climb", back = "hand_back", recall = "withdraw" },
      hand_back = { title = T("退回补充", "Hand back"), from = "appealed", to = "interviewed" },
      withdraw = { title = T("撤回申诉", "Withdraw"), from = "appealed", to = "interviewed" },
    },
  },
  indexes = { { "cycle", "person", unique = true }, { "cycle", "state" }, { "person", "state" }, { "superior", "state" },
    { "person", "ends_on" } },
}

local function has(list, what)
  for _, one in ipairs(list or {}) do if one == what then return true end end
  return false
end

-- Before anybody is asked: there is a scheme for post and period, and whoever rates may.
local function appraisal_is_ready(a, policy)
  local why = campus.reasons()
  local scheme, twice, involved, seen, n = policy.schemes[a.post], false, false, {}, 0
  why:check(scheme, { code = "no_scheme", at = "post", have = a.post, policy = "schemes" })
  why:check(not scheme or scheme.cycle == a.kind, { code = "other_period", at = "cycle", policy = "schemes" })
  why:check(a.superior ~= a.person, { code = "own_superior", at = "superior" })
  for _, peer in ipairs(a.peers or {}) do
    twice, n = twice or seen[peer.person], n + 1
    involved = involved or peer.person == a.person or peer.person == a.superior
    seen[peer.person] = true
  end
  why:check(not twice, { code = "peer_twice", at = "peers" })
  why:check(not involved, { code = "peer_involved", at = "peers" })
  local asked = scheme and (scheme.sources.peer or 0) > 0
  why:check(not asked or n >= policy.raters.peer, { code = "too_few_peers", at = "peers", have = n, want = policy.raters.peer,
    policy = "raters.peer" })
  local unknown
  for _, list in pairs(scheme and scheme.forms or {}) do
    for _, name in ipairs(list) do if not scheme.indicators[name] then unknown = name end end
  end
  for _, name in ipairs(scheme and scheme.measured or {}) do if not scheme.indicators[name] then unknown = name end end
  why:check(not unknown, { code = "unknown_indicator", at = "post", have = unknown, policy = "schemes" })
  return why:decision()
end

-- The scheme as it is kept: the heaviest first; of each indicator by whom it is rated.
local function scheme_of(policy, post)
  local scheme, indicators, sources, measures, names = policy.schemes[post], {}, {}, {}, {}
  for name in pairs(scheme.indicators) do names[#names + 1] = name end
  table.sort(names, function(x, y)
    local a, b = scheme.indicators[x], scheme.indicators[y]
    return a > b or (a == b and x < y)
  end)
  for i, name in ipairs(names) do
    local measured, by = has(scheme.measured, name), {}
    for _, source in ipairs(shared.SOURCES) do
      local form = scheme.forms[source.name]
      if not measured and (scheme.sources[source.name] or 0) > 0 and (not form or has(form, name)) then by[#by + 1] = source.name end
    end
    indicators[i] = { indicator = name, weight = scheme.indicators[name], standard = scheme.standards[name],
      measured = measured, by = by }
    if measured then measures[#measures + 1] = { indicator = name } end
  end
  for _, source in ipairs(shared.SOURCES) do
    local weight = scheme.sources[source.name] or 0
    if weight > 0 then sources[#sources + 1] = { source = source.name, weight = weight, least = policy.raters[source.name] or 1 } end
  end
  return indicators, sources, measures, scheme.scoring
end

-- What somebody of this source is asked: the record of a rating carries its own form.
local function form(a, source)
  local out = {}
  for _, one in ipairs(a.indicators) do
    if has(one.by, source) then out[#out + 1] = { indicator = one.indicator, standard = one.standard } end
  end
  return out
end

local function ask(ctx, a, source, rater)
  local marks = form(a, source)
  if #marks == 0 then return true end
  return ctx:create("ratings", { appraisal = a.id, source = source, rater = rater, marks = marks })
end

-- Rating begins: the scheme is pinned, each rater gets a rating to fill in. Where it goes on, those who were late may, and who
-- has come in the place of another is asked.
local function rating(ctx, event)
  local a, err = ctx:get("appraisals", event.record)
  if not a then return nil, err end
  if a.state ~= "rating" then return end
  local fields, asked, there = {}, {}, {}
  local done, why = true, nil
  for _, one in ipairs(ctx:find("ratings", { appraisal = a.id, limit = 100, fields = "rater" }).items) do
    there[one.rater] = true
    if one.state == "missed" then done, why = ctx:transition("ratings", one.id, "resume") end
    if not done then return nil, why end
  end
  if not a.indicators then
    fields.indicators, fields.sources, fields.measures, fields.scoring = scheme_of(ctx.policy, a.post)
    a.indicators, a.sources, a.measures = fields.indicators, fields.sources, a.measures or fields.measures
    fields.measures = a.measures
  end
  for _, one in ipairs(a.sources) do asked[one.source] = true end
  local raters = { { "superior", a.superior }, { "self", a.person } }
  for _, peer in ipairs(a.peers or {}) do raters[#raters + 1] = { "peer", peer.person } end
  for _, one in ipairs(raters) do
    if asked[one[1]] and not there[one[2]] then done, why = ask(ctx, a, one[1], one[2]) end
    if not done then return nil, why end
  end
  if not fields.indicators then return end
  if asked.audience then
    local round, no = ctx:create("audience_rounds", { title = ctx:t("round", { name = a.name, post = a.post }), about = a.id })
    if not round then return nil, no end
    fields.round = round.id
  end
  done, why = ctx:update("appraisals", a.id, fields)
  if not done then return nil, why end
end

-- Several people of one post at once, who rate each other: each the next ones on the list.
local function enrol(ctx, input)
  local n, made = #input.people, 0
  for i, one in ipairs(input.people) do
    local peers = {}
    for k = 1, math.min(input.raters or 5, n - 1) do peers[k] = { person = input.people[(i + k - 1) % n + 1].person } end
    local done, err = ctx:create("appraisals", { cycle = input.cycle, post = input.post, team = input.team,
      superior = input.superior, person = one.person,
      name = one.name, peers = peers })
    if not done then return nil, err end
    made = made + 1
  end
  return { made = made }
end
local function enter(ctx, input)
  local id = input.appraisal
  input.appraisal = nil
  return ctx:update("appraisals", id, input)
end

local fields = appraisals.fields
return {
  entities = { appraisals = appraisals },
  actions = {
    enrol = campus.action { title = T("纳入考核人员", "Enrol people"), on = "cycle", states = { "draft", "open" }, run = enrol,
      serves = { "PERF-1" },
      input = { cycle = field.reference { to = "cycles", title = T("考核周期", "Cycle"), required = true }, post = fields.post,
        team = fields.team,
        superior = fields.superior, raters = field.integer { title = T("每人由几名同事互评（默认 5）",
          "Peers who rate each (5 when not said)"), min = 0, max = 50 },
        people = field.list { title = T("人员（同一岗位）", "People of this post"), required = true, fields = {
          person = field.person { title = T("账号", "Account"), required = true },
          name = field.text { title = T("姓名", "Name"), required = true, max_length = 60 } } } } },
    enter = campus.action { title = T("录入完成情况与出勤", "Enter what was reached"), on = "appraisal", states = { "draft", "rating",
      "incomplete" }, run = enter,
      serves = { "PERF-1" }, input = { appraisal = field.reference { to = "appraisals", title = T("绩效考核", "Appraisal"), required = true },
        measures = fields.measures, presence = fields.presence } },
  },
  rules = { appraisal_is_ready = campus.rule { reads = { "post", "kind", "person", "superior", "peers.person" }, run = appraisal_is_ready,
    serves = { "PERF-1", "PERF-2" } } },
  on = { ["performance.appraisals.rating"] = campus.on { run = rating, serves = { "PERF-1", "PERF-2" } } },
}
