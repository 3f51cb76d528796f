-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What several files of finance say alike: names of categories and grades, the way of what is approved.
local shared = {}

shared.CATEGORIES = {
  { name = "admissions", title = { zh = "招生", en = "Admissions" } }, { name = "teaching", title = { zh = "教学支持", en = "Teaching support" } },
  { name = "marketing", title = { zh = "市场推广", en = "Marketing" } }, { name = "staff", title = { zh = "人员", en = "Staff" } },
}
shared.BUDGETS = {
  { name = "annual", title = { zh = "年度预算", en = "Annual" } }, { name = "interim", title = { zh = "临时预算", en = "Interim" } },
}
shared.GRADES = {
  { name = "staff", title = { zh = "一般人员", en = "Staff" } }, { name = "middle", title = { zh = "中层", en = "Middle management" } },
  { name = "leader", title = { zh = "校领导", en = "School leaders" } },
}
-- Of a claim as a whole, and of each of its lines.
shared.KINDS = {
  { name = "travel", title = { zh = "差旅", en = "Travel" } }, { name = "training", title = { zh = "培训会议", en = "Training" } },
  { name = "publicity", title = { zh = "宣传", en = "Publicity" } }, { name = "teaching", title = { zh = "教学耗材", en = "Teaching materials" } },
  { name = "office", title = { zh = "办公", en = "Office" } }, { name = "other", title = { zh = "其他", en = "Other" } },
}
shared.SPENT_ON = {
  { name = "hotel", title = { zh = "住宿", en = "Hotel" } }, { name = "meals", title = { zh = "伙食", en = "Meals" } },
  { name = "local", title = { zh = "市内交通", en = "Local transport" } }, { name = "transport", title = { zh = "城市间交通", en = "Transport" } },
  { name = "goods", title = { zh = "物品", en = "Goods" } }, { name = "service", title = { zh = "服务", en = "Services" } },
  { name = "other", title = { zh = "其他", en = "Other" } },
}

shared.SIGNALS = {
  { name = "outlier", title = { zh = "金额偏高", en = "Far above the usual" } }, { name = "split", title = { zh = "疑似拆分", en = "Split under a threshold" } },
  { name = "round", title = { zh = "整数金额", en = "Round amounts" } }, { name = "weekend", title = { zh = "周末消费", en = "On a weekend" } },
}

local STATES = {
  draft = { title = { zh = "草拟", en = "Draft" } }, in_approval = { title = { zh = "审批中", en = "In approval" } },
  returned = { title = { zh = "已退回", en = "Returned" } },
}
function shared.approved_states(more)
  for name, state in pairs(STATES) do more[name] = more[name] or state end
  return more
end

local function laid_over(base, more)
  for k, v in pairs(more or {}) do base[k] = v end
  return base
end
-- draft or returned -> in approval -> approved; what a step says besides is laid over it.
function shared.approved_by(approvals, never_by, steps, who)
  local base = {
    submit = { title = { zh = "提交审批", en = "Submit" }, from = { "draft", "returned" }, to = "in_approval" },
    approve = { title = { zh = "同意", en = "Approve" }, from = "in_approval", to = "approved", approvals = approvals, who = who,
      never_by = never_by, otherwise = "climb", back = "send_back", recall = "take_back", paper = "5d" },
    send_back = { title = { zh = "退回", en = "Send back" }, from = "in_approval", to = "returned" },
    take_back = { title = { zh = "撤回", en = "Take back" }, from = "in_approval", to = "draft" },
  }
  for name, step in pairs(steps) do base[name] = laid_over(base[name] or {}, step) end
  return base
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
