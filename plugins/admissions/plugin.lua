-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Admissions (ADM-3 to ADM-8): applicants from registration to admission.
return {
  title = { zh = "招生", en = "Admissions" },
  version = "1.0.0",
  entities = { applicants = require "applicants" },
  rules = require "eligibility",
  reports = require "reports",
}
