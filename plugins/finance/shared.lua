-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What several files of finance say alike: names of categories and grades, the way of what is approved.
local shared = {}

-- A title in both languages; choices as name, 中文, English, one after the other.
local function T(zh, en) return { zh = zh, en = en } end
local function choices(list)
  local out = {}
  for i = 1, #list, 3 do out[#out + 1] = { name = list[i], title = T(list[i + 1], list[i + 2]) } end
  return out
end
shared.title = T
shared.CATEGORIES = choices { "admissions", "招生", "Admissions", "teaching", "教学支持", "Teaching support", "marketing", "市场推广", "Marketing",
  "staff", "人员", "Staff" }
shared.BUDGETS = choices { "annual", "年度预算", "Annual", "interim", "临时预算", "Interim" }
shared.GRADES = choices { "staff", "一般人员", "Staff", "middle", "中层", "Middle management", "leader", "校领导", "School leaders" }
-- Of a claim as a whole, and of each of its lines.
shared.KINDS = choices { "travel", "差旅", "Travel", "training", "培训会议", "Training", "publicity", "宣传", "Publicity",
  "teaching", "教学耗材", "Teaching materials", "office", "办公", "Office", "other", "其他", "Other" }
shared.SPENT_ON = choices { "hotel", "住宿", "Hotel", "meals", "伙食", "Meals", "local", "市内交通", "Local transport",
  "transport", "城市间交通", "Transport", "goods", "物品", "Goods", "service", "服务", "Services", "other", "其他", "Other" }
shared.SIGNALS = choices { "outlier", "金额偏高", "Far above the usual", "split", "疑似拆分", "Split under a threshold",
  "round", "整数金额", "Round amounts", "weekend", "周末消费", "On a weekend" }
shared.BOOKS = choices { "payable", "应付报销款", "Owed to claimants", "advances", "借款", "Advances" }

-- draft or returned -> in approval -> approved, or rejected; what an entity says of a state or a step is laid over it.
local function laid_over(base, more)
  for name, one in pairs(more or {}) do
    base[name] = base[name] or {}
    for k, v in pairs(one) do base[name][k] = v end
  end
  return base
end
function shared.approved(approvals, never_by, states, steps, who)
  return { start = "draft", states = laid_over({
    draft = { title = T("草拟", "Draft") }, in_approval = { title = T("审批中", "In approval") }, returned = { title = T("已退回", "Returned") },
    approved = { title = T("已批准", "Approved") }, rejected = { title = T("不予批准", "Rejected"), final = true, frees = true },
  }, states), transitions = laid_over({
    submit = { title = T("提交审批", "Submit"), from = { "draft", "returned" }, to = "in_approval" },
    approve = { title = T("同意", "Approve"), from = "in_approval", to = "approved", approvals = approvals, who = who,
      never_by = never_by, otherwise = "climb", back = "send_back", recall = "take_back", paper = "5d" },
    send_back = { title = T("退回", "Send back"), from = "in_approval", to = "returned" },
    take_back = { title = T("撤回", "Take back"), from = "in_approval", to = "draft" },
    reject = { title = T("不予批准", "Reject"), from = "in_approval", to = "rejected" },
  }, steps) }
end

-- 分 as 元 and back: rules get 分, the interface speaks 元.
function shared.yuan(fen)
  return string.format("%s%d.%02d", fen < 0 and "-" or "", math.abs(fen) // 100, math.abs(fen) % 100)
end
function shared.fen(yuan)
  local sign, whole, part = string.match(tostring(yuan or "0"), "^(-?)(%d+)%.?(%d*)$")
  local fen = tonumber(whole) * 100 + tonumber(string.sub(part .. "00", 1, 2))
  return sign == "-" and -fen or fen
end

return shared
