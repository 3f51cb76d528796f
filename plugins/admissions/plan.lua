-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The annual plan and, once the school leader has approved it, the lines that seats are taken from (ADM-1).
local field = campus.field

local plans = campus.entity {
  title = { zh = "招生计划", en = "Admission plans" },
  serves = { "ADM-1" },
  fields = {
    season = field.text { title = { zh = "招生年度", en = "Season" }, required = true, pattern = "20[0-9]{2}" },
    name = field.text { title = { zh = "计划名称", en = "Name" }, required = true, max_length = 80 },
    rests_on_development = field.longtext { title = { zh = "依据的发展规划", en = "Development plan it rests on" } },
    rests_on_demand = field.longtext { title = { zh = "依据的需求分析", en = "Demand it rests on" } },
    strategy = field.longtext { title = { zh = "招生策略", en = "Strategy" } },
    basis_files = field.file { title = { zh = "依据附件", en = "Files it rests on" }, many = true, types = { "pdf", "docx", "xlsx" } },
    headcount = field.integer { title = { zh = "计划总人数", en = "Headcount" }, required = true, min = 1, max = 100000 },
    lines = field.list { title = { zh = "分专业分地区计划", en = "Lines" }, fields = {
      major = field.reference { to = "basics.majors", title = { zh = "专业", en = "Major" }, required = true },
      major_name = field.text { title = { zh = "专业名称", en = "Name of the major" }, required = true, max_length = 60 },
      region = field.text { title = { zh = "生源地", en = "Region" }, required = true, max_length = 40 },
      quota = field.integer { title = { zh = "人数", en = "Quota" }, required = true, min = 1, max = 10000 },
    } },
    owner_person = field.person { title = { zh = "负责人", en = "Responsible" }, required = true, default = "$actor" },
    note = field.text { title = { zh = "说明", en = "Note" }, max_length = 1000 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = { zh = "草拟", en = "Draft" } },
      in_approval = { title = { zh = "审批中", en = "In approval" } },
      returned = { title = { zh = "已退回", en = "Returned" } },
      approved = { title = { zh = "已批准", en = "Approved" } },
      closed = { title = { zh = "已完成", en = "Completed" }, final = true },
    },
    transitions = {
      submit = { title = { zh = "提交审批", en = "Submit" }, from = { "draft", "returned" }, to = "in_approval",
        needs = { "rests_on_development", "rests_on_demand", "strategy", "lines" }, rule = "plan_is_whole" },
      approve = { title = { zh = "批准", en = "Approve" }, from = "in_approval", to = "approved",
        approvals = "policy:approval.plan", never_by = { "$created_by", "owner_person" }, otherwise = "wait",
        back = "send_back", recall = "take_back" },
      send_back = { title = { zh = "退回", en = "Send back" }, from = "in_approval", to = "returned" },
      take_back = { title = { zh = "撤回", en = "Take back" }, from = "in_approval", to = "draft" },
      -- what was approved stays in force until the revision is approved in its turn
      revise = { title = { zh = "修订", en = "Revise" }, from = "approved", to = "draft", needs = { "note" } },
      complete = { title = { zh = "任务完成", en = "Complete" }, from = "approved", to = "closed", needs = { "note" } },
    },
  },
  indexes = { { "season", "name" }, { "state" } },
}

-- Written by the plugin alone, out of an approved plan: nobody makes a seat by hand.
local plan_lines = campus.entity {
  title = { zh = "招生计划分项", en = "Plan lines" },
  serves = { "ADM-1", "ADM-6" },
  fields = {
    plan = field.reference { to = "admissions.plans", title = { zh = "计划", en = "Plan" }, required = true },
    key = field.text { title = { zh = "编号", en = "Key" }, required = true, unique = true, max_length = 160 },
    season = field.text { title = { zh = "招生年度", en = "Season" }, required = true },
    major = field.reference { to = "basics.majors", title = { zh = "专业", en = "Major" }, required = true },
    major_name = field.text { title = { zh = "专业名称", en = "Name of the major" }, required = true },
    region = field.text { title = { zh = "生源地", en = "Region" }, required = true },
    name = field.text { title = { zh = "分项", en = "Line" }, required = true, max_length = 120 },
    quota = field.integer { title = { zh = "名额", en = "Quota" }, required = true, min = 0, max = 10000 },
  },
  indexes = { { "season", "major_name", "region" }, { "plan" } },
}

local targets = campus.entity {
  title = { zh = "招生目标", en = "Targets" },
  serves = { "ADM-1", "ORG-5" },
  fields = {
    season = field.text { title = { zh = "招生年度", en = "Season" }, required = true, pattern = "20[0-9]{2}" },
    plan = field.reference { to = "admissions.plans", title = { zh = "计划", en = "Plan" } },
    officer = field.person { title = { zh = "招生专员", en = "Officer" } },
    channel = field.reference { to = "admissions.channels", title = { zh = "渠道", en = "Channel" } },
    leads = field.integer { title = { zh = "线索目标", en = "Leads" }, min = 0, max = 100000 },
    applicants = field.integer { title = { zh = "报名目标", en = "Applicants" }, min = 0, max = 100000 },
    confirmed = field.integer { title = { zh = "确认目标", en = "Confirmed" }, required = true, min = 0, max = 100000 },
  },
  indexes = { { "season", "officer" }, { "season", "channel" } },
}

-- A plan that a leader is asked to sign says what it rests on, and its lines add up (ADM-1).
local function plan_is_whole(plan)
  local why = campus.reasons()
  local lines, seen, twice, sum = plan.lines or {}, {}, nil, 0
  for _, line in ipairs(lines) do
    local key = line.major .. " " .. line.region
    if seen[key] then twice = line.major_name .. " " .. line.region end
    seen[key] = true
    sum = sum + line.quota
  end
  why:check(#lines > 0, { code = "no_lines", at = "lines" })
  why:check(not twice, { code = "line_twice", at = "lines", have = twice })
  why:check(sum == plan.headcount, { code = "headcount", at = "headcount", have = sum, want = plan.headcount })
  return why:decision()
end

return {
  entities = { plans = plans, plan_lines = plan_lines, targets = targets },
  rules = {
    plan_is_whole = campus.rule { reads = { "lines.major", "lines.major_name", "lines.region", "lines.quota", "headcount" },
      run = plan_is_whole, serves = { "ADM-1" } },
  },
}
