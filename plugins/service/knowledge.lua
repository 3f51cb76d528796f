-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The knowledge base: standard answers, each signed by another than its writer and looked at again in time (SVC-1).
local field, shared = campus.field, require "shared"
local T = shared.title

local articles = campus.entity {
  title = T("标准答复", "Standard answers"), serves = { "SVC-1" },
  fields = {
    question = field.text { title = T("问题", "Question"), required = true, max_length = 200, search = true },
    topic = field.choice { title = T("类别", "Topic"), required = true, choices = shared.TOPICS },
    keywords = field.text { title = T("关键词", "Keywords"), required = true, max_length = 200, search = true,
      help = T("用空格分开，如：学费 缴费 助学金；咨询中出现这些词时推荐本条", "with spaces between; an enquiry that has them is given this answer") },
    answer = field.longtext { title = T("标准答复", "Answer"), required = true, max_length = 2000, search = true },
    basis = field.text { title = T("依据", "Rests on"), max_length = 200 },
  },
  workflow = shared.reviewed("policy:approval.answers", "approved", nil, {
    approved = { title = T("启用", "Approved"), deadline = { within = "policy:knowledge.review", owner = "role:service.lead",
      remind = { "5d" }, lapse = "expire" } },
    expired = { title = T("待复核", "To be looked at again"), todo = "role:service.lead" },
    retired = { title = T("停用", "Retired"), final = true },
  }, {
    again = { "expired" },
    revise = { title = T("修订", "Revise"), from = { "approved", "expired" }, to = "draft" },
    expire = { title = T("到期复核", "Expire"), from = "approved", to = "expired" },
    retire = { title = T("停用", "Retire"), from = { "draft", "approved", "expired" }, to = "retired" },
  }),
  indexes = { { "state", "topic" } },
}

-- The approved answer with most of its keywords in the question, and those of its topic first.
local function suggest(ctx, question, topic)
  local text, best, most, cursor = question:lower(), nil, 0, nil
  for _ = 1, 4 do
    local page, err = ctx:find("articles", { state = "approved", limit = 200, cursor = cursor })
    if not page then return nil, err end
    for _, article in ipairs(page.items) do
      local score = 0
      for word in article.keywords:lower():gmatch("%S+") do
        if text:find(word, 1, true) then score = score + #word end
      end
      if score > 0 and article.topic == topic then score = score + 1000 end
      if score > most then best, most = article.id, score end
    end
    cursor = page.next
    if not cursor then break end
  end
  return best
end

return { entities = { articles = articles }, suggest = suggest }
