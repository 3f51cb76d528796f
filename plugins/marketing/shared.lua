-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What several files of marketing say alike: titles, choices, money.
local shared = {}

-- A title in both languages; choices as name, 中文, English, one after the other.
local function T(zh, en) return { zh = zh, en = en } end
local function choices(list)
  local out = {}
  for i = 1, #list, 3 do out[#out + 1] = { name = list[i], title = T(list[i + 1], list[i + 2]) } end
  return out
end
shared.title = T
shared.WAYS = choices { "ads", "广告投放", "Advertising", "social", "社交媒体", "Social media", "offline", "线下活动", "Offline" }
shared.FORMS = choices { "online", "线上", "Online", "on_site", "现场", "On site", "outdoor", "户外", "Outdoor", "print", "印刷品", "Print",
  "broadcast", "广播电视", "Broadcast" }
-- As finance names them.
shared.CATEGORIES = choices { "admissions", "招生", "Admissions", "teaching", "教学支持", "Teaching support", "marketing", "市场推广", "Marketing",
  "staff", "人员", "Staff" }
shared.BRAND = choices { "name", "校名全称", "Full name of the school", "logo", "校徽使用规范", "Logo as prescribed", "colour", "标准色", "Colours",
  "typeface", "标准字体", "Typeface", "slogan", "宣传语", "Slogan", "tone", "表述得体", "Tone" }
shared.QUALITY = choices { "text", "文字与定稿一致", "Text as proofread", "colour", "颜色", "Colour", "paper", "纸张", "Paper",
  "trim", "裁切", "Trimming", "binding", "装订", "Binding" }
-- The indicators of an evaluation, in the order in which they are shown.
shared.INDICATORS = { "awareness", "reputation", "growth", "leads", "traffic", "social" }

-- Whether a list holds a word.
function shared.has(list, word)
  for _, one in ipairs(list or {}) do if one == word then return true end end
  return false
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
