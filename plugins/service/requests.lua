-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Departments ask each other for a hand with families and visitors: accepted, done, thanked (SVC-9).
local field, shared = campus.field, require "shared"
local T = shared.title
local WHOSE = { "helper", "team" }

local requests = campus.entity {
  title = T("协作请求", "Support requests"), serves = { "SVC-9" },
  overview = { roles = { "service.lead", "customer_service" }, order = 13, date = "wanted_by", who = "helper", days = 14 },
  fields = {
    number = field.text { title = T("编号", "Number"), number = "XZ{year}-{seq:4}" },
    subject = field.text { title = T("事项", "What"), required = true, max_length = 120, search = true },
    detail = field.longtext { title = T("说明", "Details"), max_length = 1000 },
    asked_by = field.person { title = T("请求人", "Asked by"), readonly = true, default = "$actor" },
    team = field.choice { title = T("请哪个部门", "Of"), required = true, default = "customer_service", choices = shared.TEAMS },
    wanted_by = field.date { title = T("希望完成日期", "Wanted by"), required = true },
    helper = field.person { title = T("承办人", "Helper") },
    outcome = field.longtext { title = T("完成情况", "What was done"), max_length = 1000 },
    thanks = field.longtext { title = T("致谢与评价", "Thanks"), max_length = 500 },
    rating = field.integer { title = T("协作评分", "Rating"), min = 1, max = 5 },
    note = field.text { title = T("说明", "Note"), max_length = 300 },
  },
  workflow = {
    start = "asked",
    states = {
      asked = { title = T("待接受", "Asked"), todo = WHOSE, deadline = { within = "policy:requests.accept", owner = WHOSE,
        escalate = { { after = "0h", to = "role:deputy" } } } },
      accepted = { title = T("办理中", "Accepted"), todo = WHOSE, deadline = { within = "field:wanted_by", owner = WHOSE, remind = { "1wd" },
        escalate = { { after = "0h", to = "supervisor" }, { after = "1wd", to = "role:deputy" } } } },
      done = { title = T("已完成，待致谢", "Done"), todo = "asked_by" },
      thanked = { title = T("已致谢", "Thanked"), final = true },
      declined = { title = T("未能接受", "Declined"), final = true },
    },
    transitions = {
      accept = { title = T("接受", "Accept"), from = "asked", to = "accepted", needs = { "helper" } },
      decline = { title = T("不能接受", "Decline"), from = "asked", to = "declined", needs = { "note" } },
      finish = { title = T("完成", "Done"), from = "accepted", to = "done", needs = { "outcome" } },
      reopen = { title = T("还没完成", "Not done yet"), from = "done", to = "accepted", needs = { "note" } },
      thank = { title = T("致谢", "Thank"), from = "done", to = "thanked", needs = { "thanks" } },
    },
  },
  indexes = { { "state", "wanted_by" }, { "team", "state" }, { "asked_by", "state" } },
}

local function accept(ctx, input)
  local done, err = ctx:transition("requests", input.request, "accept", { helper = ctx.actor.id })
  if not done then return nil, err end
  return { state = done.state }
end

return {
  entities = { requests = requests },
  actions = {
    accept = campus.action { title = T("接受", "Accept"), run = accept, on = "request", states = { "asked" }, serves = { "SVC-9" },
      input = { request = field.reference { to = "requests", title = T("协作请求", "Request"), required = true } } },
  },
}
