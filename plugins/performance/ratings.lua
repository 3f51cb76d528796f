-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What superior, peers and the person say: one rating each, whose marks are sealed and read by the counting alone;
-- students and parents answer a survey (PERF-2).
local field, shared = campus.field, require "shared"
local T, sealed = shared.title, shared.sealed

local function form(marked)
  return field.list { title = T("评价", "Marks"), required = marked, fields = {
    indicator = field.text { title = T("指标", "Indicator"), required = true, max_length = 60 },
    standard = not marked and field.text { title = T("评价标准", "Standard"), max_length = 400 } or nil,
    mark = marked and field.integer { title = T("打分（0–100）", "Mark (0–100)"), min = 0, max = 100 } or nil } }
end

local ratings = campus.entity {
  title = T("评价表", "Ratings"), subject = "person", serves = { "PERF-2" }, part_of = "appraisal",
  fields = {
    appraisal = field.reference { to = "appraisals", title = T("绩效考核", "Appraisal"), required = true },
    name = field.text { title = T("被评价人", "Who is rated"), derived = "appraisal.name" },
    post = field.text { title = T("岗位", "Post"), derived = "appraisal.post" },
    person = field.person { title = T("被评价人账号", "Their account"), derived = "appraisal.person" },
    due_on = field.date { title = T("截止", "Until"), derived = "appraisal.rate_by" },
    source = field.choice { title = T("评价来源", "Source"), required = true, choices = shared.RATERS },
    rater = field.person { title = T("评价人", "Rater"), required = true },
    marks = form(false),
    given = field.text { title = T("打分（加密）", "Marks given"), class = "secret", max_length = 200,
      pattern = "(100|[0-9]{1,2})(,(100|[0-9]{1,2}))*" },
    remark = sealed("longtext", "评语或述职", "Remarks, or what one says of one's work", { max_length = 2000 }),
  },
  workflow = {
    start = "open",
    states = {
      open = { title = T("待评价", "Open"), todo = "rater", deadline = { within = "field:due_on", owner = "rater", remind = { "2wd" } } },
      rated = { title = T("已评价", "Rated"), final = true }, missed = { title = T("未评价", "Missed") },
    },
    transitions = {
      rate = { title = T("提交评价", "Rate"), from = "open", to = "rated", needs = { "given" } },
      miss = { title = T("未评价", "Missed"), from = "open", to = "missed" },
      resume = { title = T("继续评价", "Go on"), from = "missed", to = "open" },
    },
  },
  indexes = { { "appraisal", "rater", unique = true }, { "rater", "state" }, { "appraisal", "state" } },
}

-- The form as it came back, in the order of the record: that lines were moved or added does not matter.
local function rate(ctx, input)
  local rating, err = ctx:get("ratings", input.rating)
  if not rating then return nil, err end
  local by, given = {}, {}
  for _, one in ipairs(input.marks) do by[one.indicator] = one.mark end
  for i, one in ipairs(rating.marks) do
    if not by[one.indicator] then return nil, { code = "invalid", text = "marks: " .. ctx:t("mark_missing",
      { indicator = one.indicator }) } end
    given[i] = tostring(by[one.indicator])
  end
  local done, why = ctx:transition("ratings", rating.id, "rate", { given = table.concat(given, ","), remark = input.remark })
  if not done then return nil, why end
  return { state = done.state }
end

return {
  entities = { ratings = ratings },
  actions = {
    rate = campus.action { title = T("填写评价", "Rate"), on = "rating", states = { "open" }, run = rate, serves = { "PERF-2" },
      input = { rating = field.reference { to = "ratings", title = T("评价表", "Rating"), required = true }, marks = form(true),
        remark = field.longtext { title = T("评语（自评时为述职）", "Remarks (your report when you rate yourself)"), max_length = 2000 } } },
  },
  surveys = {
    audience = campus.survey {
      title = T("学生、家长评价", "Students and parents"), about = "appraisals", serves = { "PERF-2" }, weights = "policy:audience",
      anonymous = true, min_respondents = "policy:raters.audience",
      consent = T("本评价不记名；人数不足时不拆封，也不显示结果。", "No name is kept; where too few answer nothing is opened or shown."),
      questions = {
        { name = "attitude", title = T("态度认真负责", "Takes the work seriously") }, { name = "clarity", title = T("讲解、答复清楚",
          "Explains and answers clearly") },
        { name = "timely", title = T("办事及时", "Is timely") },
        { name = "remark", title = T("意见和建议", "Remarks"), type = "text", max = 500 },
      },
    },
  },
}
