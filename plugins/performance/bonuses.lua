-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The bonus of a cycle: out of post, grade and presence by the policy, signed as a whole, and for each person with
-- every factor that made it (PERF-5).
local field, shared = campus.field, require "shared"
local T, sealed, fen, yuan = shared.title, shared.sealed, shared.fen, shared.yuan
local function counted(kind, zh, en, more)
  local opts = { title = T(zh, en) }
  for k, v in pairs(more or {}) do opts[k] = v end
  return field[kind](opts)
end

local runs = campus.entity {
  title = T("绩效奖金方案", "Bonus runs"), serves = { "PERF-5" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "JJ{year}-{seq:3}" },
    cycle = field.reference { to = "cycles", title = T("考核周期", "Cycle"), required = true, unique = true },
    pool = field.money { title = T("奖金总额度", "Money there is"), required = true, min = 0 },
    line = field.reference { to = "finance.lines", title = T("预算分项", "Budget line"), required = true },
    people = counted("integer", "人数", "People"), waiting = counted("integer", "考核未完成人数", "Appraisals not settled"),
    asked = counted("money", "按标准应发", "By the policy"), scale = counted("decimal", "额度系数", "Scale", { scale = 4 }),
    payable = counted("money", "实发合计", "Total"),
    paid_on = field.date { title = T("发放日期", "Paid on") }, note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = shared.approved("policy:approval.bonus", { "$created_by" }, {
    calculating = { title = T("计算中", "Being calculated") }, calculated = { title = T("已计算", "Calculated") },
    paid = { title = T("已发放", "Paid"), final = true },
  }, {
    calculate = { title = T("计算奖金", "Calculate"), from = { "draft", "returned", "calculated" }, to = "calculating" },
    ready = { title = T("计算完成", "Calculated"), from = "calculating", to = "calculated" },
    submit = { from = "calculated", rule = "bonus_is_right",
      reserve = { pool = "line", limit = "amount", amount = "payable" } },
    take_back = { to = "calculated", release = true }, send_back = { release = true }, reject = { release = true },
    approve = { commit = true }, pay = { title = T("发放完成", "Paid"), from = "approved", to = "paid", needs = { "paid_on" },
      settle = true },
  }),
}

local bonuses = campus.entity {
  title = T("绩效奖金", "Bonuses"), subject = "person", part_of = "run", serves = { "PERF-5" },
  fields = {
    run = field.reference { to = "bonus_runs", title = T("奖金方案", "Run"), required = true },
    appraisal = field.reference { to = "appraisals", title = T("绩效考核", "Appraisal"), required = true, unique = true },
    name = field.text { title = T("姓名", "Name"), derived = "appraisal.name" },
    number = field.text { title = T("方案编号", "Number of the run"), derived = "run.number" },
      post = field.text { title = T("岗位", "Post"), derived = "appraisal.post" },
    person = field.person { title = T("账号", "Account"), derived = "appraisal.person" },
    superior = field.person { title = T("上级", "Superior"), derived = "appraisal.superior" },
    base = sealed("money", "岗位基数", "Base of the post"), grade = sealed("choice", "考核等次", "Grade", { choices = shared.GRADES }),
    coefficient = sealed("decimal", "等次系数", "Factor of the grade"), presence = sealed("integer", "出勤率（%）", "Presence (%)"),
    scale = sealed("decimal", "额度系数", "Scale", { scale = 4 }), amount = sealed("money", "奖金金额", "Amount"),
    factors = sealed("longtext", "计算说明", "How it came about"),
  },
  workflow = {
    start = "proposed", states = { proposed = { title = T("拟发", "Proposed") }, granted = { title = T("已核定", "Granted"), final = true } },
    transitions = { grant = { title = T("核定", "Grant"), from = "proposed", to = "granted" } },
  },
  indexes = { { "run", "state" }, { "person" }, { "superior" } },
}

