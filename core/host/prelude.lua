-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The sandbox of one plugin. The child runs this chunk once a plugin with the plugin's name, its files
-- and a way to ask the core; it returns declare, policy, rule and action. Only this file sees debug and
-- load; plugins never do. `author` runs what core/host/author.lua holds for those who write plugins; what
-- one line declares and many are made of is in core/host/expand.lua and survey.lua.
local name, sources, ask, load_author, expand, survey, shapes = ...
local rawget = rawget
local getinfo, load, setmetatable, getmetatable = debug.getinfo, load, setmetatable, getmetatable
local pairs, ipairs, type, tostring, error, next, pcall = pairs, ipairs, type, tostring, error, next, pcall
local format, sub, rep, find, gmatch, match, gsub = string.format, string.sub, string.rep, string.find, string.gmatch, string.match, string.gsub
local sort, concat, select, tonumber, byte, min, max = table.sort, table.concat, select, tonumber, string.byte, math.min, math.max

local MAIN = "plugins/" .. name .. "/plugin.lua"
local seq, running = 0, MAIN
-- Where the plugin called a constructor. A tail call (return campus.entity { … }) has left no line.
local function here(level)
  local i = getinfo(level + 1, "Sl")
  seq = seq + 1
  if not i or i.currentline < 1 or sub(i.source, 1, 9) ~= "@plugins/" then return seq, running, 1 end
  return seq, sub(i.source, 2), i.currentline
end
local function fail(word, text, file, line, col) error({ word = word, text = text, file = file, line = line, col = col }, 0) end
-- What is wrong with a declaration is collected, so that an author reads all of it at once.
local wrongs = {}
local function wrong(word, text, file, line, col)
  if #wrongs < 100 then wrongs[#wrongs + 1] = { word = word, text = text, file = file, line = line, col = col } end
