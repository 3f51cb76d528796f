// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Tables as text: read from a file or pasted from a spreadsheet, and written back.

// UTF-8 (with or without a mark), else GB18030, as spreadsheets here write it.
export function decode(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}

// Rows of texts; tabs (a paste) or commas, quotes doubled inside quotes.
export function parse(text) {
  const first = text.slice(0, text.search(/[\r\n]|$/)), sep = first.includes('\t') ? '\t' : first.includes(';') && !first.includes(',') ? ';' : ',';
  const rows = [];
  let row = [], cell = '', quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') { cell += '"'; i++; } else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === sep) { row.push(cell); cell = ''; } else if (c === '\n' || c === '\r') {
      if (c === '\r' && text[i + 1] === '\n') i++;
      row.push(cell);
      if (row.some((x) => x.trim() !== '')) rows.push(row);
      row = [];
      cell = '';
    } else cell += c;
  }
  row.push(cell);
  if (row.some((x) => x.trim() !== '')) rows.push(row);
  return rows;
}

const quote = (s) => (/[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
export const write = (rows) => rows.map((r) => r.map((c) => quote(String(c ?? ''))).join(',')).join('\r\n') + '\r\n';
// For a file that a spreadsheet opens: what would run there as a formula is made a text.
export const harmless = (s) => (/^[=+\-@\t\r]/.test(s) && !/^-?\d+(\.\d+)?$/.test(s) ? `'${s}` : s);

// A number as people write it: 1,299.00 and ￥1299 are one.
export const digits = (s) => String(s).normalize('NFKC').replace(/[,，¥￥\s]|元$/g, '');
// A spreadsheet's cell as the service takes it: titles of choices become their names, 2008/3/5 a date.
export function cellFor(f, v) {
  const s = v.trim();
  const one = (x) => f.choices.find((c) => c.name === x || c.title?.zh === x || c.title?.en === x)?.name ?? x;
  if (f.type === 'choice') return one(s);
  if (f.type === 'multichoice') return s.split(/[,;、，；]\s*/).filter(Boolean).map(one).join(';');
  const d = f.type === 'date' && /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(s);
  if (d) return `${d[1]}-${d[2].padStart(2, '0')}-${d[3].padStart(2, '0')}`;
  if (f.type === 'boolean') return { 是: 'true', 否: 'false', yes: 'true', no: 'false' }[s.toLowerCase()] ?? s;
  if (['integer', 'decimal', 'money'].includes(f.type)) return digits(s);
  return s;
}
