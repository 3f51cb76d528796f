-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: declare budget
while true do end
