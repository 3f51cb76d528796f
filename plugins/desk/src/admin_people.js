// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// People and what they may be: accounts, roles, passwords, codes.
import { html, useState } from './vendor/preact.js';
import { api, get, query } from './api.js';
import { t } from './i18n.js';
import { app, roleTitle } from './state.js';
import { Busy, Dialog, Empty, Once, ProblemBox, toast, useLoad } from './ui.js';
import { Person, time } from './format.js';
import { PersonPicker } from './people.js';

function RoleChecks({ roles, set }) {
  return html`<div class="checks" role="group" aria-label=${t('岗位', 'Roles')}>${(app.meta.roles ?? []).filter((r) => !/^(everyone|public|plugin\..*)$/.test(r.name)).map((r) => html`<label>
    <input type="checkbox" checked=${roles.includes(r.name)} onChange=${(ev) => set(ev.target.checked ? [...roles, r.name] : roles.filter((x) => x !== r.name))} />${roleTitle(r.name)}</label>`)}</div>`;
}

function NewPerson({ close, done }) {
  const [s, set] = useState({ name: '', display: '', campus: '', roles: [] }), [made, setMade] = useState(null), [error, setError] = useState(null);
  async function save(ev) {
    ev.preventDefault();
    try {
      const a = await api('POST', 'admin/users', { name: s.name.trim(), ...(s.display ? { display: s.display } : {}), ...(s.campus ? { campus: s.campus } : {}), roles: s.roles });
      setMade(a.body);
      done();
    } catch (x) { setError(x); }
  }
  const input = (k, label, more) => html`<div class="field"><label for=${`new-${k}`}>${label}</label><input id=${`new-${k}`} value=${s[k]} onInput=${(ev) => set({ ...s, [k]: ev.target.value })} ...${more} /></div>`;
  return html`<${Dialog} title=${t('新建账号', 'New account')} close=${close}>
    ${made ? html`<p>${t('请把初始密码当面交给本人；这里只显示一次。', 'Hand the first password over in person; it is shown only now.')}</p><${Once} label=${made.name} value=${made.one_time_password} />
      <div class="form-end"><button class="main" type="button" onClick=${close}>${t('完成', 'Done')}</button></div>`
    : html`<form onSubmit=${save}>${input('name', t('账号', 'Sign-in name'), { required: true, autocomplete: 'off', maxlength: 64 })}${input('display', t('姓名', 'Name'), { maxlength: 60 })}${input('campus', t('校区', 'Campus'), { maxlength: 64 })}
      <${RoleChecks} roles=${s.roles} set=${(roles) => set({ ...s, roles })} /><${ProblemBox} error=${error} />
      <div class="form-end"><button type="button" onClick=${close}>${t('取消', 'Cancel')}</button><button class="main">${t('建立', 'Create')}</button></div></form>`}<//>`;
}

