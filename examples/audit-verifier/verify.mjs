#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A second, independent verifier of the audit log: it shares no line with campusd, needs no package,
// and holds nothing but the public key, the export and the checkpoints. README.md has the layout.
import { createHash, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { createReadStream, readFileSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const ORIGIN = 'campusd/audit';
const COLUMNS = ['writer', 'seq', 'at', 'actor', 'client', 'action', 'object', 'outcome', 'reason', 'rule', 'release', 'purpose', 'fields', 'request', 'subjects'];
const NUMBERS = new Set(['seq', 'at', 'release']);
const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest();
const le64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); return b; };

// LE64 count, then LE64 length and bytes of each: prev first, the fifteen columns after it.
export function rowHash(row) {
  const parts = [Buffer.from(row.prev, 'hex'), ...COLUMNS.map((c) => Buffer.from(String(row[c]), 'utf8'))];
  return sha256(le64(parts.length), ...parts.flatMap((p) => [le64(p.length), p]));
}

// Nothing but the columns, each of its type; otherwise two readers could see two rows.
function shapeOf(row) {
  if (row === null || typeof row !== 'object' || Array.isArray(row)) return 'not an object';
  const want = [...COLUMNS, 'prev', 'hash'];
  if (Object.keys(row).length !== want.length) return 'not the seventeen columns';
  for (const c of want) {
    if (NUMBERS.has(c) ? !Number.isSafeInteger(row[c]) : typeof row[c] !== 'string') return `${c} is missing or of the wrong type`;
    if (typeof row[c] === 'string' && row[c].includes('\0')) return `${c} holds a NUL`;
  }
  for (const c of ['prev', 'hash']) if (!/^[0-9a-f]{64}$/.test(row[c])) return `${c} is not a SHA-256`;
  const subjects = row.subjects === '' ? [] : row.subjects.split('\n');
  if (subjects.includes('')) return 'an empty subject';
  if (new Set(subjects).size !== subjects.length) return 'a subject twice';
  return null;
}

// Signed notes (c2sp.org/signed-note), one after the other, each followed by an empty line.
// -> Map "writer seq" -> head; what does not verify is a finding.
export function readCheckpoints(text, key, findings) {
  const heads = new Map();
  const id = sha256(`${ORIGIN}\n`, Buffer.from([1]), key).subarray(0, 4);
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]); // Ed25519, RFC 8410
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const lines = text.split('\n');
  let n = 0;
  for (let at = 0; at < lines.length && !(at === lines.length - 1 && lines[at] === '');) {
    n++;
    const gap = lines.indexOf('', at);
    const body = gap < 0 ? '' : `${lines.slice(at, gap).join('\n')}\n`;
    const signature = /^\u2014 (\S+) ([A-Za-z0-9+/]+=*)$/.exec(lines[gap + 1] ?? '');
    const bytes = Buffer.from(signature?.[2] ?? '', 'base64');
    const good = gap > 0 && lines[gap + 2] === '' && signature?.[1] === ORIGIN && bytes.length === 68 &&
      timingSafeEqual(bytes.subarray(0, 4), id) && verify(null, Buffer.from(body), publicKey, bytes.subarray(4));
    const [origin, time, ...claims] = body.split('\n').slice(0, -1);
    const read = claims.map((l) => /^(\S+) ([1-9]\d*) ([A-Za-z0-9+/]{43}=)$/.exec(l));
    if (!good || origin !== ORIGIN || !/^\d+$/.test(time) || !read.length || read.includes(null)) {
      findings.push(`checkpoint: note ${n} does not verify`);
      break; // what follows a broken note cannot be told from it
    }
    for (const [, writer, seq, base64] of read) {
      const name = `${writer} ${seq}`, head = Buffer.from(base64, 'base64').toString('hex');
      if (heads.has(name) && heads.get(name) !== head) findings.push(`rewritten: two checkpoints differ about ${name}`);
      heads.set(name, head);
    }
    at = gap + 3;
  }
  if (!n) findings.push('checkpoint: there is none');
  return heads;
}