-- Everybody's appraisal has come to its end, and there is as much as is to be paid.
local function bonus_is_right(run)
  local why = campus.reasons()
  why:check((run.people or 0) > 0, { code = "no_people", at = "people" })
  why:check(run.waiting == 0, { code = "not_settled", at = "waiting", have = run.waiting or 0 })
  why:check((run.payable or 0) <= run.pool, { code = "over_pool", at = "payable", have = yuan(run.payable or 0),
    want = yuan(run.pool), policy = "bonus.over" })
  return why:decision()
end

local function whole(policy, a)
  local scheme = policy.schemes[a.post]
  local base, factor, presence = scheme and scheme.bonus or 0, policy.bonus.coefficients[a.grade] or 0, a.presence or 100
  return math.floor(base * factor * presence / 100 + 0.5), base, factor, presence
end

local function calculate(ctx, event)
  local run, err = ctx:get("bonus_runs", event.record)
  if not run then return nil, err end
  if run.state ~= "calculating" then return end
  local waiting = ctx:find("appraisals", { cycle = run.cycle, ["state[ne]"] = "settled", limit = 1, total = true, fields = "cycle" })
  local page, why = ctx:find("appraisals", { cycle = run.cycle, state = "settled", limit = 500, fields = "name,post,grade,presence" })
  if not page then return nil, why end
  local there, asked = {}, 0
  for _, one in ipairs(ctx:find("bonuses", { run = run.id, limit = 500,
    fields = "appraisal,amount,scale,grade" }).items) do there[one.appraisal] = one end
  for _, a in ipairs(page.items) do asked = asked + whole(ctx.policy, a) end
  local pool, scale = fen(run.pool), 10000
  if ctx.policy.bonus.over == "scale" and asked > pool then scale = pool * 10000 // asked end
  local total, left = 0, 20
  for _, a in ipairs(page.items) do
    local amount, base, factor, presence = whole(ctx.policy, a)
    amount = amount * scale // 10000
    total = total + amount
    local fields = { base = yuan(base), grade = a.grade, coefficient = string.format("%.2f", factor), presence = presence,
      scale = string.format("%d.%04d", scale // 10000, scale % 10000), amount = yuan(amount) }
    local had = there[a.id]
    if not had or had.amount ~= fields.amount or had.grade ~= a.grade or had.scale ~= fields.scale then
      if left == 0 then return ctx:emit("calculate_more", "bonus_runs", run.id) end
      left = left - 1
      fields.factors = ctx:t(scale < 10000 and "bonus_scaled" or "bonus", { post = a.post, base = fields.base,
        grade = ctx:t("grade_" .. a.grade),
        coefficient = fields.coefficient, presence = presence, scale = fields.scale, asked = yuan(asked), pool = run.pool,
          amount = fields.amount })
      local done, no
      if had then
        done, no = ctx:update("bonuses", had.id, fields)
      else
        fields.run, fields.appraisal = run.id, a.id
        done, no = ctx:create("bonuses", fields)
      end
      if not done then return nil, no end
    end
  end
  local done, no = ctx:transition("bonus_runs", run.id, "ready", { people = #page.items, waiting = waiting.total,
    asked = yuan(asked), payable = yuan(total),
    scale = string.format("%d.%04d", scale // 10000, scale % 10000) })
  if not done then return nil, no end
end

local function grant(ctx, event)
  local _, err = shared.some(ctx, "bonuses", { run = event.record, state = "proposed", fields = "run" },
    { entity = "bonus_runs", id = event.record },
    "grant_more", function(one) return ctx:transition("bonuses", one.id, "grant") end)
  if err then return nil, err end
end
local calculated, granted = campus.on { run = calculate, serves = { "PERF-5" } }, campus.on { run = grant, serves = { "PERF-5" } }

return {
  entities = { bonus_runs = runs, bonuses = bonuses },
  rules = { bonus_is_right = campus.rule { reads = { "people", "waiting", "payable", "pool" }, run = bonus_is_right,
    serves = { "PERF-5" } } },
  on = {
    ["performance.bonus_runs.calculating"] = calculated, ["performance.bonus_runs.calculate_more"] = calculated,
    ["performance.bonus_runs.approved"] = granted, ["performance.bonus_runs.grant_more"] = granted,
  },
}
