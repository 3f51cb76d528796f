-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- A proposed rule: a draft policy with what the lab says of it, discussed, decided, put in force or declined with a
-- reason (ORG-7). The policy itself is changed under Administration; a policy keeps its own revisions.
local field, shared = campus.field, require "shared"
local T = shared.title

local proposals = campus.entity {
  title = T("制度修订提案", "Rule proposals"), serves = { "ORG-7", "SUP-1" },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "制{year}-{seq:3}" },
    title = field.text { title = T("提案", "Proposal"), required = true, max_length = 120, search = true },
    kind = field.choice { title = T("形式", "Form"), required = true, default = "policy", choices = shared.choices {
      "policy", "参数制度（YAML）", "A policy (YAML)", "text", "文字制度", "A text" } },
    concerns = field.text { title = T("所涉制度", "Policy"), max_length = 60,
      help = T("制度名，如 finance、access", "Its name, such as finance or access") },
    reason = field.longtext { title = T("修订理由", "Reason"), required = true },
    draft = field.longtext { title = T("草案", "Draft"), required = true, help = T("YAML 或条文", "YAML, or the wording") },
    lab_report = field.file { title = T("推演报告", "Lab report"), types = { "pdf", "xlsx", "csv", "txt", "png" } },
    lab_link = field.text { title = T("推演任务编号或链接", "Job or link of the lab"), max_length = 300 },
    lab_result = field.text { title = T("推演结论", "What the lab says"), max_length = 500,
      help = T("如：103 件中 2 件结论改变", "Such as: 2 of 103 would flip") },
    proposed_by = field.person { title = T("提案人", "Proposed by"), readonly = true, default = "$actor" },
    effective_from = field.date { title = T("生效日期", "Effective from"), required = true },
    resolution = field.longtext { title = T("决定与理由", "Decision and reason") },
    release = field.integer { title = T("启用的版本号", "Number of the release"), min = 1 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("草拟", "Draft") },
      discussing = { title = T("讨论中", "Under discussion"),
        deadline = { within = "policy:rules.discuss", owner = "role:manager", remind = { "2wd" } } },
      deciding = { title = T("待决定", "To be decided") },
      adopted = { title = T("待启用", "Adopted"), todo = "role:manager",
        deadline = { within = "field:effective_from", owner = "role:manager",
        remind = { "2wd" }, escalate = { { after = "1wd", to = "role:principal" } } } },
      active = { title = T("已启用", "In force"), final = true },
      declined = { title = T("未通过", "Declined"), final = true },
      withdrawn = { title = T("已撤回", "Withdrawn"), final = true },
    },
    transitions = {
      propose = { title = T("提交讨论", "Propose"), from = "draft", to = "discussing", rule = "rule_is_tried" },
      rework = { title = T("修改草案", "Rework"), from = "discussing", to = "draft" },
      put = { title = T("提交决定", "Put to decision"), from = "discussing", to = "deciding", rule = "rule_is_tried" },
      adopt = { title = T("通过", "Adopt"), from = "deciding", to = "adopted", approvals = "policy:approval.rule",
        never_by = { "proposed_by" }, otherwise = "climb", back = "send_back", recall = "take_back" },
      send_back = { title = T("退回讨论", "Send back"), from = "deciding", to = "discussing" },
      take_back = { title = T("撤回决定", "Take back"), from = "deciding", to = "discussing" },
      decline = { title = T("不通过", "Decline"), from = { "discussing", "deciding" }, to = "declined", needs = { "resolution" } },
      activate = { title = T("登记启用", "Put in force"), from = "adopted", to = "active", needs = { "release" } },
      withdraw = { title = T("撤回提案", "Withdraw"), from = { "draft", "discussing" }, to = "withdrawn" },
    },
  },
  indexes = { { "state", "effective_from" } },
}

local opinions = campus.entity {
  title = T("讨论意见", "Opinions"), serves = { "ORG-7" }, part_of = "proposal",
  fields = {
    proposal = field.reference { to = "rule_proposals", title = T("提案", "Proposal"), required = true },
    stance = field.choice { title = T("态度", "Stance"), required = true, choices = shared.choices {
      "support", "赞成", "For", "change", "建议修改", "With changes", "against", "不赞成", "Against" } },
    title = field.text { title = T("意见", "Opinion"), required = true, max_length = 120 },
    text = field.longtext { title = T("详细说明", "In full") },
    by = field.person { title = T("发表人", "By"), readonly = true, default = "$actor" },
  },
  indexes = { { "proposal", "stance" } },
}

-- Nobody decides on a policy that was not tried, unless the school says that it may be.
local function rule_is_tried(proposal, policy, as_of)
  local why = campus.reasons()
  local asked = proposal.kind == "policy" and policy.rules.lab == "required"
  why:check(proposal.kind ~= "policy" or proposal.concerns, { code = "policy_unnamed", at = "concerns" })
  why:check(not asked or proposal.lab_report or proposal.lab_link,
    { code = "not_tried", at = "lab_report", policy = "rules.lab" })
  why:check(not asked or proposal.lab_result, { code = "lab_unsaid", at = "lab_result", policy = "rules.lab" })
  why:check(proposal.effective_from >= as_of, { code = "backdated", at = "effective_from",
    have = proposal.effective_from, want = as_of })
  return why:decision()
end

return {
  entities = { rule_proposals = proposals, opinions = opinions },
  rules = { rule_is_tried = campus.rule { reads = { "kind", "concerns", "lab_report", "lab_link", "lab_result", "effective_from" },
    run = rule_is_tried, serves = { "ORG-7", "SUP-1" } } },
}
