-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Applicants: the registration form and its way to a decision, to a seat and through the
-- door (ADM-4 to ADM-7). A notice is sent from `admitted`, and the only ways into that state take a seat after a passed review.
local field = campus.field

-- How long a step may take (ADM-7): working time of policies/admissions.yaml, then it climbs.
local function step(name)
  return { within = "policy:deadlines." .. name, owner = "role:admissions.lead", remind = { "4h" },
    escalate = { { after = "1wd", to = "role:manager" } } }
end

local function scan(title)
  return field.file { title = title, class = "confidential", types = { "pdf", "png", "jpeg", "webp" }, max_bytes = 10000000 }
end

local applicants = campus.entity {
  title = { zh = "报名学生", en = "Applicants" },
  subject = "lead",                                         -- else itself
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
    season = field.text { title = { zh = "招生年度", en = "Season" }, pattern = "20[0-9]{2}" },
    registered_on = field.date { title = { zh = "报名日期", en = "Registered on" }, default = "$today" },
    source = field.choice { title = { zh = "报名途径", en = "Registered by" }, default = "staff", choices = {
      { name = "staff", title = { zh = "人工录入", en = "Staff" } }, { name = "form", title = { zh = "网上报名", en = "Public form" } },
      { name = "lead", title = { zh = "线索转入", en = "A lead" } },
    } },
    officer = field.person { title = { zh = "招生专员", en = "Officer" } },
    channel = field.reference { to = "admissions.channels", title = { zh = "渠道", en = "Channel" } },
    activity = field.reference { to = "admissions.activities", title = { zh = "活动", en = "Event" } },
    lead = field.reference { to = "admissions.leads", title = { zh = "线索", en = "Lead" } },
    guardian_name = field.text { title = { zh = "监护人姓名", en = "Guardian" }, personal = true, max_length = 60, mask = "name" },
    guardian_consent = field.boolean { title = { zh = "监护人同意", en = "Guardian consents" } },
    id_card_scan = scan { zh = "身份证扫描件", en = "Scan of the identity card" },
    diploma_scan = scan { zh = "毕业证扫描件", en = "Scan of the diploma" },
    transcript_scan = scan { zh = "成绩单扫描件", en = "Scan of the transcript" },
    health_form_scan = scan { zh = "体检表扫描件", en = "Scan of the health form" },
    photo_scan = scan { zh = "证件照文件", en = "Photo file" },
    plan_line = field.reference { to = "admissions.plan_lines", title = { zh = "录取计划分项", en = "Plan line" } },
    waits_since = field.date { title = { zh = "候补日期", en = "On the list since" } },
    report_on = field.date { title = { zh = "报到日期", en = "To arrive on" } },
    report_place = field.text { title = { zh = "报到地点", en = "To arrive at" }, max_length = 120 },
    originals_checked = field.boolean { title = { zh = "原件已核验", en = "Originals checked" } },
    class = field.reference { to = "basics.classes", title = { zh = "班级", en = "Class" } },
    on_official_list = field.boolean { title = { zh = "在录取名单中", en = "On the official list" } },
    tracking = field.text { title = { zh = "查询码", en = "Tracking code" }, class = "secret", unique = true, searchable = true,
      default = "$code", max_length = 16 },
  },
  workflow = {
    start = "registered",
    states = {
      registered = { title = { zh = "已报名", en = "Registered" } },   -- no clock: they come by the thousand
      reviewing = { title = { zh = "审核中", en = "Under review" }, deadline = step("review") },
      refusing = { title = { zh = "拟不通过", en = "Refusal proposed" }, deadline = step("second_review") },
      excepting = { title = { zh = "申请特批", en = "Exception asked for" } },
      eligible = { title = { zh = "审核通过", en = "Eligible" } },
      waiting = { title = { zh = "候补", en = "On the waiting list" } },
      admitted = { title = { zh = "已录取", en = "Admitted" }, deadline = step("notice") },
      notified = { title = { zh = "已发通知书", en = "Notice sent" }, deadline = { within = "policy:deadlines.confirm",
        owner = "officer", remind = { "3d" }, lapse = "lapse" } },
      confirmed = { title = { zh = "已确认", en = "Confirmed" } },
      arrived = { title = { zh = "已报到", en = "Arrived" }, final = true },
      absent = { title = { zh = "未报到", en = "Not arrived" }, final = true },
      lapsed = { title = { zh = "逾期未确认", en = "Lapsed" }, final = true },
      declined = { title = { zh = "放弃入学", en = "Declined" }, final = true },
      refused = { title = { zh = "未通过", en = "Refused" }, final = true },
      withdrawn = { title = { zh = "已放弃", en = "Withdrawn" }, final = true },
    },
    transitions = {
      review = { title = { zh = "受理", en = "Take up" }, from = "registered", to = "reviewing", message = "taken_up" },
      assess = { title = { zh = "预审", en = "Assess" }, from = { "registered", "reviewing" }, to = "reviewing",
        rule = "eligible" },
      qualify = { title = { zh = "审核通过", en = "Qualify" }, from = "reviewing", to = "eligible", rule = "eligible" },
      -- who proposes a refusal or an exception does not decide it: `exclusive` in access.yaml
      propose_refusal = { title = { zh = "拟不通过", en = "Propose refusal" }, from = { "registered", "reviewing", "eligible" },
        to = "refusing", needs = { "note" } },
      refuse = { title = { zh = "不予通过", en = "Refuse" }, from = "refusing", to = "refused", needs = { "note" } },
      reconsider = { title = { zh = "退回复核", en = "Reconsider" }, from = { "refusing", "excepting" }, to = "reviewing" },
      ask_exception = { title = { zh = "申请特批", en = "Ask for an exception" }, from = "reviewing", to = "excepting",
        needs = { "note" } },
      except = { title = { zh = "特批通过", en = "Grant the exception" }, from = "excepting", to = "eligible",
        approvals = "policy:approval.exception", never_by = { "$created_by" }, otherwise = "wait", back = "reconsider" },
      wait = { title = { zh = "列入候补", en = "Put on the waiting list" }, from = "eligible", to = "waiting",
        needs = { "plan_line", "waits_since" } },
      admit = { title = { zh = "录取", en = "Admit" }, from = { "eligible", "waiting" }, to = "admitted", needs = { "plan_line" },
        reserve = { pool = "plan_line", limit = "quota", overbook = "policy:seats.overbook" } },
      send_notice = { title = { zh = "发放通知书", en = "Send the notice" }, from = "admitted", to = "notified",
        needs = { "report_on", "report_place" }, message = "notice_sent" },
      confirm = { title = { zh = "确认入学", en = "Confirm" }, from = "notified", to = "confirmed", commit = true },
      arrive = { title = { zh = "报到", en = "Arrive" }, from = "confirmed", to = "arrived", needs = { "class" }, rule = "may_arrive" },
      not_arrived = { title = { zh = "未报到", en = "Not arrived" }, from = "confirmed", to = "absent", needs = { "note" },
        release = true },
      lapse = { title = { zh = "逾期", en = "Lapse" }, from = "notified", to = "lapsed", release = true },
      decline = { title = { zh = "放弃入学", en = "Decline" }, from = { "waiting", "admitted", "notified", "confirmed" },
        to = "declined", release = true },
      withdraw = { title = { zh = "放弃", en = "Withdraw" }, to = "withdrawn", release = true,
        from = { "registered", "reviewing", "refusing", "excepting", "eligible", "waiting", "admitted" } },
    },
  },
  indexes = { { "state", "name" }, { "region", "state" }, { "state", "score" }, { "plan_line", "state" }, { "registered_on" } },
}

return { entities = { applicants = applicants } }
