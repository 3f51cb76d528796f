-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What an applicant fills in and sees, by a telephone, without an account (HR-2, HR-3).
local T = require("shared").title
local consent = T(
  "学校收集以上信息，只用于本次招聘的筛选、笔试面试、背景核查和联系，由人事和面试人员按权限查看，查看手机号、身份证号、简历等都有记录；"
    .. "拟录用前学校将核实学历、工作经历并按规定进行教职员工准入查询。招聘结束后按学校规定的期限保存，到期删除。您可以向人事查询、更正或要求删除。",
  "The school uses this to decide on this application and to be in touch about it. Personnel and the interview panel see it; every look at "
    .. "telephone, identity number or résumé is on record. Before an offer the school checks education, employment and "
    .. "whether the law lets you work at a school. It is kept for the "
    .. "time that the school's rules set, then deleted. Ask personnel to see, correct or delete it.")

local next_step = {
  applied = T("已收到应聘，等待筛选。请上传简历和证书。", "We have it. Please send your résumé and certificates."),
  shortlisted = T("初筛已通过，请等待笔试、面试通知。", "You are on the short list; we write about test and interview."),
  interviewing = T("请按下面的时间和地点参加面试。", "Please come to the interview at the time and place below."),
  ranked = T("面试已结束，等待结果。", "The interview is over; please wait for the result."),
  checking = T("学校正在核实有关情况。", "The school is checking what you told us."),
  cleared = T("学校正在研究录用。", "The school is deciding on an offer."),
  offered = T("学校拟录用您，请在截止日期前确认是否接受。", "The school offers you the post. Please answer in time."),
  accepted = T("您已接受录用，请按到岗日期办理入职。", "You have accepted. Please come on the day below."),
  hired = T("已到岗，欢迎加入！", "Welcome!"),
    rejected = T("很遗憾，本次未能录用。", "We are sorry: it was not you this time."),
  withdrawn = T("您已退出应聘。", "You have withdrawn."),
    declined = T("您已放弃录用，或答复已逾期。", "You have declined, or the time to answer is over."),
}

local function by_code(options)
  options.entity, options.code, options.serves = "candidates", "tracking", options.serves or { "HR-3" }
  return campus.public(options)
end
return {
  apply = by_code { title = T("网上应聘", "Apply"), via = { posting = "code" }, consent = consent, serves = { "HR-2" },
    fields = { "name", "phone", "email", "id_number", "education", "school", "experience", "posting" } },
  status = by_code { title = T("应聘进度", "Status"), next = next_step,
    shows = { "state", "name", "post", "interview_on", "interview_place", "offer_until", "start_on" } },
  papers = by_code { title = T("上传简历与证书", "Send your papers"), files = { "resume", "certificates" } },
  accept = by_code { title = T("接受录用", "Accept the offer"), transition = "accept", serves = { "HR-5" } },
  decline = by_code { title = T("放弃录用", "Decline the offer"), transition = "decline", serves = { "HR-5" } },
  withdraw = by_code { title = T("退出应聘", "Withdraw"), transition = "withdraw" },
}
