-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Office: papers that come in and go out, and what is sealed with which seal (公文登记、用印).
local papers, seals = require "papers", require "seals"
local field = campus.field
return {
  title = { zh = "综合办公", en = "Office" },
  version = "1.0.0",
  entities = { incoming = papers.incoming, outgoing = papers.outgoing, seals = seals.seals, seal_requests = seals.requests },
  reports = {
    papers_open = campus.report {
      title = { zh = "未办结来文", en = "Papers not yet dealt with" }, entity = "incoming", where = { state = { "registered", "assigned" } },
      group = { "handler" }, chart = "bar",
      counts = { { name = "urgent", title = { zh = "紧急", en = "Urgent" }, where = { urgency = "urgent" } } },
    },
    seal_use = campus.report {
      title = { zh = "用印统计", en = "Use of seals" }, entity = "seal_requests", where = { state = { "stamped", "closed" } },
      group = { "seal.name", "used_on:month" }, sum = { "copies" }, date = "used_on", chart = "bar",
    },
    scans_missing = campus.report {
      title = { zh = "未交回扫描件", en = "Scans not handed in" }, entity = "seal_requests",
      where = { state = "stamped" }, group = { "applicant" }, chart = "bar",
    },
  },
  exports = {
    register_of_use = campus.export {
      title = { zh = "用印登记簿", en = "Register of seals" }, entity = "seal_requests", where = { state = { "stamped", "closed" } },
      fields = { "number", "used_on", "seal", "subject", "copies", "used_for", "applicant", "stamped_by" }, purpose = "用印登记存档",
    },
  },
  actions = {
    stamp = campus.action {
      title = { zh = "盖章", en = "Stamp" }, on = "request", states = { "approved" },
      input = { request = field.reference { to = "seal_requests", title = { zh = "用印申请", en = "Request" }, required = true },
        copies = field.integer { title = { zh = "实盖份数", en = "Copies stamped" }, min = 1, max = 10000 } },
      -- who stamps and on which day is what the core knows, not what somebody types
      run = function(ctx, input)
        return ctx:transition("seal_requests", input.request, "stamp",
          { used_on = ctx:now().today, stamped_by = ctx.actor.id, copies = input.copies })
      end,
    },
  },
}
