-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Leads: somebody who might apply, and every talk with them (ADM-3, ADM-7).
local field = campus.field

local leads = campus.entity {
  title = { zh = "招生线索", en = "Leads" },
  subject = "self",
  serves = { "ADM-3", "ADM-7" },
  overview = { roles = { "admissions.staff" }, order = 1, date = "next_contact", who = "officer", days = 3 },
  fields = {
    name = field.text { title = { zh = "姓名", en = "Name" }, required = true, personal = true, max_length = 60, mask = "name" },
    phone = field.text { title = { zh = "电话", en = "Phone" }, required = true, class = "confidential", personal = true,
      searchable = true, check = "mobile", mask = "mobile" },
    season = field.text { title = { zh = "招生年度", en = "Season" }, pattern = "20[0-9]{2}" },
    region = field.text { title = { zh = "生源地", en = "Region" }, max_length = 40 },
    came_on = field.date { title = { zh = "登记日期", en = "Came on" }, default = "$today" },
    interest = field.text { title = { zh = "意向专业", en = "Interested in" }, max_length = 60 },
    education = field.choice { title = { zh = "学历", en = "Education" }, choices = {
      { name = "junior", title = { zh = "初中", en = "Junior secondary" } },
      { name = "senior", title = { zh = "高中", en = "Senior secondary" } },
      { name = "vocational", title = { zh = "中职", en = "Secondary vocational" } },
      { name = "college", title = { zh = "大专", en = "College" } },
    } },
    source = field.choice { title = { zh = "来源", en = "Source" }, required = true, default = "staff", choices = {
      { name = "staff", title = { zh = "人工录入", en = "Staff" } }, { name = "form", title = { zh = "活动扫码", en = "Form at an event" } },
      { name = "list", title = { zh = "名单导入", en = "List" } },
    } },
    campus = field.text { title = { zh = "校区", en = "Campus" }, max_length = 40 },
    channel = field.reference { to = "admissions.channels", title = { zh = "渠道", en = "Channel" } },
    activity = field.reference { to = "admissions.activities", title = { zh = "活动", en = "Event" } },
    officer = field.person { title = { zh = "归属专员", en = "Officer" } },
    next_contact = field.date { title = { zh = "下次联系", en = "Next contact" } },
    same_as = field.reference { to = "admissions.leads", title = { zh = "重复于", en = "Same as" } },
    applicant = field.reference { to = "admissions.applicants", title = { zh = "报名记录", en = "Applicant" } },
    note = field.text { title = { zh = "备注", en = "Note" }, max_length = 500 },
  },
  workflow = {
    start = "new",
    states = {
      new = { title = { zh = "新线索", en = "New" }, deadline = { within = "policy:deadlines.first_contact", owner = "officer",
        remind = { "2h" }, escalate = { { after = "4h", to = "role:admissions.lead" } } } },
      contacted = { title = { zh = "跟进中", en = "Contacted" } },
      clash = { title = { zh = "撞单待定", en = "Claimed twice" } },
      converted = { title = { zh = "已报名", en = "Converted" }, final = true },
      duplicate = { title = { zh = "重复", en = "Duplicate" }, final = true },
      lost = { title = { zh = "流失", en = "Lost" } },
    },
    transitions = {
      take = { title = { zh = "领取", en = "Take" }, from = "new", to = "new", needs = { "officer" } },
      touch = { title = { zh = "已联系", en = "Contact" }, from = { "new", "contacted", "lost" }, to = "contacted" },
      dispute = { title = { zh = "撞单", en = "Dispute" }, from = "new", to = "clash", needs = { "same_as" } },
      settle = { title = { zh = "另行跟进", en = "Keep apart" }, from = "clash", to = "contacted", needs = { "note" } },
      merge = { title = { zh = "合并", en = "Merge" }, from = { "new", "contacted", "clash" }, to = "duplicate", needs = { "same_as" } },
      convert = { title = { zh = "转为报名", en = "Convert" }, from = { "new", "contacted" }, to = "converted", needs = { "applicant" } },
      lose = { title = { zh = "流失", en = "Lose" }, from = { "new", "contacted" }, to = "lost", needs = { "note" } },
    },
  },
  indexes = { { "state", "next_contact" }, { "officer", "state" }, { "channel", "state" }, { "activity" } },
}

local contacts = campus.contact_log {
  title = { zh = "联系记录", en = "Contact log" },
  subject = { "applicant", "lead" },
  serves = { "ADM-7" },
  about = {
    lead = field.reference { to = "admissions.leads", title = { zh = "线索", en = "Lead" } },
    applicant = field.reference { to = "admissions.applicants", title = { zh = "报名学生", en = "Applicant" } },
  },
}

return { entities = { leads = leads, contacts = contacts } }
