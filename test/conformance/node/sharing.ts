import { check, checkSame, pause } from './check.js';
import { ClientProcess } from './client-process.js';
import { Inbox } from './inbox.js';
import { receiveUntil } from './receive-until.js';
import type { RowClients } from './row-clients.js';
import type { RowPrograms } from './row-program.js';

const SHARED = 300;
const HELD = 60;
/** Messages of a push consumer are invisible for 60 s, and may have been renewed just before it was killed. */
const TAKEOVER_TIMEOUT_MS = 140_000;

/** Sends so many messages, a few at a time, so that both instances have a chance. */
async function sendPaced(clients: RowClients, count: number): Promise<string[]> {
  const producer = await clients.producer();
  const bodies = Array.from({ length: count }, (_, index) => `M-${index}`);
  for (const body of bodies) {
    await producer.send({ topic: clients.topic(), body: Buffer.from(body) });
    await pause(5);
  }
  return bodies;
}

export const sharingRows = {
  'group-shares': async (clients) => {
    const [one, two] = [new Inbox(), new Inbox()];
    await clients.push({ inbox: one });
    await clients.push({ inbox: two });
    await pause(2_000);
    const bodies = await sendPaced(clients, SHARED);
    await pause(2_000);
    checkSame('handled', [...one.bodies, ...two.bodies], bodies);
    for (const { deliveries } of [one, two]) check(deliveries.length > 0, 'one instance got nothing');
  },

  'group-instance-dies': async (clients) => {
    const dying = await ClientProcess.start('hold', clients);
    const inbox = new Inbox();
    await clients.push({ inbox });
    // The other process prints a line when it is there, and one for each message that it holds.
    await dying.lines.waitFor(1);
    await pause(2_000);
    const bodies = await sendPaced(clients, HELD);
    await dying.lines.waitFor(2);
    await dying.kill();
    await inbox.waitFor(bodies.length, TAKEOVER_TIMEOUT_MS);
    checkSame('handled', inbox.bodies, bodies);
  },

  'groups-get-all': async (clients) => {
    const bodies = await sendPaced(clients, 20);
    for (const group of ['main', 'other']) {
      const received = await receiveUntil(await clients.simple({ group }), bodies.length);
      checkSame(
        `received by ${group}`,
        received.map((message) => message.body.toString()),
        bodies,
      );
    }
  },
} satisfies RowPrograms;
