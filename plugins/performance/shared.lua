-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What several files of performance say alike: names of sources and grades, the way of what is approved,
-- what is confidential, and work done on many records by a handler that has little time.
local shared = {}
local field = campus.field

-- A title in both languages; choices as name, 中文, English, one after the other.
local function T(zh, en) return { zh = zh, en = en } end
local function choices(list)
  local out = {}
  for i = 1, #list, 3 do out[#out + 1] = { name = list[i], title = T(list[i + 1], list[i + 2]) } end
  return out
end
shared.title, shared.choices = T, choices
shared.PERIODS = choices { "monthly", "月度", "Monthly", "quarterly", "季度", "Quarterly", "termly", "学期", "Termly", "yearly",
  "年度", "Yearly" }
shared.SOURCES = choices { "superior", "上级", "Superior", "peer", "同事", "Peers", "self", "本人", "Self", "audience", "学生、家长",
  "Students and parents" }
shared.RATERS = choices { "superior", "上级", "Superior", "peer", "同事", "Peers", "self", "本人", "Self" }
shared.SCORING = choices { "mean", "平均分", "Mean", "trimmed", "去掉最高分和最低分后平均", "Mean without the highest and the lowest" }
shared.GRADES = choices { "excellent", "优秀", "Excellent", "good", "良好", "Good", "qualified", "合格", "Qualified", "basic",
  "基本合格", "Barely qualified",
  "failed", "不合格", "Failed" }
shared.LEVELS = choices { "school", "校级", "School", "county", "县级", "County", "city", "市级", "City", "province", "省级", "Province",
  "national", "国家级", "National" }

-- A field of what concerns one person and is nobody else's business.
function shared.sealed(kind, zh, en, more)
  local opts = { title = T(zh, en), class = "confidential", personal = true }
  for k, v in pairs(more or {}) do opts[k] = v end
  return field[kind](opts)
end

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

-- Some records of a list; what is left is for the next call, which the event `again` about the record `of` makes.
-- What a rule refuses stays where it is: whoever presses the step is told why.
function shared.some(ctx, entity, filters, of, again, fn)
  filters.limit = 30
  local page, err = ctx:find(entity, filters)
  if not page then return nil, err end
  local moved = false
  for _, one in ipairs(page.items) do
    local done, why = fn(one)
    if not done and why.code ~= "rule_refused" then return nil, why end
    moved = moved or done
  end
  if page.next and moved then return ctx:emit(again, of.entity, of.id) end
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
-- A score as it is kept and read: two places, without those that say nothing.
function shared.number(n) return (string.format("%.2f", n):gsub("%.?0+$", "")) end

return shared
