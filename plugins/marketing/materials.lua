-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Brochures, posters, pages, videos: each version is designed, reviewed, proofread and published by different people; what is out
-- ends by its day, and what is in use is looked at again by its own (MKT-4).
local field, shared = campus.field, require "shared"
local T = shared.title

local materials = campus.entity {
  title = T("宣传物料", "Materials"), serves = { "MKT-4" },
  overview = { roles = { "marketing.lead", "marketing" }, order = 8, date = "review_on", days = 30, who = "owner_person" },
  fields = {
    name = field.text { title = T("物料名称", "Name"), required = true, max_length = 80, search = true },
    kind = field.choice { title = T("类型", "Kind"), required = true, choices = {
      { name = "brochure", title = T("宣传册", "Brochure") }, { name = "poster", title = T("海报", "Poster") },
      { name = "website", title = T("网站页面", "Website") }, { name = "video", title = T("视频", "Video") },
      { name = "other", title = T("其他", "Other") } } },
    used_for = field.text { title = T("用途", "Used for"), required = true, max_length = 200 },
    campaign = field.reference { to = "marketing.campaigns", title = T("所属活动", "Campaign") },
    brochure = field.reference { to = "admissions.brochures", title = T("对应的招生简章", "Brochure of admissions"),
      help = T("内容来自已备案的简章时填写", "where it says what a filed brochure says") },
    owner_person = field.person { title = T("负责人", "Responsible"), required = true, default = "$actor" },
    review_on = field.date { title = T("下次复核日期", "Looked at again on"), required = true },
    reviewed = field.text { title = T("复核结论", "What the last look found"), max_length = 300 },
    version = field.text { title = T("在用版本", "Version in use"), max_length = 20 },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "active",
    states = {
      active = { title = T("在用", "In use"), deadline = { within = "field:review_on", owner = "owner_person",
        remind = { "policy:materials.remind" }, escalate = { { after = "3wd", to = "role:marketing.lead" } } } },
      retired = { title = T("已停用", "Retired"), final = true },
    },
    transitions = {
      keep = { title = T("复核：继续使用", "Still current"), from = "active", to = "active", needs = { "review_on", "reviewed" },
        rule = "review_is_ahead" },
      retire = { title = T("停用", "Retire"), from = "active", to = "retired", needs = { "note" } },
    },
  },
  indexes = { { "state", "review_on" }, { "kind", "name" } },
}

local versions = campus.entity {
  title = T("物料版本", "Versions of materials"), part_of = "material", serves = { "MKT-4" },
  overview = { roles = { "principal", "manager", "deputy", "marketing.lead", "marketing" }, order = 7, date = "expires_on", days = 30 },
  fields = {
    material = field.reference { to = "marketing.materials", title = T("宣传物料", "Material"), required = true },
    name = field.text { title = T("物料名称", "Name"), derived = "material.name" },
    version = field.text { title = T("版本", "Version"), required = true, max_length = 20 },
    brochure = field.reference { to = "admissions.brochures", title = T("对应的招生简章", "Brochure of admissions"),
      derived = "material.brochure" },
    brochure_until = field.date { title = T("简章备案有效期至", "Brochure filed until"), derived = "brochure.filed_until" },
    designer = field.person { title = T("设计", "Designed by"), readonly = true, default = "$actor" },
    changes = field.text { title = T("本版改动", "What is new"), max_length = 300 },
    file = field.file { title = T("设计稿", "File"), types = { "pdf", "png", "jpeg", "webp", "docx", "zip" } },
    address = field.text { title = T("网址", "Address"), max_length = 300, help = T("网站页面和视频填写", "of a page or a video") },
    promises = field.boolean { title = T("含就业、收费等承诺", "Promises jobs, fees or the like") },
    promise_basis = field.text { title = T("承诺的依据", "What the promise rests on"), max_length = 300 },
    filing_number = field.text { title = T("广告备案号", "Filing number"), max_length = 60 },
    filed_until = field.date { title = T("备案有效期至", "Filed until") },
    expires_on = field.date { title = T("有效期至", "Valid until") },
    brand = field.multichoice { title = T("品牌规范核对", "Brand, as it should be"), choices = shared.BRAND },
    review_note = field.text { title = T("审核意见", "What the review says"), max_length = 500 },
    proof_note = field.text { title = T("校对意见", "What the proofreader says"), max_length = 500 },
    proofread_on = field.date { title = T("校对日期", "Proofread on") },
    published_on = field.date { title = T("发布日期", "Published on") },
    note = field.text { title = T("退回或撤下原因", "Why it came back or was taken down"), max_length = 500 },
  },
  workflow = {
    start = "design",
    states = {
      design = { title = T("设计中", "In design") },
      in_review = { title = T("待审核", "In review"), todo = "role:marketing.lead", deadline = { within = "policy:deadlines.review",
        owner = "role:marketing.lead", escalate = { { after = "1wd", to = "role:deputy" } } } },
      proofreading = { title = T("待校对", "To be proofread"), deadline = { within = "policy:deadlines.proofread", owner = "role:marketing",
        escalate = { { after = "1wd", to = "role:marketing.lead" } } } },
      proofread = { title = T("待发布", "Proofread") },
      published = { title = T("已发布", "Published"), deadline = { within = "field:expires_on", owner = "designer",
        remind = { "policy:materials.remind" }, lapse = "expire" } },
      superseded = { title = T("已被新版取代", "Superseded"), final = true },
      expired = { title = T("已过期", "Expired"), final = true },
      withdrawn = { title = T("已撤下", "Taken down"), final = true },
    },
    transitions = {
      submit = { title = T("提交审核", "Submit"), from = "design", to = "in_review", needs = { "expires_on" }, rule = "version_is_whole" },
      review = { title = T("审核通过", "Reviewed"), from = "in_review", to = "proofreading", needs = { "review_note" },
        rule = "brand_is_kept" },
      proofread = { title = T("校对通过", "Proofread"), from = "proofreading", to = "proofread", needs = { "proof_note", "proofread_on" } },
      publish = { title = T("发布", "Publish"), from = "proofread", to = "published", needs = { "published_on" },
        rule = "version_is_lawful" },
      send_back = { title = T("退回修改", "Send back"), from = { "in_review", "proofreading", "proofread" }, to = "design",
        needs = { "note" } },
      supersede = { title = T("被取代", "Superseded"), from = "published", to = "superseded" },
      expire = { title = T("过期", "Expire"), from = "published", to = "expired" },
      withdraw = { title = T("撤下", "Take down"), from = "published", to = "withdrawn", needs = { "note" } },
    },
  },
  indexes = { { "material", "version", unique = true }, { "state", "expires_on" } },
}

