-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What students say about teaching, and what observation and inspection found: somebody has it, answers, improves, and somebody
-- else verifies that it helped (TCH-7).
local field, shared = campus.field, require "shared"
local T, choices = shared.title, shared.choices

local TOPICS = choices { "teaching", "教学内容与方法", "Content and methods", "progress", "教学进度", "Progress",
  "homework", "作业与考核", "Homework and examinations", "materials", "教材与设备", "Materials and equipment",
  "practice", "实训实习", "Practice", "order", "课堂秩序", "Order", "other", "其他", "Other" }
local SOURCES = choices { "student", "学生反馈", "Students", "meeting", "学生座谈会", "A meeting", "evaluation", "学生评教", "Evaluation",
  "observation", "听课", "Observation", "inspection", "教学检查", "Inspection", "patrol", "教学巡查", "Patrol" }

local feedback = campus.entity {
  title = T("教学反馈", "Feedback"), subject = "self", serves = { "TCH-7" },
  overview = { roles = { "teaching.lead", "teaching.staff", "teacher" }, order = 7, date = "due_at", who = "assignee", days = 30 },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "JF{year}-{seq:5}" },
    title = field.text { title = T("问题概要", "Matter"), required = true, max_length = 120, search = true },
    topic = field.choice { title = T("类别", "Topic"), required = true, choices = TOPICS },
    source = field.choice { title = T("来源", "Source"), required = true, default = "student", choices = SOURCES },
    content = field.longtext { title = T("反馈内容", "What was said"), required = true, max_length = 2000 },
    class = field.reference { to = "basics.classes", title = T("班级", "Class") },
    course = field.reference { to = "courses", title = T("课程", "Course") },
    from_whom = field.text { title = T("反馈人", "From whom"), class = "confidential", personal = true, max_length = 60, mask = "name",
      help = T("可以不填；只有需要联系的人看得到", "may stay empty; seen by who has to get in touch") },
    code = field.text { title = T("查询码", "Code"), class = "secret", unique = true, searchable = true, default = "$code", max_length = 16 },
    assignee = field.person { title = T("承办人", "Assignee") },
    answer = field.longtext { title = T("答复", "Answer"), max_length = 2000 },
    measure = field.longtext { title = T("改进措施", "Improvement measure"), max_length = 2000 },
    measure_by = field.date { title = T("改进期限", "To be improved by") },
    effect = field.longtext { title = T("改进结果", "What came of it"), max_length = 2000 },
    verification = field.longtext { title = T("验证意见", "Verification"), max_length = 1000 },
  },
  workflow = { start = "open",
    states = {
      open = { title = T("待分派", "Open"), todo = "role:teaching.lead", deadline = { within = "policy:deadlines.assign",
        owner = "role:teaching.lead",
        escalate = { { after = "1wd", to = "role:manager" } } } },
      assigned = { title = T("待答复", "Assigned"), todo = "assignee", deadline = { within = "policy:deadlines.answer",
        owner = "assignee", remind = { "1wd" },
        escalate = { { after = "1wd", to = "role:teaching.lead" } } } },
      answered = { title = T("已答复，待定措施", "Answered"), todo = "assignee", deadline = { within = "policy:deadlines.measure",
        owner = "assignee",
        escalate = { { after = "1wd", to = "role:teaching.lead" } } } },
      improving = { title = T("改进中", "Improving"), todo = "assignee", deadline = { within = "field:measure_by",
        owner = "assignee", remind = { "2wd" },
        escalate = { { after = "1wd", to = "role:teaching.lead" } } } },
      improved = { title = T("待验证", "To be verified"), todo = "role:teaching.lead", deadline = { within = "policy:deadlines.verify",
        owner = "role:teaching.lead", escalate = { { after = "1wd", to = "role:manager" } } } },
      verified = { title = T("已验证", "Verified"), final = true },
      declined = { title = T("不采纳", "Declined"), final = true },
    },
    transitions = {
      assign = { title = T("分派", "Assign"), from = { "open", "assigned" }, to = "assigned", needs = { "assignee" } },
      reply = { title = T("答复", "Answer"), from = "assigned", to = "answered", needs = { "answer" } },
      improve = { title = T("制定改进措施", "Improve"), from = "answered", to = "improving", needs = { "measure", "measure_by" } },
      finish = { title = T("改进完成", "Improved"), from = "improving", to = "improved", needs = { "effect" } },
      verify = { title = T("验证通过", "Verified"), from = "improved", to = "verified", needs = { "verification" },
        rule = "verified_by_another" },
      recheck = { title = T("未达效果，继续改进", "Not yet"), from = "improved", to = "improving", needs = { "verification", "measure_by" } },
      decline = { title = T("不采纳", "Decline"), from = { "open", "answered" }, to = "declined", needs = { "answer" } },
    } },
  indexes = { { "state", "due_at" }, { "course", "state" }, { "topic" }, { "assignee", "state" } },
}

-- A measure that has not had its answer and its effect written down is not over.
local function verified_by_another(f)
  local why = campus.reasons()
  why:check(f.answer and f.measure and f.effect, { code = "no_effect", at = "effect" })
  return why:decision()
end

local SAID = { zh = "我同意学校为处理本反馈使用所填信息；姓名可以不填。",
  en = "I agree that the school uses what I wrote to deal with it; the name may stay empty." }
return {
  entities = { feedback = feedback },
  rules = { verified_by_another = campus.rule { run = verified_by_another, reads = { "answer", "measure", "effect" },
    serves = { "TCH-7" } } },
  public = {
    feedback = campus.public { title = T("教学反馈", "Feedback on teaching"), entity = "feedback", code = "code",
      fields = { "title", "topic", "content", "from_whom" }, set = { source = "student" }, consent = SAID, serves = { "TCH-7" } },
    feedback_status = campus.public { title = T("反馈进度查询", "What became of it"), entity = "feedback", code = "code", serves = { "TCH-7" },
      shows = { "state", "number", "title", "answer" },
      next = { open = T("等待分派承办人", "Somebody is about to be given it"), assigned = T("承办人正在了解情况", "Somebody is looking into it"),
        answered = T("已答复，正在制定改进措施", "Answered; a measure is being thought of"), improving = T("正在改进", "It is being improved"),
        improved = T("改进完成，等待验证", "Improved; to be verified"), verified = T("已验证改进效果", "Verified"), declined = T("已说明理由",
          "Declined, with the reason") } },
  },
}
