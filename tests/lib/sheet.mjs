// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Spreadsheets for tests, by hand: what a writer of .xlsx must say and no more, and a reader of its parts.
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
function crc32(data) {
  let c = 0xffffffff;
  for (const b of data) c = TABLE[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

// { name: text } -> a zip archive
export function zip(parts) {
  const files = [], directory = [];
  let at = 0;
  for (const [name, text] of Object.entries(parts)) {
    const data = Buffer.from(text), packed = deflateRawSync(data), n = Buffer.from(name);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0); head.writeUInt16LE(0x800, 2); head.writeUInt16LE(8, 4);
    head.writeUInt32LE(crc32(data), 10); head.writeUInt32LE(packed.length, 14); head.writeUInt32LE(data.length, 18);
    head.writeUInt16LE(n.length, 22);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(at, 10);
    files.push(Buffer.from('PK\x03\x04'), head, n, packed);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), head, where, n);
    at += 30 + n.length + packed.length;
  }
  const size = directory.reduce((t, b) => t + b.length, 0), count = Object.keys(parts).length, end = Buffer.alloc(18);
  end.writeUInt16LE(count, 4); end.writeUInt16LE(count, 6); end.writeUInt32LE(size, 8); end.writeUInt32LE(at, 12);
  return Buffer.concat([...files, ...directory, Buffer.from('PK\x05\x06'), end]);
}

// The parts of an archive, by its directory: { name: text }
export function unzip(data) {
  const parts = {};
  let at = data.readUInt32LE(data.lastIndexOf('PK\x05\x06') + 16);
  while (data.toString('latin1', at, at + 4) === 'PK\x01\x02') {
    const packed = data.readUInt32LE(at + 20), n = data.readUInt16LE(at + 28), from = data.readUInt32LE(at + 42);
    const start = from + 30 + data.readUInt16LE(from + 26) + data.readUInt16LE(from + 28);
    parts[data.toString('utf8', at + 46, at + 46 + n)] = inflateRawSync(data.subarray(start, start + packed)).toString();
    at += 46 + n + data.readUInt16LE(at + 30) + data.readUInt16LE(at + 32);
  }
  return parts;
}

const escape = (s) => s.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
const letters = (c) => (c < 26 ? '' : letters(Math.floor(c / 26) - 1)) + String.fromCharCode(65 + (c % 26));

// Rows of texts, numbers, { date: serial } and null -> .xlsx, texts in the shared table as Excel does.
export function xlsx(rows) {
  const texts = new Map();
  const cell = (v, r, c) => {
    const ref = `${letters(c)}${r + 1}`;
    if (v === null || v === undefined || v === '') return '';
    if (typeof v === 'number') return `<c r="${ref}"><v>${v}</v></c>`;
    if (typeof v === 'object') return `<c r="${ref}" s="1"><v>${v.date}</v></c>`;
    if (!texts.has(v)) texts.set(v, texts.size);
    return `<c r="${ref}" t="s"><v>${texts.get(v)}</v></c>`;
  };
  const data = rows.map((row, r) => `<row r="${r + 1}">${row.map((v, c) => cell(v, r, c)).join('')}</row>`).join('');
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
  const types = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  return zip({
    '[Content_Types].xml': '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    'xl/workbook.xml': `<workbook ${main} xmlns:r="${types}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships><Relationship Id="rId1" Type="${types}/worksheet" Target="worksheets/sheet1.xml"/>`
      + `<Relationship Id="rId2" Type="${types}/sharedStrings" Target="/xl/sharedStrings.xml"/>`
      + `<Relationship Id="rId3" Type="${types}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': `<styleSheet ${main}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
    'xl/sharedStrings.xml': `<sst ${main}>${[...texts.keys()].map((t) => `<si><t>${escape(t)}</t></si>`).join('')}</sst>`,
    'xl/worksheets/sheet1.xml': `<worksheet ${main}><sheetData>${data}</sheetData></worksheet>`,
  });
}

export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

// The cells of a sheet that campusd wrote: rows of { column, style, v }.
export const sheetOf = (parts) => parts['xl/worksheets/sheet1.xml'].match(/<row.*?<\/row>/gs)
  .map((row) => [...row.matchAll(/<c r="([A-Z]+)\d+" s="(\d)"(?: t="inlineStr"><is><t xml:space="preserve">(.*?)<\/t><\/is>|><v>(.*?)<\/v>)<\/c>/gs)]
    .map(([, column, style, text, number]) => ({ column, style: Number(style), v: text ?? Number(number) })))
  .filter((row) => row.length); // the mark above is no such cell