local function review_is_ahead(material, policy, as_of)
  local why = campus.reasons()
  local ahead = campus.date.days_between(as_of, material.review_on)
  why:check(ahead > 0, { code = "review_past", at = "review_on", have = material.review_on, want = as_of })
  why:check(ahead <= policy.materials.review_days,
    { code = "review_far", at = "review_on", have = ahead, want = policy.materials.review_days, policy = "materials.review_days" })
  return why:decision()
end

local function version_is_whole(version, _, as_of)
  local why = campus.reasons()
  why:check(version.file or version.address, { code = "nothing_to_see", at = "file" })
  why:check(version.expires_on > as_of, { code = "expired", at = "expires_on", have = version.expires_on, want = as_of })
  return why:decision()
end

local function brand_is_kept(version, policy)
  local why = campus.reasons()
  for _, part in ipairs(policy.materials.brand) do
    why:check(shared.has(version.brand, part), { code = "brand", at = "brand", want = part, policy = "materials.brand" })
  end
  return why:decision()
end

-- Nothing goes out that has ended, promises without a basis, or is unfiled where a filing is asked for.
local function version_is_lawful(version, policy, as_of)
  local why = campus.reasons()
  why:check(version.expires_on > as_of, { code = "expired", at = "expires_on", have = version.expires_on, want = as_of })
  why:check(not version.promises or version.promise_basis, { code = "promise", at = "promise_basis" })
  why:check(not version.brochure or (version.brochure_until and version.brochure_until >= as_of),
    { code = "brochure_over", at = "brochure" })
  if policy.materials.filing and not version.brochure then
    why:check(version.filing_number, { code = "not_filed", at = "filing_number", policy = "materials.filing" })
    why:check(version.filed_until and version.filed_until >= as_of,
      { code = "filing_over", at = "filed_until", have = version.filed_until or "-", want = as_of })
  end
  return why:decision()
end

-- The newest takes the place of those before; the material says which is in use.
local function published(ctx, event)
  local version, err = ctx:get("versions", event.record)
  if not version then return nil, err end
  local page, why = ctx:find("versions", { material = version.material, state = "published", limit = 50 })
  if not page then return nil, why end
  for _, other in ipairs(page.items) do
    local done, refused = other, nil
    if other.id ~= version.id then done, refused = ctx:transition("versions", other.id, "supersede") end
    if not done then return nil, refused end
  end
  local told, refused = ctx:update("materials", version.material, { version = version.version })
  if not told then return nil, refused end
end
-- What is not out any more is in use nowhere, and what is retired is taken down.
local function gone(ctx, event)
  local version, err = ctx:get("versions", event.record)
  if not version then return nil, err end
  local material = ctx:get("materials", version.material)
  if not material or material.version ~= version.version then return end
  local told, why = ctx:update("materials", material.id, { version = "" })
  if not told then return nil, why end
end
local function retired(ctx, event)
  local page, err = ctx:find("versions", { material = event.record, state = "published", limit = 50 })
  if not page then return nil, err end
  for _, version in ipairs(page.items) do
    local done, why = ctx:transition("versions", version.id, "withdraw", { note = ctx:t("retired") })
    if not done then return nil, why end
  end
end

return {
  entities = { materials = materials, versions = versions },
  rules = {
    review_is_ahead = campus.rule { reads = { "review_on" }, run = review_is_ahead, serves = { "MKT-4" } },
    version_is_whole = campus.rule { reads = { "file", "address", "expires_on" }, run = version_is_whole, serves = { "MKT-4" } },
    brand_is_kept = campus.rule { reads = { "brand" }, run = brand_is_kept, serves = { "MKT-4" } },
    version_is_lawful = campus.rule { run = version_is_lawful, serves = { "MKT-4" },
      reads = { "expires_on", "promises", "promise_basis", "filing_number", "filed_until", "brochure", "brochure_until" } },
  },
  on = {
    ["marketing.versions.published"] = campus.on { run = published, serves = { "MKT-4" } },
    ["marketing.versions.expired"] = campus.on { run = gone, serves = { "MKT-4" } },
    ["marketing.versions.withdrawn"] = campus.on { run = function(ctx, event) return gone(ctx, event) end, serves = { "MKT-4" } },
    ["marketing.materials.retired"] = campus.on { run = retired, serves = { "MKT-4" } },
  },
}
