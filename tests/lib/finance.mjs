// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A small school's money for tests: people with heads, an approved budget, claims as they are handed in.
import assert from 'node:assert/strict';
import { eventually } from './server.mjs';

const F = 'finance';
export const OURS = { buyer: '清河职业学校', buyer_tax_no: '12330100MB0X00000P' };
export const today = (back = 0) => new Date(Date.now() + 8 * 3600e3 - back * 864e5).toISOString().slice(0, 10);
let serial = 0;
export const invoice = (more = {}) => ({ invoice_no: String(++serial).padStart(20, '0'), invoice_date: today(), ...OURS, ...more });

export class Money {
  // lines: [category, name, yuan]
  static async open(server, lines) {
    const m = new Money();
    m.server = server;
    const admin = await server.admin();
    for (const [name, roles] of Object.entries({ finance: ['finance'], second: ['finance'], leader: ['principal'], cashier: ['cashier'], head: ['teaching.lead'] }))
      m[name] = await server.bearer(`m.${name}`, roles);
    m.teachers = [];
    m.admin = admin;
    m.year = today().slice(0, 4);
    const budget = await m.finance.ok('POST', `${F}/budgets`, { year: m.year, name: '年度预算', goals: '工作计划', lines: lines.map(([category, name, amount]) => ({ category, name, basis: '教学工作计划', amount })) });
    await m.finance.ok('POST', `${F}/budgets/${budget.id}/submit`, {});
    await m.leader.ok('POST', `${F}/budgets/${budget.id}/approve`, { approval: { note: '同意' } });
    m.budget = budget;
    m.lines = {};
    await eventually(async () => {
      const { items } = await m.finance.ok('GET', `${F}/lines?limit=100`);
      assert.equal(items.length, lines.length);
      for (const l of items) m.lines[l.name] = l.id;
    });
    return m;
  }
  // who: somebody who is there already, signed in to the desk.
  async teacher(name, grade = 'staff', who = undefined) {
    who ??= await this.server.bearer(name, ['teacher']);
    await this.admin.ok('PATCH', `admin/users/${who.id}`, { supervisor: this.head.id });
    who.staff = (await this.finance.ok('POST', `${F}/staff`, { person: who.id, name, department: '教学支持组', grade, bank: '建行清河支行', account: '6217000000000000001' })).id;
    return who;
  }
  async receipt(who, name = 'receipt.pdf', bytes = '%PDF-1.4\nreceipt', type = 'application/pdf') {
    return (await who.ok('POST', `files?name=${name}`, bytes, { 'Content-Type': type })).id;
  }
  async claim(who, line, lines, more = {}) {
    const stated = lines.reduce((n, l) => n + Number(l.amount), 0).toFixed(2);
    return who.ok('POST', `${F}/claims`, { staff: who.staff, line: this.lines[line], kind: 'teaching', reason: '实训耗材', lines, stated, attachments: [await this.receipt(who)], ...more });
  }
  goods(amount, more = {}) { return { kind: 'other', day: today(), amount, ...invoice(), ...more }; }
  submit(who, c) { return who.api('POST', `${F}/claims/${c.id}/submit`, {}, { 'Accept-Language': 'en' }); }
  async sign(c, entity = 'claims') {
    for (const who of [this.head, this.finance, this.leader]) await who.ok('POST', `${F}/${entity}/${c.id}/approve`, { approval: { note: '同意' } });
  }
  line(name) { return this.finance.ok('GET', `${F}/lines/${this.lines[name]}`); }
}
