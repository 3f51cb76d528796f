-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: declare budget or error more than 20000 items
local list = {}
for i = 1, 30000 do list["f" .. i] = { type = "text" } end
return { entities = { x = campus.entity { fields = list } } }
