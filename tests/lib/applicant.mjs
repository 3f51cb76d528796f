// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Applicants for tests: valid by every check, nobody real.

// A GB 11643 number with its check digit; n is the serial.
export function citizenId(n, birth = '20080315', place = '110101') {
  const body = place + birth + String(n % 1000).padStart(3, '0');
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((t, w, i) => t + w * Number(body[i]), 0);
  return body + '10X98765432'[sum % 11];
}

// Different for a million serials; all of them of an age to be admitted.
export function applicant(n, more = {}) {
  const birth = new Date(Date.UTC(2008, 2, 15 + Math.floor(n / 1000))).toISOString().slice(0, 10);
  return {
    name: `考生${n}`, id_number: citizenId(n, birth.replaceAll('-', '')), birth_date: birth, education: 'junior',
    phone: `138${String(n).padStart(8, '0')}`, guardian_phone: `139${String(n).padStart(8, '0')}`,
    region: '河北', major: '护理', campus: '东校区', score: '512.5', ...more,
  };
}
