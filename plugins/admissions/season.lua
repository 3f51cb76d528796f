-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The season moves: the waiting list by itself, arrival onto the register, the official list against ours (ADM-6, ADM-8).
local field = campus.field

-- 录取名单: what the authority says who is admitted; imported, then compared row by row.
local official_rows = campus.entity {
  title = { zh = "录取名单", en = "Official admission list" },
  subject = "self",
  serves = { "ADM-6", "ADM-8" },
  fields = {
    season = field.text { title = { zh = "招生年度", en = "Season" }, required = true, pattern = "20[0-9]{2}" },
    name = field.text { title = { zh = "姓名", en = "Name" }, required = true, personal = true, max_length = 60, mask = "name" },
    id_number = field.text { title = { zh = "身份证号", en = "Identity number" }, required = true, class = "secret", personal = true,
      unique = true, searchable = true, check = "cn_id", mask = "cn_id" },
    exam_number = field.text { title = { zh = "考生号", en = "Examination no." }, max_length = 30 },
    major_name = field.text { title = { zh = "录取专业", en = "Major" }, required = true, max_length = 60 },
    applicant = field.reference { to = "admissions.applicants", title = { zh = "报名学生", en = "Applicant" } },
    found = field.text { title = { zh = "比对结果", en = "What was found" }, max_length = 200 },
  },
  workflow = {
    start = "loaded",
    states = {
      loaded = { title = { zh = "待比对", en = "Loaded" } },
      matched = { title = { zh = "一致", en = "Matched" }, final = true },
      differs = { title = { zh = "不一致", en = "Differs" } },
      settled = { title = { zh = "已处理", en = "Settled" }, final = true },
    },
    transitions = {
      match = { title = { zh = "一致", en = "Match" }, from = { "loaded", "differs" }, to = "matched", needs = { "applicant" } },
      differ = { title = { zh = "不一致", en = "Differ" }, from = "loaded", to = "differs", needs = { "found" } },
      settle = { title = { zh = "已处理", en = "Settle" }, from = "differs", to = "settled", needs = { "found" } },
    },
  },
  indexes = { { "season", "state" } },
}

local summaries = campus.entity {
  title = { zh = "年度招生总结", en = "Yearly summaries" },
  serves = { "ADM-8" },
  fields = {
    season = field.text { title = { zh = "招生年度", en = "Season" }, required = true, unique = true, pattern = "20[0-9]{2}" },
    results = field.longtext { title = { zh = "完成情况", en = "Results" }, required = true },
    analysis = field.longtext { title = { zh = "分析", en = "Analysis" }, required = true },
    lessons = field.longtext { title = { zh = "经验与改进", en = "Lessons for next year" }, required = true },
    report = field.file { title = { zh = "总结报告", en = "Report" }, types = { "pdf", "docx" } },
  },
}

-- Who waits longest with the best score gets what came free; until the line is full again or nobody waits.
local function seat_came_free(ctx, event)
  local page = ctx:find("applicants", { plan_line = event.record, state = "waiting", sort = ctx.policy.seats.order == "score"
    and "-score,waits_since" or "waits_since,-score", limit = 20 })
  for _, next_one in ipairs(page.items) do
    local done, why = ctx:transition("applicants", next_one.id, "admit")
    if not done and why.code ~= "conflict" and why.code ~= "pool_full" then return nil, why end
    if not done then return end
  end
end

-- Once only: came_from is unique.
local function arrived(ctx, event)
  local a, err = ctx:get("applicants", event.record)
  if not a then return nil, err end
  local line = a.plan_line and ctx:get("plan_lines", a.plan_line)
  local _, why = ctx:create("basics.students", { name = a.name, id_number = a.id_number, birth_date = a.birth_date, phone = a.phone,
    campus = a.campus, class = a.class, major = line and line.major, came_from = "admissions.applicants/" .. a.id })
  if why and why.code ~= "conflict" then return nil, why end
end

local function listed(ctx, event)
  local row, err = ctx:get("official_rows", event.record)
  if not row then return nil, err end
  local page = ctx:find("applicants", { id_number = row.id_number, limit = 1 })
  local a = page and page.items[1]
  local line = a and a.plan_line and ctx:get("plan_lines", a.plan_line)
  local found
  if not a then
    found = "not_registered"
  elseif not line or a.state == "refused" or a.state == "withdrawn" or a.state == "declined" then
    found = "not_admitted_here: " .. a.state
  elseif line.major_name ~= row.major_name then
    found = "other_major: " .. line.major_name
  end
  local done, why
  if found then
    done, why = ctx:transition("official_rows", row.id, "differ", { found = found, applicant = a and a.id })
  else
    done, why = ctx:transition("official_rows", row.id, "match", { applicant = a.id })
    if done then ctx:update("applicants", a.id, { on_official_list = true }) end
  end
  if not done then return nil, why end
end

return {
  entities = { official_rows = official_rows, summaries = summaries },
  on = {
    ["admissions.plan_lines.reservation.released"] = campus.on { run = seat_came_free, serves = { "ADM-6" } },
    ["admissions.plan_lines.updated"] = campus.on { run = seat_came_free, serves = { "ADM-6" } },
    ["admissions.applicants.arrived"] = campus.on { run = arrived, serves = { "ADM-6" } },
    ["admissions.official_rows.created"] = campus.on { run = listed, serves = { "ADM-8" } },
  },
}
