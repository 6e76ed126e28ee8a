import { Client, credentials as grpcCredentials, Metadata } from '@grpc/grpc-js';
import { apache, errorOfStatusText, methods, NomosError } from '@nomos/schemas';
import type { Nomos, Producer } from '@nomos/sdk';
import type { RegistryClient } from '../registry-client.js';
import { consumerGroups, TRANSFER_COMPLETED } from './bank-catalog.js';

const v2 = apache.rocketmq.v2;

/** Something that governance refuses, with what the developer is told. */
export interface Refusal {
  readonly case: string;
  /** What was tried, for a person. */
  readonly attempt: string;
  readonly error: NomosError;
}

export interface RefusalSubjects {
  readonly admin: RegistryClient;
  readonly environment: string;
  readonly brokerEndpoint: string;
  /** The producer of paycore. */
  readonly producer: Producer;
  /** The connection of antifraud, which tries to use the group of sms. */
  readonly antifraud: Nomos;
}

/** Tries what must be refused. Throws when something of it is let through. */
export async function collectRefusals(subjects: RefusalSubjects): Promise<Refusal[]> {
  const { admin, environment, producer, antifraud } = subjects;
  return [
    await refusal('malformed-topic-name', 'register the topic "Pay_Paycore_Refund.Requested"', () =>
      admin.post('/v1/topics', {
        name: 'Pay_Paycore_Refund.Requested',
        application: 'paycore',
        description: 'A name that breaks the norm.',
        environments: [environment],
      }),
    ),
    await refusal('unregistered-topic', 'publish to "pay-paycore-refund-rejected" with the SDK', () =>
      producer.send({ topic: 'pay-paycore-refund-rejected', key: '1', body: { orderId: '1' } }),
    ),
    await refusal(
      'foreign-consumer-group',
      `consume as "${consumerGroups.sms}" from application antifraud`,
      () =>
        antifraud.consumer({
          group: consumerGroups.sms,
          subscribe: { [TRANSFER_COMPLETED]: '*' },
          handle: async () => {},
        }),
    ),
    await refusal(
      'raw-client-without-credentials',
      'send with a raw RocketMQ client and no credentials',
      () => sendRaw(subjects.brokerEndpoint),
    ),
  ];
}

async function refusal(name: string, attempt: string, action: () => Promise<unknown>): Promise<Refusal> {
  try {
    await action();
  } catch (error) {
    const refused = NomosError.from(error);
    if (refused.code === 'INTERNAL' || refused.code === 'UNAVAILABLE') throw error;
    return { case: name, attempt, error: refused };
  }
  throw new NomosError('INTERNAL', `Governance let through what it must refuse: ${attempt}.`);
}

/** Sends one message as a client without credentials does, over the plain v2 protocol. */
async function sendRaw(endpoint: string): Promise<void> {
  const client = new Client(endpoint, grpcCredentials.createInsecure());
  const request = v2.SendMessageRequest.encode({
    messages: [
      {
        topic: { name: TRANSFER_COMPLETED },
        systemProperties: {
          messageId: '01FFFFFFFFFFFFFFFF0000000000000000',
          messageType: v2.MessageType.NORMAL,
        },
        body: Buffer.from('{}'),
      },
    ],
  }).finish();
  const metadata = new Metadata();
  metadata.set('x-mq-client-id', 'raw-client');
  try {
    const response = await new Promise<Buffer>((resolve, reject) => {
      const pass = (buffer: Buffer) => buffer;
      const deadline = Date.now() + 10_000;
      const answered = (error: Error | null, answer?: Buffer) =>
        answer === undefined ? reject(error) : resolve(answer);
      const { path } = methods.sendMessage;
      client.makeUnaryRequest(path, pass, pass, Buffer.from(request), metadata, { deadline }, answered);
    });
    const status = v2.SendMessageResponse.decode(response).status;
    const error = errorOfStatusText(status?.message ?? '');
    if (error !== undefined) throw error;
  } finally {
    client.close();
  }
}