// Lines end in LF alone: node's readline would also cut at U+2028, which JSON may hold.
async function* linesOf(file) {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file)) {
    rest = Buffer.concat([rest, chunk]);
    for (let end; (end = rest.indexOf(10)) >= 0; rest = rest.subarray(end + 1)) yield rest.subarray(0, end).toString('utf8');
  }
  if (rest.length) yield rest.toString('utf8');
}

// part: the file begins in the middle (audit export --from-seq, or old rows were removed); then its
// first row must follow one that a checkpoint signed.
export async function verifyAudit({ file, key, checkpoints, part = false }) {
  const findings = [], writers = new Map();
  const heads = readCheckpoints(checkpoints, key, findings);
  const unseen = new Set(heads.keys());
  let rows = 0, line = 0;
  for await (const text of linesOf(file)) {
    line++;
    let row;
    try { row = JSON.parse(text); } catch { row = undefined; }
    const shape = row === undefined ? 'not JSON' : shapeOf(row);
    if (shape) {
      findings.push(`shape: line ${line}: ${shape}`);
      continue;
    }
    rows++;
    const { writer, seq } = row;
    let last = writers.get(writer);
    if (!last) {
      last = { seq: 0, head: '0'.repeat(64), signed: 0 };
      if (part && seq > 1 && heads.get(`${writer} ${seq - 1}`) === row.prev) last = { seq: seq - 1, head: row.prev, signed: seq - 1 };
      for (const k of unseen) if (k.startsWith(`${writer} `) && Number(k.split(' ')[1]) <= last.seq) unseen.delete(k);
      writers.set(writer, last);
    }
    if (seq !== last.seq + 1) findings.push(`gap: ${writer}: ${seq} follows ${last.seq}`);
    else if (row.prev !== last.head) findings.push(`link: ${writer} ${seq} does not follow its predecessor`);
    if (rowHash(row).toString('hex') !== row.hash) findings.push(`changed: ${writer} ${seq} has been changed`);
    const name = `${writer} ${seq}`;
    if (unseen.delete(name)) {
      if (heads.get(name) !== row.hash) findings.push(`rewritten: ${name} is not what the checkpoint signed`);
      else last.signed = seq;
    }
    last.seq = seq;
    last.head = row.hash;
  }
  for (const name of unseen) findings.push(`truncated: ${name} was signed and is gone`);
  const unsigned = [...writers.values()].reduce((n, w) => n + Math.max(0, w.seq - w.signed), 0);
  return { rows, unsigned, checkpoints: heads.size, findings };
}

async function main(words) {
  const option = (name) => { const i = words.indexOf(name); return i < 0 ? undefined : words.splice(i, 2)[1]; };
  const part = words.includes('--part') && Boolean(words.splice(words.indexOf('--part'), 1));
  const keyFile = option('--key'), noteFile = option('--checkpoints');
  const hex = keyFile ? readFileSync(keyFile, 'utf8').trim() : '';
  if (!keyFile || !noteFile || words.length !== 1 || !/^[0-9a-f]{64}$/i.test(hex)) {
    console.error('usage: node verify.mjs --key audit.pub --checkpoints audit.checkpoints [--part] EXPORT.jsonl');
    return 2;
  }
  const found = await verifyAudit({ file: words[0], key: Buffer.from(hex, 'hex'), checkpoints: readFileSync(noteFile, 'utf8'), part });
  for (const f of found.findings.slice(0, 20)) console.error(f);
  if (found.findings.length > 20) console.error(`… and ${found.findings.length - 20} more`);
  if (found.findings.length) return 1;
  console.log(`good: ${found.rows} rows, ${found.checkpoints} checkpoints, ${found.unsigned} rows after the last one`);
  return 0;
}
if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) process.exitCode = await main(process.argv.slice(2));
