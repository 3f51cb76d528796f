-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
-- expect: declare error "os" is not defined
local t = os.time()
return {}
