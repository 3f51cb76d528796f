-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What the public fills in and sees: registration, a lead at an event, the status page (ADM-3, ADM-4, ADM-7).
local consent = {
  zh = "学校收集以上信息，只用于本次招生的资格审核、录取和联系，由招生工作人员按权限查看，每次查看身份证号、电话等都有记录；"
    .. "招生结束后按学校规定的期限保存，到期删除。您可以向招生办公室查询、更正或要求删除。"
    .. "\n未满十四周岁的考生，须由父母或其他监护人阅读、同意并勾选“监护人同意”。",
  en = "The school uses this for one purpose: to decide on this application and to be in touch about it. Only admissions staff see it, "
    .. "and every look at identity numbers and telephones is on record. It is kept for the time that the school's rules set, then deleted. "
    .. "Ask the admissions office to see, correct or delete it.\nFor a child under fourteen a parent or guardian reads this, agrees, "
    .. "and ticks “Guardian consents”.",
}

-- What the status page says of each state.
local next_step = {
  registered = { zh = "已收到报名，等待学校受理。请先上传材料。", en = "We have it; the review is about to begin. Please send the documents now." },
  reviewing = { zh = "学校正在审核。材料没有交齐的请补交。", en = "It is being reviewed. Please send documents that are still missing." },
  refusing = { zh = "学校正在复核。", en = "It is being looked at a second time." },
  excepting = { zh = "学校正在研究。", en = "The school is considering it." },
  eligible = { zh = "审核已通过，等待录取。", en = "You are eligible; places are being given out." },
  waiting = { zh = "您在候补名单上，有空额时按顺序递补，请留意短信。", en = "You are on the waiting list; we write when a place is free." },
  admitted = { zh = "已录取，通知书即将发放。", en = "You are admitted; the notice will follow." },
  notified = { zh = "通知书已发放，请在期限前确认是否入学；逾期未确认，名额将递补给他人。",
    en = "The notice is out. Please confirm your place in time; one that is not confirmed goes to the next." },
  confirmed = { zh = "已确认入学。请按下面的时间和地点，带身份证、毕业证原件报到。",
    en = "Your place is confirmed. Come on the day below with the originals of your identity card and diploma." },
  arrived = { zh = "已报到，欢迎入学！", en = "You have arrived: welcome!" },
  absent = { zh = "没有按期报到。如有疑问请联系招生办公室。", en = "You did not come on the day. Please ask the admissions office." },
  lapsed = { zh = "没有在期限内确认，名额已递补。如有疑问请联系招生办公室。", en = "The place was not confirmed in time. Please ask the admissions office." },
  declined = { zh = "您已放弃入学。", en = "You have declined the place." },
  refused = { zh = "审核未通过。可向招生办公室了解原因。", en = "It was not accepted. The admissions office tells you why." },
  withdrawn = { zh = "您已放弃报名。", en = "You have withdrawn." },
}

return {
  register = campus.public { title = { zh = "网上报名", en = "Registration" }, entity = "applicants", code = "tracking",
    fields = { "name", "id_number", "birth_date", "education", "region", "major", "phone", "guardian_name", "guardian_phone",
      "guardian_consent", "campus", "score", "health_note", "activity" },
    via = { activity = "capture_code" }, set = { source = "form" }, consent = consent, serves = { "ADM-4" } },
  lead = campus.public { title = { zh = "咨询登记", en = "Ask us" }, entity = "leads",
    fields = { "name", "phone", "region", "interest", "education", "activity" },
    via = { activity = "capture_code" }, set = { source = "form" }, serves = { "ADM-3" } },
  status = campus.public { title = { zh = "报名进度", en = "Status" }, entity = "applicants", code = "tracking",
    shows = { "state", "due_at", "name", "major", "registered_on", "report_on", "report_place" }, next = next_step, serves = { "ADM-7" } },
  materials = campus.public { title = { zh = "上传材料", en = "Send documents" }, entity = "applicants", code = "tracking",
    files = { "id_card_scan", "diploma_scan", "transcript_scan", "health_form_scan", "photo_scan" }, serves = { "ADM-4" } },
  confirm = campus.public { title = { zh = "确认入学", en = "Confirm your place" }, entity = "applicants", code = "tracking",
    transition = "confirm", serves = { "ADM-6" } },
  decline = campus.public { title = { zh = "放弃入学", en = "Decline your place" }, entity = "applicants", code = "tracking",
    transition = "decline", serves = { "ADM-6" } },
}
