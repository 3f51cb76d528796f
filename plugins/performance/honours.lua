-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Commendation and welfare: awards that people are nominated for, the register of who was honoured, and what the school
-- gives its staff (PERF-6).
local field, shared = campus.field, require "shared"
local T = shared.title
local function named() return field.text { title = T("姓名", "Name"), required = true, max_length = 60, search = "name" } end
local function person(zh, en) return field.person { title = T(zh, en), required = true } end

local awards = campus.entity {
  title = T("评优奖项", "Awards"), serves = { "PERF-6" },
  overview = { roles = { "hr", "manager", "admissions.lead", "teaching.lead", "service.lead", "marketing.lead" }, order = 6,
    date = "nominate_by", days = 30 },
  fields = {
    name = field.text { title = T("奖项", "Award"), required = true, unique = true, max_length = 80, search = true },
    level = field.choice { title = T("级别", "Level"), required = true, default = "school", choices = shared.LEVELS },
    conditions = field.longtext { title = T("评选条件", "Conditions"), required = true },
    nominate_by = field.date { title = T("推荐截止", "Nominate by"), required = true },
    quota = field.integer { title = T("名额", "Places"), required = true, min = 1, max = 500 },
    given = field.integer { title = T("已评出", "Given"), derived = "reserved(quota)" },
    left = field.integer { title = T("剩余名额", "Left"), derived = "left(quota)" },
    prize = field.money { title = T("奖金（每人）", "Prize, each"), min = 0 },
  },
  workflow = {
    start = "open", states = { open = { title = T("评选中", "Open") }, closed = { title = T("已结束", "Closed"), final = true } },
    transitions = { close = { title = T("结束评选", "Close"), from = "open", to = "closed" } },
  },
  indexes = { { "state", "nominate_by" } },
}

local nominations = campus.entity {
  title = T("评优推荐", "Nominations"), subject = "person", part_of = "award", serves = { "PERF-6" },
  fields = {
    award = field.reference { to = "awards", title = T("奖项", "Award"), required = true },
    nominate_by = field.date { title = T("推荐截止", "Nominate by"), derived = "award.nominate_by" },
    person = person("被推荐人", "Nominee"), name = named(),
    reason = field.longtext { title = T("主要事迹", "What they did"), required = true },
    nominated_by = field.person { title = T("推荐人", "Nominated by"), readonly = true, default = "$actor" },
    evidence = field.file { title = T("证明材料", "Evidence"), many = true, types = { "pdf", "png", "jpeg", "docx" } },
  },
  -- a place is taken by the last signature: more may be nominated than there are places
  workflow = shared.approved("policy:approval.nomination", { "person", "nominated_by" }, {}, {
    submit = { rule = "nomination_is_right" },
    approve = { reserve = { pool = "award", limit = "quota" } },
  }),
  indexes = { { "award", "person", unique = true }, { "person" }, { "state" } },
}
nominations.workflow.states.approved = { title = T("已评定", "Given"), final = true }

local honours = campus.entity {
  title = T("荣誉册", "Honours"), subject = "person", serves = { "PERF-6" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "RY{year}-{seq:4}" },
    person = person("获奖人", "Person"), name = named(),
    title = field.text { title = T("荣誉", "Honour"), required = true, max_length = 80, search = true },
    level = field.choice { title = T("级别", "Level"), required = true, choices = shared.LEVELS },
    granted_by = field.text { title = T("授予单位", "Granted by"), required = true, max_length = 80 },
    granted_on = field.date { title = T("授予日期", "Granted on"), required = true },
    reason = field.longtext { title = T("事迹", "For") },
    nomination = field.reference { to = "nominations", title = T("推荐", "Nomination"), unique = true },
    scan = field.file { title = T("证书", "Certificate"), types = { "pdf", "png", "jpeg" } },
  },
  indexes = { { "granted_on" }, { "person", "granted_on" } },
}

