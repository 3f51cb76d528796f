-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Basics: what every department needs and nobody may own twice.
local entities = {}
for _, file in ipairs { require "years", require "places", require "students", require "families" } do
  for name, entity in pairs(file) do entities[name] = entity end
end
return {
  title = { zh = "基础数据", en = "Basics" },
  version = "1.0.0",
  entities = entities,
  reports = {
    students_by_class = campus.report {
      title = { zh = "各班学生", en = "Students by class" }, entity = "students", group = { "class" },
      counts = {
        { name = "active", title = { zh = "在读", en = "Active" }, where = { state = "active" } },
        { name = "suspended", title = { zh = "休学", en = "Suspended" }, where = { state = "suspended" } },
      },
      chart = "bar",
      overview = { roles = { "teacher", "student_affairs", "teaching.lead", "teaching.staff" }, order = 1, counts = { "active" } },
      serves = { "SVC-8" },
    },
  },
}
