-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Facilities: what a plugin declares in a line and the core has in many. Each becomes ordinary entities
-- and reports of the plugin, so that rights, history, lists, exports and the desk come with it. `host` is what the
-- prelude hands over; what is returned turns a plugin's declaration into a larger one.
local host = ...
local campus, field, SHAPES = host.campus, host.field, host.SHAPES

local function copy(t)
  local out = {}
  for k, v in pairs(t or {}) do out[k] = v end
  return out
end
-- What is made stands where it was asked for: its source has no line of its own.
local function placed(e, file, line)
  e.file, e.line, e.made = file, line, true
  for _, f in pairs(e.fields) do if type(f) == "table" and (f._seq or 0) < 1000 then f.file, f.line = file, line end end
  return e
end
-- A constructor: its options checked, and where it was called.
local function constructor(shape, options, make)
  SHAPES[shape] = options
  campus[shape] = function(opts)
    local n, file, line = host.here(2)
    host.take("campus." .. shape, opts, options, nil, file, line)
    local e = make(opts, file, line)
    e.title, e.serves, e.overview, e.indexes = opts.title, opts.serves, opts.overview, opts.indexes or e.indexes
    e._seq = n
    placed(e, file, line)
    return e
  end
end
-- The fields of a facility, in this order, and then those that the plugin adds or puts in their place.
local function fields(list, more)
  local out, own = {}, copy(more)
  for i, f in ipairs(list) do
    local name, make = table.remove(f, 1), table.remove(f, 1)
    local one = type(own[name]) == "table" and own[name] or (type(make) == "table" and make) or (make and make(f))
    if one then
      out[name] = copy(one)
      out[name]._seq = i
      if type(own[name]) == "table" then own[name] = nil end
    end
  end
  for k, f in pairs(own) do
    out[k] = type(f) == "table" and copy(f) or f
    if type(f) == "table" then out[k]._seq = 1000 + (f._seq or 0) end
  end
  return out
end
local function leads_to(what, title)
  return type(what) == "string" and field.reference { to = what, title = title } or what
end

-- Cases: something found that somebody looks into, against clocks that go by how grave it is.
local GRAVE = { low = { zh = "轻微", en = "Low" }, medium = { zh = "一般", en = "Medium" }, high = { zh = "严重", en = "High" },
  critical = { zh = "重大", en = "Critical" } }
constructor("case", { title = "title", severities = "list", clock = "text", team = "text", about = "any", fields = "table",
  remind = "texts", escalate = "list", calendar = "text", subject = "names", serves = "texts", overview = "table", indexes = "list" },
function(opts, file, line)
  local severities = {}
  for i, s in ipairs(opts.severities or { "low", "medium", "high" }) do
    severities[i] = type(s) == "string" and { name = s, title = GRAVE[s] } or s
  end
  if not opts.clock then
    host.wrong("clock_missing", "campus.case needs clock = \"policy:KEY\": under it respond and resolve, with a duration for each severity", file, line)
  end
  local clock, owner = tostring(opts.clock), opts.team and { "assignee", opts.team } or "assignee"
  local function runs(which)
    return { within = clock .. "." .. which, by = "severity", owner = owner, remind = opts.remind, escalate = opts.escalate, calendar = opts.calendar }
  end
  local own = copy(opts.fields)
  own.about = own.about or leads_to(opts.about, { zh = "涉及", en = "About" })
  return { subject = opts.subject, indexes = { { "state", "due_at" } },
    fields = fields({
      { "title", field.text, title = { zh = "事由", en = "Matter" }, required = true, max_length = 120, search = true },
      { "about", field.text, title = { zh = "涉及", en = "About" }, max_length = 200 },
      { "severity", field.choice, title = { zh = "严重程度", en = "Severity" }, required = true, choices = severities },
      { "assignee", field.person, title = { zh = "承办人", en = "Assignee" } },
      { "found", field.longtext, title = { zh = "发现的情况", en = "What was found" } },
      { "measure", field.longtext, title = { zh = "处理措施", en = "Measures" } },
      { "outcome", field.longtext, title = { zh = "结论", en = "Outcome" } },
    }, own),
    workflow = { start = "open",
      states = {
        open = { title = { zh = "待受理", en = "Open" }, todo = owner, deadline = runs("respond") },
        investigating = { title = { zh = "调查中", en = "Investigating" }, todo = owner, deadline = runs("resolve") },
        resolved = { title = { zh = "已解决", en = "Resolved" } },
        dismissed = { title = { zh = "已排除", en = "Dismissed" } },
      },
      transitions = {
        investigate = { title = { zh = "受理", en = "Investigate" }, from = "open", to = "investigating", needs = { "assignee" } },
        resolve = { title = { zh = "解决", en = "Resolve" }, from = "investigating", to = "resolved", needs = { "measure", "outcome" } },
        dismiss = { title = { zh = "排除", en = "Dismiss" }, from = { "open", "investigating" }, to = "dismissed", needs = { "outcome" } },
        reopen = { title = { zh = "重新调查", en = "Reopen" }, from = { "resolved", "dismissed" }, to = "investigating" },
      } } }
end)

