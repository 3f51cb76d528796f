-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: declare error nested too deeply
local t = {}
t.zh = t
return { entities = { a = { fields = { x = campus.field.json { default = t } } } } }
