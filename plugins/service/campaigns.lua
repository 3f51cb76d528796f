-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- News, results and activities to a part of the families: signed before it goes, in slices, through the channels that
-- were chosen, to nobody who has said no; and a line for each whom it went to or did not (SVC-7).
local field, shared = campus.field, require "shared"
local T = shared.title
local SLICE = 5                                                 -- students at a time: a slice is one transaction
local KINDS, CHANNELS = {}, {}
for i, one in ipairs { { "news", "学校动态", "News" }, { "results", "成果喜报", "Results" }, { "activity", "活动通知", "Activities" } } do
  KINDS[i] = { name = one[1], title = T(one[2], one[3]) }
end
for i, one in ipairs { { "sms", "短信", "SMS" }, { "mail", "邮件", "Mail" }, { "social", "群机器人", "Robots of groups" } } do
  CHANNELS[i] = { name = one[1], title = T(one[2], one[3]) }
end

local campaigns = campus.entity {
  title = T("推送活动", "Campaigns"), serves = { "SVC-7" },
  fields = {
    name = field.text { title = T("名称", "Name"), required = true, max_length = 80, search = true },
    kind = field.choice { title = T("类型", "Kind"), required = true, choices = KINDS, help = T("退订按类型", "who opts out does so of a kind") },
    words = field.longtext { title = T("内容", "Text"), required = true, max_length = 200 },
    audience = field.choice { title = T("发给", "To"), required = true, default = "guardians", choices = {
      { name = "guardians", title = T("家长", "Guardians") }, { name = "students", title = T("学生", "Students") } } },
    campus = field.text { title = T("校区", "Campus"), max_length = 40, help = T("范围：不填为全部", "a part of them: all, when left out") },
    major = field.reference { to = "basics.majors", title = T("专业", "Major") },
    class = field.reference { to = "basics.classes", title = T("班级", "Class") },
    channels = field.multichoice { title = T("渠道", "Channels"), required = true, choices = CHANNELS },
    sent = field.integer { title = T("已发人数", "Sent to"), default = 0 },
    left_out = field.integer { title = T("未发人数", "Left out"), default = 0 },
    at_student = field.longtext { title = T("发送进度", "How far it is"), max_length = 500 },
    note = field.text { title = T("说明", "Note"), max_length = 300 },
  },
  workflow = shared.reviewed("policy:approval.campaigns", "sending", nil, {
    sending = { title = T("发送中", "Sending") },
    sent_out = { title = T("已发送", "Sent"), final = true }, dropped = { title = T("作废", "Dropped"), final = true },
  }, {
    finish = { title = T("发送完成", "Sent"), from = "sending", to = "sent_out" },
    stop = { title = T("停止发送", "Stop"), from = "sending", to = "dropped", needs = { "note" } },
    drop = { title = T("作废", "Drop"), from = "draft", to = "dropped" },
  }),
  indexes = { { "state" } },
}

local deliveries = campus.entity {
  title = T("送达记录", "Deliveries"), subject = { "guardian", "student" }, part_of = "campaign", serves = { "SVC-7" },
  fields = {
    campaign = field.reference { to = "campaigns", title = T("推送活动", "Campaign"), required = true },
    kind = field.choice { title = T("类型", "Kind"), choices = KINDS, derived = "campaign.kind" },
    guardian = field.reference { to = "basics.guardians", title = T("家长", "Guardian") },
    student = field.reference { to = "basics.students", title = T("学生", "Student") },
    family = field.reference { to = "basics.families", title = T("家庭", "Family") },
    name = field.text { title = T("收件人", "Recipient"), personal = true, max_length = 60, mask = "name" },
    key = field.text { title = T("收件人编号", "Key"), unique = true, max_length = 120 },
    phone = shared.phone(),
    mail = field.text { title = T("邮箱", "Mail"), class = "confidential", personal = true, max_length = 120, mask = "all" },
    words = field.longtext { title = T("内容", "Text"), max_length = 200 },
    code = field.text { title = T("退订码", "Code to opt out"), default = "$code", unique = true, class = "secret",
      searchable = true, max_length = 16 },
    why = field.choice { title = T("未发原因", "Why not"), choices = {
      { name = "no_address", title = T("没有联系方式", "No address") },
      { name = "refused", title = T("已退订，或近期已发过", "Opted out, or written to lately") } } },
  },
  workflow = {
    start = "ready",
    states = { ready = { title = T("待发", "Ready") }, sent = { title = T("已发", "Sent") }, left_out = { title = T("未发", "Left out") },
      opted_out = { title = T("已退订", "Opted out"), final = true } },
    transitions = {
      deliver = { title = T("发出", "Send"), from = "ready", to = "sent" },
      leave_out = { title = T("不发", "Leave out"), from = "ready", to = "left_out", needs = { "why" } },
      opt_out = { title = T("退订此类消息", "Opt out of this kind"), from = { "sent", "left_out" }, to = "opted_out" },
    },
  },
  indexes = { { "campaign", "state" }, { "family" } },
}

