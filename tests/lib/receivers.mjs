// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The other side of messages, over real sockets: a mail server that keeps what it is given, and a
// server for SMS and robots that answers what a test tells it to.
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:net';

// -> { port, got: [{ from, to, data, user, password }], say, close }. say.rcpt, say.data: an answer instead of 250.
export async function mailServer() {
  const mail = { got: [], say: {}, open: 0 };
  const server = createServer((socket) => {
    let buffer = '', data = null, one = {}, auth = null;
    const send = (line) => socket.write(`${line}\r\n`);
    mail.open++;
    socket.on('error', () => {});
    send('220 test ready');
    socket.setEncoding('utf8').on('data', (part) => {
      buffer += part;
      for (let at; (at = buffer.indexOf('\r\n')) >= 0;) {
        const line = buffer.slice(0, at);
        buffer = buffer.slice(at + 2);
        if (data !== null) {
          if (line !== '.') { data += `${line.replace(/^\./, '')}\r\n`; continue; }
          const refusal = mail.say.data;
          if (!refusal) mail.got.push({ ...one, data });
          data = null;
          send(refusal ?? '250 taken');
        } else if (auth) {
          [, one.user, one.password] = Buffer.from(line, 'base64').toString().split('\0');
          auth = null;
          send('235 welcome');
        } else if (/^EHLO/i.test(line)) send('250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME');
        else if (/^AUTH PLAIN/i.test(line)) {
          const text = line.split(' ')[2];
          if (text) { [, one.user, one.password] = Buffer.from(text, 'base64').toString().split('\0'); send('235 welcome'); }
          else { auth = true; send('334 '); }
        } else if (/^MAIL FROM/i.test(line)) { one.from = /<(.*?)>/.exec(line)[1]; send('250 ok'); }
        else if (/^RCPT TO/i.test(line)) { one.to = /<(.*?)>/.exec(line)[1]; send(mail.say.rcpt ?? '250 ok'); }
        else if (/^DATA/i.test(line)) { data = ''; send('354 go on'); }
        else if (/^QUIT/i.test(line)) { send('221 bye'); socket.end(); }
        else send('250 ok');
      }
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(mail, { port: server.address().port, close: () => server.close() });
}

// -> { url, got: [{ path, query, headers, body, text }], say, close }. say[path]: (call, n) => [status, answer, headers].
export async function httpServer() {
  const http = { got: [], say: {} };
  const server = createHttp((request, answer) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => {
      const url = new URL(request.url, 'http://x');
      const call = { path: url.pathname, query: url.searchParams, headers: request.headers, text, at: Date.now() };
      try { call.body = JSON.parse(text); } catch { /* as it is */ }
      http.got.push(call);
      const [status, body, headers] = http.say[url.pathname]?.(call, http.got.filter((c) => c.path === url.pathname).length) ?? [200, {}];
      answer.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(http, { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() });
}

// A mail as headers (words decoded) and its text.
export function readMail(data) {
  const at = data.indexOf('\r\n\r\n'), headers = {};
  for (const line of data.slice(0, at).replace(/\r\n[ \t]/g, ' ').split('\r\n')) {
    const [, name, value] = /^([^:]+): (.*)$/.exec(line);
    headers[name.toLowerCase()] = value.replace(/\?= +=\?/g, '?==?')
      .replace(/(=\?UTF-8\?B\?[^?]*\?=)+/g, (all) => all.match(/\?B\?[^?]*/g).map((w) => Buffer.from(w.slice(3), 'base64').toString()).join(''));
  }
  return { headers, text: Buffer.from(data.slice(at + 4), 'base64').toString() };
}
