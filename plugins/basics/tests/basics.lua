-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Students and families, when and where: their steps, what must hold of them, and who may what.
local NUMBER, OTHER = "110199201106100020", "110199201106100039"
local function student(who, more)
  local fields = { name = "王小明", id_number = NUMBER, birth_date = "2011-06-10", phone = "14500000001", campus = "东校区" }
  for k, v in pairs(more or {}) do fields[k] = v end
  return who:create("students", fields).id
end

-- the steps of a student: verb, what is given, the state that it leads to, or "!" and the code of a refusal
local ways = {
  { "suspend", nil, "!required" }, { "suspend", { note = "病休", until_on = "2028-02-01" }, "suspended" },
  { "graduate", nil, "!conflict" }, { "resume", nil, "active" },
  { "suspend", { note = "入伍", until_on = "2029-09-01" }, "suspended" }, { "withdraw", { note = "本人申请" }, "withdrawn" },
  { "resume", nil, "!conflict" },
}
test("SVC-8: a student is suspended, comes back and leaves, each with what it needs", function()
  local affairs = as "student_affairs"
  local id = student(affairs)
  for i, step in ipairs(ways) do
    local verb, fields, want = step[1], step[2], step[3]
    local function go() return affairs:transition("students", id, verb, fields) end
    if string.sub(want, 1, 1) == "!" then
      expect.refused(string.sub(want, 2), go)
    else
      expect.equal(go().state, want, verb .. " " .. i)
    end
  end
  local two, three = student(affairs, { id_number = OTHER }), student(affairs, { id_number = "110199201106100047" })
  expect.equal(affairs:transition("students", two, "transfer", { note = "转学" }).state, "transferred")
  expect.equal(affairs:transition("students", three, "graduate").state, "graduated")
end)

test("SVC-8: one identity number is one student, and one record becomes one student once", function()
  local affairs = as "student_affairs"
  student(affairs, { came_from = "admissions.applicants/x" })
  expect.refused("unique", function() student(affairs, { came_from = "admissions.applicants/y" }) end)
  expect.refused("unique", function() student(affairs, { id_number = OTHER, came_from = "admissions.applicants/x" }) end)
  expect.refused("check", function() student(affairs, { id_number = "110199201106100021" }) end)
  expect.equal(#affairs:find("students", { id_number = NUMBER }), 1)
end)

test("SVC-7: of students and their families each sees what their work needs", function()
  local affairs, teacher, class_teacher, storekeeper = as "student_affairs", as "teacher", as "class_teacher", as "storekeeper"
  local family = affairs:create("families", { name = "王家", address = "清河路 1 号", note = "单亲" }).id
  affairs:create("guardians", { family = family, name = "王大明", relation = "father", phone = "14500000002" })
  local id = student(affairs, { family = family })
  local seen = teacher:get("students", id)
  expect.equal({ seen.name, seen.id_number, seen.phone }, { "王小明", nil, "145****0001" }, "a teacher sees no number")
  expect.refused("not_found", function() teacher:get("families", family) end)
  local looked = class_teacher:api("GET", "basics/families/" .. family .. "?reveal=address&purpose=home+visit")
  expect.equal({ looked.address, looked.note }, { "清河路 1 号", "****" })
  expect.refused("not_found", function() storekeeper:get("students", id) end)
  expect.refused("forbidden", function() teacher:update("students", id, { class = "x" }) end)
end)

test("TCH-1, TCH-5: years, terms, weeks and days are kept by teaching support and seen by everybody", function()
  local keeper, teacher = as "teaching.lead", as "teacher"
  local year = keeper:create("school_years", { name = "2027-2028", starts_on = "2027-09-01", ends_on = "2028-07-10" }).id
  local term = keeper:create("terms", { school_year = year, name = "2027 秋", number = 1,
    starts_on = "2027-09-01", ends_on = "2028-01-20" }).id
  keeper:create("weeks", { term = term, number = 1, starts_on = "2027-08-30" })
  keeper:create("calendar_days", { day = "2027-10-09", kind = "make_up", title_of_day = "国庆补课", follows = "thursday" })
  expect.equal(teacher:find("calendar_days", { day = "2027-10-09" })[1].follows, "thursday")
  for _, case in ipairs {
    { "pattern", "school_years", { name = "2027", starts_on = "2027-09-01", ends_on = "2028-07-10" } },
    { "unique", "school_years", { name = "2027-2028", starts_on = "2027-09-01", ends_on = "2028-07-10" } },
    { "out_of_range", "weeks", { term = term, number = 31, starts_on = "2027-09-06" } },
    { "unique", "weeks", { term = term, number = 2, starts_on = "2027-08-30" } },
    { "choice", "calendar_days", { day = "2027-10-10", kind = "sleep", title_of_day = "x" } },
  } do
    expect.refused(case[1], function() keeper:create(case[2], case[3]) end)
  end
  expect.refused("forbidden", function() teacher:create("weeks", { term = term, number = 2, starts_on = "2027-09-06" }) end)
end)

test("ADM-1, TCH-1: a major is closed and opened again by who keeps majors", function()
  local keeper, officer = as "teaching.lead", as "admissions.staff"
  local id = keeper:create("majors", { code = "520201", name = "护理", years = 3, tuition = "4800.00" }).id
  expect.refused("forbidden", function() officer:transition("majors", id, "close") end)
  expect.equal(keeper:transition("majors", id, "close").state, "closed")
  expect.equal(keeper:transition("majors", id, "reopen").state, "open")
  expect.refused("unique", function() keeper:create("majors", { code = "520201", name = "助产", years = 3 }) end)
end)

test("SVC-8: students are counted by class", function()
  local affairs, keeper = as "student_affairs", as "teaching.lead"
  local year = keeper:create("school_years", { name = "2027-2028", starts_on = "2027-09-01", ends_on = "2028-07-10" }).id
  local major = keeper:create("majors", { code = "520201", name = "护理", years = 3 }).id
  local class = keeper:create("classes", { name = "护理2701", major = major, school_year = year }).id
  student(affairs, { class = class })
  local two = student(affairs, { class = class, id_number = OTHER })
  affairs:transition("students", two, "suspend", { note = "病休", until_on = "2028-02-01" })
  local row = affairs:report("students_by_class").rows[1]
  expect.equal({ row.class, row.count, row.active, row.suspended }, { class, 2, 1, 1 })
end)
