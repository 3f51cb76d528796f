-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Applicants: the registration form and its way to a decision (ADM-4, ADM-5, ADM-7).
local field = campus.field

local applicants = campus.entity {
  title = { zh = "报名学生", en = "Applicants" },
  subject = "self",
  lab = { group = { "region", "campus", "created_by" } },   -- whom a changed policy would concern
  serves = { "ADM-3", "ADM-4", "ADM-5", "ADM-7" },
  fields = {
    name = field.text { title = { zh = "姓名", en = "Name" }, required = true, personal = true, max_length = 60,
      mask = "name", search = true },
    id_number = field.text { title = { zh = "身份证号", en = "Identity number" }, class = "secret", personal = true,
      required = true, unique = true, searchable = true, check = "cn_id", mask = "cn_id" },
    birth_date = field.date { title = { zh = "出生日期", en = "Date of birth" }, required = true },
    education = field.choice { title = { zh = "学历", en = "Education" }, required = true, choices = {
      { name = "junior", title = { zh = "初中", en = "Junior secondary" } },
      { name = "senior", title = { zh = "高中", en = "Senior secondary" } },
      { name = "vocational", title = { zh = "中职", en = "Secondary vocational" } },
      { name = "college", title = { zh = "大专", en = "College" } },
    } },
    health_note = field.longtext { title = { zh = "健康说明", en = "Health note" }, class = "confidential" },
    region = field.text { title = { zh = "生源地", en = "Region" }, max_length = 40 },
    major = field.text { title = { zh = "报考专业", en = "Major" }, max_length = 60 },
    phone = field.text { title = { zh = "联系电话", en = "Phone" }, class = "confidential", personal = true,
      searchable = true, check = "mobile", mask = "mobile" },
    guardian_phone = field.text { title = { zh = "监护人电话", en = "Guardian's phone" }, class = "confidential",
      personal = true, check = "mobile", mask = "mobile" },
    campus = field.text { title = { zh = "校区", en = "Campus" }, max_length = 40 },
    score = field.decimal { title = { zh = "成绩", en = "Score" }, scale = 1, min = 0, max = 750 },
    documents = field.multichoice { title = { zh = "已交材料", en = "Documents handed in" }, choices = {
      { name = "id_card", title = { zh = "身份证复印件", en = "Copy of identity card" } },
      { name = "diploma", title = { zh = "毕业证书", en = "Diploma" } },
      { name = "transcript", title = { zh = "成绩单", en = "Transcript" } },
      { name = "health_form", title = { zh = "体检表", en = "Health form" } },
      { name = "photo", title = { zh = "证件照", en = "Photo" } },
    } },
    note = field.text { title = { zh = "备注", en = "Note" }, max_length = 1000, search = true },
  },
  workflow = {
    start = "registered",
    states = {
      registered = { title = { zh = "已报名", en = "Registered" } },
      reviewing = { title = { zh = "审核中", en = "Under review" } },
      eligible = { title = { zh = "审核通过", en = "Eligible" } },
      admitted = { title = { zh = "已录取", en = "Admitted" } },
      refused = { title = { zh = "未通过", en = "Refused" }, final = true },
      withdrawn = { title = { zh = "已放弃", en = "Withdrawn" }, final = true },
    },
    transitions = {
      review = { title = { zh = "受理", en = "Take up" }, from = "registered", to = "reviewing" },
      assess = { title = { zh = "预审", en = "Assess" }, from = { "registered", "reviewing" }, to = "reviewing",
        rule = "eligible" },
      qualify = { title = { zh = "审核通过", en = "Qualify" }, from = "reviewing", to = "eligible", rule = "eligible" },
      refuse = { title = { zh = "不予通过", en = "Refuse" }, from = { "registered", "reviewing", "eligible" },
        to = "refused", needs = { "note" } },
      admit = { title = { zh = "录取", en = "Admit" }, from = "eligible", to = "admitted" },
      withdraw = { title = { zh = "放弃", en = "Withdraw" }, to = "withdrawn",
        from = { "registered", "reviewing", "eligible", "admitted" } },
    },
  },
  indexes = { { "state", "name" }, { "region", "state" }, { "state", "score" } },
}

return applicants
