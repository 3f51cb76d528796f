-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What asks people: surveys, scorecards, contact logs. Each is declared in a line and becomes ordinary entities,
-- reports and forms of the plugin, so that rights, history, lists, exports and the desk come with it. `host` is what the
-- prelude hands over; what is returned turns a plugin's declaration into the larger one.
local host = ...
local campus, field, SHAPES = host.campus, host.field, host.SHAPES
local format = string.format

local function constructor(shape, options, make)
  SHAPES[shape] = options
  campus[shape] = function(opts)
    local n, file, line = host.here(2)
    host.take("campus." .. shape, opts, options, nil, file, line)
    local out = make(opts, file, line)
    out._seq, out.file, out.line = n, file, line
    return out
  end
end
local function titled(title, zh, en)
  local t = type(title) == "table" and title or { zh = title, en = title }
  return { zh = (t.zh or t.en or "") .. zh, en = (t.en or t.zh or "") .. en }
end

-- The questions of a survey, the criteria of a card: each becomes a field that is weighed, or not.
local KINDS = {
  scale = function(q) return field.integer { title = q.title, help = q.help, required = q.required ~= false, min = 1, max = q.max or 5 } end,
  points = function(q) return field.integer { title = q.title, help = q.help, required = q.required ~= false, min = 0, max = q.max or 10 } end,
  choice = function(q) return field.choice { title = q.title, help = q.help, required = q.required ~= false, choices = q.choices } end,
  many = function(q) return field.multichoice { title = q.title, help = q.help, required = q.required, choices = q.choices } end,
  text = function(q) return field.longtext { title = q.title, help = q.help, required = q.required, max_length = q.max or 1000, class = q.class } end,
}
SHAPES.question = { name = "text", title = "title", help = "title", type = "scale|points|choice|many|text", weight = "number", max = "integer",
  choices = "list", required = "boolean", class = "public|internal|confidential|secret" }
