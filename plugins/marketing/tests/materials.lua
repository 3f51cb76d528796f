-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Materials from the design to the press and to their end (MKT-4).
local function people()
  local function one(name, role) return as { roles = role or "marketing", name = name } end
  return { gao = one "gao", jin = one "jin", lead = one("lead", "marketing.lead"), deputy = as "deputy", manager = as "manager",
    director = as "admissions.lead" }
end
local function material(p, more)
  local fields = { name = "招生海报", kind = "poster", used_for = "开放日张贴", review_on = "2027-06-01" }
  for k, v in pairs(more or {}) do fields[k] = v end
  return p.gao:create("materials", fields).id
end
local BRAND = { "name", "logo", "colour", "tone" }
local function version(p, of, name, more)
  local fields = { material = of, version = name, address = "https://example.org/poster", expires_on = "2027-05-01" }
  for k, v in pairs(more or {}) do fields[k] = v end
  return p.gao:create("versions", fields).id
end
local function proofread(p, id)
  p.gao:transition("versions", id, "submit")
  p.deputy:transition("versions", id, "review", { review_note = "可用", brand = BRAND })
  p.jin:transition("versions", id, "proofread", { proof_note = "无误", proofread_on = clock.today() })
end
local function published(p, of, name, more)
  local id = version(p, of, name, more)
  proofread(p, id)
  p.lead:transition("versions", id, "publish", { published_on = clock.today() })
  clock.advance "2m"
  return id
end

test("MKT-4: four people design, review, proofread and publish; nobody does two of it", function()
  local p = people()
  local own = p.lead:create("versions", { material = material(p), version = "L1", address = "x", expires_on = "2027-05-01" }).id
  p.lead:transition("versions", own, "submit")
  expect.refused("exclusive_duty", function() p.lead:transition("versions", own, "review", { review_note = "好", brand = BRAND }) end)
  local id = version(p, material(p), "1")
  expect.refused("forbidden", function() p.jin:update("versions", id, { changes = "改" }) end)
  p.gao:transition("versions", id, "submit")
  expect.refused("forbidden", function() p.gao:update("versions", id, { address = "https://example.org/other" }) end)
  expect.refused("forbidden", function() p.gao:transition("versions", id, "review", { review_note = "好", brand = BRAND }) end)
  expect.refused("brand", function() p.lead:transition("versions", id, "review", { review_note = "好", brand = { "name" } }) end)
  p.lead:transition("versions", id, "review", { review_note = "好", brand = BRAND })
  local proof = { proof_note = "好", proofread_on = clock.today() }
  for _, who in ipairs { p.gao, p.lead } do
    expect.refused("exclusive_duty", function() who:transition("versions", id, "proofread", proof) end)
  end
  p.jin:transition("versions", id, "send_back", { note = "电话号码有误" })
  p.gao:transition("versions", id, "submit")
  p.lead:transition("versions", id, "review", { review_note = "已改", brand = BRAND })
  p.jin:transition("versions", id, "proofread", proof)
  expect.refused("exclusive_duty", function() p.lead:transition("versions", id, "publish", { published_on = clock.today() }) end)
  expect.refused("forbidden", function() p.jin:transition("versions", id, "publish", { published_on = clock.today() }) end)
  expect.equal(p.manager:transition("versions", id, "publish", { published_on = clock.today() }).state, "published")
end)

test("MKT-4: nothing goes out that shows nothing, has ended, promises without a basis, or is not filed where that is asked", function()
  local p = people()
  local m = material(p)
  local empty = p.gao:create("versions", { material = m, version = "0", expires_on = "2027-02-01" }).id
  local no = expect.refused("nothing_to_see", function() p.gao:transition("versions", empty, "submit") end)
  expect.reason(no, "expired")
  local id = version(p, m, "1", { promises = true })
  proofread(p, id)
  expect.refused("promise", function() p.lead:transition("versions", id, "publish", { published_on = clock.today() }) end)
  p.lead:transition("versions", id, "send_back", { note = "写明依据" })
  p.gao:update("versions", id, { promise_basis = "2026 届就业质量年度报告" })
  policy { materials = { filing = true } }
  proofread(p, id)
  no = expect.refused("not_filed", function() p.lead:transition("versions", id, "publish", { published_on = clock.today() }) end)
  expect.reason(no, "filing_over")
  p.lead:transition("versions", id, "send_back", { note = "补备案" })
  p.gao:update("versions", id, { filing_number = "清教广备 12 号", filed_until = "2027-12-31" })
  proofread(p, id)
  p.lead:transition("versions", id, "publish", { published_on = clock.today() })
  local brochure = p.director:create("admissions.brochures", { name = "招生简章", season = "2027" }).id
  local of = material(p, { kind = "brochure", brochure = brochure })
  local b = version(p, of, "1")
  proofread(p, b)
  expect.refused("brochure_over", function() p.lead:transition("versions", b, "publish", { published_on = clock.today() }) end)
  p.director:update("admissions.brochures", brochure, { filing_number = "清教备 1 号", filed_until = "2027-08-31" })
  expect.equal(p.lead:transition("versions", b, "publish", { published_on = clock.today() }).state, "published")
end)

