-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Steps that touch more than one thing: a line out of an electronic invoice, a batch of what waits to be paid (FIN-5, FIN-6).
local field, shared = campus.field, require "shared"
local T = shared.title

-- The text of an element, without its markup; 数电发票 have each of these once.
local function element(xml, name)
  local text = xml:match("<" .. name:gsub("%-", "%%-") .. ">%s*([^<]-)%s*</")
  if not text or text == "" then return nil end
  for entity, plain in pairs { lt = "<", gt = ">", quot = '"', apos = "'" } do text = text:gsub("&" .. entity .. ";", plain) end
  return (text:gsub("&amp;", "&"))
end
local function money(text) return text and text:match("^%d+%.?%d?%d?$") and shared.yuan(shared.fen(text)) or nil end

local function read_invoice(xml)
  local number, day = element(xml, "InvoiceNumber") or element(xml, "EIid"), element(xml, "IssueTime") or element(xml, "RequestTime")
  local amount = money(element(xml, "TotalTax-includedAmount"))
  if not (xml:find("<EInvoice[%s>]") and number and day and amount) then
    return nil, { code = "invalid", text = "file: not the XML of an electronic invoice (数电发票) with number, date and amount" }
  end
  day = day:sub(1, 10)
  return { invoice_no = number, invoice_date = day, day = day, amount = amount, net = money(element(xml, "TotalAmWithoutTax")),
    tax = money(element(xml, "TotalTaxAm")), seller = element(xml, "SellerName"), buyer = element(xml, "BuyerName"),
    buyer_tax_no = element(xml, "BuyerIdNum") }
end

-- The line is filled in, the file becomes an attachment: nobody types a number of twenty digits.
local function add_invoice(ctx, input)
  local claim, err = ctx:get("claims", input.claim)
  if not claim then return nil, err end
  local text, why = ctx:file_text(input.file)
  if not text then return nil, why end
  local line, wrong = read_invoice(text)
  if not line then return nil, wrong end
  line.kind, line.city, line.days = input.kind, input.city, input.days
  local lines, files, stated = claim.lines or {}, claim.attachments or {}, 0
  lines[#lines + 1], files[#files + 1] = line, input.file
  for _, one in ipairs(lines) do stated = stated + shared.fen(one.amount) end
  local done, refused = ctx:update("claims", claim.id, { lines = lines, attachments = files, stated = shared.yuan(stated) })
  if not done then return nil, refused end
  return { invoice_no = line.invoice_no, amount = line.amount, total = done.amount }
end

-- The oldest first, as many as fit one call; again for more.
local function fill_batch(ctx, input)
  local batch, err = ctx:get("batches", input.batch)
  if not batch then return nil, err end
  local page, why = ctx:find("payments", { state = "waiting", sort = "created_at", limit = 50 })
  if not page then return nil, why end
  local sum = 0
  for _, payment in ipairs(page.items) do
    local done, refused = ctx:transition("payments", payment.id, "collect", { batch = batch.id, tries = (payment.tries or 0) + 1 })
    if not done then return nil, refused end
    sum = sum + shared.fen(payment.amount)
  end
  return { payments = #page.items, amount = shared.yuan(sum), more = page.next ~= nil }
end

local line = require("claims").entities.claims.fields.lines.fields
return {
  add_invoice = campus.action { title = T("读取电子发票", "Add an electronic invoice"), run = add_invoice, serves = { "FIN-6" },
    on = "claim", states = { "draft", "returned" }, input = { kind = line.kind, city = line.city, days = line.days,
      claim = field.reference { to = "claims", title = T("报销单", "Claim"), required = true },
      file = field.file { title = T("发票 XML", "XML of the invoice"), required = true, types = { "xml" }, max_bytes = 65536 } } },
  fill_batch = campus.action { title = T("纳入待付款", "Fill with what waits"), run = fill_batch, serves = { "FIN-5" },
    on = "batch", states = { "open" },
    input = { batch = field.reference { to = "batches", title = T("付款批次", "Batch"), required = true } } },
}
