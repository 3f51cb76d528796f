// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the to-dos of the inbox are called.
import { t } from './i18n.js';

const KINDS = { approval: ['审批', 'Approval'], confirm: ['确认纸质审批', 'Confirm on paper'], copy: ['抄送', 'Copied'], alert: ['提醒', 'Alert'], notice: ['通知', 'Notice'],
  deadline: ['期限', 'Deadline'], obligation: ['定期任务', 'Obligation'], task: ['任务', 'Task'] };
export const kindName = (k) => t(...(KINDS[k] ?? [k, k]));
