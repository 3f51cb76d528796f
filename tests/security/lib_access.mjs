// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A second evaluator of policies/access.yaml, written from the text of the policy and its guide
// alone: what an actor of one role may do to a record, and how each field looks to them.
import { createRequire } from 'node:module';
import { root } from '../lib/server.mjs';

const YAML = createRequire(`${root}/tests/`)('yaml');
export const SEALED = ['id_number', 'health_note', 'phone', 'guardian_phone'];

export class Access {
  constructor(text, entity, fields) {
    Object.assign(this, YAML.parse(text), { entity, fields });
  }
  // Those that people hold.
  names() { return Object.keys(this.roles).filter((r) => r !== 'public' && !r.startsWith('plugin.')); }
  // The role with all it includes, and everyone.
  held(role) {
    const held = new Set(['everyone']), add = (r) => {
      if (held.has(r)) return;
      held.add(r);
      (this.roles[r].includes ?? []).forEach(add);
    };
    add(role);
    return held;
  }
  matches(rule, actor, verb, record, list) {
    return rule[list] && [rule.entity].flat().includes(this.entity) &&
      (rule[list].includes(verb) || rule[list].includes('*')) &&
      rule.roles.some((r) => this.held(actor.role).has(r)) &&
      Object.entries(rule.when ?? {}).every(([field, want]) => {
        const have = record[field];
        if (want === '$actor.campus') return actor.campus !== undefined && have === actor.campus;
        if (Array.isArray(want)) return want.includes(have);
        if (typeof want === 'string' && !want.startsWith('$')) return have === want;
        throw new Error(`the second evaluator does not know ${JSON.stringify(want)}`);
      });
  }
  allows(actor, verb, record) { return this.rules.filter((r) => this.matches(r, actor, verb, record, 'allow')); }
  denials(actor, verb, record) { return this.rules.filter((r) => this.matches(r, actor, verb, record, 'deny')); }
  may(actor, verb, record) {
    return this.allows(actor, verb, record).length > 0 && !this.denials(actor, verb, record).some((r) => !r.fields?.only);
  }
  // 'clear', 'masked' or undefined; the clearest view of those rules that match wins.
  view(actor, verb, record, field) {
    let best;
    if (!this.may(actor, verb, record)) return undefined;
    if (this.denials(actor, verb, record).some((r) => r.fields?.only?.includes(field))) return undefined;
    for (const { fields = {}, purpose } of this.allows(actor, verb, record)) {
      if (fields.hide?.includes(field) || (fields.only && !fields.only.includes(field))) continue;
      const masked = SEALED.includes(field) ? !(fields.clear?.includes(field) && purpose) : fields.mask?.includes(field);
      if (!masked) return 'clear';
      best = 'masked';
    }
    return best;
  }
  may_write(actor, verb, record, field) {
    if (this.denials(actor, verb, record).some((r) => !r.fields?.only || r.fields.only.includes(field))) return false;
    return this.allows(actor, verb, record).some(({ fields = {} }) =>
      !fields.hide?.includes(field) && (!fields.only || fields.only.includes(field)));
  }
}
