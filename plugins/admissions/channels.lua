-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Where applicants come from: channels with their agreements, and brochures (ADM-2, ADM-3).
local field = campus.field

local channels = campus.entity {
  title = { zh = "招生渠道", en = "Channels" },
  serves = { "ADM-2" },
  fields = {
    name = field.text { title = { zh = "渠道", en = "Channel" }, required = true, unique = true, max_length = 80 },
    type = field.choice { title = { zh = "类型", en = "Type" }, required = true, choices = {
      { name = "online", title = { zh = "线上", en = "Online" } },
      { name = "partner", title = { zh = "合作机构", en = "Partner" } },
      { name = "social", title = { zh = "社会关系", en = "Social" } },
    } },
    officer = field.person { title = { zh = "负责人", en = "Responsible" }, required = true },
    analysis = field.longtext { title = { zh = "市场与生源分析", en = "Market and source of students" } },
    partner = field.text { title = { zh = "合作单位", en = "Partner" }, max_length = 80 },
    contact = field.text { title = { zh = "联系人", en = "Contact" }, class = "confidential", personal = true, max_length = 60 },
    agreement = field.file { title = { zh = "协议", en = "Agreement" }, class = "confidential", types = { "pdf", "docx" } },
    agreement_number = field.text { title = { zh = "协议编号", en = "Agreement no." }, max_length = 40 },
    agreed_from = field.date { title = { zh = "协议开始", en = "Agreed from" } },
    agreed_until = field.date { title = { zh = "协议到期", en = "Agreed until" } },
    rights = field.longtext { title = { zh = "双方权利", en = "Rights" } },
    duties = field.longtext { title = { zh = "双方义务", en = "Duties" } },
    pays = field.choice { title = { zh = "费用方式", en = "Pays" }, required = true, default = "nothing", choices = {
      { name = "nothing", title = { zh = "不付费", en = "Nothing" } },
      { name = "fixed", title = { zh = "固定费用", en = "A fixed sum" } },
      { name = "per_activity", title = { zh = "按活动", en = "Per activity" } },
      { name = "per_head", title = { zh = "按人头提成", en = "Per head" } },
    } },
    cost = field.money { title = { zh = "费用", en = "Cost" }, min = 0, default = 0 },
    note = field.text { title = { zh = "说明", en = "Note" }, max_length = 500 },
  },
  workflow = {
    start = "proposed",
    states = {
      proposed = { title = { zh = "拟开通", en = "Proposed" } },
      active = { title = { zh = "启用", en = "Active" }, deadline = { within = "field:agreed_until", owner = "officer",
        remind = { "60d", "30d", "7d" }, escalate = { { after = "1wd", to = "role:admissions.lead" } } } },
      ended = { title = { zh = "停用", en = "Ended" } },
    },
    transitions = {
      activate = { title = { zh = "启用", en = "Activate" }, from = { "proposed", "ended" }, to = "active", rule = "channel_is_lawful" },
      renew = { title = { zh = "续签", en = "Renew" }, from = "active", to = "active", needs = { "agreed_until" },
        rule = "channel_is_lawful" },
      finish = { title = { zh = "停用", en = "End" }, from = { "proposed", "active" }, to = "ended" },
    },
  },
  indexes = { { "state", "name" }, { "type", "name" } },
}

local brochures = campus.entity {
  title = { zh = "招生简章", en = "Brochures" },
  serves = { "ADM-3", "MKT-4" },
  fields = {
    name = field.text { title = { zh = "名称", en = "Name" }, required = true, max_length = 80 },
    season = field.text { title = { zh = "招生年度", en = "Season" }, required = true, pattern = "20[0-9]{2}" },
    content = field.file { title = { zh = "简章文件", en = "File" }, types = { "pdf", "docx" } },
    filing_number = field.text { title = { zh = "备案号", en = "Filing number" }, max_length = 60 },
    filed_until = field.date { title = { zh = "备案有效期至", en = "Filed until" } },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = { zh = "草拟", en = "Draft" } },
      reviewed = { title = { zh = "已审核", en = "Reviewed" } },
      published = { title = { zh = "已发布", en = "Published" }, deadline = { within = "field:filed_until",
        owner = "role:admissions.lead", remind = { "30d" }, lapse = "expire" } },
      expired = { title = { zh = "已失效", en = "Expired" } },
    },
    transitions = {
      review = { title = { zh = "审核通过", en = "Review" }, from = { "draft", "expired" }, to = "reviewed", needs = { "content" } },
      publish = { title = { zh = "发布", en = "Publish" }, from = "reviewed", to = "published", rule = "brochure_is_filed" },
      rework = { title = { zh = "退回修改", en = "Rework" }, from = "reviewed", to = "draft" },
      expire = { title = { zh = "失效", en = "Expire" }, from = "published", to = "expired" },
    },
  },
  indexes = { { "season", "name" } },
}

local function channel_is_lawful(channel, policy, as_of)
  local why = campus.reasons()
  why:check(channel.pays ~= "per_head" or policy.channels.per_head,
    { code = "per_head", at = "pays", have = channel.pays, policy = "channels.per_head" })
  if channel.type == "partner" then
    why:check(channel.agreement_number and channel.rights and channel.duties, { code = "agreement", at = "agreement_number" })
    why:check(channel.agreed_until and channel.agreed_until >= as_of,
      { code = "agreement_over", at = "agreed_until", have = channel.agreed_until, want = as_of })
  end
  return why:decision()
end

local function brochure_is_filed(brochure, _, as_of)
  local why = campus.reasons()
  why:check(brochure.filing_number, { code = "not_filed", at = "filing_number" })
  why:check(brochure.filed_until and brochure.filed_until >= as_of,
    { code = "filing_over", at = "filed_until", have = brochure.filed_until, want = as_of })
  return why:decision()
end

return {
  entities = { channels = channels, brochures = brochures },
  rules = {
    channel_is_lawful = campus.rule { reads = { "type", "pays", "agreement_number", "rights", "duties", "agreed_until" },
      run = channel_is_lawful, serves = { "ADM-2" } },
    brochure_is_filed = campus.rule { reads = { "filing_number", "filed_until" }, run = brochure_is_filed, serves = { "ADM-3" } },
  },
}
