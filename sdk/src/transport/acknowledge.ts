import { apache, methods, NomosError } from '@nomos/schemas';
import type { BrokerClient } from './broker-client.js';
import { errorOfStatus } from './status.js';
import { WireReader } from './wire-reader.js';

const { AckMessageRequest, AckMessageResponse, Code } = apache.rocketmq.v2;
const SUCCESS: apache.rocketmq.v2.IStatus = { code: Code.OK };

/** What a delivery is known by. */
export interface DeliveryName {
  readonly messageId: string;
  readonly receiptHandle: string;
}

/** Acknowledges deliveries in one call; the answer tells for each why it failed, in the order of `entries`. */
export async function acknowledge(
  client: BrokerClient,
  target: string,
  group: string,
  topic: string,
  entries: readonly DeliveryName[],
): Promise<(NomosError | undefined)[]> {
  const request = AckMessageRequest.encode({
    group: { name: group },
    topic: { name: topic },
    entries: [...entries],
  }).finish();
  const method = methods.ackMessage;
  const answer = await callForEntries(client, { target, method }, request);
  if (answer.length === 0) return entries.map(() => undefined);
  const byHandle = new Map(answer.map(({ receiptHandle, status }) => [receiptHandle, status]));
  return entries.map(({ receiptHandle }) => {
    if (!byHandle.has(receiptHandle)) return new NomosError('INTERNAL', 'The broker did not answer for it.');
    return errorOfStatus(byHandle.get(receiptHandle));
  });
}

/** When all entries fail alike, the answer as a whole fails too; the entries still tell more. */
async function callForEntries(
  client: BrokerClient,
  { target, method }: { target: string; method: typeof methods.ackMessage },
  request: Uint8Array,
): Promise<apache.rocketmq.v2.IAckMessageResultEntry[]> {
  let entries: apache.rocketmq.v2.IAckMessageResultEntry[] = [];
  const decoder = {
    decode(bytes: Uint8Array) {
      // Success as a whole is success of each entry; then there is no need to read them.
      if (isSuccess(bytes)) return { status: SUCCESS };
      const answer = AckMessageResponse.decode(bytes);
      entries = answer.entries;
      return answer;
    },
  };
  try {
    await client.call({ target, method, decoder }, request);
  } catch (error) {
    if (entries.length === 0) throw error;
  }
  return entries;
}

function isSuccess(bytes: Uint8Array): boolean {
  const reader = new WireReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  while (reader.next()) {
    if (reader.field !== 1) continue;
    const status = reader.inside();
    while (status.next()) if (status.field === 1) return status.value === Code.OK;
  }
  return false;
}
