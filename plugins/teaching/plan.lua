-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The plan of a major's cohort for a term: courses, hours, methods, what is taught in which week. Once the school leader has
-- signed, it becomes courses and weeks that all else refers to: what is not approved cannot be used (TCH-1).
local field, shared = campus.field, require "shared"
local T, choices = shared.title, shared.choices
local NATURE = choices { "public", "公共基础课", "General", "major", "专业课", "Of the major", "practice", "实践课", "Practice" }
local ASSESSMENT = choices { "exam", "考试", "Examination", "check", "考查", "Coursework" }

-- What the plan says of a course, and what stands of it once it is approved.
local function listed()
  return { name = field.text { title = T("课程", "Course"), required = true, max_length = 60, search = true },
    nature = field.choice { title = T("课程性质", "Nature"), required = true, choices = NATURE },
    teacher = field.person { title = T("负责教师", "Teacher"), required = true },
    weekly = field.integer { title = T("周学时", "Hours a week"), required = true, min = 0, max = 40 },
    first = field.integer { title = T("起始周", "First week"), required = true, min = 1, max = 30 },
    last = field.integer { title = T("结束周", "Last week"), required = true, min = 1, max = 30 },
    hours = field.integer { title = T("总学时", "Hours in all"), required = true, min = 0, max = 1000 },
    assessment = field.choice { title = T("考核方式", "Assessment"), choices = ASSESSMENT },
    textbook = field.text { title = T("教材", "Textbook"), max_length = 120 } }
end

local plans = campus.entity {
  title = T("教学计划", "Teaching plans"), serves = { "TCH-1" },
  fields = {
    name = field.text { title = T("名称", "Name"), required = true, max_length = 80, search = true },
    term = field.reference { to = "basics.terms", title = T("学期", "Term"), required = true },
    major = field.reference { to = "basics.majors", title = T("专业", "Major"), required = true },
    cohort = field.reference { to = "basics.school_years", title = T("年级（入学学年）", "Cohort (began in)"), required = true },
    basis = field.longtext { title = T("编制依据", "What it rests on"), max_length = 2000,
      help = T("如人才培养方案、上学期质量分析", "such as the training programme, last term's results") },
    methods = field.longtext { title = T("教学方法与要求", "Methods"), max_length = 4000 },
    courses = field.list { title = T("课程", "Courses"), fields = listed() },
    progress = field.list { title = T("每周进度", "Progress by week"), help = T("每门课程每周一行", "a row for each course and week"), fields = {
      course = field.text { title = T("课程", "Course"), required = true, max_length = 60 },
      week = field.integer { title = T("周次", "Week"), required = true, min = 1, max = 30 },
      topic = field.text { title = T("教学内容", "What it is about"), required = true, max_length = 200 },
    } },
    hours = field.integer { title = T("总学时", "Hours in all"), derived = "sum(courses.hours)" },
    term_starts = field.date { title = T("开学日期", "Term begins"), derived = "term.starts_on" },
    term_ends = field.date { title = T("放假日期", "Term ends"), derived = "term.ends_on" },
    version = field.integer { title = T("版本", "Version"), min = 0, help = T("每批准一次加一", "one more with each approval") },
    note = field.text { title = T("说明", "Note"), max_length = 1000 },
  },
  workflow = shared.approved("policy:approval.plan", { "$created_by" }, { closed = { title = T("已结束", "Closed"), final = true } }, {
    submit = { rule = "plan_is_whole", needs = { "basis", "methods", "courses", "progress" } },
    -- what was approved stays in force until the revision is signed
    revise = { title = T("修订", "Revise"), from = "approved", to = "draft", needs = { "note" } },
    close = { title = T("学期结束", "Close"), from = "approved", to = "closed", needs = { "note" } },
  }),
  indexes = { { "term", "major", "cohort", unique = true }, { "state" } },
}

-- Written by the plugin alone, out of an approved plan: nothing is bought or taught for a course that is none.
local one = listed()
local courses = campus.entity {
  title = T("课程", "Courses"), serves = { "TCH-1" },
  fields = {
    name = one.name, plan = field.reference { to = "plans", title = T("教学计划", "Plan"), required = true },
    key = field.text { title = T("编号", "Key"), required = true, unique = true, max_length = 120 },
    term = field.reference { to = "basics.terms", title = T("学期", "Term"), required = true },
    term_name = field.text { title = T("学期名称", "Name of the term"), derived = "term.name" },
    major = field.reference { to = "basics.majors", title = T("专业", "Major"), required = true },
    cohort = field.reference { to = "basics.school_years", title = T("年级（入学学年）", "Cohort (began in)"), required = true },
    nature = one.nature, teacher = one.teacher, weekly = one.weekly, first = one.first, last = one.last, hours = one.hours,
    assessment = one.assessment, textbook = one.textbook,
    topics = field.longtext { title = T("每周进度（每行一周）", "Progress, a line a week"), max_length = 8000 },
    version = field.integer { title = T("计划版本", "Version of the plan") },
  },
  indexes = { { "term", "name" }, { "plan" }, { "teacher", "name" } },
}

