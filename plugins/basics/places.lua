-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Where and what: campuses, rooms, majors, classes.
local field = campus.field

local campuses = campus.entity {
  title = { zh = "校区", en = "Campuses" },
  serves = { "ORG-1" },
  fields = {
    name = field.text { title = { zh = "校区", en = "Campus" }, required = true, unique = true, max_length = 40, class = "public" },
    address = field.text { title = { zh = "地址", en = "Address" }, max_length = 200, class = "public" },
    phone = field.text { title = { zh = "电话", en = "Phone" }, max_length = 30, class = "public" },
  },
}

local rooms = campus.entity {
  title = { zh = "教室", en = "Rooms" },
  serves = { "TCH-5" },
  fields = {
    campus = field.reference { to = "basics.campuses", title = { zh = "校区", en = "Campus" }, required = true },
    name = field.text { title = { zh = "教室", en = "Room" }, required = true, unique = true, max_length = 40 },
    kind = field.choice { title = { zh = "类型", en = "Kind" }, required = true, default = "classroom", choices = {
      { name = "classroom", title = { zh = "普通教室", en = "Classroom" } },
      { name = "laboratory", title = { zh = "实训室", en = "Laboratory" } },
      { name = "hall", title = { zh = "报告厅", en = "Hall" } },
      { name = "sports", title = { zh = "运动场馆", en = "Sports" } },
    } },
    seats = field.integer { title = { zh = "座位数", en = "Seats" }, min = 0, max = 5000 },
  },
  indexes = { { "campus", "name" } },
}

local majors = campus.entity {
  title = { zh = "专业", en = "Majors" },
  serves = { "ADM-1", "TCH-1" },
  fields = {
    code = field.text { title = { zh = "专业代码", en = "Code" }, required = true, unique = true, max_length = 12, class = "public" },
    name = field.text { title = { zh = "专业名称", en = "Name" }, required = true, max_length = 60, class = "public" },
    campus = field.reference { to = "basics.campuses", title = { zh = "校区", en = "Campus" } },
    years = field.integer { title = { zh = "学制", en = "Years" }, required = true, min = 1, max = 6, class = "public" },
    tuition = field.money { title = { zh = "学费（每学年）", en = "Tuition a year" }, min = 0, class = "public" },
  },
  workflow = {
    start = "open",
    states = {
      open = { title = { zh = "招生", en = "Open" } },
      closed = { title = { zh = "停招", en = "Closed" } },
    },
    transitions = {
      close = { title = { zh = "停招", en = "Close" }, from = "open", to = "closed" },
      reopen = { title = { zh = "恢复招生", en = "Reopen" }, from = "closed", to = "open" },
    },
  },
  indexes = { { "state", "name" } },
}

local classes = campus.entity {
  title = { zh = "班级", en = "Classes" },
  serves = { "ADM-6", "TCH-5" },
  fields = {
    name = field.text { title = { zh = "班级", en = "Class" }, required = true, unique = true, max_length = 60 },
    major = field.reference { to = "basics.majors", title = { zh = "专业", en = "Major" }, required = true },
    school_year = field.reference { to = "basics.school_years", title = { zh = "入学学年", en = "Began in" }, required = true },
    campus = field.reference { to = "basics.campuses", title = { zh = "校区", en = "Campus" } },
    class_teacher = field.person { title = { zh = "班主任", en = "Class teacher" } },
    room = field.reference { to = "basics.rooms", title = { zh = "固定教室", en = "Room" } },
    capacity = field.integer { title = { zh = "容量", en = "Capacity" }, min = 1, max = 200 },
  },
  indexes = { { "school_year", "name" }, { "major", "name" } },
}

return { campuses = campuses, rooms = rooms, majors = majors, classes = classes }
