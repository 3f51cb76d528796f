-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The same order for another day: POST /api/v1/canteen/actions/again { "order": id, "day": date }.
local field = campus.field
return campus.action {
  title = { zh = "再来一单", en = "Order again" },
  on = "order",                                              -- a button of an order, which asks for the day
  input = { order = field.reference { to = "orders", title = { zh = "订餐", en = "Order" }, required = true },
    day = field.date { title = { zh = "日期", en = "Day" }, required = true } },
  run = function(ctx, input)
    local order, refusal = ctx:get("orders", input.order)
    if not order then return nil, refusal end
    return ctx:create("orders", { class = order.class, portions = order.portions, day = input.day })
  end,
}
