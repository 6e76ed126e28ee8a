import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { RemotingBrokerAdmin } from './remoting-broker-admin.js';
import { requestCode } from './request-codes.js';

const open = new Set<Socket>();
let server: Server | undefined;
let admin: RemotingBrokerAdmin | undefined;
afterEach(() => {
  admin?.close();
  for (const socket of open) socket.destroy();
  server?.close();
});

function frame(opaque: number, body: unknown): Buffer {
  const header = { code: 0, flag: 1, opaque, extFields: { totalTopicNum: '99999999' } };
  const [head, text] = [Buffer.from(JSON.stringify(header)), Buffer.from(JSON.stringify(body))];
  const start = Buffer.alloc(8);
  start.writeInt32BE(4 + head.length + text.length, 0);
  start.writeInt32BE(head.length, 4);
  return Buffer.concat([start, head, text]);
}

/** A name server and broker in one; its pages of topics come from `page`. */
async function connect(page: (number: number) => Record<string, unknown>): Promise<RemotingBrokerAdmin> {
  let pages = 0;
  let address = '';
  const started = createServer((socket) => {
    open.add(socket);
    let rest = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const headerEnd = 8 + rest.readUIntBE(5, 3);
        const { code, opaque } = JSON.parse(rest.toString('utf8', 8, headerEnd));
        rest = rest.subarray(4 + rest.readInt32BE(0));
        const cluster = { brokerAddrTable: { b: { brokerAddrs: { 0: address } } }, clusterAddrTable: {} };
        const isCluster = code === requestCode.getClusterInfo;
        socket.write(frame(opaque, isCluster ? cluster : { topicConfigTable: page(pages++) }));
      }
    });
  });
  server = started;
  started.listen(0, '127.0.0.1');
  await once(started, 'listening');
  const bound = started.address();
  address = `127.0.0.1:${bound !== null && typeof bound === 'object' ? bound.port : 0}`;
  admin = new RemotingBrokerAdmin({ endpoints: [address], tls: false });
  return admin;
}

function topic(messageType: string) {
  return { readQueueNums: 1, writeQueueNums: 1, perm: 6, attributes: { 'message.type': messageType } };
}

test('a broker whose list does not end is refused', async () => {
  const broker = await connect((number) =>
    Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`t-${number}-${index}`, topic('FIFO')])),
  );
  await expect(broker.list('topic')).rejects.toMatchObject({
    code: 'BROKER_REFUSED',
    message: expect.stringContaining('more than 200000 entries'),
  });
}, 60_000);

test('no more is kept of a long text than tells that it is wrong', async () => {
  const broker = await connect((number) => (number === 0 ? { long: topic('x'.repeat(60_000)) } : {}));
  const copies = (await broker.list('topic')).get('long')?.copies;
  expect(copies).toMatchObject([{ messageType: 'x'.repeat(64) }]);
});
