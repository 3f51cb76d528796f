-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What several files of personnel say alike: choices, the way of what is approved, how far a month is.
local shared = {}

-- A title in both languages; choices as name, 中文, English, one after the other.
local function T(zh, en) return { zh = zh, en = en } end
local function choices(list)
  local out = {}
  for i = 1, #list, 3 do out[#out + 1] = { name = list[i], title = T(list[i + 1], list[i + 2]) } end
  return out
end
shared.title = T
shared.CATEGORIES = choices { "management", "管理岗", "Management", "teaching", "教学岗", "Teaching", "service",
  "工勤与服务岗", "Service" }
shared.EDUCATION = choices { "secondary", "高中（中专）", "Secondary", "college", "大专", "College", "bachelor", "本科",
  "Bachelor",
  "master", "硕士", "Master", "doctor", "博士", "Doctor" }
shared.CHANNELS = choices { "website", "学校官网", "School website", "wechat", "微信公众号", "WeChat", "job_site",
  "招聘网站", "Job site",
  "fair", "现场招聘会", "Job fair", "campus", "高校校招", "Universities", "referral", "内部推荐", "Referral", "other",
    "其他", "Other" }
-- The regulation's four kinds of internal training, and who gives it.
shared.KINDS = choices { "law", "法律法规与政策", "Law and policy", "culture", "校园文化", "School culture", "business",
  "业务知识", "Business knowledge",
  "skills", "业务技能", "Skills" }
shared.TRAINERS = choices { "leader", "校（部门）领导", "Leader", "expert", "专家", "Expert", "key_staff", "业务骨干",
  "Key staff",
  "outside", "外部机构", "Outside institution" }
shared.WAYS = choices { "internal", "内部培训", "Internal", "external", "外部培训", "External" }
shared.BASES = choices { "post", "岗位需要", "The post", "growth", "个人发展", "Personal growth" }
shared.RESULTS = choices { "attended", "参加", "Attended", "passed", "合格", "Passed", "failed", "不合格", "Failed" }
shared.TERMS = choices { "fixed", "固定期限", "Fixed term", "open", "无固定期限", "Open-ended" }

-- draft or returned -> in approval -> approved, or rejected; steps are laid over it.
function shared.approved(approvals, states, steps)
  local out = { start = "draft", states = {
    draft = { title = T("草拟", "Draft") }, in_approval = { title = T("审批中", "In approval") },
      returned = { title = T("已退回", "Returned") },
    approved = { title = T("已批准", "Approved") }, rejected = { title = T("不予批准", "Rejected"), final = true },
  }, transitions = {
    submit = { title = T("提交审批", "Submit"), from = { "draft", "returned" }, to = "in_approval" },
    approve = { title = T("同意", "Approve"), from = "in_approval", to = "approved", approvals = approvals, never_by = { "$created_by" },
      otherwise = "climb", back = "send_back", recall = "take_back", paper = "5d" },
    send_back = { title = T("退回", "Send back"), from = "in_approval", to = "returned" },
    take_back = { title = T("撤回", "Take back"), from = "in_approval", to = "draft" },
    reject = { title = T("不予批准", "Reject"), from = "in_approval", to = "rejected" },
    revise = { title = T("修订", "Revise"), from = "approved", to = "draft", needs = { "note" } },
    close = { title = T("完成", "Close"), from = "approved", to = "closed", needs = { "note" } },
  } }
  out.states.closed = { title = T("已完成", "Closed"), final = true }
  for name, one in pairs(states or {}) do out.states[name] = one end
  for name, one in pairs(steps) do for k, v in pairs(one) do out.transitions[name][k] = v end end
  return out
end

-- "2027-01-31" and 1 -> "2027-02-28"
local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
function shared.months_on(day, months)
  local y, m, d = string.match(day, "^(%d+)-(%d+)-(%d+)$")
  local n = tonumber(m) - 1 + months
  y, m = tonumber(y) + n // 12, n % 12 + 1
  local last = m == 2 and (y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0)) and 29 or DAYS[m]
  return string.format("%04d-%02d-%02d", y, m, math.min(tonumber(d), last))
end

return shared
