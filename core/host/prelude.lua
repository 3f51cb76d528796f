-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The sandbox of one plugin. The child runs this chunk once a plugin with the plugin's name, its files
-- and a way to ask the core; it returns declare, policy, rule and action. Only this file sees debug and
-- load; plugins never do.
local name, sources, ask = ...
local getinfo, load, setmetatable, getmetatable = debug.getinfo, load, setmetatable, getmetatable
local pairs, ipairs, type, tostring, error, next = pairs, ipairs, type, tostring, error, next
local format, sub, rep, find, gmatch, match, gsub = string.format, string.sub, string.rep, string.find, string.gmatch, string.match, string.gsub
local sort, select, tonumber = table.sort, select, tonumber

local MAIN = "plugins/" .. name .. "/plugin.lua"
local seq, running = 0, MAIN
-- Where the plugin called a constructor. A tail call (return campus.entity { … }) has left no line.
local function here(level)
  local i = getinfo(level + 1, "Sl")
  seq = seq + 1
  if not i or i.currentline < 1 or sub(i.source, 1, 9) ~= "@plugins/" then return seq, running, 1 end
  return seq, sub(i.source, 2), i.currentline
end
local function fail(word, text, file, line) error({ word = word, text = text, file = file, line = line }, 0) end

-- Options that a constructor takes; an unknown one is refused where it stands.
local COMMON = { title = 1, required = 1, unique = 1, class = 1, mask = 1, searchable = 1, personal = 1, default = 1, derived = 1, readonly = 1, help = 1 }
local TYPES = {
  text = { pattern = 1, check = 1, max_length = 1 }, longtext = { max_length = 1 },
  integer = { min = 1, max = 1 }, decimal = { min = 1, max = 1, scale = 1 }, money = { min = 1, max = 1 },
  date = {}, time = {}, datetime = {}, boolean = {}, choice = { choices = 1 }, multichoice = { choices = 1 },
  person = {}, reference = { to = 1 }, list = { fields = 1 }, file = {}, json = {},
}
local function take(what, opts, allowed, extra, file, line)
  if type(opts) ~= "table" then fail("type", what .. " takes a table", file, line) end
  for k in pairs(opts) do
    if not (allowed[k] or (extra and extra[k])) then fail("unknown_option", format("%s has no option %q", what, tostring(k)), file, line) end
  end
end

local campus = {}
local field = {}
for kind, extra in pairs(TYPES) do
  field[kind] = function(opts)
    local n, file, line = here(2)
    if type(opts) == "string" and kind == "reference" then opts = { to = opts } end
    opts = opts or {}
    take("field." .. kind, opts, COMMON, extra, file, line)
    local f = { type = kind, _seq = n, file = file, line = line, _field = true }
    for k, v in pairs(opts) do f[k] = v end
    return f
  end
end
campus.field = setmetatable({}, { __newindex = function() error("campus.field cannot be changed", 2) end,
  __index = function(_, k)
    local f = field[k]
    if not f then error(format("there is no field type %q", tostring(k)), 2) end
    return f
  end })

local function declared(what, allowed)
  return function(opts)
    local n, file, line = here(2)
    take(what, opts, allowed, nil, file, line)
    opts._seq, opts.file, opts.line = n, file, line
    return opts
  end
end
campus.entity = declared("campus.entity", { title = 1, subject = 1, serves = 1, fields = 1, workflow = 1, indexes = 1 })
campus.report = declared("campus.report", { title = 1, entity = 1, group = 1, sum = 1, kept = 1, chart = 1, min_cell = 1, serves = 1 })
campus.rule = declared("campus.rule", { reads = 1, run = 1, serves = 1 })
campus.action = declared("campus.action", { title = 1, input = 1, run = 1, serves = 1 })

-- Reasons: every criterion that was looked at, passed or not.
local REASON = { code = 1, at = 1, have = 1, want = 1, policy = 1, text = 1 }
function campus.reasons()
  local list = {}
  local why = {}
  function why.check(_, ok, reason)
    if type(reason) ~= "table" or type(reason.code) ~= "string" then error("why:check(ok, { code = \"…\", … })", 2) end
    for k in pairs(reason) do if not REASON[k] then error(format("a reason has no %q", tostring(k)), 2) end end
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
  utf8 = readonly(utf8, "utf8"), campus = readonly(campus, "campus") }