// What somebody is beside their roles, each for a time: the address that sets it and the one that ends it.
const RIGHTS = [
  { name: 'posts', title: ['职务', 'Posts'], asks: ['职务名，如 head', 'Post, such as head'], has: (x) => `${x.post}${x.group ? ` · ${x.group}` : ''}${x.acting ? t('（代理）', ' (acting)') : ''}`, more: true,
    put: (p, s) => [`admin/users/${p.id}/posts/${s.what}`, { ...(s.group && { group: s.group }), ...(s.acting && { acting: true }) }], drop: (p, x) => query(`admin/users/${p.id}/posts/${x.post}`, { group: x.group }) },
  { name: 'groups', title: ['小组', 'Groups'], asks: ['小组名，如 finance', 'Group, such as finance'], has: (x) => x.group, put: (p, s) => [`admin/groups/${s.what}/members/${p.id}`, {}], drop: (p, x) => `admin/groups/${x.group}/members/${p.id}` },
  { name: 'facts', title: ['事实', 'Facts'], asks: ['事实，如 signed_nda', 'Fact, such as signed_nda'], has: (x) => x.fact, put: (p, s) => [`admin/users/${p.id}/facts/${s.what}`, {}], drop: (p, x) => `admin/users/${p.id}/facts/${x.fact}` },
];
const EVER = '9999-12-31';
const lasts = (x) => `${x.from} – ${x.until === EVER ? t('长期', 'open') : x.until}`;
function Rights({ p, r, done }) {
  const empty = { what: '', group: '', acting: false, until: '' }, [s, set] = useState(empty), [error, setError] = useState(null), items = p[r.name] ?? [];
  const run = async (method, path, body, said) => {
    setError(null);
    try { await api(method, path, body); toast(said); set(empty); done(); } catch (x) { setError(x); }
  };
  const add = (ev) => { ev.preventDefault(); const [path, body] = r.put(p, { ...s, what: encodeURIComponent(s.what.trim()), group: s.group.trim() }); run('PUT', path, { ...body, ...(s.until && { until: s.until }) }, t('已保存', 'Saved')); };
  const input = (k, label, more) => html`<div class="field"><label for=${`${r.name}-${k}`}>${label}</label><input id=${`${r.name}-${k}`} value=${s[k]} onInput=${(ev) => set({ ...s, [k]: ev.target.value })} ...${more} /></div>`;
  return html`<section class="card stack"><h3>${t(...r.title)}</h3>
    ${items.length ? html`<ul class="rights">${items.map((x) => html`<li><span><b>${r.has(x)}</b> <span class="hint">${lasts(x)}</span></span><button type="button" class="plain" aria-label=${t(`去掉 ${r.has(x)}`, `Take ${r.has(x)} away`)} onClick=${() => run('DELETE', r.drop(p, x), undefined, t('已去掉', 'Taken away'))}>✕</button></li>`)}</ul>` : html`<p class="hint">${t('没有', 'None')}</p>`}
    <form class="stack" onSubmit=${add}><div class="inline">${input('what', t(...r.asks), { required: true, pattern: '[a-z][a-z0-9_]*', title: t('小写字母、数字和下划线', 'Small letters, digits and _'), autocomplete: 'off', maxlength: 64 })}
      ${r.more && input('group', t('在哪个小组（可不填）', 'Of which group (optional)'), { pattern: '[a-z][a-z0-9_]*', autocomplete: 'off', maxlength: 64 })}${input('until', t('到（不填为长期）', 'Until (open when empty)'), { type: 'date' })}</div>
      ${r.more && html`<label class="tick"><input type="checkbox" checked=${s.acting} onChange=${(ev) => set({ ...s, acting: ev.target.checked })} /> ${t('代理', 'acting')}</label>`}
      <${ProblemBox} error=${error} /><div class="form-end"><button>${t('添加', 'Add')}</button></div></form></section>`;
}

// Rights lent for a time: one's own, or anybody's for who keeps people.
export function Delegations({ p, list = [], acts = [], done }) {
  const empty = { to: '', from: '', until: '', roles: [] }, [s, set] = useState(empty), [error, setError] = useState(null), mine = p.roles.filter((r) => r !== 'everyone');
  const run = async (method, path, body, said) => {
    setError(null);
    try { await api(method, path, body); toast(said); set(empty); done(); } catch (x) { setError(x); }
  };
  const add = (ev) => { ev.preventDefault(); run('POST', 'admin/delegations', { ...(p.id !== app.user.id && { person: p.id }), to: s.to, ...(s.roles.length && { roles: s.roles }), until: s.until, ...(s.from && { from: s.from }) }, t('已委托', 'Lent')); };
  const day = (k, label, more) => html`<div class="field"><label for=${`lend-${k}`}>${label}</label><input id=${`lend-${k}`} type="date" value=${s[k]} onInput=${(ev) => set({ ...s, [k]: ev.target.value })} ...${more} /></div>`;
  return html`<section class="card stack"><h3>${t('委托', 'Delegation')}</h3>
    ${list.length > 0 && html`<ul class="rights">${list.map((d) => html`<li key=${d.id}><span><${Person} id=${d.to} /> <span class="hint">${lasts(d)} · ${(String(d.roles ?? '').match(/[a-z0-9_.]+/g)?.map(roleTitle).join(t('、', ', ')) ?? t('全部岗位', 'all roles'))}</span></span><button type="button" class="plain" onClick=${() => run('DELETE', `admin/delegations/${d.id}`, undefined, t('已收回', 'Taken back'))}>${t('收回', 'Take back')}</button></li>`)}</ul>`}
    ${acts.length > 0 && html`<p class="hint">${t('正在代理：', 'Acts for: ')}${acts.map((d, i) => html`${i > 0 && t('、', ', ')}<${Person} id=${d.person} /> ${lasts(d)}`)}</p>`}
    ${!list.length && !acts.length && html`<p class="hint">${t('没有委托。出差、休假时可把岗位交给同事代办，到期自动收回。', 'None. Away, one may lend one’s roles to a colleague; it ends by itself.')}</p>`}
    ${mine.length > 0 && html`<form class="stack" onSubmit=${add}><div class="field"><label for="lend-to">${t('委托给', 'To whom')}</label><${PersonPicker} id="lend-to" value=${s.to} set=${(to) => set({ ...s, to })} /></div>
      <div class="inline">${day('from', t('从（不填为今天）', 'From (today when empty)'))}${day('until', t('到', 'Until'), { required: true })}</div>
      ${mine.length > 1 && html`<div class="checks" role="group" aria-label=${t('委托哪些岗位（不选为全部）', 'Which roles (all when none)')}>${mine.map((r) => html`<label><input type="checkbox" checked=${s.roles.includes(r)} onChange=${(ev) => set({ ...s, roles: ev.target.checked ? [...s.roles, r] : s.roles.filter((x) => x !== r) })} />${roleTitle(r)}</label>`)}</div>`}
      <${ProblemBox} error=${error} /><div class="form-end"><button disabled=${!s.to || !s.until}>${t('委托', 'Lend')}</button></div></form>`}</section>`;
}