local function questions(what, list, weights, otherwise, file, line)
  local fields, names, marks, inline, any = {}, {}, {}, {}, false
  for i, q in ipairs(list or {}) do
    if type(q) ~= "table" or type(q.name) ~= "string" then
      host.wrong("question_invalid", format("%s: question %d is { name = \"…\", title = …, type = \"scale\" }", what, i), file, line)
    else
      host.take("a question", q, SHAPES.question, nil, file, host.locate(file, line, q.name))
      local kind = q.type or otherwise
      local make = KINDS[kind]
      fields[q.name], names[#names + 1] = make and make(q), q.name
      if kind == "scale" or kind == "points" then marks[#marks + 1] = q.name end
      if q.weight then inline[q.name], any = q.weight, true end
    end
  end
  if #names == 0 then host.wrong("question_invalid", what .. ": it asks nothing: questions = { { name = …, title = … }, … }", file, line) end
  if weights or any then
    fields.score = field.decimal { title = { zh = "得分", en = "Score" }, scale = 2, weights = weights or inline }
    marks[#marks + 1] = "score"
  end
  return fields, names, marks
end

-- A survey is rounds, in each of which links answer once, and what they answered.
constructor("survey", { title = "title", questions = "list", weights = "text", anonymous = "boolean", min_respondents = "any", about = "text",
  invite = "names", consent = "title", close = "text", serves = "texts" },
function(opts) return opts end)
local function survey(name, s, add)
  local file, line = s.file, s.line
  local ROUNDS, LINKS, ANSWERS = name .. "_rounds", name .. "_links", name .. "_answers"
  local asked, names, marks = questions("survey " .. name, s.questions, s.weights, "scale", file, line)
  local least = s.min_respondents or 5
  add("entities", ROUNDS, campus.entity {
    title = titled(s.title, "：轮次", ": rounds"), serves = s.serves, indexes = { { "state", "closes_on" } },
    fields = {
      title = field.text { title = { zh = "名称", en = "Title" }, required = true, max_length = 120 },
      about = s.about and field.reference { to = s.about, title = { zh = "对象", en = "About" } } or nil,
      closes_on = field.date { title = { zh = "截止日期", en = "Closes on" } },
      note = field.text { title = { zh = "说明", en = "Note" }, max_length = 1000 },
      answered = field.integer { title = { zh = "答卷数", en = "Answers" }, readonly = true },
    },
    workflow = { start = "draft",
      states = {
        draft = { title = { zh = "准备中", en = "Draft" } },
        open = { title = { zh = "进行中", en = "Open" }, deadline = { within = "field:closes_on", lapse = "close" } },
        closed = { title = { zh = "已结束", en = "Closed" }, final = true },
      },
      transitions = {
        open = { title = { zh = "开始", en = "Open" }, from = "draft", to = "open" },
        close = { title = { zh = "结束", en = "Close" }, from = "open", to = "closed",
          opens = { into = ANSWERS, least = least, count = "answered" } },
      } },
  })
  add("entities", LINKS, campus.entity {
    title = titled(s.title, "：链接", ": links"), serves = s.serves, indexes = { { "round", "state" } },
    fields = {
      round = field.reference { to = ROUNDS, title = { zh = "轮次", en = "Round" }, required = true },
      person = field.person { title = { zh = "受邀人", en = "Person" } },
      phone = field.text { title = { zh = "手机", en = "Phone" }, class = "confidential", personal = true, check = "mobile", mask = "mobile" },
      mail = field.text { title = { zh = "邮箱", en = "Mail" }, class = "confidential", personal = true, max_length = 120 },
      label = field.text { title = { zh = "备注", en = "Label" }, max_length = 80 },
      code = field.text { title = { zh = "答卷码", en = "Code" }, class = "secret", unique = true, searchable = true, readonly = true,
        default = "$code", max_length = 16 },
    },
    workflow = { start = "ready",
      states = {
        ready = { title = { zh = "未答", en = "Ready" } },
        sent = s.invite and { title = { zh = "已邀请", en = "Invited" } } or nil,
        answered = { title = { zh = "已答", en = "Answered" }, final = true },
      },
      transitions = {
        send = s.invite and { title = { zh = "发送邀请", en = "Invite" }, from = { "ready", "sent" }, to = "sent", message = s.invite } or nil,
        answer = { title = { zh = "答卷", en = "Answer" }, from = s.invite and { "ready", "sent" } or "ready", to = "answered" },
      } },
  })
  asked.round = field.reference { to = ROUNDS, title = { zh = "轮次", en = "Round" }, readonly = true }
  if s.anonymous == false then asked.link = field.reference { to = LINKS, title = { zh = "答卷人", en = "By" }, readonly = true } end
  add("entities", ANSWERS, campus.entity { title = titled(s.title, "：答卷", ": answers"), serves = s.serves, fields = asked, indexes = { { "round" } } })
  add("public", name, campus.public { title = s.title, entity = LINKS, code = "code", transition = "answer", into = ANSWERS, fields = names,
    consent = s.consent, serves = s.serves })
  add("reports", name .. "_response", campus.report {
    title = titled(s.title, "：回收率", ": response"), entity = LINKS, group = { "round" }, chart = "bar", serves = s.serves,
    counts = { { name = "answered", title = { zh = "已答", en = "Answered" }, where = { state = "answered" } } },
  })
  local hidden = math.type(least) == "integer" and least or nil
  add("reports", name .. "_results", campus.report {
    title = titled(s.title, "：结果", ": results"), entity = ANSWERS, group = s.about and { "round.about", "round" } or { "round" }, avg = marks,
    min_cell = hidden, chart = "bar", serves = s.serves,
  })
  for _, q in ipairs(s.questions or {}) do
    if q.type == "choice" then
      add("reports", format("%s_%s", name, q.name), campus.report {
        title = titled(q.title or q.name, "：分布", ": answers"), entity = ANSWERS, group = { "round", q.name }, min_cell = hidden, chart = "bar", serves = s.serves,
      })
    end
  end
  add("exports", name .. "_codes", campus.export {
    title = titled(s.title, "：发放链接", ": links to hand out"), entity = LINKS, fields = { "round", "label", "person" }, reveal = { "code" },
    where = { state = s.invite and { "ready", "sent" } or "ready" }, purpose = "发放答卷链接", serves = s.serves,
  })
  add("actions", name .. "_issue", campus.action {
    title = { zh = "生成链接", en = "Make links" }, on = "round", states = { "draft", "open" }, serves = s.serves,
    input = { round = field.reference { to = ROUNDS, title = { zh = "轮次", en = "Round" }, required = true },
      count = field.integer { title = { zh = "数量", en = "How many" }, required = true, min = 1, max = 200 },
      label = field.text { title = { zh = "备注", en = "Label" }, max_length = 80 } },
    run = function(ctx, input)
      for _ = 1, input.count do
        local made, err = ctx:create(LINKS, { round = input.round, label = input.label })
        if not made then return nil, err end
      end
      return { made = input.count }
    end,
  })
end

-- A scorecard: several raters, each a card of one record, and what it comes to once there are enough.
constructor("scorecard", { title = "title", about = "text", criteria = "list", weights = "text", min_raters = "integer", serves = "texts" },
function(opts) return opts end)
local function scorecard(name, s, add)
  local fields, _, marks = questions("scorecard " .. name, s.criteria, s.weights, "points", s.file, s.line)
  fields.about = field.reference { to = s.about, title = { zh = "对象", en = "About" }, required = true }
  fields.rater = field.person { title = { zh = "评分人", en = "Rater" }, readonly = true, default = "$actor" }
  fields.note = field.longtext { title = { zh = "评语", en = "Remarks" }, max_length = 2000 }
  add("entities", name .. "_cards", campus.entity {
    title = titled(s.title, "：评分表", ": cards"), serves = s.serves, fields = fields, indexes = { { "about", "rater", unique = true }, { "state" } },
    workflow = { start = "draft",
      states = { draft = { title = { zh = "草稿", en = "Draft" } }, submitted = { title = { zh = "已提交", en = "Submitted" }, final = true } },
      transitions = { submit = { title = { zh = "提交", en = "Submit" }, from = "draft", to = "submitted" } } },
  })
  add("reports", name .. "_results", campus.report {
    title = titled(s.title, "：结果", ": results"), entity = name .. "_cards", where = { state = "submitted" }, group = { "about" }, avg = marks,
    min_count = s.min_raters, chart = "bar", serves = s.serves,
  })
end

-- A contact log: every talk about a record, and what is to be done next.
constructor("contact_log", { title = "title", about = "table", fields = "table", subject = "names", serves = "texts", overview = "table", indexes = "list" },
function(opts, file, line)
  local fields, indexes, subject = {}, opts.indexes or {}, {}
  if type(opts.about) ~= "table" or next(opts.about) == nil then
    host.wrong("about_missing", "campus.contact_log needs about = { name = field.reference \"ENTITY\" }: whom the talk was with", file, line)
  end
  local base = {
    { "by_person", field.person { title = { zh = "联系人", en = "By" }, required = true, default = "$actor" } },
    { "at_time", field.datetime { title = { zh = "时间", en = "At" }, required = true, default = "$now" } },
    { "way", field.choice { title = { zh = "方式", en = "Way" }, required = true, default = "phone", choices = {
      { name = "phone", title = { zh = "电话", en = "Phone" } }, { name = "visit", title = { zh = "面谈", en = "Visit" } },
      { name = "message", title = { zh = "短信/微信", en = "Message" } }, { name = "mail", title = { zh = "邮件", en = "Mail" } },
    } } },
    { "direction", field.choice { title = { zh = "方向", en = "Direction" }, required = true, default = "out", choices = {
      { name = "out", title = { zh = "我方联系", en = "From us" } }, { name = "in", title = { zh = "对方联系", en = "To us" } },
    } } },
    { "asked", field.longtext { title = { zh = "咨询内容", en = "What was asked" }, class = "confidential" } },
    { "answered", field.longtext { title = { zh = "答复", en = "What was answered" }, class = "confidential" } },
    { "next_step", field.text { title = { zh = "下一步", en = "Next step" }, max_length = 200 } },
    { "next_contact", field.date { title = { zh = "下次联系", en = "Next contact" } } },
  }
  for _, one in ipairs(host.ordered(opts.about, "about")) do
    fields[one.name], subject[#subject + 1] = opts.about[one.name], one.name     -- and on their records it is shown
    indexes[#indexes + 1] = { one.name, "at_time" }
  end
  for _, one in ipairs(base) do fields[one[1]] = one[2] end
  for name, f in pairs(opts.fields or {}) do fields[name] = f end
  indexes[#indexes + 1] = { "by_person", "at_time" }
  return campus.entity { title = opts.title or { zh = "联系记录", en = "Contact log" }, subject = opts.subject or subject, serves = opts.serves,
    part_of = #subject > 0 and subject or nil, overview = opts.overview, fields = fields, indexes = indexes }
end)

local MADE = { surveys = { survey, "campus.survey" }, scorecards = { scorecard, "campus.scorecard" } }
return function(p)
  local out = {}
  for k, v in pairs(p) do out[k] = v end
  for _, part in ipairs { "surveys", "scorecards" } do
    for _, s in ipairs(host.ordered(p[part], part)) do
      local copies = {}
      if not s.file then
        host.wrong("survey_expected", format("%s: write %s { … }", tostring(s.name), MADE[part][2]), "plugins/" .. host.name .. "/plugin.lua", 1)
      else
        MADE[part][1](s.name, s, function(list, name, made)
          if not copies[list] then
            copies[list] = {}
            for k, v in pairs(out[list] or {}) do copies[list][k] = v end
            out[list] = copies[list]
          end
          if out[list][name] then host.wrong("duplicate", format("%s: the plugin has a %s of its own", s.name, name), s.file, s.line) end
          made.file, made.line = s.file, s.line
          for _, k in ipairs { "fields", "input" } do
            for _, f in pairs(type(made[k]) == "table" and made[k] or {}) do if type(f) == "table" then f.file, f.line = s.file, s.line end end
          end
          out[list][name] = made
        end)
      end
    end
  end
  return out
end
