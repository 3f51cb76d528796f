-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The career path: who may come to the next post, by what appraisals, training and years say (PERF-4, PERF-6).
local field, shared = campus.field, require "shared"
local T, sealed = shared.title, shared.sealed

local promotions = campus.entity {
  title = T("晋升", "Promotions"), subject = "person", serves = { "PERF-4", "PERF-6" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "JS{year}-{seq:3}" },
    person = field.person { title = T("晋升人", "Person"), required = true },
    name = field.text { title = T("姓名", "Name"), required = true, max_length = 60, search = "name" },
    from_post = field.text { title = T("现岗位", "Present post"), required = true, max_length = 40 },
    to_post = field.text { title = T("拟晋升岗位", "Post aimed at"), required = true, max_length = 40 },
    since = field.date { title = T("任现岗位起", "In the present post since"), required = true },
    reason = field.longtext { title = T("晋升理由", "Reason"), required = true },
    gathered_on = field.date { title = T("资格数据日期", "Facts as of") },
    appraisals = sealed("integer", "期内考核次数", "Appraisals in the time"), good = sealed("integer", "其中良好以上", "Of these good or better"),
    low = sealed("integer", "其中基本合格以下", "Of these below qualified"),
    hours = field.decimal { title = T("期内培训学时", "Hours of training in the time"), scale = 1 },
    honours = field.integer { title = T("期内荣誉", "Honours in the time") },
  },
  workflow = shared.approved("policy:approval.promotion", { "person", "$created_by" }, {}, {
    submit = { needs = { "gathered_on" }, rule = "may_be_promoted" },
    approve = { title = T("同意晋升", "Approve") },
    refresh = { title = T("更新资格数据", "Look at the facts again"), from = { "draft", "returned" }, to = "draft" },
    withdraw = { title = T("撤销", "Withdraw"), from = { "draft", "returned" }, to = "withdrawn" },
  }),
  indexes = { { "person", "state" }, { "state" } },
}
promotions.workflow.states.approved = { title = T("已晋升", "Promoted"), final = true }
promotions.workflow.states.withdrawn = { title = T("已撤销", "Withdrawn"), final = true }

-- What is confidential is compared, and said without its number.
local function may_be_promoted(p, policy, as_of)
  local why, want, scheme, next_one = campus.reasons(), policy.promotion, policy.schemes[p.from_post], false
  for _, post in ipairs(scheme and scheme.next or {}) do next_one = next_one or post == p.to_post end
  why:check(next_one, { code = "not_on_path", at = "to_post", have = p.to_post, policy = "schemes" })
  local years = campus.date.age_on(p.since, as_of)
  why:check(years >= want.years, { code = "too_short", at = "since", have = years, want = want.years, policy = "promotion.years" })
  why:check((p.appraisals or 0) >= want.appraisals, { code = "too_few_appraisals", at = "appraisals", want = want.appraisals,
    policy = "promotion.appraisals" })
  why:check((p.good or 0) >= want.good, { code = "too_few_good", at = "good", want = want.good, policy = "promotion.good" })
  why:check((p.low or 0) <= want.low, { code = "too_many_low", at = "low", want = want.low, policy = "promotion.low" })
  why:check((p.hours or 0) >= want.hours, { code = "too_few_hours", at = "hours", have = shared.number(p.hours or 0),
    want = want.hours, policy = "promotion.hours" })
  local old = campus.date.days_between(p.gathered_on, as_of)
  why:check(old <= want.fresh, { code = "facts_old", at = "gathered_on", have = old, want = want.fresh, policy = "promotion.fresh" })
  return why:decision()
end

-- Appraisals that have come to their end within the years that count, honours, and what the training files say.
local function gather(ctx, event)
  local p, err = ctx:get("promotions", event.record)
  if not p then return nil, err end
  if p.state ~= "draft" then return end
  local today = ctx:now().today
  local from = string.format("%04d%s", tonumber(today:sub(1, 4)) - ctx.policy.promotion.window, today:sub(5))
  local n, good, low, hours = 0, 0, 0, 0
  local page, why = ctx:find("appraisals", { person = p.person, state = "settled", ["ends_on[gt]"] = from, limit = 200,
    fields = "grade" })
  if not page then return nil, why end
  for _, a in ipairs(page.items) do
    n = n + 1
    if a.grade == "excellent" or a.grade == "good" then good = good + 1 end
    if a.grade == "basic" or a.grade == "failed" then low = low + 1 end
  end
  local files, no_files = ctx:find("personnel.training_files", { person = p.person, ["year[gt]"] = from:sub(1, 4), limit = 50,
    fields = "hours" })
  if not files then return nil, no_files end
  for _, file in ipairs(files.items) do hours = hours + tonumber(file.hours) end
  local honours = ctx:find("honours", { person = p.person, ["granted_on[gt]"] = from, limit = 1, total = true, fields = "title" })
  local done, no = ctx:update("promotions", p.id, { gathered_on = today, appraisals = n, good = good, low = low,
    hours = string.format("%.1f", hours), honours = honours.total })
  if not done then return nil, no end
end
local gathered = campus.on { run = gather, serves = { "PERF-4" } }

return {
  entities = { promotions = promotions },
  rules = { may_be_promoted = campus.rule { run = may_be_promoted, serves = { "PERF-4", "PERF-6" },
    reads = { "from_post", "to_post", "since", "gathered_on", "appraisals", "good", "low", "hours" } } },
  on = { ["performance.promotions.created"] = gathered, ["performance.promotions.draft"] = gathered },
}
