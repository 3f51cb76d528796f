-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- A paper gets its number and its answer; a seal is used once it is approved, and the scan ends it.
local PDF = "%PDF-1.4\n%%EOF\n"
local function people()
  return { keeper = as { roles = "confidentiality", name = "keeper" }, head = as { roles = "manager", name = "head" },
    leader = as { roles = "principal", name = "leader" },
    teacher = as { roles = "teacher", name = "teacher" }, other = as { roles = "teacher", name = "other" } }
end
local function request(all, who)
  local seal = all.keeper:create("seals", { name = "公章", kind = "official", keeper = all.keeper.id })
  local file = who:api("POST", "files?name=a.pdf", PDF).id
  return who:create("seal_requests", { seal = seal.id, subject = "合作协议", copies = 2, used_for = "与企业签约", file = file })
end

test("a seal is asked for, approved twice, stamped by its keeper, and over with the scan", function()
  local all = people()
  local r = request(all, all.teacher)
  expect.equal(r.number, "印2027-00001")
  expect.equal(r.applicant, all.teacher.id)
  expect.refused("conflict", function() all.keeper:action("stamp", { request = r.id }) end)
  all.teacher:transition("seal_requests", r.id, "submit")
  expect.refused("forbidden", function() all.teacher:transition("seal_requests", r.id, "approve") end)
  all.head:transition("seal_requests", r.id, "approve", { approval = { note = "同意" } })
  expect.equal(all.leader:transition("seal_requests", r.id, "approve").state, "approved")
  expect.refused("forbidden", function()
    all.teacher:transition("seal_requests", r.id, "stamp", { used_on = "2027-01-01", stamped_by = all.teacher.id })
  end)
  all.keeper:action("stamp", { request = r.id })
  local stamped = all.teacher:get("seal_requests", r.id)
  expect.equal(stamped.state .. stamped.used_on, "stamped2027-03-01")
  expect.equal(stamped.stamped_by, all.keeper.id)
  expect.refused("invalid", function() all.teacher:transition("seal_requests", r.id, "close") end)
  local scan = all.teacher:api("POST", "files?name=scan.pdf", PDF).id
  expect.equal(all.teacher:transition("seal_requests", r.id, "close", { scan = scan }).state, "closed")
  local use = all.keeper:report("seal_use").rows
  expect.equal(use[1].sum_copies, 2)
end)

test("nobody approves their own use of a seal, and what is not stamped lapses", function()
  local all = people()
  local r = request(all, all.head)
  all.head:transition("seal_requests", r.id, "submit")
  expect.refused("forbidden", function() all.head:transition("seal_requests", r.id, "approve") end)
  expect.refused("forbidden", function() all.leader:transition("seal_requests", r.id, "approve") end)   -- the other manager first
  local other = as "manager"
  other:transition("seal_requests", r.id, "approve")
  all.leader:transition("seal_requests", r.id, "approve")
  expect.equal(all.head:get("seal_requests", r.id).state, "approved")
  clock.advance "32d"
  expect.equal(all.head:get("seal_requests", r.id).state, "lapsed")
end)

test("a scan that is not handed in is seen, and who has nothing to do with a request does not see it", function()
  local all = people()
  local r = request(all, all.teacher)
  expect.refused("not_found", function() all.other:get("seal_requests", r.id) end)
  all.teacher:transition("seal_requests", r.id, "submit")
  all.teacher:transition("seal_requests", r.id, "take_back")
  all.teacher:transition("seal_requests", r.id, "submit")
  all.head:transition("seal_requests", r.id, "send_back", { approval = { note = "请写明份数" } })
  all.teacher:transition("seal_requests", r.id, "submit")
  expect.equal(all.head:transition("seal_requests", r.id, "refuse", { note = "不需要用印" }).state, "refused")
end)

test("a paper comes in, is assigned, answered and filed; numbers go on without a gap", function()
  local all = people()
  local first = all.keeper:create("incoming", { title = "关于招生工作的通知", sender = "教育局", their_number = "教〔2027〕1号" })
  local second = all.keeper:create("incoming", { title = "会议通知", sender = "区里", secrecy = "confidential" })
  expect.equal(first.number .. second.number, "收2027-0001收2027-0002")
  expect.refused("not_found", function() all.teacher:get("incoming", first.id) end)
  all.keeper:transition("incoming", first.id, "assign", { handler = all.teacher.id, answer_by = "2027-03-10" })
  all.keeper:transition("incoming", second.id, "assign", { handler = all.teacher.id })
  expect.equal(all.teacher:get("incoming", first.id).state, "assigned")
  expect.equal(all.keeper:report("papers_open").rows[1].count, 2)
  expect.refused("invalid", function() all.teacher:transition("incoming", first.id, "file") end)
  expect.equal(all.teacher:transition("incoming", first.id, "file", { outcome = "已回复" }).state, "filed")
end)

test("a paper goes out once it is signed; a dropped one keeps its number", function()
  local all = people()
  local file = all.teacher:api("POST", "files?name=a.pdf", PDF).id
  local p = all.teacher:create("outgoing", { title = "复函", recipient = "教育局", file = file })
  expect.equal(p.number, "发2027-0001")
  all.teacher:transition("outgoing", p.id, "submit")
  all.teacher:transition("outgoing", p.id, "take_back")
  all.teacher:transition("outgoing", p.id, "submit")
  all.head:transition("outgoing", p.id, "send_back", { approval = { note = "改措辞" } })
  all.teacher:transition("outgoing", p.id, "submit")
  all.head:transition("outgoing", p.id, "sign")
  expect.equal(all.leader:transition("outgoing", p.id, "sign").state, "signed")
  expect.equal(all.keeper:transition("outgoing", p.id, "send", { sent_on = "2027-03-01", sent_by = "机要" }).state, "sent")
  local d = all.teacher:create("outgoing", { title = "草稿", recipient = "某" })
  all.teacher:transition("outgoing", d.id, "drop", { note = "不发了" })
  expect.equal(all.teacher:create("outgoing", { title = "再来", recipient = "某" }).number, "发2027-0003")
end)

test("a seal goes out of use with a reason", function()
  local all = people()
  local s = all.keeper:create("seals", { name = "旧章", kind = "department", keeper = all.keeper.id })
  expect.refused("invalid", function() all.keeper:transition("seals", s.id, "retire") end)
  expect.equal(all.keeper:transition("seals", s.id, "retire", { note = "更名" }).state, "retired")
end)
