-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Applicant number i: the same row for the CSV files, for wrk and for every run. Runs in Lua 5.4 and
-- in wrk's LuaJIT. As a program: rows.lua csv FROM COUNT
local floor = math.floor
local SURNAME = { "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗" }
local GIVEN = { "安", "博", "超", "丹", "恩", "芳", "刚", "慧", "佳", "凯", "兰", "梅", "娜", "平", "琪", "瑞", "珊", "涛", "文", "欣", "燕", "泽", "磊", "军", "敏" }
local MAJOR = { "nursing", "welding", "cnc", "auto", "software", "accounting", "tourism", "cooking" }
local WEIGHT = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 }

local M = {}
M.fields = { "name", "id_number", "birth_date", "education", "region", "major", "phone",
             "guardian_phone", "campus", "score" }

-- GB 11643: six digits of place, birth date, three of order, a check digit. Unique for i < 5.3 billion.
local function id_number(i, year, month, day)
  local rest = floor(i / 896)
  local s = ("33%04d%04d%02d%02d%03d"):format(100 + floor(rest / 1000) % 6000, year, month, day, rest % 1000)
  local sum = 0
  for k = 1, 17 do sum = sum + (s:byte(k) - 48) * WEIGHT[k] end
  local at = sum % 11 + 1
  return s .. ("10X98765432"):sub(at, at)
end

function M.row(i)
  -- 14 to 17 full years on 2026-09-01; 896 = 4 * 8 * 28 different days
  local year, month, day = 2009 + i % 4, 1 + floor(i / 4) % 8, 1 + floor(i / 32) % 28
  return {
    name = SURNAME[1 + i * 7 % 20] .. GIVEN[1 + i * 13 % 25] .. GIVEN[1 + floor(i / 25) * 11 % 25],
    id_number = id_number(i, year, month, day),
    birth_date = ("%04d-%02d-%02d"):format(year, month, day),
    education = "junior",
    region = ("R%02d"):format(1 + (i * 31 + floor(i / 20)) % 20),
    major = MAJOR[1 + i * 5 % 8],
    phone = ("13%09d"):format(i * 104729 % 1000000000),
    guardian_phone = ("15%09d"):format(i * 7919 % 1000000000),
    campus = i % 3 == 0 and "south" or "north",
    score = tostring(300 + i % 400),
  }
end

function M.json(i)
  local r, t = M.row(i), {}
  for k, f in ipairs(M.fields) do t[k] = ('"%s":"%s"'):format(f, r[f]) end
  return "{" .. table.concat(t, ",") .. "}"
end

if arg and arg[0] and arg[0]:find("rows%.lua$") and arg[1] == "csv" then
  local from, count = math.tointeger(arg[2]), math.tointeger(arg[3])
  io.write(table.concat(M.fields, ","), "\n")
  for i = from, from + count - 1 do
    local r, t = M.row(i), {}
    for k, f in ipairs(M.fields) do t[k] = r[f] end
    io.write(table.concat(t, ","), "\n")
  end
end
return M
