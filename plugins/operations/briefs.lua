-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Reports upward, each period: the operations report of the manager and the deputy's report on progress. Figures of
-- groups and indicators are put in by the system; what they mean, and what is done about it, is said by people (ORG-5, ORG-7).
local field, shared = campus.field, require "shared"
local T = shared.title

local briefs = campus.entity {
  title = T("工作报告", "Reports upward"), serves = { "ORG-5", "ORG-7" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "报{year}-{seq:3}" },
    title = field.text { title = T("标题", "Title"), required = true, max_length = 80, search = true },
    kind = field.choice { title = T("类型", "Kind"), required = true, choices = shared.choices {
      "operations", "运营分析报告", "Operations report", "progress", "工作进展报告", "Progress report" } },
    author = field.person { title = T("报告人", "By"), readonly = true, default = "$actor" },
    from_day = field.date { title = T("起", "From"), required = true },
    until_day = field.date { title = T("止", "Until"), required = true },
    groups = field.list { title = T("各组工作", "Work of the groups"), fields = {
      name = field.text { title = T("小组", "Group"), max_length = 40 }, open = field.integer { title = T("在办", "Open") },
      late = field.integer { title = T("逾期", "Late") }, flags = field.integer { title = T("指标预警", "Off target") },
    } },
    late = field.integer { title = T("逾期合计", "Late in all"), derived = "sum(groups.late)" },
    indicators = field.list { title = T("指标完成", "Indicators"), fields = {
      name = field.text { title = T("指标", "Indicator"), max_length = 40 },
        unit = field.text { title = T("单位", "Unit"), max_length = 10 },
      target = field.decimal { title = T("目标", "Target"), scale = 1 },
        actual = field.decimal { title = T("实际", "Actual"), scale = 1 },
      attained = field.integer { title = T("达成率（%）", "Attained (%)") },
    } },
    analysis = field.longtext { title = T("情况与分析", "Analysis") },
    measures = field.longtext { title = T("问题与措施", "Problems and measures") },
    advice = field.longtext { title = T("决策建议", "Advice") },
    remark = field.longtext { title = T("批示", "Remark") },
    to_role = field.text { title = T("报送岗位代码", "Role it goes to"), required = true, default = "principal", max_length = 60,
      help = T("principal 校领导，manager 部门经理", "A role: principal or manager") },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("草拟", "Draft") },
      submitted = { title = T("待阅示", "Submitted"), todo = "to_role",
        deadline = { within = "policy:reports.read", owner = "to_role", remind = { "1wd" } } },
      read = { title = T("已阅示", "Read"), final = true },
    },
    transitions = {
      submit = { title = T("报送", "Submit"), from = "draft", to = "submitted", needs = { "analysis" },
        rule = "report_is_explained" },
      acknowledge = { title = T("阅示", "Read"), from = "submitted", to = "read", needs = { "remark" } },
      send_back = { title = T("退回", "Send back"), from = "submitted", to = "draft", needs = { "remark" } },
    },
  },
  indexes = { { "kind", "until_day" } },
}

-- What is late, or far from its target, is not passed over in silence.
local function report_is_explained(report, policy)
  local why, alarm, off = campus.reasons(), policy.indicators.alarm, nil
  for _, line in ipairs(report.indicators or {}) do
    if line.attained and line.attained < alarm and line.attained < (off or alarm) then off = line.attained end
  end
  why:check((report.late or 0) == 0 or report.measures, { code = "late_unexplained", at = "measures", have = report.late or 0 })
  why:check(not off or report.measures, { code = "off_unexplained", at = "measures", have = off or 100, want = alarm,
    policy = "indicators.alarm" })
  why:check(report.from_day <= report.until_day, { code = "ends_before", at = "until_day", have = report.until_day,
    want = report.from_day })
  return why:decision()
end

-- A draft with the figures of the month: the last one unless another is asked for.
local KINDS = { operations = { "运营分析报告", "principal" }, progress = { "工作进展报告", "manager" } }
local function prepare(ctx, input)
  local first, last, month = shared.month_before(ctx:now().today)
  if input.period then first, last, month = shared.month(input.period .. "-01") end
  local page, err = ctx:find("groups", { kind = "group", sort = "order", limit = 50 })
  if not page then return nil, err end
  local groups, indicators = {}, {}
  for i, g in ipairs(page.items) do groups[i] = { name = g.name, open = g.open_work, late = g.late_work, flags = g.flags } end
  local found, why = ctx:find("measurements", { period = month, limit = 200 })
  if not found then return nil, why end
  for i, m in ipairs(found.items) do
    indicators[i] = { name = m.indicator_name, unit = m.unit, target = m.target, actual = m.actual, attained = m.attained }
  end
  local made, wrong = ctx:create("briefs", { kind = input.kind, title = month .. " " .. KINDS[input.kind][1],
    to_role = KINDS[input.kind][2],
    from_day = first, until_day = last, groups = groups, indicators = indicators })
  if not made then return nil, wrong end
  return { report = made.id }
end

local fields = briefs.fields
return {
  entities = { briefs = briefs },
  rules = { report_is_explained = campus.rule { reads = { "late", "measures", "from_day", "until_day", "indicators.attained" },
    run = report_is_explained, serves = { "ORG-5", "ORG-7" } } },
  actions = {
    prepare_report = campus.action { title = T("编制工作报告", "Prepare a report"), run = prepare,
      serves = { "ORG-5", "ORG-7" }, input = {
      kind = fields.kind, period = field.text { title = T("月份（不填为上月）", "Month (the last when empty)"),
        pattern = "20[0-9]{2}-(0[1-9]|1[0-2])" } } },
  },
  obligations = {
    operations_report = campus.obligation {
      title = T("运营分析报告", "Operations report"), serves = { "ORG-5" }, period = "policy:reports.operations", within = "10wd",
      owner = "role:manager", remind = { "3wd" }, escalate = { { after = "1wd", to = "role:principal" } },
        evidence = "record of operations.briefs",
    },
    progress_report = campus.obligation {
      title = T("副经理工作进展报告", "The deputy's report on progress"), serves = { "ORG-7" },
        period = "policy:reports.progress", within = "5wd",
      owner = "role:deputy", remind = { "2wd" }, escalate = { { after = "1wd", to = "role:manager" } },
        evidence = "record of operations.briefs",
    },
  },
  documents = {
    report = { title = T("工作报告", "Report"), entity = "briefs",
      template = { zh = "templates/report.html", en = "templates/report.en.html" },
      states = { "submitted", "read" }, many = true, qr = "{link}", serves = { "ORG-5", "ORG-7" } },
  },
}
