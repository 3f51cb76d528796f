-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What only authors meet, loaded on first use: the tests of a plugin (campusd plugin test) and the stubs for
-- their editor (campusd plugin stubs). `host` is what the prelude hands over.
local host = ...
local format, concat, sort, match = string.format, table.concat, table.sort, string.match
local PREFIX = "plugins/" .. host.name .. "/"

-- The innermost line of the plugin's own files (its tests too) that led here.
local function line_of()
  for level = 2, 40 do
    local i = debug.getinfo(level, "Sl")
    if not i then return nil end
    if i.source:sub(1, #PREFIX + 1) == "@" .. PREFIX and i.currentline > 0 then return i.source:sub(2), i.currentline end
  end
end
local function blame(word, text)
  local file, line = line_of()
  error({ word = word, text = text, file = file, line = line }, 0)
end

-- A value as a person writes it, for messages.
local function show(v, depth)
  depth = depth or 0
  if type(v) == "string" then return format("%q", v) end
  if type(v) ~= "table" then return tostring(v) end
  if depth > 3 then return "{ … }" end
  local out, n = {}, 0
  for i, x in ipairs(v) do out[#out + 1], n = show(x, depth + 1), i end
  local keys = {}
  for k in pairs(v) do if not (math.type(k) == "integer" and k >= 1 and k <= n) then keys[#keys + 1] = k end end
  sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, k in ipairs(keys) do out[#out + 1] = format("%s = %s", tostring(k), show(v[k], depth + 1)) end
  return #out == 0 and "{}" or "{ " .. concat(out, ", ") .. " }"
end
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end
local function copy(v)
  if type(v) ~= "table" then return v end
  local t = {}
  for k, x in pairs(v) do t[k] = copy(x) end
  return t
end
local function laid_over(base, over)
  local t = copy(base)
  for k, v in pairs(over or {}) do
    local group = type(v) == "table" and type(t[k]) == "table" and #v == 0 and #t[k] == 0
    t[k] = group and laid_over(t[k], v) or copy(v)
  end
  return t
end

-- One question to the core, which has a service of its own for this test.
local function ask(service, ...)
  local result, code, text = host.ask(service, { ... })
  if code ~= nil then blame(code, text) end
  return result
end

-- What was exercised: reasons that were met and that were not. Transitions are read from the record's history.
local seen
local function saw(kind, name, how)
  seen[kind][name] = seen[kind][name] or {}
  seen[kind][name][how] = true
end
local function saw_reasons(list)
  for _, r in ipairs(list or {}) do saw("reasons", r.code, r.ok and "pass" or "fail") end
end

-- An answer past 299 is an error that carries what the service said.
local Refusal = { __tostring = function(e) return e.text end }
local function words(body, status)
  local list = {}
  for _, e in ipairs(body.errors or {}) do
    list[#list + 1] = format("%s%s (%s)", e.pointer and e.pointer .. " " or "", tostring(e.code), tostring(e.detail))
  end
  return format("%d %s: %s", status, tostring(body.code), #list > 0 and concat(list, "; ") or tostring(body.detail or body.title))
end
local function http(who, method, path, body)
  if type(body) == "table" and next(body) == nil then body = nil end
  local args = { who, method, path, body }
  local result, code, text = host.ask("http", args)
  if code ~= nil then blame(code, text) end
  local b = result.body
  if result.status < 300 then return b, result end
  if type(b) ~= "table" then b = { code = "status", detail = result.text } end
  if b.code == "rule_refused" then
    for _, e in ipairs(b.errors or {}) do saw("reasons", e.code, "fail") end
  end
  local file, line = line_of()
  error(setmetatable({ word = b.code, code = b.code, status = result.status, errors = b.errors or {}, text = words(b, result.status),
    decision = b.decision, body = b, file = file, line = line }, Refusal), 0)
end

local function escape(s)
  return (tostring(s):gsub("[^%w%-%._~]", function(c) return format("%%%02X", c:byte()) end))
end
local function address(entity)
  local plugin, name = match(entity, "^([^.]+)%.(.+)$")
  return format("/api/v1/%s/%s", plugin or host.name, name or entity)
end
local function query(filters)
  local parts, keys = {}, {}
  for k in pairs(filters or {}) do keys[#keys + 1] = k end
  sort(keys)
  for _, k in ipairs(keys) do parts[#parts + 1] = escape(k) .. "=" .. escape(filters[k]) end
  return #parts == 0 and "" or "?" .. concat(parts, "&")
end

-- Somebody at the interface. A refusal is thrown; expect.refused catches it.
local client = {}
function client:create(entity, fields) return (http(self.token, "POST", address(entity), fields)) end
function client:get(entity, id) return (http(self.token, "GET", address(entity) .. "/" .. escape(id))) end
function client:find(entity, filters) return http(self.token, "GET", address(entity) .. query(filters)).items end
function client:update(entity, id, fields) return (http(self.token, "PATCH", address(entity) .. "/" .. escape(id), fields)) end
function client:delete(entity, id) return (http(self.token, "DELETE", address(entity) .. "/" .. escape(id))) end
function client:transition(entity, id, name, fields)
  local r = http(self.token, "POST", address(entity) .. "/" .. escape(id) .. "/" .. escape(name), fields)
  if type(r) == "table" and r.decision then saw_reasons(r.decision.reasons) end
  return r
end
function client:action(name, input)
  return http(self.token, "POST", format("/api/v1/%s/actions/%s", host.name, escape(name)), input or { _ = nil }).result
end
function client:report(name, filters)
  return (http(self.token, "GET", format("/api/v1/%s/reports/%s%s", host.name, escape(name), query(filters))))
end
function client:api(method, path, body)
  return (http(self.token, method, path:sub(1, 1) == "/" and path or "/api/v1/" .. path, body))
end
client.__index = client
local people = 0

local T = {}
-- as "role", or as { roles = { … }, campus = …, name = … }
function T.as(who)
  if type(who) == "string" then
    local me = ask("person", who)
    return setmetatable({ token = me.token, id = me.id, name = me.name }, client)
  end
  if type(who) ~= "table" then blame("usage", "as takes a role, or { roles = { … }, campus = …, name = … }") end
  local person = copy(who)
  people = people + 1
  person.name = person.name or "person." .. people
  person.roles = type(person.roles) == "string" and { person.roles } or person.roles
  local made = http("", "POST", "/api/v1/admin/users", person)
  local token = http("", "POST", "/api/v1/admin/tokens", { user = made.id, label = "test" })
  return setmetatable({ token = "=" .. token.token, id = made.id, name = person.name }, client)
end
T.expect = {
  equal = function(have, want, what)
    if not same(have, want) then
      blame("expected", format("%s%s, not %s", what and what .. ": " or "", show(want), show(have)))
    end
  end,
  yes = function(value, what)
    if not value then blame("expected", (what or "a value") .. ", not " .. show(value)) end
  end,
  -- fn must be refused with this code: of the whole ("forbidden"), or of one of its errors ("too_young")
  refused = function(code, fn)
    local ok, err = pcall(fn)
    if ok then blame("expected", format("a refusal %q, but it was done", code)) end
    if getmetatable(err) ~= Refusal then error(err, 0) end
    if err.code == code then return err end
    for _, e in ipairs(err.errors) do if e.code == code then return err end end
    blame("expected", format("a refusal %q, not %s", code, err.text))
  end,
  -- a reason of a decision, or of a record or refusal that holds one; met or not
  reason = function(of, code, ok)
    local list = of.reasons or (of.decision and of.decision.reasons) or of.errors or of
    local codes = {}
    for _, r in ipairs(list) do
      codes[#codes + 1] = tostring(r.code)
      if r.code == code and (ok == nil or (r.ok or false) == ok) then return r end
    end
    blame("expected", format("the reason %q%s among %s", code, ok == nil and "" or ok and ", met" or ", not met", concat(codes, ", ")))
  end,
}
-- The clock of the test: stands at 2027-03-01 08:00 when it begins, and goes forward only.
T.clock = {
  now = function() return ask("clock").time end,
  today = function() return ask("clock").today end,
  set = function(time) return ask("clock", "set", time) end,
  advance = function(by) return ask("clock", "advance", by) end,
}
-- Events since the test began, of one type or all: { type, entity, record, state }.
function T.events(kind)
  local out = {}
  for _, e in ipairs(ask("events")) do if not kind or e.type == kind or e.type:sub(-#kind - 1) == "." .. kind then out[#out + 1] = e end end
  return out
end
-- Messages since the test began, of one name or all; none of them leaves.
function T.messages(kind)
  local out = {}
  for _, m in ipairs(http("", "GET", "/api/v1/admin/messages?limit=500").items) do
    if not kind or (m.plugin == host.name and m.name == kind) then out[#out + 1] = m end
  end
  return out
end
-- The school's own policy for the rest of this test, as its file would say it.
function T.policy(values)
  local file = copy(values)
  file.policy = host.name
  ask("policy", file)
  http("", "POST", "/api/v1/admin/reload")
end
-- A rule by itself: the record's fields as the rule sees them; { as_of = …, policy = what differs }.
function T.decide(rule, record, with)
  with = with or {}
  local values = laid_over(host.policy_of(1), with.policy)
  host.policy(-1, values)
  local list = host.rule(rule, -1, with.as_of or T.clock.today(), copy(record))
  local d = { pass = true, reasons = {} }
  for i, r in ipairs(list) do
    d.pass = d.pass and r.ok
    d.reasons[i] = r
  end
  saw_reasons(list)
  return d
end

-- A file of tests, run afresh for each of them so that none sees what another left behind.
local function load_tests(path)
  local list = {}
  T.test = function(name, fn)
    local file, line = line_of()
    if type(name) ~= "string" or type(fn) ~= "function" then blame("usage", "write test(\"what holds\", function() … end)") end
    list[#list + 1] = { name = name, fn = fn, file = file, line = line }
  end
  local globals = setmetatable({}, { __metatable = false,
    __index = function(_, k)
      if T[k] ~= nil then return T[k] end
      return host.globals[k]
    end,
    __newindex = function(_, k) host.globals[k] = true end })
  local chunk, err = load(host.sources[path], "@" .. PREFIX .. path, "t", globals)
  if not chunk then
    local line, what = match(err, "^[^:]*:(%d+): (.*)$")
    error({ word = "syntax", text = what or err, file = PREFIX .. path, line = tonumber(line) or 1 }, 0)
  end
  chunk()
  return list
end

local author = {}
function author.list(path)
  local out = {}
  for i, t in ipairs(load_tests(path)) do out[i] = { name = t.name, file = t.file, line = t.line } end
  return out
end
function author.run(args)
  seen = { reasons = {} }
  people = 0
  local t = load_tests(args.path)[args.n]
  local ok, err = pcall(t.fn)
  local out = { ok = ok, seen = seen }
  if ok then return out end
  if type(err) == "table" then
    out.word, out.text, out.file, out.line = err.word, err.text, err.file, err.line
  else
    local file, line, text = match(tostring(err), "^(plugins/[^:]+):(%d+): (.*)$")
    out.word, out.text, out.file, out.line = "lua", text or tostring(err), file, tonumber(line)
  end
  out.file, out.line = out.file or t.file, out.line or t.line
  return out
end

-- Stubs. What the prelude checks by is what the editor is told.
local LUACATS = { boolean = "boolean", integer = "integer", number = "number", text = "string", title = "string|campus.title",
  texts = "string[]", names = "string|string[]", list = "any[]", table = "table<string, any>", any = "any",
  ["function"] = "fun(...): any", field = "campus.field" }
local CALLS = {
  get = "fun(self: campus.ctx, entity: string, id: string): table?, campus.refusal?",
  find = "fun(self: campus.ctx, entity: string, filters?: table<string, any>): { items: table[] }?, campus.refusal?",
  create = "fun(self: campus.ctx, entity: string, fields: table<string, any>): table?, campus.refusal?",
  update = "fun(self: campus.ctx, entity: string, id: string, fields: table<string, any>): table?, campus.refusal?",
  transition = "fun(self: campus.ctx, entity: string, id: string, name: string, fields?: table<string, any>): table?, campus.refusal?",
  post = "fun(self: campus.ctx, ledger: string, posting: table<string, any>): { number: string }?, campus.refusal?",
  emit = "fun(self: campus.ctx, word: string, entity: string, id: string): nil, campus.refusal?",
  send = "fun(self: campus.ctx, message: string, ...: any): table?, campus.refusal?",
  opt_out = "fun(self: campus.ctx, entity: string, id: string, topic: string, out?: boolean): nil, campus.refusal?",
  document = "fun(self: campus.ctx, document: string, entity: string, id: string, more?: table<string, any>): table?, campus.refusal?",
  file_text = "fun(self: campus.ctx, file: string): string?, campus.refusal?",
  report = "fun(self: campus.ctx, name: string): { rows: table<string, any>[], total: table<string, any> }?, campus.refusal?",
  now = "fun(self: campus.ctx): { today: string, time: string }", log = "fun(self: campus.ctx, text: string)",
  t = "fun(self: campus.ctx, key: string, values?: table<string, any>): string?, campus.refusal?",
}
local RUNS = { rule = "fun(record: table<string, any>, policy: table<string, any>, as_of: string): campus.reason[]" }
local RUN = "fun(ctx: campus.ctx, input: any): any, campus.refusal?"
local function kind_of(kind, shape, option)
  if option == "run" then return RUNS[shape] or RUN end
  if shape == "entity" and option == "fields" then return "table<string, campus.field>" end
  if shape == "entity" and option == "workflow" then return "campus.workflow" end
  if shape == "workflow" and option ~= "start" then return format("table<string, campus.%s>", option:sub(1, -2)) end
  if shape == "plugin" then
    local member = ({ entities = "entity", rules = "rule", reports = "report", actions = "action" })[option]
    if member then return format("table<string, campus.%s>", member) end
  end
  if LUACATS[kind] then return LUACATS[kind] end
  local quoted = {}
  for w in kind:gmatch("[^|]+") do quoted[#quoted + 1] = format("%q", w) end
  return concat(quoted, "|")
end
local function sorted(t)
  local list = {}
  for k in pairs(t) do list[#list + 1] = k end
  sort(list)
  return list
end
function author.stubs()
  local out = { "---@meta", "-- Made by campusd plugin stubs from what the host checks by; not to be edited.", "" }
  local function say(...) out[#out + 1] = format(...) end
  local function class(name, options, shape, parent)
    say("---@class %s%s", name, parent and ": " .. parent or "")
    for _, k in ipairs(sorted(options)) do say("---@field %s? %s", k, kind_of(options[k], shape, k)) end
    say("")
  end
  say("---@class campus.title\n---@field zh? string\n---@field en? string\n")
  say("---@class campus.field\n")
  say("---@class campus.refusal\n---@field code string\n---@field text string\n")
  class("campus.reason", { code = "text", at = "text", have = "any", want = "any", policy = "text", text = "text", ok = "boolean" })
  class("campus.field.common", host.FIELD)
  for _, k in ipairs(sorted(host.TYPES)) do class("campus.field." .. k, host.TYPES[k], nil, "campus.field.common") end
  for _, k in ipairs(sorted(host.SHAPES)) do class("campus." .. k, host.SHAPES[k], k) end
  say("---@class campus.ctx\n---@field actor { id: string, name: string, campus: string?, roles: string[] }\n---@field policy table<string, any>")
  for _, k in ipairs(sorted(host.calls)) do say("---@field %s %s", k, CALLS[k] or "fun(self: campus.ctx, ...): any, campus.refusal?") end
  say("\ncampus = {}\ncampus.field = {}")
  for _, k in ipairs(sorted(host.TYPES)) do
    say("---@param options? campus.field.%s%s\n---@return campus.field\nfunction campus.field.%s(options) end", k,
      k == "reference" and "|string" or "", k)
  end
  for _, k in ipairs(sorted(host.campus)) do
    if host.SHAPES[k] then
      say("---@param options campus.%s\n---@return campus.%s\nfunction campus.%s(options) end", k, k, k)
    elseif k == "reasons" then
      say("---@return { check: (fun(self, ok: any, reason: campus.reason): boolean), decision: (fun(self): campus.reason[]) }")
      say("function campus.reasons() end")
    elseif type(host.campus[k]) == "function" then
      say("function campus.%s(...) end", k)
    elseif k ~= "field" then
      say("campus.%s = {}", k)
      for _, f in ipairs(sorted(host.campus[k])) do say("function campus.%s.%s(...) end", k, f) end
    end
  end
  say("\n-- In plugins/NAME/tests/*.lua only.\n---@class campus.test.client\n---@field id string\n---@field name string\nlocal client = {}")
  for _, k in ipairs(sorted(client)) do if type(client[k]) == "function" then say("function client:%s(...) end", k) end end
  say("---@param name string\n---@param fn fun()\nfunction test(name, fn) end")
  say("---@param who string|{ roles: string[], campus: string?, name: string? }\n---@return campus.test.client\nfunction as(who) end")
  for _, k in ipairs { "expect", "clock" } do
    say("%s = {}", k)
    for _, f in ipairs(sorted(T[k])) do say("function %s.%s(...) end", k, f) end
  end
  for _, k in ipairs { "events", "messages", "policy", "decide" } do say("function %s(...) end", k) end
  return concat(out, "\n") .. "\n"
end
-- Every name that a plugin can say, for the test that the stubs leave none out.
function author.names()
  local out = {}
  for k in pairs(host.campus) do out[#out + 1] = "campus." .. k end
  for k in pairs(host.TYPES) do out[#out + 1] = "campus.field." .. k end
  for k in pairs(host.calls) do out[#out + 1] = "ctx:" .. k end
  sort(out)
  return out
end
return author
