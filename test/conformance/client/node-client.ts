import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClientProgram, runClientProgram } from './client-program.js';
import { serverCertificate } from './server-certificate.js';

const PROGRAM = fileURLToPath(new URL('../node/main.js', import.meta.url));

/** The official Node client. It runs in a process of its own, since its defects could end ours. */
export const nodeClient: ClientProgram = {
  name: 'node',
  async run(plan, onRow, signal) {
    const folder = await mkdtemp(join(tmpdir(), 'nomos-conformance-node-'));
    try {
      const certificate = await serverCertificate(plan.endpoint);
      // The client verifies certificates and has no option for an authority; gRPC takes one from here.
      const roots = join(folder, 'server.pem');
      if (certificate !== undefined) await writeFile(roots, certificate);
      const environment = {
        // Parts of the client log into the home folder whatever logger they are given.
        ...{ HOME: folder, USERPROFILE: folder },
        ...(certificate === undefined ? {} : { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: roots }),
      };
      const input = `${JSON.stringify(plan)}\n`;
      const command = { file: process.execPath, parameters: [PROGRAM, 'rows'], environment, input };
      return await runClientProgram(command, plan, onRow, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
