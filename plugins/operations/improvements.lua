-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Improvements that somebody proposes: decided, given to somebody, followed until they are done and seen to work (ORG-5, ORG-7).
local field, shared = campus.field, require "shared"
local T = shared.title

local improvements = campus.entity {
  title = T("改进建议", "Improvements"), serves = { "ORG-5", "ORG-7" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "改{year}-{seq:3}" },
    title = field.text { title = T("建议", "Proposal"), required = true, max_length = 120, search = true },
    group = shared.group(T("涉及小组", "Group"), { required = true }),
    problem = field.longtext { title = T("问题", "Problem"), required = true },
    measure = field.longtext { title = T("改进措施", "Measure"), required = true },
    effect = field.text { title = T("预期效果", "Effect expected"), max_length = 300 },
    report = field.reference { to = "operations.briefs", title = T("依据的报告", "Report it rests on") },
    indicator = field.reference { to = "operations.indicators", title = T("针对的指标", "Indicator it aims at") },
    proposed_by = field.person { title = T("提出人", "Proposed by"), readonly = true, default = "$actor" },
    responsible = field.person { title = T("责任人", "Owner") },
    due_on = field.date { title = T("完成期限", "Due on") },
    result = field.longtext { title = T("完成情况与效果", "Result") },
    resolution = field.text { title = T("处理意见", "Decision"), max_length = 500 },
    group_key = shared.key "group",
  },
  workflow = {
    start = "proposed",
    states = {
      proposed = { title = T("待决定", "Proposed"), deadline = { within = "policy:improvements.decide", owner = "role:manager",
        remind = { "1wd" }, escalate = { { after = "1wd", to = "role:principal" } } } },
      under_way = { title = T("实施中", "Under way"), todo = "responsible",
        deadline = { within = "field:due_on", owner = "responsible", remind = { "policy:chase.remind" },
        escalate = { { after = "0h", to = "supervisor" }, { after = "policy:chase.manager", to = "role:manager" } } } },
      done = { title = T("待验证", "Done"), todo = "proposed_by" },
      verified = { title = T("已见效", "Verified"), final = true },
      declined = { title = T("未采纳", "Declined"), final = true },
    },
    transitions = {
      adopt = { title = T("采纳", "Adopt"), from = "proposed", to = "under_way", needs = { "responsible", "due_on" } },
      decline = { title = T("不采纳", "Decline"), from = "proposed", to = "declined", needs = { "resolution" } },
      finish = { title = T("完成", "Finish"), from = "under_way", to = "done", needs = { "result" } },
      verify = { title = T("验证见效", "Verify"), from = "done", to = "verified" },
      resume = { title = T("继续改进", "Go on"), from = "done", to = "under_way", needs = { "resolution", "due_on" } },
    },
  },
  indexes = { { "state", "due_on" }, { "group", "state" } },
}

return { entities = { improvements = improvements } }
