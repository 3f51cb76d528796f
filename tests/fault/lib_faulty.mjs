// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A service on campusd-test whose faults are armed while it runs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, Server } from '../lib/server.mjs';

export const bin = process.env.CAMPUSD_TEST || join(root, 'build/campusd-test');

export async function faulty() {
  const folder = mkdtempSync(join(tmpdir(), 'campusd-fault-')), file = join(folder, 'fault');
  writeFileSync(file, '');
  const server = await Server.start({ bin, env: { CAMPUSD_FAULT_FILE: file } });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  // Arms a fault ('' none) and waits until the service says so; from here on `struck` counts.
  server.arm = async (spec) => {
    const at = server.log.length;
    writeFileSync(file, spec);
    server.child.kill('SIGUSR2');
    for (let i = 0; !server.log.slice(at).includes(`armed ${spec}\n`); i++) {
      if (i > 2000 || server.child.exitCode !== null || server.child.signalCode !== null) throw new Error(`not armed: ${spec} ${server.log.slice(-500)}`);
      await sleep(1);
    }
    server.from = server.log.indexOf(`armed ${spec}\n`, at); // another thread may be struck at once
  };
  server.struck = async () => {
    await sleep(3);
    return server.log.slice(server.from).split('\n').filter((l) => l.startsWith('fault ')).length;
  };
  return server;
}

// What a client got: a status, or 0 when it was cut off.
export async function status(promise) {
  try {
    return (await promise).status;
  } catch (e) {
    if (e.name === 'AssertionError') throw e;
    return 0;
  }
}