local weeks = campus.entity {
  title = T("教学进度", "Progress by week"), serves = { "TCH-1" },
  overview = { roles = { "teacher" }, order = 2, date = "ends_on", who = "teacher", days = 14 },
  fields = {
    name = field.text { title = T("课程、周次与内容", "Course, week and topic"), required = true, max_length = 300, search = true },
    course = field.reference { to = "courses", title = T("课程", "Course"), required = true },
    number = field.integer { title = T("周次", "Week"), required = true, min = 1, max = 30 },
    topic = field.text { title = T("计划内容", "What is planned"), required = true, max_length = 200 },
    hours = field.integer { title = T("计划学时", "Hours planned"), required = true, min = 0 },
    starts_on = field.date { title = T("开始", "From"), required = true },
    ends_on = field.date { title = T("截止", "To"), required = true },
    teacher = field.person { title = T("负责教师", "Teacher"), derived = "course.teacher" },
    course_name = field.text { title = T("课程名称", "Name of the course"), derived = "course.name" },
    term_name = field.text { title = T("学期", "Term"), derived = "course.term_name" },
    key = field.text { title = T("编号", "Key"), required = true, unique = true, max_length = 120 },
    taught = field.integer { title = T("实际学时", "Hours taught"), min = 0, max = 60 },
    covered = field.longtext { title = T("实际内容", "What was taught"), max_length = 1000 },
    measure = field.longtext { title = T("补救措施", "How it is made up for"), max_length = 1000 },
  },
  workflow = { start = "planned",
    states = {
      planned = { title = T("待授课", "Planned"), deadline = { within = "field:ends_on", owner = "teacher",
        escalate = { { after = "policy:deadlines.progress", to = "role:teaching.lead" } } } },
      taught = { title = T("按计划完成", "Taught") },
      behind = { title = T("滞后", "Behind"), deadline = { within = "policy:deadlines.catch_up", owner = "teacher", remind = { "1wd" },
        escalate = { { after = "1wd", to = "role:teaching.lead" } } } },
      caught_up = { title = T("已补上", "Caught up"), final = true },
      dropped = { title = T("计划已调整", "No longer planned") },
    },
    transitions = {
      keep = { title = T("按计划完成", "Taught as planned"), from = "planned", to = "taught", needs = { "taught" }, rule = "week_is_kept" },
      lag = { title = T("进度滞后", "Behind"), from = "planned", to = "behind", needs = { "taught", "covered", "measure" } },
      catch_up = { title = T("已补上", "Caught up"), from = "behind", to = "caught_up", needs = { "taught" }, rule = "week_is_kept" },
      correct = { title = T("更正登记", "Correct"), from = "taught", to = "planned", needs = { "covered" } },
      drop = { title = T("取消", "Drop"), from = "planned", to = "dropped" },
      restore = { title = T("恢复", "Restore"), from = "dropped", to = "planned" },
    } },
  indexes = { { "course", "number" }, { "teacher", "ends_on" }, { "state", "ends_on" } },
}

-- What a leader is asked to sign adds up, and says of each week of each course what it is about.
local function plan_is_whole(plan, policy)
  local why, most = campus.reasons(), policy.plan.weekly_most
  local last = campus.date.days_between(shared.monday(plan.term_starts), plan.term_ends) // 7 + 1
  local told, stray, seen, load, heaviest = {}, nil, {}, {}, 0
  for _, c in ipairs(plan.courses or {}) do told[c.name] = {} end
  for i, row in ipairs(plan.progress or {}) do
    local of = told[row.course]
    if not of or of[row.week] then stray = stray or i else of[row.week] = i end
  end
  why:check(#(plan.courses or {}) > 0, { code = "no_courses", at = "courses" })
  for i, c in ipairs(plan.courses or {}) do
    local at, weeks_of, n = "courses/" .. i - 1 .. "/", c.last - c.first + 1, 0
    why:check(not seen[c.name], { code = "course_twice", at = at .. "name", have = c.name })
    why:check(weeks_of > 0 and c.last <= last, { code = "weeks", at = at .. "last", have = c.last, want = last })
    why:check(c.weekly * weeks_of == c.hours, { code = "hours", at = at .. "hours", have = c.hours, want = c.weekly * weeks_of })
    for w, row in pairs(told[c.name]) do
      if w < c.first or w > c.last then stray = stray or row else n = n + 1 end
    end
    why:check(n == weeks_of, { code = "topics", at = "progress", have = n, want = weeks_of })
    seen[c.name] = true
    for w = c.first, c.last do
      load[w] = (load[w] or 0) + c.weekly
      heaviest = math.max(heaviest, load[w])
    end
  end
  why:check(not stray, { code = "stray", at = stray and "progress/" .. stray - 1 .. "/week" or "progress", have = stray })
  why:check(heaviest <= most, { code = "week_load", at = "courses", have = heaviest, want = most, policy = "plan.weekly_most" })
  return why:decision()
end

local function week_is_kept(week)
  local why = campus.reasons()
  why:check(week.taught >= week.hours, { code = "hours_short", at = "taught", have = week.taught, want = week.hours })
  return why:decision()
end

return {
  entities = { plans = plans, courses = courses, weeks = weeks },
  rules = {
    plan_is_whole = campus.rule { run = plan_is_whole, serves = { "TCH-1" }, reads = { "term_starts", "term_ends", "courses.name",
      "courses.weekly", "courses.first", "courses.last", "courses.hours", "progress.course", "progress.week" } },
    week_is_kept = campus.rule { run = week_is_kept, reads = { "taught", "hours" }, serves = { "TCH-1" } },
  },
}
