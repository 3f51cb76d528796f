-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What the public fills in and sees: registration, a lead at an event, the status page (ADM-3, ADM-4, ADM-7).
return {
  register = campus.public { title = { zh = "网上报名", en = "Registration" }, entity = "applicants", code = "tracking",
    fields = { "name", "id_number", "birth_date", "education", "region", "major", "phone", "guardian_name", "guardian_phone",
      "guardian_consent", "campus", "score", "health_note", "activity" },
    via = { activity = "capture_code" }, set = { source = "form" }, serves = { "ADM-4" } },
  lead = campus.public { title = { zh = "咨询登记", en = "Ask us" }, entity = "leads",
    fields = { "name", "phone", "region", "interest", "education", "activity" },
    via = { activity = "capture_code" }, set = { source = "form" }, serves = { "ADM-3" } },
  status = campus.public { title = { zh = "报名进度", en = "Status" }, entity = "applicants", code = "tracking",
    shows = { "state", "name", "major", "registered_on", "report_on", "report_place" }, serves = { "ADM-7" } },
  materials = campus.public { title = { zh = "上传材料", en = "Send documents" }, entity = "applicants", code = "tracking",
    files = { "id_card_scan", "diploma_scan", "transcript_scan", "health_form_scan", "photo_scan" }, serves = { "ADM-4" } },
  confirm = campus.public { title = { zh = "确认入学", en = "Confirm your place" }, entity = "applicants", code = "tracking",
    transition = "confirm", serves = { "ADM-6" } },
  decline = campus.public { title = { zh = "放弃入学", en = "Decline your place" }, entity = "applicants", code = "tracking",
    transition = "decline", serves = { "ADM-6" } },
}
