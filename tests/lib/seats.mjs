// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A department in which something is limited: lines with seats that applications take, with a
// waiting list that moves by itself, and budget lines from which claims take money.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './server.mjs';

const PLUGIN = `local field = campus.field
local lines = campus.entity { title = { zh = "计划", en = "Lines" },
  fields = { label = field.text {}, quota = field.integer { min = 0 }, fund = field.money { min = 0 },
    places = field.integer { derived = "left(quota)" }, rest = field.money { derived = "left(fund)" }, spent = field.money { derived = "settled(fund)" } } }
local claims = campus.entity { title = { zh = "申请", en = "Claims" },
  fields = { label = field.text {}, line = field.reference "lines", sum = field.money { min = 0 }, until_day = field.date {},
    papers = field.list { fields = { invoice = field.text { unique = true } } } },
  indexes = { { "state", "label" } },
  workflow = { start = "new",
    states = { new = {}, offered = { deadline = { within = "field:until_day", lapse = "lapse" } }, taken = {}, waiting = {},
      spending = {}, paid = {}, settled = {}, gone = { final = true, frees = true } },
    transitions = {
      offer = { from = { "new", "waiting" }, to = "offered", reserve = { pool = "line", limit = "quota", overbook = "policy:over" } },
      wait = { from = "new", to = "waiting" },
      confirm = { from = { "offered", "waiting" }, to = "taken", commit = true },
      move = { from = { "offered", "taken" }, to = "offered", release = true, reserve = { pool = "line", limit = "quota", overbook = "policy:over" } },
      keep = { from = "offered", to = "offered" },
      decline = { from = { "offered", "taken", "waiting" }, to = "gone", release = true },
      lapse = { from = "offered", to = "gone", release = true },
      spend = { from = { "new", "spending" }, to = "spending", reserve = { pool = "line", limit = "fund", amount = "sum" } },
      pay = { from = "spending", to = "paid", commit = true,
        post = { ledger = "books", { account = "spent", amount = "sum" }, { account = "till", amount = "-sum" } } },
      settle = { from = "paid", to = "settled", settle = true },
      refund = { from = { "spending", "paid", "settled" }, to = "gone", release = true },
    } },
}
local function next_one(ctx, e)
  local page = ctx:find("claims", { line = e.record, state = "waiting", sort = "label", limit = 1 })
  if page.items[1] then ctx:transition("claims", page.items[1].id, "offer", {}) end
end
return { version = "1.0.0", title = { zh = "名额", en = "Seats" }, entities = { lines = lines, claims = claims,
    books = campus.ledger { title = { zh = "账簿", en = "Books" }, accounts = { "spent", "till" } } },
  on = { ["seats.lines.reservation.released"] = campus.on { run = next_one } } }
`;
const SCHEMA = `policy: seats
keys:
  over: { type: percent, default: 0 }
`;
const VERBS = 'read, create, update, delete, history, offer, wait, confirm, move, keep, decline, spend, pay, settle, refund';

export function install(server, policy) {
  const dir = join(server.home, 'plugins/seats');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plugin.lua'), PLUGIN);
  writeFileSync(join(dir, 'policy.schema.yaml'), SCHEMA);
  if (policy) writeFileSync(join(server.home, 'policies/seats.yaml'), policy);
  const access = readFileSync(join(root, 'policies/access.yaml'), 'utf8');
  writeFileSync(join(server.home, 'policies/access.yaml'), `${access.replace(/^roles:\n/m, 'roles:\n  plugin.seats: { title: { zh: 名额程序, en: Seats } }\n')}
  - { name: seats, allow: [${VERBS}], entity: seats.lines, roles: [admissions.lead] }
  - { name: claims, allow: [${VERBS}], entity: seats.claims, roles: [admissions.lead] }
  - { name: the books are read, allow: [read], entity: seats.books, roles: [admissions.lead] }
  - { name: the list moves, allow: [read, offer], entity: seats.claims, roles: [plugin.seats] }
  - { name: the list sees lines, allow: [read], entity: seats.lines, roles: [plugin.seats] }
  - { name: finance sees seats, allow: [read], entity: seats.lines, roles: [finance], fields: { hide: [fund] } }
`.replace(/allow: \[[^\]]*\], entity: seats\.lines, roles: \[admissions\.lead\]/, 'allow: [read, create, update, delete, history], entity: seats.lines, roles: [admissions.lead]'));
  const reload = server.run(['reload']);
  if (reload.status) throw new Error(reload.stderr);
}

export const totals = async (who, line) => {
  const { quota, fund } = (await who.ok('GET', `seats/lines/${line}/reservations`)).pool;
  return { quota, fund };
};