-- Ledgers: entries that sum to nothing, and their balances.
SHAPES.account = { name = "text", title = "title", floor = "number" }
SHAPES.post = { ledger = "text", day = "text", text = "text", reverse = "text" }
SHAPES.entry = { account = "text", item = "text", place = "text", amount = "text", each = "text" }
constructor("ledger", { title = "title", unit = "money|integer", accounts = "list", item = "any", place = "any", number = "text",
  serves = "texts", overview = "table", indexes = "list" },
function(opts, file, line)
  local accounts, floors = {}, {}
  for i, a in ipairs(opts.accounts or {}) do
    if type(a) == "table" then host.take("an account", a, SHAPES.account, nil, file, line) else a = { name = a } end
    accounts[i] = { name = a.name, title = a.title }
    if a.floor and a.name then floors[a.name] = tostring(a.floor) end
  end
  if #accounts < 2 then host.wrong("accounts_missing", "campus.ledger needs two accounts or more: accounts = { \"stock\", \"supplier\" }", file, line) end
  local item = leads_to(opts.item, { zh = "品目", en = "Item" })
  if item then
    item = copy(item)
    item.required = true
  end
  local place = type(opts.place) == "table" and not opts.place._field
    and field.choice { choices = opts.place, title = { zh = "地点", en = "Place" } } or leads_to(opts.place, { zh = "地点", en = "Place" })
  local list = {
    { "number", field.text, title = { zh = "凭证号", en = "Number" }, max_length = 60, search = true },
    { "day", field.date, title = { zh = "日期", en = "Day" }, default = "$today" },
    { "account", field.choice, title = { zh = "科目", en = "Account" }, required = true, choices = accounts },
    { "item", item or false },
    { "place", place or false },
    { "amount", opts.unit == "integer" and field.integer or field.money, title = { zh = "金额", en = "Amount" }, required = true },
    { "text", field.text, title = { zh = "摘要", en = "Text" } },
    { "source", field.text, title = { zh = "来源", en = "Source" }, max_length = 120 },
    { "act", field.text, title = { zh = "步骤", en = "Step" }, max_length = 60 },
    { "reverses", field.text, title = { zh = "冲销", en = "Reverses" }, max_length = 60 },
  }
  if opts.unit == "integer" then list[6].title = { zh = "数量", en = "Quantity" } end
  return { ledger = { number = opts.number or "{year}-{seq:5}", floors = floors }, fields = fields(list),
    indexes = { { "number" }, { "source" }, { "reverses" }, { "account", "day" } } }
end)
local function titled(t, zh, en)
  if type(t) ~= "table" then t = { zh = t, en = t } end
  return { zh = (t.zh or t.en or "") .. zh, en = (t.en or t.zh or "") .. en }