-- One line in the log, and what goes out by each channel; false: they are in it already.
local function deliver(ctx, campaign, to, by_mail)
  local one, err = ctx:create("deliveries", { campaign = campaign.id, key = campaign.id .. "/" .. (to.guardian or to.student),
    guardian = to.guardian, student = to.student, name = to.name, family = to.family, phone = to.phone, mail = to.mail,
      words = campaign.words })
  if not one then
    if err.code == "conflict" then return false end
    return nil, err
  end
  local queued = 0
  for _, channel in ipairs(campaign.channels) do
    local by = channel == "sms" and to.phone or channel == "mail" and by_mail and to.mail
    if by then
      local sent, why = ctx:send(campaign.kind .. "_" .. channel, "deliveries", one.id)
      if not sent then return nil, why end
      queued = queued + sent.queued
    end
  end
  local done, refused
  if queued > 0 then
    done, refused = ctx:transition("deliveries", one.id, "deliver")
  else
    done, refused = ctx:transition("deliveries", one.id, "leave_out", { why = (to.phone or to.mail) and "refused" or "no_address" })
  end
  if not done then return nil, refused end
  return queued > 0 and "sent" or "left_out"
end

-- Those of one student who get it. What is sealed stands open in a record that is got, not in a list.
local function recipients(ctx, campaign, student, by_mail)
  if campaign.audience == "students" then
    local one, err = ctx:get("basics.students", student.id)
    if not one then return nil, err end
    return { { student = one.id, name = one.name, family = one.family, phone = one.phone } }
  end
  local out, mail = {}, nil
  if not student.family then return out end
  if by_mail then
    local profile = shared.first(ctx, "profiles", { family = student.family })
    profile = profile and ctx:get("profiles", profile.id)
    mail = profile and profile.mail
  end
  local page, err = ctx:find("basics.guardians", { family = student.family, limit = 10, sort = "created_at" })
  if not page then return nil, err end
  for i, listed in ipairs(page.items) do                        -- a family has one mailbox
    local guardian, why = ctx:get("basics.guardians", listed.id)
    if not guardian then return nil, why end
    out[i] = { guardian = guardian.id, name = guardian.name, family = student.family, phone = guardian.phone, mail = i == 1
      and mail or nil }
  end
  return out
end

-- The next students of a campaign that is being sent; after the last it is over.
local function slice(ctx, campaign)
  local by, counts = {}, { sent = campaign.sent or 0, left_out = campaign.left_out or 0 }
  for _, channel in ipairs(campaign.channels) do by[channel] = true end
  if by.social and not campaign.at_student then
    local said, err = ctx:send("campaign_post", "campaigns", campaign.id)
    if not said then return nil, err end
  end
  local filters = { state = "active", campus = campaign.campus, major = campaign.major, class = campaign.class, limit = SLICE,
    sort = "created_at", cursor = campaign.at_student }
  if campaign.audience == "guardians" then filters["family[empty]"] = false end
  local page, err = ctx:find("basics.students", filters)
  if not page then return nil, err end
  for _, student in ipairs((by.sms or by.mail) and page.items or {}) do
    local list, why = recipients(ctx, campaign, student, by.mail)
    if not list then return nil, why end
    for _, to in ipairs(list) do
      local how, refused = deliver(ctx, campaign, to, by.mail)
      if refused then return nil, refused end
      if how then counts[how] = counts[how] + 1 end
    end
  end
  counts.at_student = page.next
  local noted, why = ctx:update("campaigns", campaign.id, counts)
  if not noted then return nil, why end
  if page.next and (by.sms or by.mail) then return { more = true } end
  local done, refused = ctx:transition("campaigns", campaign.id, "finish")
  if not done then return nil, refused end
  return { more = false }
end

local function begin(ctx, event)
  local campaign, err = ctx:get("campaigns", event.record)
  if not campaign then return nil, err end
  if campaign.state ~= "sending" or campaign.at_student then return end
  local done, why = slice(ctx, campaign)
  if not done then return nil, why end
end
-- What has more than one slice goes on within five minutes, until it is over.
local function go_on(ctx)
  local campaign, err = shared.first(ctx, "campaigns", { state = "sending", ["at_student[empty]"] = false, sort = "created_at" })
  if not campaign then return nil, err end
  local done, why = slice(ctx, campaign)
  if not done then return nil, why end
  return { again = true }
end
local function opted_out(ctx, event)
  local one, err = ctx:get("deliveries", event.record)
  if not one then return nil, err end
  local _, why = ctx:opt_out("deliveries", one.id, one.kind)
  if why then return nil, why end
end

return {
  entities = { campaigns = campaigns, deliveries = deliveries }, kinds = KINDS,
  on = { ["service.campaigns.sending"] = begin, ["service.deliveries.opted_out"] = opted_out },
  every = { campaigns = campus.every { title = T("继续推送", "Campaigns go on"), cron = "*/5 * * * *", missed = "once", run = go_on,
    serves = { "SVC-7" } } },
}
