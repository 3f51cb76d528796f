-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The sandbox of one plugin. The child runs this chunk once a plugin with the plugin's name and its
-- files; it returns declare() and rule(). Only this file sees debug and load; plugins never do.
local name, sources = ...
local getinfo, load, setmetatable, getmetatable = debug.getinfo, load, setmetatable, getmetatable
local pairs, ipairs, type, tostring, error, rawget, rawset, next = pairs, ipairs, type, tostring, error, rawget, rawset, next
local format, sub, rep, find, gmatch, match, gsub = string.format, string.sub, string.rep, string.find, string.gmatch, string.match, string.gsub
local sort, floor, select, tonumber = table.sort, math.floor, select, tonumber

local seq = 0
local function here(level)
  local i = getinfo(level + 1, "Sl")
  seq = seq + 1
  return seq, i.source:gsub("^@", ""), i.currentline
end
local function fail(word, text, file, line) error({ word = word, text = text, file = file, line = line }, 0) end

-- Options that a constructor takes; an unknown one is refused where it stands.
local COMMON = { title = 1, required = 1, unique = 1, class = 1, mask = 1, searchable = 1, personal = 1, default = 1, derived = 1, readonly = 1, help = 1 }
local TYPES = {
  text = { pattern = 1, check = 1, max_length = 1 }, longtext = { max_length = 1 },
  integer = { min = 1, max = 1 }, decimal = { min = 1, max = 1, scale = 1 }, money = { min = 1, max = 1 },
  date = {}, time = {}, datetime = {}, boolean = {}, choice = { choices = 1 }, multichoice = { choices = 1 },
  person = {}, reference = { to = 1 }, list = { fields = 1, of = 1 }, file = {}, json = {},
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
    if type(opts) == "string" then opts = kind == "reference" and { to = opts } or { of = opts } end
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

-- Reasons: every criterion that was looked at, passed or not.
local REASON = { code = 1, at = 1, have = 1, want = 1, policy = 1, text = 1 }
function campus.reasons()
  local list = {}
  local why = {}
  function why:check(ok, reason)
    if type(reason) ~= "table" or type(reason.code) ~= "string" then error("why:check(ok, { code = \"…\", … })", 2) end
    for k in pairs(reason) do if not REASON[k] then error(format("a reason has no %q", tostring(k)), 2) end end
    reason.ok = not not ok
    list[#list + 1] = reason
    return reason.ok
  end
  function why:decision() return list end
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
campus.date = {
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
    __pairs = function() return next, t, nil end, __len = function() return #t end })
end
local string_env = {}
for _, k in ipairs { "byte", "char", "format", "len", "lower", "reverse", "sub", "upper" } do string_env[k] = string[k] end
string_env.find, string_env.match, string_env.gmatch, string_env.gsub = bounded(find), bounded(match), bounded(gmatch), bounded(gsub)
string_env.rep = function(s, n, sep)
  if (#s + #(sep or "")) * n > 1048576 then error("string.rep: too long", 2) end
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
    if not text then fail("file_missing", "there is no file " .. path, "plugins/" .. name .. "/plugin.lua", 1) end
    local chunk, err = load(text, "@plugins/" .. name .. "/" .. path, "t", globals)
    if not chunk then error(err, 0) end
    loaded[path] = chunk() or true
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
  if type(t) ~= "table" then fail("type", what .. " must be a table", "plugins/" .. name .. "/plugin.lua", 1) end
  for k, v in pairs(t) do
    if type(v) ~= "table" then v = { value = v } end
    local copy = {}
    for a, b in pairs(v) do copy[a] = b end
    copy.name = type(k) == "string" and k or copy.name or copy.value
    out[#out + 1] = copy
  end
  sort(out, function(a, b) return (a._seq or 0) < (b._seq or 0) or ((a._seq or 0) == (b._seq or 0) and tostring(a.name) < tostring(b.name)) end)
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
local plugin
local function declare()
  plugin = run_file("plugin.lua")
  if type(plugin) ~= "table" then fail("declaration", "plugin.lua must return one table", "plugins/" .. name .. "/plugin.lua", 1) end
  local known = { name = 1, title = 1, version = 1, api = 1, needs = 1, entities = 1, rules = 1, actions = 1, on = 1, every = 1, reports = 1, permissions = 1, serves = 1 }
  take("a plugin", plugin, known, nil, "plugins/" .. name .. "/plugin.lua", 1)
  local out = { name = name, title = plugin.title, version = plugin.version, api = plugin.api or 1, needs = plugin.needs, permissions = plugin.permissions }
  out.entities = ordered(plugin.entities, "entities")
  for _, e in ipairs(out.entities) do
    e._seq = nil
    e.fields = fields(e.fields)
    e.workflow = workflow(e.workflow)
  end
  out.rules = {}
  for _, r in ipairs(ordered(plugin.rules, "rules")) do
    if type(r.run) ~= "function" then fail("rule_invalid", "rule " .. tostring(r.name) .. " needs run = function(record, policy, as_of)", r.file or "plugins/" .. name .. "/plugin.lua", r.line or 1) end
    local i = getinfo(r.run, "S")
    out.rules[#out.rules + 1] = { name = r.name, reads = r.reads, serves = r.serves, file = gsub(i.source, "^@", ""), line = i.linedefined }
  end
  out.reports = ordered(plugin.reports, "reports")
  for _, r in ipairs(out.reports) do r._seq = nil end
  return out
end

local policies = {}
local function freeze(v)
  if type(v) ~= "table" then return v end
  local t = {}
  for k, x in pairs(v) do t[k] = freeze(x) end
  return readonly(t, "policy")
end
local function policy(revision, values) policies[revision] = freeze(values) end
local function rule(rule_name, revision, as_of, values)
  if not plugin then declare() end
  local r = plugin.rules and plugin.rules[rule_name]
  if not r then error("there is no rule " .. tostring(rule_name)) end
  local record = setmetatable(values, { __metatable = false,
    __newindex = function(_, k) error("a rule does not change its record: " .. tostring(k), 2) end,
    __index = function(_, k)
      for _, read in ipairs(r.reads or {}) do if read == k or find(read, "^" .. tostring(k) .. "%.") then return nil end end
      error(format("the rule does not declare that it reads %q", tostring(k)), 2)
    end })
  local list = r.run(record, policies[revision] or freeze({}), as_of)
  if type(list) ~= "table" then error("a rule returns why:decision()") end
  return list
end
return { declare = declare, policy = policy, rule = rule }
