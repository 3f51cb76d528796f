// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Administration: one tab for each permission that this person has.
import { html } from './vendor/preact.js';
import { t } from './i18n.js';
import { can } from './state.js';
import { Empty } from './ui.js';
import { People, Roles } from './admin_people.js';
import { Tokens } from './admin_tokens.js';
import { Releases } from './admin_releases.js';
import { Policies } from './admin_policies.js';
import { Audit } from './admin_audit.js';
import { Delivery, Keys } from './admin_keys.js';
import { House } from './admin_house.js';

const TABS = [
  ['people', 'core.people', ['人员', 'People'], People],
  ['roles', 'core.people', ['岗位', 'Roles'], Roles],
  ['tokens', 'core.people', ['接口令牌', 'Tokens'], Tokens],
  ['releases', 'core.release', ['版本', 'Releases'], Releases],
  ['policies', 'core.policy', ['制度', 'Policies'], Policies],
  ['audit', 'core.audit', ['审计', 'Audit'], Audit],
  ['keys', 'core.keys', ['密钥', 'Keys'], Keys],
  ['house', 'core.admin', ['运行', 'Service'], House],
  ['delivery', 'core.admin', ['投递', 'Delivery'], Delivery],
];

export function Page({ tab, item }) {
  const mine = TABS.filter(([, permission]) => can(permission)), now = mine.find(([name]) => name === tab) ?? mine[0];
  if (!now) return html`<${Empty} title=${t('您没有管理权限', 'Administration is not for you')} />`;
  const [name, , , Tab] = now;
  return html`<div class="page"><h1>${t('管理', 'Administration')}</h1>
    <nav class="subnav" aria-label=${t('管理', 'Administration')}>${mine.map(([n, , label]) => html`<a href=${`#/admin/${n}`} aria-current=${n === name ? 'page' : undefined}>${t(...label)}</a>`)}</nav>
    <${Tab} key=${name} item=${item} /></div>`;
}