export function PersonPage({ id }) {
  const load = useLoad((signal) => get(`admin/users/${id}`, { signal }), [id]), [error, setError] = useState(null), [once, setOnce] = useState(null), [roles, setRoles] = useState(null);
  const p = load.data;
  if (load.error && !p) return html`<${ProblemBox} error=${load.error} again=${load.again} />`;
  if (!p) return html`<${Busy} />`;
  const act = (method, path, body, said) => async () => {
    setError(null);
    try {
      const a = await api(method, `admin/users/${id}/${path}`, body);
      if (a.body?.one_time_password) setOnce(a.body.one_time_password);
      toast(said);
      setRoles(null);
      load.again();
    } catch (x) { setError(x); }
  };
  const sure = (question, f) => () => window.confirm(question) && f();
  return html`<div class="stack"><p><a href="#/admin/people">← ${t('人员', 'People')}</a></p><div class="page-head"><h2>${p.display}</h2><span class="hint">${p.name}${p.campus ? ` · ${p.campus}` : ''}</span>${p.disabled && html`<span class="state final">${t('已停用', 'disabled')}</span>`}</div>
    <${ProblemBox} error=${error} />${once && html`<${Once} label=${t('初始密码（只显示一次）', 'First password, shown only now')} value=${once} />`}
    <section class="card stack"><h3>${t('岗位', 'Roles')}</h3><${RoleChecks} roles=${roles ?? p.roles} set=${setRoles} />
      ${roles && html`<div class="form-end"><button type="button" onClick=${() => setRoles(null)}>${t('取消', 'Cancel')}</button><button type="button" class="main" onClick=${act('PUT', 'roles', { roles }, t('岗位已改，本人需重新登录', 'Roles changed; they have to sign in again'))}>${t('保存岗位', 'Save the roles')}</button></div>`}</section>
    <section class="card stack"><h3>${t('登录', 'Sign-in')}</h3><p class="hint">${p.has_code ? t('已启用动态口令', 'Uses one-time codes') : t('未启用动态口令', 'No one-time codes')} · ${p.must_change ? t('需要修改初始密码', 'has to change the first password') : t('已设置自己的密码', 'has set a password')} · ${t('建立于', 'since')} ${time(p.created_at)}</p>
      <div class="chips"><button type="button" onClick=${sure(t('重置密码？本人会被退出登录。', 'Reset the password? They are signed out.'), act('POST', 'password', {}, t('密码已重置', 'Password reset')))}>${t('重置密码', 'Reset the password')}</button>
        ${p.has_code && html`<button type="button" onClick=${sure(t('取消动态口令？', 'Take the one-time codes away?'), act('DELETE', 'totp', undefined, t('已取消', 'Done')))}>${t('取消动态口令', 'Drop one-time codes')}</button>`}
        <button type="button" onClick=${act('DELETE', 'sessions', undefined, t('已退出其所有登录', 'Signed out everywhere'))}>${t('退出其所有登录', 'Sign out everywhere')}</button>
        <button type="button" class="danger" onClick=${p.disabled ? act('POST', 'enable', {}, t('已启用', 'Enabled')) : sure(t('停用账号？', 'Disable the account?'), act('POST', 'disable', {}, t('已停用', 'Disabled')))}>${p.disabled ? t('启用账号', 'Enable') : t('停用账号', 'Disable')}</button></div></section>
    <div class="cards">${RIGHTS.map((r) => html`<${Rights} key=${r.name} p=${p} r=${r} done=${load.again} />`)}<${Delegations} p=${p} list=${p.delegates_to} acts=${p.acts_for} done=${load.again} /></div></div>`;
}

