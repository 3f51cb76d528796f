-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What each constructor takes: every option with its type. Checks, messages and the editor's stubs are
-- made of these tables; an option that is not here does not exist.
local FIELD = { title = "title", help = "title", required = "boolean", unique = "boolean", searchable = "boolean",
  personal = "boolean", readonly = "boolean", class = "public|internal|confidential|secret",
  mask = "mobile|cn_id|last4|name|all", default = "any", derived = "text" }
local TYPES = {
  text = { pattern = "text", check = "cn_id|mobile|uscc|invoice_no", max_length = "integer", search = "any", number = "text" },
  longtext = { max_length = "integer", search = "any" },
  integer = { min = "number", max = "number" }, decimal = { min = "number", max = "number", scale = "integer", weights = "any" },
  money = { min = "number", max = "number" },
  date = {}, time = {}, datetime = {}, boolean = {}, choice = { choices = "list" }, multichoice = { choices = "list" },
  person = {}, reference = { to = "text" }, list = { fields = "table" }, file = { max_bytes = "integer", types = "texts", many = "boolean" }, json = {},
}
local SHAPES = {
  plugin = { title = "title", version = "text", api = "integer", needs = "texts", entities = "table", rules = "table",
    actions = "table", on = "table", every = "table", messages = "table", reports = "table", exports = "table", documents = "table",
    obligations = "table", permissions = "list", serves = "texts", name = "text", public = "table", surveys = "table", scorecards = "table" },
  entity = { title = "title", subject = "names", serves = "texts", fields = "table", workflow = "table", indexes = "list", lab = "table", overview = "table",
    part_of = "names", tasks = "any" },
  workflow = { start = "text", states = "table", transitions = "table" },
  state = { title = "title", final = "boolean", frees = "boolean", deadline = "any", todo = "names", checklist = "any" },
  transition = { title = "title", from = "names", to = "text", needs = "texts", rule = "text", approvals = "any", who = "table",
    never_by = "texts", otherwise = "climb|wait", back = "text", recall = "text", paper = "text", reserve = "table",
    commit = "boolean", settle = "boolean", release = "boolean", message = "names", post = "table",
    checked = "boolean", opens = "table" },
  deadline = { within = "text", by = "text", owner = "names", remind = "texts", escalate = "list", lapse = "text", calendar = "text" },
  escalation = { after = "text", to = "text" },
  reserve = { pool = "text", limit = "text", amount = "any", overbook = "any", exceed = "text", optional = "boolean" },
  obligation = { title = "title", serves = "texts", period = "text", within = "text", owner = "text", remind = "texts",
    escalate = "list", calendar = "text", evidence = "text" },
  choice = { name = "text", title = "title" },
  report = { title = "title", entity = "text", where = "table", group = "texts", counts = "list", sum = "texts", avg = "texts",
    min = "texts", max = "texts", distinct = "texts", date = "text", compare = "year", year_starts = "integer", target = "table",
    kept = "boolean", chart = "bar|line|pie|funnel|number|table", min_cell = "integer", min_count = "integer", overview = "table", serves = "texts" },
  overview = { roles = "texts", order = "integer", counts = "texts", older = "text", date = "text", who = "text", days = "integer" },
  document = { title = "title", entity = "text", template = "title", number = "text", seal = "title", qr = "text",
    states = "texts", copies = "integer", many = "boolean", serves = "texts" },
  export = { title = "title", entity = "text", fields = "texts", reveal = "texts", where = "table", purpose = "text", serves = "texts",
    split = "text", codes = "table" },
  public = { title = "title", entity = "text", code = "text", fields = "texts", shows = "texts", files = "texts", transition = "text",
    via = "table", set = "table", into = "text", consent = "title", next = "titles", serves = "texts" },
  rule = { reads = "texts", run = "function", serves = "texts" },
  action = { title = "title", input = "table", on = "text", states = "texts", run = "function", serves = "texts" },
  message = { title = "title", entity = "text", to = "names", channels = "names", text = "title", extra = "texts",
    opt_out = "text", cap = "text", serves = "texts" },
  on = { title = "title", run = "function", serves = "texts" },
  every = { title = "title", cron = "text", missed = "once|skip", run = "function", serves = "texts" },
}
return FIELD, TYPES, SHAPES