end
-- post = { ledger = …, { account = …, amount = … }, … }: a list and a map at once, for its reader.
local function posting(post, file, line)
  local head, lines = {}, {}
  for k, v in pairs(post) do
    if type(k) == "number" then lines[k] = v else head[k] = v end
  end
  host.take("post", head, SHAPES.post, nil, file, line)
  for _, entry in ipairs(lines) do host.take("an entry of post", entry, SHAPES.entry, nil, file, line) end
  head.lines = lines
  return head
end

-- Tasks of an entity: `tasks = true`, or options; a state's checklist makes some of them.
SHAPES.tasks = { title = "title", remind = "texts", escalate = "list", calendar = "text", fields = "table", serves = "texts", overview = "table" }
SHAPES.task = { name = "text", title = "title", owner = "text", within = "text" }
local function tasks(name, e)
  local opts, file, line = e.tasks == true and {} or e.tasks, e.file, e.line
  host.take("tasks", opts, SHAPES.tasks, nil, file, line)
  local owner = { "assignee", "role" }
  return placed({ title = opts.title or titled(e.title, "：任务", ": tasks"), subject = "record", part_of = "record", serves = opts.serves or e.serves,
    overview = opts.overview, _seq = (e._seq or 0) + 0.5, indexes = { { "record", "state" }, { "assignee", "state" } },
    fields = fields({
      { "record", field.reference, to = name, title = { zh = "所属", en = "Of" }, required = true },
      { "title", field.text, title = { zh = "任务", en = "Task" }, required = true, max_length = 200, search = true },
      { "assignee", field.person, title = { zh = "负责人", en = "Assignee" } },
      { "role", field.text, title = { zh = "负责角色", en = "Role" }, max_length = 60 },
      { "due_on", field.date, title = { zh = "截止日期", en = "Due on" } },
      { "note", field.longtext, title = { zh = "说明", en = "Note" } },
      { "step", field.text, title = { zh = "清单项", en = "Item of the checklist" }, readonly = true, max_length = 48 },
    }, opts.fields),
    workflow = { start = "open",
      states = {
        open = { title = { zh = "待办", en = "Open" }, todo = owner,
          deadline = { within = "field:due_on", owner = owner, remind = opts.remind, escalate = opts.escalate, calendar = opts.calendar } },
        done = { title = { zh = "已完成", en = "Done" }, final = true },
        cancelled = { title = { zh = "已取消", en = "Cancelled" }, final = true },
      },
      transitions = {
        complete = { title = { zh = "完成", en = "Done" }, from = "open", to = "done" },
        cancel = { title = { zh = "取消", en = "Cancel" }, from = "open", to = "cancelled", needs = { "note" } },
      } } }, file, line)
end

local expand = {}
-- A state or transition, as it is read.
function expand.member(m, file, line)
  if type(m.post) == "table" then m.post = posting(m.post, file, line) end
  for _, task in ipairs(type(m.checklist) == "table" and m.checklist or {}) do host.take("a task of the checklist", task, SHAPES.task, nil, file, line) end
end
function expand.plugin(p)
  if type(p.entities) ~= "table" then return p end
  local names = {}
  p = copy(p)
  p.entities, p.reports = copy(p.entities), copy(p.reports)
  for name, e in pairs(p.entities) do if type(name) == "string" and type(e) == "table" then names[#names + 1] = name end end
  table.sort(names)
  for _, name in ipairs(names) do
    local e = p.entities[name]
    if e.tasks == true or type(e.tasks) == "table" then
      p.entities[name .. "_tasks"] = tasks(name, e)
    elseif e.tasks ~= nil then
      host.wrong("type", name .. ": tasks is true, or a table of options", e.file, e.line)
    end
    if e.ledger then
      local group = { "account" }
      for _, k in ipairs { "item", "place" } do if e.fields[k] then group[#group + 1] = k end end
      p.reports[name .. "_balance"] = campus.report { title = titled(e.title, "余额", " balance"), entity = name, group = group,
        sum = { "amount" }, date = "day", kept = true, chart = "table", serves = e.serves }
    end
  end
  return p
end
return expand
