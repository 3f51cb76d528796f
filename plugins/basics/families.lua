-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Families and those in them who answer for a student (SVC-7, SVC-8).
local field = campus.field

local families = campus.entity {
  title = { zh = "家庭", en = "Families" },
  serves = { "SVC-7", "SVC-8" },
  fields = {
    name = field.text { title = { zh = "称呼", en = "Name" }, required = true, personal = true, max_length = 60 },
    campus = field.text { title = { zh = "校区", en = "Campus" }, max_length = 40 },
    address = field.text { title = { zh = "住址", en = "Address" }, class = "confidential", personal = true, max_length = 200 },
    note = field.longtext { title = { zh = "情况", en = "Circumstances" }, class = "confidential", personal = true },
  },
  indexes = { { "name" } },
}

local guardians = campus.entity {
  title = { zh = "监护人", en = "Guardians" },
  subject = "self",
  serves = { "SVC-7", "SVC-8" },
  fields = {
    family = field.reference { to = "basics.families", title = { zh = "家庭", en = "Family" }, required = true },
    name = field.text { title = { zh = "姓名", en = "Name" }, required = true, personal = true, max_length = 60, mask = "name" },
    relation = field.choice { title = { zh = "关系", en = "Relation" }, required = true, choices = {
      { name = "mother", title = { zh = "母亲", en = "Mother" } }, { name = "father", title = { zh = "父亲", en = "Father" } },
      { name = "grandparent", title = { zh = "祖父母/外祖父母", en = "Grandparent" } },
      { name = "other", title = { zh = "其他监护人", en = "Other guardian" } },
    } },
    phone = field.text { title = { zh = "电话", en = "Phone" }, class = "confidential", personal = true, searchable = true,
      check = "mobile", mask = "mobile" },
    consents_on = field.date { title = { zh = "同意处理个人信息的日期", en = "Consent given on" } },
  },
  indexes = { { "family", "name" } },
}

return { families = families, guardians = guardians }