export function People({ item }) {
  const [typed, setTyped] = useState(''), [name, setName] = useState(''), [after, setAfter] = useState(''), [adding, setAdding] = useState(false);
  const load = useLoad((signal) => get(query('admin/users', { limit: 100, name, cursor: after }), { signal }), [name, after]);
  if (item) return html`<${PersonPage} key=${item} id=${item} />`;
  return html`<div class="stack"><div class="filters"><form role="search" onSubmit=${(ev) => { ev.preventDefault(); setAfter(''); setName(typed.trim()); }}><input type="search" aria-label=${t('按账号查找', 'Find by sign-in name')} placeholder=${t('账号', 'Sign-in name')} value=${typed} onInput=${(ev) => setTyped(ev.target.value)} /></form>
      <div class="tools"><button type="button" class="main" onClick=${() => setAdding(true)}>＋ ${t('新建账号', 'New account')}</button></div></div>
    ${adding && html`<${NewPerson} close=${() => setAdding(false)} done=${load.again} />`}
    <${ProblemBox} error=${load.error} again=${load.again} />${!load.data && !load.error && html`<${Busy} />`}
    ${load.data && !load.data.items.length && html`<${Empty} title=${t('没有这个账号', 'Nobody by that name')} />`}
    ${load.data?.items.length > 0 && html`<section class="card scroll-x" tabindex="0"><table><thead><tr><th>${t('姓名', 'Name')}</th><th>${t('账号', 'Sign-in name')}</th><th>${t('校区', 'Campus')}</th><th>${t('岗位', 'Roles')}</th><th>${t('登录', 'Sign-in')}</th></tr></thead>
      <tbody>${load.data.items.map((p) => html`<tr key=${p.id}><td><a href=${`#/admin/people/${p.id}`}>${p.display}</a></td><td>${p.name}</td><td>${p.campus}</td><td>${p.roles.map(roleTitle).join(t('、', ', '))}</td>
        <td>${p.disabled ? t('已停用', 'disabled') : p.must_change ? t('待改密码', 'first password') : p.has_code ? t('动态口令', 'with codes') : t('正常', 'fine')}</td></tr>`)}</tbody></table></section>`}
    <div class="form-end">${after && html`<button type="button" onClick=${() => setAfter('')}>${t('回到开头', 'From the start')}</button>`}${load.data?.next && html`<button type="button" onClick=${() => setAfter(load.data.next)}>${t('下一页', 'Next')}</button>`}</div></div>`;
}

export function Roles() {
  const load = useLoad((signal) => get('admin/roles', { signal }), []);
  if (load.error) return html`<${ProblemBox} error=${load.error} again=${load.again} />`;
  if (!load.data) return html`<${Busy} />`;
  return html`<section class="card scroll-x" tabindex="0"><p class="hint">${t('岗位与权限写在 policies/access.yaml 中，随版本生效。', 'Roles and rights are in policies/access.yaml and come with a release.')} <a href="/api/v1/access/matrix" download="access-matrix.csv">${t('下载权限矩阵', 'Download the matrix of rights')}</a></p>
    <table><thead><tr><th>${t('岗位', 'Role')}</th><th>${t('名称', 'Name')}</th><th>${t('包含', 'Includes')}</th><th>${t('系统权限', 'Permissions')}</th></tr></thead><tbody>${load.data.items.map((r) => html`<tr><td>${roleTitle(r.name)}</td><td><code>${r.name}</code></td>
      <td>${r.roles.filter((x) => x !== r.name).map(roleTitle).join(t('、', ', '))}</td><td>${r.permissions.map((x) => html`<code>${x}</code> `)}</td></tr>`)}</tbody></table></section>`;
}
