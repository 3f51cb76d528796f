-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Personnel (HR-1 to HR-8): who is wanted, found, checked and hired; what everybody is to learn, and what they have learned.
local T = require("shared").title
local out = {
  title = T("人事", "Personnel"), version = "1.0.0", needs = { "finance.lines" },
  entities = {}, rules = {}, on = require "handlers", every = require("files").every, actions = {}, reports = require "reports",
    public = require "portal",
  scorecards = {
    interview = campus.scorecard {
      title = T("面试评分", "Interview"), about = "candidates", min_raters = 2, weights = "policy:interview.weights",
        serves = { "HR-3" },
      criteria = {
        { name = "knowledge", title = T("专业能力", "Knowledge of the field") },
          { name = "practice", title = T("实操（试讲）", "Practice, trial lesson") },
        { name = "manner", title = T("沟通表达", "Manner") },
          { name = "ethics", title = T("师德与责任心", "Ethics and responsibility") },
      },
    },
  },
  documents = {
    notice = {   -- at a fair or on a wall: whoever scans it applies, and came by this posting
      title = T("招聘启事", "Notice of a vacancy"), entity = "postings", states = { "published" }, many = true, serves = { "HR-2" },
      template = { zh = "templates/notice.html", en = "templates/notice.en.html" },
      qr = "{address}/public/personnel/apply?posting={code}",
    },
    offer = {
      title = T("录用通知书", "Letter of offer"), entity = "candidates",
        template = { zh = "templates/offer.html", en = "templates/offer.en.html" },
      states = { "offered", "accepted" }, number = "{year}聘字第{seq:4}号", seal = T("清河职业学校", "Seal"), serves = { "HR-5" },
    },
    record = {
      title = T("培训档案表", "Training record"), entity = "training_files", many = true, qr = "{link}",
      template = { zh = "templates/record.html", en = "templates/record.en.html" }, serves = { "HR-8" },
    },
  },
  exports = {
    ranking = campus.export {
      title = T("成绩排名表", "Ranking"), entity = "candidates", purpose = "招聘成绩汇总与公示", serves = { "HR-3" },
      where = { state = { "ranked", "checking", "cleared", "offered", "accepted", "hired" } },
      fields = { "post", "rank", "number", "name", "screening_score", "written_score", "interview_score", "overall" },
    },
    appraisal = campus.export {
      title = T("培训情况（供绩效考核）", "Training, for appraisal"), entity = "training_files",
        purpose = "绩效考核、晋升与奖惩依据",
      fields = { "year", "name", "department", "post", "category", "hours", "required", "missing", "external", "average" },
      serves = { "HR-8" },
    },
  },
  messages = {
    interview_set = campus.message {
      title = T("面试通知", "Interview"), entity = "candidates", to = { "phone" }, channels = { "sms" }, serves = { "HR-3" },
      text = T("{name}您好，您应聘的{post}岗位面试定于{interview_on}，{interview_place}。可凭查询码查看进度。",
        "{name}, your interview for {post} is on {interview_on}, {interview_place}. Your code shows how far it is."),
    },
    panel_set = campus.message {
      title = T("面试安排", "You are on a panel"), entity = "candidates", to = { "lead", "panel_2", "panel_3" },
        channels = { "mail" }, serves = { "HR-3" },
      text = T("{post}岗位面试（{number}）定于{interview_on}，{interview_place}，请到面试评分中打分。",
        "Interview for {post} ({number}) on {interview_on}, {interview_place}. Please fill in your card."),
    },
    offer_made = campus.message {
      title = T("录用通知", "Offer"), entity = "candidates", to = { "phone" }, channels = { "sms" }, serves = { "HR-5" },
      text = T("{name}您好，我校拟录用您为{post}，请于{offer_until}前在查询页确认是否接受。",
        "{name}, we offer you the post of {post}. Please answer by {offer_until} on the status page."),
    },
  },
  obligations = {
    training_plan = campus.obligation {
      title = T("年度培训计划", "Training plan of the year"), serves = { "HR-6" }, period = "yearly", within = "40wd",
        owner = "role:hr",
      remind = { "10wd" }, escalate = { { after = "1wd", to = "role:manager" } }, evidence = "record of personnel.training_plans",
    },
    training_statistics = campus.obligation {
      title = T("培训情况统计与档案核对", "Training statistics, files checked"), serves = { "HR-8" },
        period = "policy:training.period",
      within = "10wd", owner = "role:hr", remind = { "3wd" }, escalate = { { after = "1wd", to = "role:manager" } }, evidence = "note",
    },
  },
}
local function add(part, list) for name, one in pairs(list or {}) do part[name] = one end end
for _, file in ipairs { require "plans", require "candidates", require "selection", require "employees", require "training",
  require "sessions",
  require "files" } do
  add(out.entities, file.entities)
  add(out.rules, file.rules)
  add(out.actions, file.actions)
end
return out
