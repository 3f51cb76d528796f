-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What several files of teaching say alike: titles and choices, days, sums of money, the way of what is approved.
local shared = {}

-- A title in both languages; choices as name, 中文, English, one after the other.
local function T(zh, en) return { zh = zh, en = en } end
function shared.choices(list)
  local out = {}
  for i = 1, #list, 3 do out[#out + 1] = { name = list[i], title = T(list[i + 1], list[i + 2]) } end
  return out
end
shared.title = T
shared.KINDS = shared.choices { "textbook", "教材", "Textbooks", "aid", "教具", "Teaching aids", "equipment", "设备", "Equipment",
  "consumable", "耗材", "Consumables" }
shared.ACTIVITIES = shared.choices { "class", "课堂教学", "Class", "lab", "实训", "Lab", "internship", "实习", "Internship" }

-- draft or returned -> in approval -> approved, or rejected; what an entity says of a state or a step is laid over it.
local function laid_over(base, more)
  for name, one in pairs(more or {}) do
    base[name] = base[name] or {}
    for k, v in pairs(one) do base[name][k] = v end
  end
  return base
end
function shared.approved(approvals, never_by, states, steps)
  return { start = "draft", states = laid_over({
    draft = { title = T("草拟", "Draft") }, in_approval = { title = T("审批中", "In approval") }, returned = { title = T("已退回", "Returned") },
    approved = { title = T("已批准", "Approved") }, rejected = { title = T("不予批准", "Rejected"), final = true },
  }, states), transitions = laid_over({
    submit = { title = T("提交审批", "Submit"), from = { "draft", "returned" }, to = "in_approval" },
    approve = { title = T("同意", "Approve"), from = "in_approval", to = "approved", approvals = approvals, never_by = never_by,
      otherwise = "climb", back = "send_back", recall = "take_back", paper = "5d" },
    send_back = { title = T("退回", "Send back"), from = "in_approval", to = "returned" },
    take_back = { title = T("撤回", "Take back"), from = "in_approval", to = "draft" },
    reject = { title = T("不予批准", "Reject"), from = "in_approval", to = "rejected" },
  }, steps) }
end

-- 元 as 分 and back: rules get 分, the interface speaks 元.
function shared.fen(yuan)
  local whole, part = string.match(tostring(yuan or "0"), "^(%d+)%.?(%d*)$")
  return tonumber(whole) * 100 + tonumber(string.sub(part .. "00", 1, 2))
end
function shared.yuan(fen) return string.format("%d.%02d", fen // 100, fen % 100) end

-- The day so many days after another, which may be before it.
function shared.day_after(day, n)
  local days = campus.date.days_between("1970-01-01", day) + n + 719468
  local era = days // 146097
  local doe = days - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp + (mp < 10 and 3 or -9)
  return string.format("%04d-%02d-%02d", yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1)
end
-- Monday of the week that a day is in; the first teaching week is the one of the term's first day.
function shared.monday(day) return shared.day_after(day, -(campus.date.days_between("1970-01-05", day) % 7)) end

-- The lines of a text that are not empty: a plan has one for each week.
function shared.lines(text)
  local out = {}
  for line in string.gmatch(text or "", "[^\r\n]+") do
    line = string.gsub(line, "^%s+", "")
    line = string.gsub(line, "%s+$", "")
    if line ~= "" then out[#out + 1] = line end
  end
  return out
end

return shared