env._G = nil
local globals = setmetatable({}, { __metatable = false,
  __index = function(_, k)
    local v = env[k]
    if v == nil then error(format("%q is not defined: plugins have no globals of their own", tostring(k)), 2) end
    return v
  end,
  __newindex = function(_, k) error(format("%q: assign to a local, not to a global", tostring(k)), 2) end })

local loaded = {}
local function run_file(path)
  if loaded[path] == nil then
    local text = sources[path]
    if not text then fail("file_missing", "there is no file " .. path, MAIN, 1) end
    local chunk, err = load(text, "@plugins/" .. name .. "/" .. path, "t", globals)
    if not chunk then error(err, 0) end
    local before = running
    running = "plugins/" .. name .. "/" .. path
    loaded[path] = chunk() or true
    running = before
  end
  return loaded[path]
end
env.require = function(module)
  if type(module) ~= "string" or not find(module, "^[a-z0-9_]+$") then error("require: a file of this plugin, without .lua", 2) end
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
local function workflow(w)
  if w == nil then return nil end
  local moves = ordered(w.transitions, "transitions")
  local states, seen = {}, {}
  local byname = {}
  for _, s in ipairs(ordered(w.states, "states")) do byname[s.name] = s end
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
local function fields(list)
  local out = ordered(list, "fields")
  for _, f in ipairs(out) do
    f._seq, f._field = nil, nil
    if f.type == "list" then f.fields = fields(f.fields) end
  end
  return out
end
local function callable(list, what, extra)
  local out = {}
  for _, r in ipairs(ordered(list, what)) do
    local file, line = r.file or MAIN, r.line or 1
    if type(r.run) ~= "function" then
      fail("not_callable", format("%s %s needs run = function", what, tostring(r.name)), file, line)
    end
    local i = getinfo(r.run, "S")
    local d = { name = r.name, serves = r.serves, title = r.title, file = sub(i.source, 2), line = i.linedefined }
    for _, k in ipairs(extra) do d[k] = r[k] end
    out[#out + 1] = d
  end
  return out
end
local KNOWN = { name = 1, title = 1, version = 1, api = 1, needs = 1, entities = 1, rules = 1, actions = 1, on = 1, every = 1,
  reports = 1, permissions = 1, serves = 1 }
local plugin, reads
local function declare()
  local p = run_file("plugin.lua")
  if type(p) ~= "table" then fail("declaration", "plugin.lua must return one table", MAIN, 1) end
  take("a plugin", p, KNOWN, nil, MAIN, 1)
  local out = { name = name, title = p.title, version = p.version, api = p.api or 1, needs = p.needs,
    permissions = p.permissions, serves = p.serves }
  out.entities = ordered(p.entities, "entities")
  for _, e in ipairs(out.entities) do
    e._seq = nil
    e.fields = fields(e.fields)
    e.workflow = workflow(e.workflow)
  end
  out.rules = callable(p.rules, "rule", { "reads" })
  out.actions = callable(p.actions, "action", { "input" })
  out.on = callable(p.on, "on", {})
  out.every = callable(p.every, "every", { "cron", "missed" })
  out.reports = ordered(p.reports, "reports")
  for _, r in ipairs(out.reports) do r._seq = nil end
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
      if v == nil and not may[k] then error(format("the rule does not declare that it reads %q", tostring(k)), 2) end
      return v
    end })
  local list = plugin.rules[rule_name].run(record, policy_of(revision), as_of)
  if type(list) ~= "table" then error("a rule returns why:decision()", 0) end
  return list
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
for _, k in ipairs { "get", "find", "create", "update", "transition", "emit", "now", "log", "t" } do calls[k] = asking(k) end
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
      return calls[k] or error(format("there is no ctx.%s", tostring(k)), 2)
    end })
  local result, err = a.run(ctx, input)
  return { result = result, err = err }
end
return { declare = declare, policy = policy, rule = rule, action = action }
