import { apache } from '@nomos/schemas';

const v2 = apache.rocketmq.v2;

/** What the messages of one load look like. */
export interface MessageShape {
  readonly topic: string;
  /** Default 256. */
  readonly bodyBytes?: number;
  /** What differs from message to message, by the number of the message. */
  readonly system?: (index: number) => apache.rocketmq.v2.ISystemProperties;
  readonly properties?: (index: number) => Record<string, string>;
}

const DEFAULT_BODY_BYTES = 256;

/** Makes messages with ids and keys that grow, as those of RocketMQ's clients and of business systems do. */
export class MessageSource {
  readonly #shape: MessageShape;
  readonly #body: Buffer;
  readonly #idPrefix: string;
  #made = 0;

  constructor(shape: MessageShape) {
    this.#shape = shape;
    this.#body = Buffer.alloc(shape.bodyBytes ?? DEFAULT_BODY_BYTES, 'x');
    const seconds = Math.floor(Date.now() / 1000);
    // Version, MAC address, process, and the time at which the client began; then comes a counter.
    this.#idPrefix = `01A1B2C3D4E5F60F0F${hexadecimal(seconds)}`;
  }

  next(): apache.rocketmq.v2.IMessage {
    const index = this.#made++;
    const { topic, system, properties } = this.#shape;
    return {
      topic: { name: topic },
      body: this.#body,
      ...(properties === undefined ? {} : { userProperties: properties(index) }),
      systemProperties: {
        messageId: this.#idPrefix + hexadecimal(index),
        keys: [`K-${hexadecimal(index)}`],
        messageType: v2.MessageType.NORMAL,
        bornTimestamp: { seconds: Math.floor(Date.now() / 1000), nanos: 0 },
        bornHost: 'bench',
        ...system?.(index),
      },
    };
  }

  batch(messages: number): apache.rocketmq.v2.IMessage[] {
    return Array.from({ length: messages }, () => this.next());
  }
}

function hexadecimal(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
