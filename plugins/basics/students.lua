-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Students on the register, from the day they arrive (SVC-8).
local field = campus.field

local students = campus.entity {
  title = { zh = "学生", en = "Students" },
  subject = "came_from",                                    -- else itself
  serves = { "ADM-6", "SVC-8" },
  fields = {
    number = field.text { title = { zh = "学号", en = "Number" }, unique = true, max_length = 20 },
    name = field.text { title = { zh = "姓名", en = "Name" }, required = true, personal = true, max_length = 60, mask = "name" },
    id_number = field.text { title = { zh = "身份证号", en = "Identity number" }, class = "secret", personal = true,
      required = true, unique = true, searchable = true, check = "cn_id", mask = "cn_id" },
    birth_date = field.date { title = { zh = "出生日期", en = "Date of birth" }, required = true, personal = true },
    phone = field.text { title = { zh = "电话", en = "Phone" }, class = "confidential", personal = true, searchable = true,
      check = "mobile", mask = "mobile" },
    campus = field.text { title = { zh = "校区", en = "Campus" }, max_length = 40 },
    major = field.reference { to = "basics.majors", title = { zh = "专业", en = "Major" } },
    class = field.reference { to = "basics.classes", title = { zh = "班级", en = "Class" } },
    family = field.reference { to = "basics.families", title = { zh = "家庭", en = "Family" } },
    entered_on = field.date { title = { zh = "入学日期", en = "Entered on" }, default = "$today" },
    came_from = field.text { title = { zh = "来源记录", en = "Came from" }, unique = true, max_length = 80,
      help = { zh = "如招生报名记录的编号", en = "such as the id of the applicant" } },
    until_on = field.date { title = { zh = "休学至", en = "Suspended until" } },
    note = field.text { title = { zh = "说明", en = "Note" }, max_length = 500 },
  },
  workflow = {
    start = "active",
    states = {
      active = { title = { zh = "在读", en = "Active" } },
      suspended = { title = { zh = "休学", en = "Suspended" } },
      graduated = { title = { zh = "毕业", en = "Graduated" }, final = true },
      withdrawn = { title = { zh = "退学", en = "Withdrawn" }, final = true },
      transferred = { title = { zh = "转学", en = "Transferred" }, final = true },
    },
    transitions = {
      suspend = { title = { zh = "休学", en = "Suspend" }, from = "active", to = "suspended", needs = { "note", "until_on" } },
      resume = { title = { zh = "复学", en = "Resume" }, from = "suspended", to = "active" },
      withdraw = { title = { zh = "退学", en = "Withdraw" }, from = { "active", "suspended" }, to = "withdrawn", needs = { "note" } },
      transfer = { title = { zh = "转学", en = "Transfer" }, from = { "active", "suspended" }, to = "transferred", needs = { "note" } },
      graduate = { title = { zh = "毕业", en = "Graduate" }, from = "active", to = "graduated" },
    },
  },
  indexes = { { "state", "name" }, { "class", "name" } },
}

return { students = students }
