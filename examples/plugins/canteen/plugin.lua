-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The canteen: who wants how many meals on which day, ordered in time and served once.
return {
  title = { zh = "食堂", en = "Canteen" },
  version = "1.0.0",
  entities = { orders = require "orders" },
  rules = require "in_time",
  reports = {
    by_day = campus.report {
      title = { zh = "每日份数", en = "Portions a day" }, entity = "orders", group = { "day", "state" }, sum = { "portions" },
      kept = true, chart = "bar",
    },
  },
  actions = { again = require "again" },
}
