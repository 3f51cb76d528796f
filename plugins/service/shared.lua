-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What several files of customer service say alike: topics, teams, ways, who asks, clocks and the way of what is approved.
local field = campus.field
local shared = {}

-- A title in both languages; choices as name, 中文, English, one after the other.
local function T(zh, en) return { zh = zh, en = en } end
local function choices(list)
  local out = {}
  for i = 1, #list, 3 do out[#out + 1] = { name = list[i], title = T(list[i + 1], list[i + 2]) } end
  return out
end
shared.title = T
shared.TOPICS = choices { "admission", "招生", "Admission", "teaching", "教学", "Teaching", "employment", "就业实习", "Employment",
  "fees", "收费", "Fees", "life", "学生生活", "Student life", "other", "其他", "Other" }
shared.PRIORITIES = choices { "normal", "普通", "Normal", "urgent", "紧急", "Urgent" }
shared.SEVERITIES = choices { "low", "一般", "Minor", "medium", "较重", "Serious", "high", "严重", "Grave" }
shared.WAYS = choices { "phone", "电话", "Telephone", "form", "网上", "Online", "visit", "来访", "In person", "message", "短信/微信", "Message",
  "mail", "邮件", "Mail" }
-- Each is the name of a role: who holds it finds what is handed to the team in the inbox.
shared.TEAMS = choices { "customer_service", "客户服务组", "Customer service", "admissions.lead", "招生组", "Admissions",
  "teaching.lead", "教学支持组", "Teaching support", "student_affairs", "学生事务", "Student affairs",
  "marketing.lead", "市场推广组", "Marketing", "finance", "财务", "Finance" }

-- Whoever it was, their name and number are sealed under their own key.
function shared.name(title, more)
  return field.text { title = title, class = more, personal = true, max_length = 60, mask = "name" }
end
function shared.phone()
  return field.text { title = T("联系电话", "Telephone"), class = "confidential", personal = true, searchable = true,
    check = "mobile", mask = "mobile" }
end
-- What its sender asks by how far it is: told once, at the end of the form.
function shared.tracking()
  return field.text { title = T("查询码", "Code"), default = "$code", unique = true, class = "secret", searchable = true, max_length = 16 }
end
function shared.student() return field.reference { to = "basics.students", title = T("学生", "Student") } end
function shared.family() return field.reference { to = "basics.families", title = T("家庭", "Family"), derived = "student.family" } end

-- draft -> in_review -> where the signature leads; one's own is signed by another.
function shared.reviewed(approvals, to, rule, states, more)
  states.draft = { title = T("草稿", "Draft") }
  states.in_review = { title = T("审核中", "In review") }
  more.submit = { title = T("提交审核", "Submit"), from = { "draft", table.unpack(more.again or {}) }, to = "in_review", rule = rule }
  more.approve = { title = T("审核通过", "Approve"), from = "in_review", to = to, approvals = approvals,
    never_by = { "$created_by" }, otherwise = "climb", back = "send_back", recall = "take_back" }
  more.send_back = { title = T("退回修改", "Send back"), from = "in_review", to = "draft" }
  more.take_back = { title = T("撤回", "Take back"), from = "in_review", to = "draft" }
  more.again = nil
  return { start = "draft", states = states, transitions = more }
end

-- The first record that fits, or nil.
function shared.first(ctx, entity, filters)
  filters.limit = 1
  local page, err = ctx:find(entity, filters)
  if not page then return nil, err end
  return page.items[1]
end
-- Each record that fits is moved on; those of one case are few.
function shared.each(ctx, entity, filters, run)
  filters.limit = 100
  local page, err = ctx:find(entity, filters)
  for _, one in ipairs(page and page.items or {}) do
    local done, why = run(one)
    if not done then return nil, why end
  end
  return page ~= nil, err
end

return shared