test("MKT-4: the newest version is the one in use; what is out ends by its day, and what is retired is taken down", function()
  local p = people()
  local m = material(p)
  local one, two = published(p, m, "1"), published(p, m, "2", { expires_on = "2027-04-01" })
  expect.equal({ p.gao:get("versions", one).state, p.gao:get("materials", m).version }, { "superseded", "2" })
  clock.set "2027-03-03T08:00:00+08:00"
  expect.yes(#events "deadline.reminded" > 0, "thirty days before it ends")
  clock.set "2027-04-02T08:00:00+08:00"
  expect.equal({ p.gao:get("versions", two).state, p.gao:get("materials", m).version }, { "expired", "" })
  local three = published(p, m, "3")
  p.gao:transition("materials", m, "retire", { note = "改版" })
  clock.advance "2m"
  expect.equal({ p.gao:get("versions", three).state, p.gao:get("versions", three).note }, { "withdrawn", "物料已停用" })
end)

test("MKT-4: what is in use is looked at again by a day that is ahead, and not far", function()
  local p = people()
  local m = material(p)
  expect.refused("review_past", function() p.gao:transition("materials", m, "keep", { review_on = "2027-03-01", reviewed = "仍适用" }) end)
  expect.refused("review_far", function() p.gao:transition("materials", m, "keep", { review_on = "2028-03-01", reviewed = "仍适用" }) end)
  p.gao:transition("materials", m, "keep", { review_on = "2027-08-01", reviewed = "电话、学费均未变" })
  clock.set "2027-07-05T08:00:00+08:00"
  expect.yes(#events "deadline.reminded" > 0)
end)

local function ordered(p, of, more)
  local fields = { version = of, printer = "清河印务", quantity = 1000, due_on = "2027-03-10", price = "800" }
  for k, v in pairs(more or {}) do fields[k] = v end
  return p.gao:create("prints", fields).id
end
local PROOF = { proof_note = "颜色以打样为准" }
local function signed(p, id)
  local fields = { proof_note = PROOF.proof_note, proof = p.lead:api("POST", "files?name=proof.pdf", "%PDF-1.4 proof").id }
  return p.lead:transition("prints", id, "sign_proof", fields)
end

test("MKT-4: only what was proofread is printed; a batch is accepted by its sample, by somebody else than who ordered it", function()
  local p = people()
  local raw = ordered(p, version(p, material(p), "0"))
  expect.refused("not_proofread", function() signed(p, raw) end)
  local v = published(p, material(p), "1")
  expect.refused("expired", function() signed(p, ordered(p, v, { due_on = "2027-05-10" })) end)
  p.gao:transition("prints", raw, "drop", { note = "等定稿" })
  local id = ordered(p, v)
  expect.refused("required", function() p.lead:transition("prints", id, "sign_proof", { proof_note = "好" }) end)
  signed(p, id)
  p.gao:transition("prints", id, "deliver", { received = 980, delivered_on = clock.today() })
  local good = { sampled = 20, defects = 0, checked = { "text", "colour", "paper" }, outcome = "合格" }
  expect.refused("short", function() p.lead:transition("prints", id, "accept", good) end)
  p.lead:transition("prints", id, "refuse", { outcome = "短缺 20 份" })
  p.gao:transition("prints", id, "reprint", { note = "补足", due_on = "2027-03-15" })
  signed(p, id)
  p.jin:transition("prints", id, "deliver", { received = 1000, delivered_on = clock.today() })
  local poor = { sampled = 10, defects = 1, checked = { "text" }, outcome = "?" }
  local no = expect.refused("sample_few", function() p.jin:transition("prints", id, "accept", poor) end)
  expect.reason(no, "defects")
  expect.reason(no, "quality")
  expect.refused("exclusive_duty", function() p.gao:transition("prints", id, "accept", good) end)
  expect.equal(p.jin:transition("prints", id, "accept", good).state, "accepted")
end)
