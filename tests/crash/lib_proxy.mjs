// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A bad line to a socket: each piece waits up to `wait` ms; one in `cut` is cut off in its middle, and
// the connection with it. Towards the service that is an answer that never comes. It runs as a
// process of its own, since tests wait for commands; open() starts it, set() makes it worse or better.
import { fork } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);

export async function open(socket) {
  const child = fork(self, [socket]);
  const heard = () => new Promise((done) => child.once('message', done));
  const { port } = await heard();
  return { port, set(how) { child.send(how); return heard(); }, close() { child.kill(); } };
}

function serve(socket) {
  const p = { wait: 0, cut: 0, cuts: 0 };
  const listener = createServer((client) => {
    const both = [client, connect(socket)], end = () => both.forEach((s) => s.destroy());
    for (const [from, to] of [both, [...both].reverse()]) {
      let line = Promise.resolve();
      from.on('data', (d) => {
        line = line.then(async () => {
          if (p.wait) await sleep(Math.random() * p.wait);
          if (p.cut && Math.random() < 1 / p.cut) {
            p.cuts++;
            to.write(d.subarray(0, Math.floor(Math.random() * d.length)), end);
          } else to.write(d);
        });
      });
      from.on('error', end).on('close', () => line.then(end));
    }
  });
  listener.listen(0, '127.0.0.1', () => process.send({ port: listener.address().port }));
  process.on('message', (how) => { Object.assign(p, how); process.send({ cuts: p.cuts }); });
  process.on('disconnect', () => process.exit());
}
if (process.argv[1] === self) serve(process.argv[2]);
