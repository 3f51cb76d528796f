local field = campus.field

local function short(note, policy)
  local why = campus.reasons()
  why:check(note.pages <= policy.pages, { code = "too_long", at = "pages", have = note.pages, want = policy.pages, policy = "pages" })
  return why:decision()
end

return {
  title = { zh = "笔记", en = "Notes" },
  entities = {
    notes = campus.entity {
      fields = {
        name = field.text { required = true, max_length = 60 },
        pages = field.integer { min = 0, max = 100 },
        phone = field.text { class = "confidential", searchable = true, check = "mobile", mask = "mobile" },
        kind = field.choice { choices = { "memo", "letter" } },
        lines = field.list { fields = { amount = field.money {} } },
      },
      workflow = {
        start = "draft",
        states = { draft = {}, sent = {}, filed = { final = true } },
        transitions = {
          send = { from = "draft", to = "sent", needs = { "name" }, rule = "short" },
          file = { from = "sent", to = "filed" },
        },
      },
      indexes = { { "state", "name" } },
    },
  },
  rules = { short = campus.rule { reads = { "pages" }, run = short } },
  reports = { by_state = campus.report { entity = "notes", group = { "state" }, kept = true } },
  actions = { touch = campus.action { run = function() return true end } },
}
