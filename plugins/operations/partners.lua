-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Partners, whom to call there, and what was agreed until when: whose end is told of in time (ORG-6).
local field, shared = campus.field, require "shared"
local T = shared.title

local partners = campus.entity {
  title = T("合作伙伴", "Partners"), serves = { "ORG-6" },
  fields = {
    name = field.text { title = T("单位名称", "Partner"), required = true, unique = true, max_length = 80, search = true },
    kind = field.choice { title = T("类型", "Kind"), required = true, choices = shared.choices { "enterprise", "企业", "Enterprise",
      "school", "学校", "School", "agency", "服务机构", "Agency", "public", "政府与社会组织", "Public body", "other", "其他", "Other" } },
    officer = field.person { title = T("我方负责人", "Officer"), required = true, default = "$actor" },
    group = shared.group(T("归口小组", "Group")),
    uscc = field.text { title = T("统一社会信用代码", "Credit code"), check = "uscc", unique = true },
    address = field.text { title = T("地址", "Address"), max_length = 200 },
    field_of_work = field.text { title = T("合作内容", "What is done together"), max_length = 300 },
    note = field.text { title = T("备注", "Note"), max_length = 500 },
  },
  workflow = {
    start = "active",
    states = { active = { title = T("合作中", "Active") }, ended = { title = T("已终止", "Ended") } },
    transitions = {
      stop = { title = T("终止合作", "End"), from = "active", to = "ended", needs = { "note" } },
      restore = { title = T("恢复合作", "Restore"), from = "ended", to = "active" },
    },
  },
  indexes = { { "state", "name" } },
}

local contacts = campus.entity {
  title = T("合作伙伴联系人", "Contacts"), serves = { "ORG-6" }, subject = "self", part_of = "partner",
  fields = {
    partner = field.reference { to = "partners", title = T("合作伙伴", "Partner"), required = true },
    name = field.text { title = T("姓名", "Name"), required = true, personal = true, max_length = 60 },
    position = field.text { title = T("职务", "Position"), max_length = 60 },
    phone = field.text { title = T("手机", "Mobile"), class = "confidential", personal = true, searchable = true,
      check = "mobile", mask = "mobile" },
    email = field.text { title = T("邮箱", "Mail"), class = "confidential", personal = true, max_length = 80 },
    note = field.text { title = T("备注", "Note"), max_length = 300 },
  },
  indexes = { { "partner", "name" } },
}

local agreements = campus.entity {
  title = T("合作协议", "Agreements"), serves = { "ORG-6" }, part_of = "partner",
  overview = { roles = { "principal", "manager", "deputy", "marketing.lead", "admissions.lead" }, order = 31,
    date = "ends_on", days = 60 },
  fields = {
    title = field.text { title = T("协议名称", "Agreement"), required = true, max_length = 120, search = true },
    number = field.text { title = T("协议编号", "Number"), required = true, unique = true, max_length = 40 },
    partner = field.reference { to = "partners", title = T("合作伙伴", "Partner"), required = true },
    officer = field.person { title = T("经办人", "Officer"), required = true, default = "$actor" },
    signed_on = field.date { title = T("签订日期", "Signed on") },
    starts_on = field.date { title = T("生效日期", "From"), required = true },
    ends_on = field.date { title = T("到期日期", "Until"), required = true },
    rights = field.longtext { title = T("双方权利", "Rights") }, duties = field.longtext { title = T("双方义务", "Duties") },
    file = field.file { title = T("协议文本", "Text"), class = "confidential", types = { "pdf", "ofd", "docx", "png", "jpeg" } },
    renewed_by = field.reference { to = "agreements", title = T("续签协议", "Renewed by") },
    note = field.text { title = T("备注", "Note"), max_length = 500 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("拟订", "Draft") },
      in_force = { title = T("履行中", "In force"), deadline = { within = "field:ends_on", owner = "officer", lapse = "expire",
        remind = { "policy:partners.remind", "policy:partners.remind_again" } } },
      expired = { title = T("已到期待处理", "Expired"), todo = "officer",
        deadline = { within = "policy:partners.settle", owner = "officer",
        escalate = { { after = "0h", to = "supervisor" }, { after = "3wd", to = "role:manager" } } } },
      renewed = { title = T("已续签", "Renewed"), final = true },
      ended = { title = T("已终止", "Ended"), final = true },
    },
    transitions = {
      sign = { title = T("签订", "Sign"), from = "draft", to = "in_force",
        needs = { "signed_on", "file", "rights", "duties" }, rule = "agreement_holds" },
      expire = { title = T("到期", "Expire"), from = "in_force", to = "expired" },
      renew = { title = T("续签", "Renew"), from = { "in_force", "expired" }, to = "renewed", needs = { "renewed_by" } },
      terminate = { title = T("终止", "Terminate"), from = { "in_force", "expired" }, to = "ended", needs = { "note" } },
    },
  },
  indexes = { { "state", "ends_on" }, { "partner" } },
}

local function agreement_holds(agreement, policy, as_of)
  local why, most = campus.reasons(), policy.partners.longest
  local days = campus.date.days_between(agreement.starts_on, agreement.ends_on)
  why:check(days >= 0, { code = "ends_before", at = "ends_on", have = agreement.ends_on, want = agreement.starts_on })
  why:check(days <= most * 366 // 12, { code = "term_long", at = "ends_on", have = days // 30, want = most,
    policy = "partners.longest" })
  why:check(agreement.ends_on >= as_of, { code = "over_already", at = "ends_on", have = agreement.ends_on })
  why:check(agreement.signed_on and agreement.signed_on <= as_of,
    { code = "signed_future", at = "signed_on", have = agreement.signed_on })
  return why:decision()
end

return {
  entities = { partners = partners, partner_contacts = contacts, agreements = agreements },
  rules = { agreement_holds = campus.rule { reads = { "starts_on", "ends_on", "signed_on" }, run = agreement_holds,
    serves = { "ORG-6" } } },
}
