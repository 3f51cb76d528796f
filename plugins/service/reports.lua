-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The figures of the morning: what is open and late, what lies still, how satisfied people are, what keeps coming up.
local T = require("shared").title
local SERVICE = { "service.lead", "customer_service", "manager", "deputy" }
local HEADS = { "service.lead", "manager", "deputy", "principal" }
local function count(name, zh, en, where) return { name = name, title = T(zh, en), where = where } end
local OPEN = { "new", "open" }

return {
  enquiries_open = campus.report {
    title = T("未答复咨询", "Enquiries not answered"), entity = "enquiries", where = { state = OPEN }, chart = "number",
    counts = { count("late", "已超时", "Late", { late = true }), count("late_first", "首次响应超时", "First answer late", { late_first = true }),
      count("urgent", "紧急", "Urgent", { priority = "urgent" }) },
    overview = { roles = SERVICE, order = 1 }, serves = { "SVC-2", "ORG-5" },
  },
  complaints_open = campus.report {
    title = T("未办结投诉", "Complaints not closed"), entity = "complaints", where = { state = { "received", "handling", "replied" } },
      chart = "number",
    counts = { count("late", "已超时", "Late", { late = true }), count("grave", "严重", "Grave", { severity = "high" }),
      count("urged", "被催办", "Urged", { urged = { gte = 1 } }) },
    overview = { roles = HEADS, order = 2 }, serves = { "SVC-3", "ORG-5" },
  },
  enquiries_silent = campus.report {
    title = T("三天以上未答复的咨询", "Enquiries open for three days"), entity = "enquiries", where = { state = OPEN }, group = { "team" },
    chart = "bar", overview = { roles = SERVICE, order = 4, older = "72h" }, serves = { "SVC-2" },
  },
  enquiries_by_topic = campus.report {
    title = T("咨询：类别与时效", "Enquiries by topic"), entity = "enquiries", group = { "topic" },
    counts = { count("handed_over", "转办", "Handed over", { hand_over_count = { gte = 1 } }),
      count("standard", "标准答复", "Standard answer", { article = { empty = false } }),
      count("late_first", "首次响应超时", "First answer late", { late_first = true }), count("late", "办结超时", "Late", { late = true }) },
    chart = "bar", overview = { roles = SERVICE, order = 5, counts = { "handed_over", "standard", "late" } }, serves = { "SVC-1", "SVC-2" },
  },
  answers_used = campus.report {
    title = T("标准答复使用次数", "Use of standard answers"), entity = "enquiries", where = { article = { empty = false } },
    group = { "article.question" }, chart = "bar", serves = { "SVC-1" },
  },
  complaints_by_category = campus.report {
    title = T("投诉：类别与处理", "Complaints by category"), entity = "complaints", group = { "category" },
    counts = { count("upheld", "属实", "Upheld", { outcome = { "upheld", "partly" } }), count("closed", "已办结", "Closed",
      { state = "closed" }),
      count("late", "超时", "Late", { late = true }), count("reopened", "重新办理", "Reopened", { reopened = { gte = 1 } }) },
    avg = { "score" }, chart = "bar", overview = { roles = HEADS, order = 6, counts = { "upheld", "closed", "reopened" } },
      serves = { "SVC-3", "SVC-5" },
  },
  progress_kept = campus.report {
    title = T("进展告知", "Progress told"), entity = "progress", group = { "created_at:month" },
    counts = { count("told", "已告知", "Told", { state = "done" }), count("missed", "曾逾期", "Missed", { missed = true }) },
    chart = "bar", overview = { roles = HEADS, order = 7 }, serves = { "SVC-4" },
  },
  satisfaction = campus.report {
    title = T("回访满意度", "Satisfaction"), entity = "followups", where = { state = "done" }, group = { "updated_at:month" }, avg = { "score" },
    counts = { count("happy", "满意", "Happy", { score = { gte = 4 } }), count("unhappy", "不满意", "Unhappy", { score = { lte = 2 } }) },
    chart = "bar", overview = { roles = HEADS, order = 8 }, serves = { "SVC-5", "ORG-5" },
  },
  suggestions_by_category = campus.report {
    title = T("建议采纳情况", "Suggestions adopted"), entity = "suggestions", group = { "category" },
    counts = { count("adopted", "采纳", "Adopted", { state = { "adopted", "done" } }), count("done", "已落实", "Carried out",
      { state = "done" }),
      count("declined", "未采纳", "Declined", { state = "declined" }) }, chart = "bar", serves = { "SVC-6" },
  },
  visits_by_visitor = campus.report {
    title = T("走访计划完成", "Visits"), entity = "visits", group = { "visitor" },
    counts = { count("done", "已走访", "Done", { state = "done" }), count("planned", "待走访", "Planned", { state = "planned" }) },
    sum = { "found" }, chart = "bar", overview = { roles = { "service.lead", "student_affairs", "deputy" }, order = 9,
      counts = { "done", "planned" } },
    serves = { "SVC-7" },
  },
  helps_by_category = campus.report {
    title = T("帮扶任务", "Help"), entity = "helps", group = { "category" },
    counts = { count("open", "帮扶中", "Open", { state = "open" }), count("solved", "已解决", "Solved", { state = "done" }) },
    chart = "bar", overview = { roles = { "service.lead", "student_affairs", "deputy" }, order = 10 }, serves = { "SVC-7" },
  },
  campaign_reach = campus.report {
    title = T("推送送达", "Campaigns"), entity = "deliveries", group = { "campaign.name" },
    counts = { count("sent", "已发", "Sent", { state = "sent" }), count("left_out", "未发", "Left out", { state = "left_out" }),
      count("opted_out", "退订", "Opted out", { state = "opted_out" }) }, chart = "bar", serves = { "SVC-7" },
  },
  requests_by_team = campus.report {
    title = T("部门协作", "Support between departments"), entity = "requests", group = { "team" },
    counts = { count("done", "已完成", "Done", { state = { "done", "thanked" } }), count("declined", "未接受", "Declined",
      { state = "declined" }) },
    avg = { "rating" }, chart = "bar", serves = { "SVC-9" },
  },
}