local welfare = campus.entity {
  title = T("福利项目", "Welfare items"), serves = { "PERF-6" },
  fields = {
    name = field.text { title = T("福利", "Item"), required = true, unique = true, max_length = 80, search = true },
    kind = field.choice { title = T("类别", "Kind"), required = true, choices = shared.choices { "festival", "节日慰问", "Festival",
      "health", "体检健康", "Health",
      "birthday", "生日", "Birthday", "hardship", "困难帮扶", "Hardship", "activity", "文体活动", "Activities", "training", "进修资助", "Study" } },
    value = field.money { title = T("标准（每人）", "Worth, each"), required = true, min = 0 },
    places = field.integer { title = T("人数上限", "People at most"), required = true, min = 1, max = 5000 },
    about = field.longtext { title = T("发放范围与办法", "For whom and how"), required = true },
    -- nobody gets anything before leaders have signed: then there are as many places as were asked for
    open = field.integer { title = T("已批准人数", "Places approved"), min = 0 },
    given = field.integer { title = T("已发放", "Given"), derived = "reserved(open)" },
    left = field.integer { title = T("剩余", "Left"), derived = "left(open)" },
  },
  workflow = shared.approved("policy:approval.welfare", { "$created_by" }, { closed = { title = T("已结束", "Closed"), final = true } }, {
    close = { title = T("结束发放", "Close"), from = "approved", to = "closed" },
  }),
  indexes = { { "state" } },
}

local grants = campus.entity {
  title = T("福利发放", "Welfare given"), subject = "person", part_of = "item", serves = { "PERF-6" },
  fields = {
    item = field.reference { to = "welfare", title = T("福利项目", "Item"), required = true },
    value = field.money { title = T("标准", "Worth"), derived = "item.value" },
    person = person("领取人", "Person"), name = named(),
    given_on = field.date { title = T("发放日期", "Given on") },
  },
  workflow = {
    start = "listed",
    states = { listed = { title = T("待发放", "Listed") }, given = { title = T("待签收", "Given"), todo = "person" },
      received = { title = T("已签收", "Received"), final = true } },
    transitions = {
      give = { title = T("发放", "Give"), from = "listed", to = "given", needs = { "given_on" },
        reserve = { pool = "item", limit = "open" } },
      take_back = { title = T("退回", "Take back"), from = "given", to = "listed", release = true },
      receive = { title = T("签收", "Received"), from = "given", to = "received" },
    },
  },
  indexes = { { "item", "person", unique = true }, { "person", "state" } },
}

local function nomination_is_right(n, _, as_of)
  local why = campus.reasons()
  why:check(n.person ~= n.nominated_by, { code = "own_nomination", at = "person" })
  why:check(n.nominate_by >= as_of, { code = "nominated_late", at = "award", have = as_of, want = n.nominate_by })
  return why:decision()
end

local function approved(ctx, event)
  local item, err = ctx:get("welfare", event.record)
  if not item then return nil, err end
  return ctx:update("welfare", item.id, { open = item.places })
end

-- Who was given an award stands in the register.
local function given(ctx, event)
  local n, err = ctx:get("nominations", event.record)
  if not n then return nil, err end
  local award, why = ctx:get("awards", n.award)
  if not award then return nil, why end
  local done, no = ctx:create("honours", { person = n.person, name = n.name, title = award.name, level = award.level,
    reason = n.reason, nomination = n.id,
    granted_by = ctx.policy.awards.granted_by, granted_on = ctx:now().today })
  if not done and no.code ~= "conflict" then return nil, no end      -- it is there already
end

-- Everybody on a list gets the item: one each.
local function hand_out(ctx, input)
  local item, err = ctx:get("welfare", input.item)
  if not item then return nil, err end
  for _, one in ipairs(input.people) do
    local made, why = ctx:create("welfare_grants", { item = item.id, person = one.person, name = one.name })
    if not made then return nil, why end
    local done, no = ctx:transition("welfare_grants", made.id, "give", { given_on = ctx:now().today })
    if not done then return nil, no end
  end
  return { given = #input.people }
end

return {
  entities = { awards = awards, nominations = nominations, honours = honours, welfare = welfare, welfare_grants = grants },
  rules = {
    nomination_is_right = campus.rule { reads = { "person", "nominated_by", "nominate_by" }, run = nomination_is_right,
      serves = { "PERF-6" } },
  },
  on = {
    ["performance.nominations.approved"] = campus.on { run = given, serves = { "PERF-6" } },
    ["performance.welfare.approved"] = campus.on { run = approved, serves = { "PERF-6" } },
  },
  actions = {
    hand_out = campus.action { title = T("发放福利", "Hand out"), on = "item", states = { "approved" }, run = hand_out, serves = { "PERF-6" },
      input = { item = field.reference { to = "welfare", title = T("福利项目", "Item"), required = true },
        people = field.list { title = T("领取人", "People"), required = true, fields = { person = person("账号", "Account"),
          name = named() } } } },
  },
}
