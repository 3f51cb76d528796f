// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the QR code of a notice leads to: the record of who holds it, and a warning where it is not in force (ADM-6).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { approvedPlan } from '../lib/season.mjs';
import { Desk, Server, launch } from './lib.mjs';

let server, browser;
before(async () => { server = await Server.start(), browser = await launch(); });
after(async () => { await browser?.close(); await server?.close(); });

test('ADM-6: a scanned notice opens the record of who holds it; one that was replaced says so', async () => {
  const lead = await server.person('scan.lead', ['admissions.lead']), decider = await server.bearer('scan.decider', ['admissions.lead']);
  const [line] = await approvedPlan(server, [{ quota: 5 }]);
  const a = await decider.ok('POST', 'admissions/applicants', applicant(700));
  for (const [verb, body] of [['review', {}], ['qualify', {}], ['admit', { plan_line: line.id }]])
    await lead.ok('POST', `admissions/applicants/${a.id}/${verb}`, body);
  const notice = { applicant: a.id, report_on: '2027-09-01', report_place: '体育馆', purpose: '发放通知书' };
  const first = (await lead.ok('POST', 'admissions/actions/send_notice', notice)).result;
  const second = (await lead.ok('POST', 'admissions/actions/correct_notice', { ...notice, replaces: first.document })).result;
  const d = await Desk.open(browser, server, { who: lead });
  await d.go(`#/d/${second.document}`);
  await d.page.waitForURL(new RegExp(`applicants/r/${a.id}`));
  await d.settled();
  assert.match(await d.text, new RegExp(a.name));
  await d.page.locator('form.find input').fill(first.number);   // as a scanner types it
  await d.page.keyboard.press('Enter');
  await d.page.getByRole('alert').filter({ hasText: '替换' }).waitFor();
  await d.fine();
  await d.accessible();
  await d.close();
});