end
-- Where `key =` stands in a file, from a line on; that line when it does not.
local begins = {}   -- by file: where each of its lines begins
local function locate(file, line, key)
  local path = sub(file, #name + 10)
  local text, lines = sources[path], begins[path]
  if not text or type(key) ~= "string" or not find(key, "^[%a_][%w_]*$") then return line, 1 end
  if not lines then
    lines = { 1 }
    for at in gmatch(text, "\n()") do lines[#lines + 1] = at end
    begins[path] = lines
  end
  local at = lines[line]
  repeat   -- as a plain text first: patterns try every character
    at = at and find(text, key, at, true)
    if not at then return line, 1 end
    local found = find(text, "^%f[%w_]" .. key .. "[ \t\r]*=%f[^=]", at)
    if not found then at = at + 1 end
  until found
  local low, high = line, #lines
  while low < high do
    local mid = (low + high + 1) // 2
    if lines[mid] <= at then low = mid else high = mid - 1 end
  end
  return low, at - lines[low] + 1
end
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local corner = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = corner + (byte(a, i) == byte(b, j) and 0 or 1)
      corner, row[j] = row[j], min(cost, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end
-- "; did you mean text?", or what there is to choose from.
local function instead(word, words, otherwise)
  local best, least = nil, max(#word <= 3 and 1 or 2, #word // 3) + 1
  sort(words)
  for _, w in ipairs(words) do
    local d = #word < 64 and distance(word, w) or least
    if d < least then best, least = w, d end
  end
  if best then return format("; did you mean %s?", best) end
  return otherwise and format(": %s %s", otherwise, concat(words, ", ")) or ""
end
local function names(...)
  local list = {}
  for i = 1, select("#", ...) do
    for k in pairs(select(i, ...) or {}) do if type(k) == "string" then list[#list + 1] = k end end
  end
  return list
end

local FIELD, TYPES, SHAPES = shapes()
local WORDS = { boolean = "true or false", integer = "a whole number", number = "a number", text = "a text",
  title = "a text or { zh = \"…\", en = \"…\" }", texts = "a list of texts: { \"a\", \"b\" }",
  titles = "texts by name: { name = \"a text\" or { zh = \"…\", en = \"…\" } }", names = "a name, or a list of names: { \"a\", \"b\" }", list = "a list: { …, … }", table = "a table: { name = … }",
  ["function"] = "a function" }
local KINDS_OF = { string = "a text", number = "a number", boolean = "true or false", table = "a table",
  ["function"] = "a function", ["nil"] = "nothing" }
local function is_texts(v)
  if type(v) ~= "table" then return false end
  local n = 0
  for k, x in pairs(v) do
    n = n + 1
    if type(k) ~= "number" or type(x) ~= "string" then return false end
  end
  return n == #v
end
local function suits(v, kind)
  local t = type(v)
  if kind == "any" then return true end
  if kind == "boolean" or kind == "function" or kind == "table" then return t == kind end
  if kind == "text" then return t == "string" end
  if kind == "integer" then return math.type(v) == "integer" end
  if kind == "number" then return t == "number" or (t == "string" and tonumber(v) ~= nil) end
  if kind == "title" then
    if t ~= "table" then return t == "string" end
    for k, x in pairs(v) do if (k ~= "zh" and k ~= "en") or type(x) ~= "string" then return false end end
    return next(v) ~= nil
  end
  if kind == "titles" then
    if t ~= "table" then return false end
    for k, x in pairs(v) do if type(k) ~= "string" or not suits(x, "title") then return false end end
    return true
  end
  if kind == "texts" then return is_texts(v) end
  if kind == "names" then return t == "string" or (is_texts(v) and #v > 0) end
  if kind == "list" then return t == "table" and (next(v) == nil or v[1] ~= nil) end
  return t == "string" and find("|" .. kind .. "|", "|" .. v .. "|", 1, true) ~= nil
end
-- Checks a table of options against one or two of the tables above. `_` begins what the host adds.
local function take(what, opts, allowed, extra, file, line)
  if type(opts) ~= "table" then fail("type", format("%s takes a table: %s { … }", what, what), file, line) end
  for k, v in pairs(opts) do
    local kind = allowed[k] or (extra and extra[k])
    if not kind then
      local l, col = locate(file, line, k)
      local text = type(k) == "string" and format("%s has no option %q%s", what, k, instead(k, names(allowed, extra), "it takes"))
        or format("%s: write name = value, not a value alone", what)
      wrong("unknown_option", text, file, l, col)
    elseif not suits(v, kind) then
      local l, col = locate(file, line, k)
      if WORDS[kind] then
        wrong("type", format("%s: %s must be %s, not %s", what, k, WORDS[kind], KINDS_OF[type(v)] or type(v)), file, l, col)
      else
        local list = {}
        for w in gmatch(kind, "[^|]+") do list[#list + 1] = w end
        wrong("choice", format("%s: there is no %s %q%s", what, k, tostring(v), instead(tostring(v), list, "there are")), file, l, col)
      end
    end
  end
end

local campus = {}
local field = {}
for kind, extra in pairs(TYPES) do
  field[kind] = function(opts)
    local n, file, line = here(2)
    if type(opts) == "string" and kind == "reference" then opts = { to = opts } end
    opts = opts or {}
    take("field." .. kind, opts, FIELD, extra, file, line)
    if opts.choices then
      for _, c in ipairs(opts.choices) do if type(c) == "table" then take("a choice", c, SHAPES.choice, nil, file, line) end end
    end
    local f = { type = kind, _seq = n, file = file, line = line, _field = true }
    for k, v in pairs(opts) do f[k] = v end
    return f
  end
end
campus.field = setmetatable({}, { __newindex = function() error("campus.field cannot be changed", 2) end,
  __index = function(_, k)
    local f = field[k]
    if f then return f end
    local _, file, line = here(2)
    fail("type_unknown", format("there is no field type %q%s", tostring(k), instead(tostring(k), names(TYPES), "there are")), file, line)
  end })

local function declared(shape)
  return function(opts)
    local n, file, line = here(2)
    take("campus." .. shape, opts, SHAPES[shape], nil, file, line)
    local first = type(opts.overview) == "table" and opts.overview or {}
    if opts.overview then take("overview", first, SHAPES.overview, nil, file, locate(file, line, "overview")) end
    for _, k in ipairs(is_texts(first.counts) and first.counts or {}) do
      local has = false
      for _, c in ipairs(opts.counts or {}) do has = has or c.name == k end
      if not has then wrong("count_unknown", format("overview: there is no count %q", k), file, locate(file, line, "overview")) end
    end
    opts._seq, opts.file, opts.line = n, file, line
    return opts
  end
end
for _, shape in ipairs { "entity", "report", "export", "rule", "action", "on", "every", "obligation", "message", "public" } do campus[shape] = declared(shape) end

-- Reasons: every criterion that was looked at, passed or not.
local REASON = { code = 1, at = 1, have = 1, want = 1, policy = 1, text = 1 }
function campus.reasons()
  local list = {}
  local why = {}
  function why.check(_, ok, reason)
    if type(reason) ~= "table" or type(reason.code) ~= "string" then error("write why:check(ok, { code = \"…\", … })", 2) end
    for k in pairs(reason) do
      if not REASON[k] then error(format("a reason has no %q%s", tostring(k), instead(tostring(k), names(REASON), "it takes")), 2) end
    end
    reason.ok = not not ok
    list[#list + 1] = reason
    return reason.ok
  end
  function why.decision() return list end
  return why
end

-- Dates are texts, YYYY-MM-DD; the arithmetic is that of the proleptic Gregorian calendar.
local function ymd(d)
  local y, m, dd = match(type(d) == "string" and d or "", "^(%d%d%d%d)-(%d%d)-(%d%d)$")
  if not y then error("not a date: " .. tostring(d), 3) end
  return tonumber(y), tonumber(m), tonumber(dd)
end
local function days(d)
  local y, m, dd = ymd(d)
  if m <= 2 then y = y - 1 end
  local era = y // 400
  local yoe = y - era * 400
  local doy = (153 * (m + (m > 2 and -3 or 9)) + 2) // 5 + dd - 1
  return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
end
local date = {
  age_on = function(birth, on)
    local y, m, d = ymd(birth)
    local oy, om, od = ymd(on)
    local age = oy - y
    if om < m or (om == m and od < d) then age = age - 1 end
    return age
  end,
  days_between = function(a, b) return days(b) - days(a) end,
}

-- What a plugin may see. Patterns and repetition are bounded; the budget ends what slips through.
local function bounded(fn)
  return function(s, p, ...)
    if #tostring(s) > 65536 or #tostring(p) > 256 then error("subject or pattern too long", 2) end
    return fn(s, p, ...)
  end
end
local function readonly(t, what)
  return setmetatable({}, { __index = t, __newindex = function() error(what .. " cannot be changed", 2) end, __metatable = false,
    __pairs = function() return function(_, k) return next(t, k) end, nil, nil end, __len = function() return #t end })
end
campus.date = readonly(date, "campus.date")
local string_env = {}
for _, k in ipairs { "byte", "char", "format", "len", "lower", "reverse", "sub", "upper" } do string_env[k] = string[k] end
string_env.find, string_env.match, string_env.gmatch, string_env.gsub = bounded(find), bounded(match), bounded(gmatch), bounded(gsub)
string_env.rep = function(s, n, sep)
  if type(n) ~= "number" or n > 1048576 or (#s + #(sep or "")) * n > 1048576 then error("string.rep: too long", 2) end
  return rep(s, n, sep)
end
local math_env = {}
for k, v in pairs(math) do if k ~= "random" and k ~= "randomseed" then math_env[k] = v end end
local table_env = { concat = table.concat, insert = table.insert, remove = table.remove, sort = table.sort, unpack = table.unpack, pack = table.pack }
-- ("x"):rep() goes by the metatable of strings: it leads to the bounded functions too
getmetatable("").__index = string_env
getmetatable("").__metatable = false

local env = { assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall, select = select,
  tonumber = tonumber, tostring = tostring, type = type, rawequal = rawequal, rawlen = rawlen,
  setmetatable = function(t, mt)
    if type(mt) == "table" and (mt.__gc or mt.__close or mt.__mode) then error("__gc, __close and __mode are not allowed", 2) end
    return setmetatable(t, mt)
  end,
  string = readonly(string_env, "string"), math = readonly(math_env, "math"), table = readonly(table_env, "table"),
  utf8 = readonly(utf8, "utf8"),
  campus = setmetatable({}, { __metatable = false, __newindex = function() error("campus cannot be changed", 2) end,
    __index = function(_, k)
      local v = campus[k]
      if v == nil then error(format("there is no campus.%s%s", tostring(k), instead(tostring(k), names(campus), "there are")), 2) end
      return v
    end }) }
env._G = nil
-- What people look for and do not find, and what there is instead.
local ABSENT = { print = "an action has ctx:log", io = "plugins open no files", os = "a rule is given as_of, an action has ctx:now()",
  load = "plugins load nothing", dofile = "require reads a file of this plugin", loadstring = "plugins load nothing",
  xpcall = "use pcall", coroutine = "a call runs to its end", debug = "plugins have none", package = "require reads a file of this plugin",
  getmetatable = "plugins have none", rawget = "plugins have none", rawset = "plugins have none", collectgarbage = "plugins have none" }
local globals = setmetatable({}, { __metatable = false,
  __index = function(_, k)
    local v = env[k]
    if v ~= nil then return v end
    local near = ABSENT[k] and ": " .. ABSENT[k] or instead(tostring(k), names(env))
    if near == "" then near = ": plugins have no globals of their own; declare it with local" end
    error(format("%q is not defined%s", tostring(k), near), 2)
  end,
  __newindex = function(_, k) error(format("%q: assign to a local, not to a global: local %s = …", tostring(k), tostring(k)), 2) end })

local loaded = {}
local function run_file(path)
  if loaded[path] == nil then
    local text = sources[path]
    if not text then
      local _, file, line = here(3)
      fail("file_missing", format("there is no file %s%s", path, instead(path, names(sources), "the plugin has")), file, line)
    end
    local chunk, err = load(text, "@plugins/" .. name .. "/" .. path, "t", globals)
    if not chunk then
      local line, what = match(err, "^[^:]*:(%d+): (.*)$")
      fail("syntax", what or err, "plugins/" .. name .. "/" .. path, tonumber(line) or 1)
    end
    local before = running
    running = "plugins/" .. name .. "/" .. path
    loaded[path] = chunk() or true
    running = before
  end
  return loaded[path]
end
env.require = function(module)
  if type(module) ~= "string" or not find(module, "^[a-z0-9_]+$") then
    local _, file, line = here(2)
    fail("require", "require takes the name of a file of this plugin, without .lua: require \"rules\"", file, line)
  end
  return run_file(module .. ".lua")
end

-- Lists in the order of the source (constructors are numbered) or of names.
local function ordered(t, what)
  local out = {}
  if t == nil then return out end
  if type(t) ~= "table" then fail("type", what .. " must be a table", MAIN, 1) end
  for k, v in pairs(t) do
    if type(v) ~= "table" then v = { value = v } end
    local copy = {}
    for a, b in pairs(v) do copy[a] = b end
    copy.name = type(k) == "string" and k or copy.name or copy.value
    copy.value = nil
    copy._seq = copy._seq or (type(k) == "number" and k or 0)
    out[#out + 1] = copy
  end
  sort(out, function(a, b) return a._seq < b._seq or (a._seq == b._seq and tostring(a.name) < tostring(b.name)) end)
  return out
end
-- Constructors that are made of others.
local expanded = expand { campus = campus, field = field, here = here, take = take, wrong = wrong, fail = fail, locate = locate, SHAPES = SHAPES }
-- The ladder of what runs against the clock.
local function ladder(d, file, line)
  for _, e in ipairs(type(d.escalate) == "table" and d.escalate or {}) do
    take("a step of escalate", e, SHAPES.escalation, nil, file, locate(file, line, "escalate"))
  end
end
-- The members of a workflow, each checked and with the line where it stands.
local function members(t, what, shape, file, line, made)
  local out = ordered(t, what)
  local from = made and line or locate(file, line, what)
  for _, m in ipairs(out) do
    local l, col = from, 1
    if not made then l, col = locate(file, from, m.name) end
    m._seq = nil
    take(format("%s %s", shape, tostring(m.name)), m, SHAPES[shape], { name = "any" }, file, l)
    m.file, m.line, m.col = file, l, col
    if type(m.deadline) == "table" then
      take("deadline", m.deadline, SHAPES.deadline, nil, file, l)
      ladder(m.deadline, file, l)
    end
    local several = type(m.reserve) == "table" and (m.reserve[1] and m.reserve or { m.reserve })
    for _, one in ipairs(several or {}) do take("reserve", one, SHAPES.reserve, nil, file, l) end
    expanded.member(m, file, l)
  end
  return out
end
local function workflow(w, e)
  if type(w) ~= "table" then return nil end
  local file, line = e.file or MAIN, e.line or 1
  take("a workflow", w, SHAPES.workflow, nil, file, locate(file, line, "workflow"))
  local moves = members(w.transitions, "transitions", "transition", file, line, e.made)
  local states, seen = {}, {}
  local byname = {}
  for _, s in ipairs(members(w.states, "states", "state", file, line, e.made)) do byname[s.name] = s end
  local function visit(s)                    -- start first, then as the transitions lead, final ones last
    if seen[s] or not byname[s] then return end
    seen[s] = true
    states[#states + 1] = byname[s]
  end
  visit(w.start)
  for final = 0, 1 do
    local i = 1
    while i <= #states do
      for _, t in ipairs(moves) do
        local from = type(t.from) == "table" and t.from or { t.from }
        for _, f in ipairs(from) do
          if f == states[i].name and byname[t.to] and (final == 1 or not byname[t.to].final) then visit(t.to) end
        end
      end
      i = i + 1
    end
  end
  local rest = {}
  for s in pairs(byname) do if not seen[s] then rest[#rest + 1] = s end end
  sort(rest)
  for _, s in ipairs(rest) do visit(s) end
  return { start = w.start, states = states, transitions = moves }
end
local function fields(list, file, line)
  local out = {}
  for _, f in ipairs(ordered(list, "fields")) do
    if type(f.name) ~= "string" or not f._field then
      local l, col = locate(file, line, f.name)
      local known = type(f.name) == "string" and f.name
      wrong("field_expected", format("%s: write a field here: %s = field.text { … }", known or "fields", known or "name"), file, l, col)
    else
      if f.line then
        local l, col = locate(f.file, f.line, f.name)
        if l == f.line then f.col = col end
      end
      f._seq, f._field = nil, nil
      if f.type == "list" then f.fields = fields(f.fields, f.file, f.line) end
      out[#out + 1] = f
    end
  end
  return out
end
-- What an action takes, in the order of its own source: a field may be an entity's.
local function inputs(list, file, line)
  local out, at = fields(list, file, line), {}
  local from = locate(file, line, "input")
  for i, f in ipairs(out) do
    local l, col = locate(file, from, f.name)
    at[f] = (l * 1000 + col) * 1000 + i
  end
  sort(out, function(a, b) return at[a] < at[b] end)
  return out
end
local function callable(list, what, extra)
  local out = {}
  for _, r in ipairs(ordered(list, what)) do
    local file, line = r.file or MAIN, r.line or 1
    if type(r.run) == "function" then
      local i = getinfo(r.run, "S")
      local d = { name = r.name, serves = r.serves, title = r.title, file = sub(i.source, 2), line = i.linedefined }
      for _, k in ipairs(extra) do d[k] = r[k] end
      if r.input or r.on then d.input, d.file, d.line = r.input and inputs(r.input, file, line), file, line end
      out[#out + 1] = d
    elseif r.run == nil then
      wrong("not_callable", format("%s %s needs run = function: the function that is called", what, tostring(r.name)), file, line)
    end
  end
  return out
end
-- What one line declares and many are made of.
local surveyed = survey { name = name, campus = campus, field = field, here = here, take = take, wrong = wrong, locate = locate, ordered = ordered, SHAPES = SHAPES }
local plugin, reads
local function declaration()
  local p = run_file("plugin.lua")
  if type(p) ~= "table" then fail("declaration", "plugin.lua must return one table: return { title = …, entities = { … } }", MAIN, 1) end
  take("a plugin", p, SHAPES.plugin, nil, MAIN, 1)
  p = expanded.plugin(surveyed(p))
  local out = { name = name, title = p.title, version = p.version, api = p.api or 1, needs = p.needs,
    permissions = p.permissions, serves = p.serves }
  if p.needs then out.needs_line = locate(MAIN, 1, "needs") end
  out.entities = ordered(p.entities, "entities")
  for _, e in ipairs(out.entities) do
    e._seq = nil
    if e.line then
      local l, col = locate(e.file, e.line, e.name)
      if l == e.line then e.col = col end
    end
    e.fields = fields(e.fields, e.file or MAIN, e.line or 1)
    e.workflow = workflow(e.workflow, e)
    if type(e.lab) == "table" then take("lab", e.lab, { group = "texts", sum = "text" }, nil, e.file or MAIN, e.line or 1) end
    local file, line = e.file or MAIN, e.line or 1
    for i, columns in ipairs(e.indexes or {}) do
      local l, col = locate(file, line, "indexes")
      local unique = type(columns) == "table" and columns.unique == true
      if unique then columns = { table.unpack(columns) } end
      if not is_texts(columns) then wrong("type", "indexes: an index is a list of fields: { \"state\", \"name\" }", file, l, col) end
      e.indexes[i] = { fields = columns, unique = unique, file = file, line = l, col = col }
    end
  end
  out.rules = callable(p.rules, "rule", { "reads" })
  out.actions = callable(p.actions, "action", { "on", "states" })
  out.on = callable(p.on, "on", {})
  out.messages = ordered(p.messages, "messages")
  for _, m in ipairs(out.messages) do m._seq = nil end
  out.every = callable(p.every, "every", { "cron", "missed" })
  out.documents = members(p.documents, "documents", "document", MAIN, 1)
  out.reports = ordered(p.reports, "reports")
  out.exports = ordered(p.exports, "exports")
  out.obligations = ordered(p.obligations, "obligations")
  out.public = ordered(p.public, "public")
  for _, list in ipairs { out.reports, out.exports, out.obligations, out.public } do
    for _, r in ipairs(list) do r._seq = nil end
  end
  for _, o in ipairs(out.obligations) do
    if o.file then ladder(o, o.file, o.line) else wrong("obligation_expected", format("%s: write campus.obligation { … }", o.name), MAIN, locate(MAIN, 1, o.name)) end
  end
  -- what a rule may look at, heads and whole paths
  local all = {}
  for _, r in ipairs(out.rules) do
    local may = {}
    for _, path in ipairs(r.reads or {}) do may[match(path, "^[^.]+") or path] = true end
    all[r.name] = may
  end
  plugin, reads = p, all
  return out
end
local function declare()
  wrongs = {}
  local ok, out = pcall(declaration)
  if not ok then wrongs[#wrongs + 1] = out end
  if #wrongs > 0 then error({ items = wrongs }, 0) end
  return out
end

local policies = {}
local function freeze(v)
  if type(v) ~= "table" then return v end
  local t = {}
  for k, x in pairs(v) do t[k] = freeze(x) end
  return readonly(t, "policy")
end
local EMPTY = freeze {}
local function policy(revision, values) policies[revision] = freeze(values) end
local function policy_of(revision)
  local p = policies[revision]
  if not p and revision ~= 0 then error(format("there is no policy revision %d", revision), 0) end
  return p or EMPTY
end
local function rule(rule_name, revision, as_of, values)
  if not plugin then declare() end
  local may = reads[rule_name]
  if not may then error("there is no rule " .. tostring(rule_name), 0) end
  local record = setmetatable({}, { __metatable = false,
    __newindex = function(_, k) error("a rule does not change its record: " .. tostring(k), 2) end,
    __pairs = function() return function(_, k) return next(values, k) end, nil, nil end,
    __index = function(_, k)
      local v = values[k]
      if v == nil and not may[k] then error(format("the rule does not declare that it reads %q: add it to reads = { … }", tostring(k)), 2) end
      return v
    end })
  local list = plugin.rules[rule_name].run(record, policy_of(revision), as_of)
  if type(list) ~= "table" then error("a rule returns why:decision()", 0) end
  return list
end

-- Several at once, for the lab: each is its reasons, or { error = text }.
local function rules(list)
  local out = {}
  for i, c in ipairs(list) do
    local ok, reasons = pcall(rule, c[1], c[2], c[3], c[4])
    if not ok then
      local text = type(reasons) == "table" and rawget(reasons, "text") or reasons
      reasons = { error = type(text) == "string" and (match(text, "^[^:]+:%d+: (.*)$") or text) or "unknown error" }
    end
    out[i] = reasons
  end
  return out
end

-- ctx: every call goes to the core, through the gate. An expected refusal is nil, err (a table with code
-- and text); what the author got wrong is thrown at the line that did it.
local MISUSE = { usage = true, bad_request = true }
local function asking(service)
  return function(_, ...)
    local n = select("#", ...)
    local args = { ... }
    for i = 1, n do
      if args[i] == nil then error(format("ctx:%s: argument %d is nil", service, i), 2) end
    end
    local result, code, text = ask(service, args)
    if code == nil then return result end
    if MISUSE[code] then error(format("ctx:%s: %s", service, tostring(text)), 2) end
    return nil, { code = code, text = text }
  end
end
local calls = {}
for _, k in ipairs { "get", "find", "create", "update", "transition", "document", "post", "file_text", "report", "emit", "send", "opt_out", "now", "log", "t" } do calls[k] = asking(k) end
local KINDS = { action = "actions", on = "on", every = "every" }
local function action(kind, action_name, revision, input)
  if not plugin then declare() end
  local list = KINDS[kind] and plugin[KINDS[kind]]
  local a = list and list[action_name]
  if not a then error(format("there is no %s %s", tostring(kind), tostring(action_name)), 0) end
  local values, actor = policy_of(revision), nil
  local ctx = setmetatable({}, { __metatable = false,
    __newindex = function() error("ctx cannot be changed", 2) end,
    __index = function(_, k)
      if k == "policy" then return values end
      if k == "actor" then
        actor = actor or freeze(ask("actor", {}))
        return actor
      end
      return calls[k] or error(format("there is no ctx.%s%s", tostring(k), instead(tostring(k), names(calls), "there are")), 2)
    end })
  local result, err = a.run(ctx, input)
  return { result = result, err = err }
end
local authors
local function author(what, args)
  authors = authors or load_author() { name = name, sources = sources, ask = ask, globals = globals, campus = campus, calls = calls,
    SHAPES = SHAPES, TYPES = TYPES, FIELD = FIELD, policy = policy, policy_of = policy_of, rule = rule }
  return authors[what](args)
end
return { declare = declare, policy = policy, rule = rule, rules = rules, action = action, author = author }
