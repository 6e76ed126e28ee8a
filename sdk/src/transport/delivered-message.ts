import { apache } from '@nomos/schemas';
import { WireReader } from './wire-reader.js';

/** Field numbers of Message and SystemProperties (definition.proto). */
const message = { topic: 1, userProperties: 2, systemProperties: 3, body: 4 } as const;
const system = {
  tag: 1,
  keys: 2,
  messageId: 3,
  bodyEncoding: 5,
  bornTimestamp: 7,
  receiptHandle: 12,
  queueId: 13,
  queueOffset: 14,
  deliveryAttempt: 16,
  traceContext: 18,
} as const;

/**
 * A message as the broker delivers it, read from its bytes. Making an object of each message with all its fields
 * is what receiving would mostly consist of, so what most handlers leave alone is read when it is asked for.
 */
export class DeliveredMessage {
  topic = '';
  messageId = '';
  receiptHandle = '';
  tag: string | undefined;
  readonly keys: string[] = [];
  deliveryAttempt = 1;
  queueId = 0;
  offset = 0;
  isCompressed = false;
  traceContext: string | undefined;
  readonly #bytes: Buffer;
  /** Starts and ends of the user properties. */
  readonly #properties: number[] = [];
  #bodyStart = 0;
  #bodyEnd = 0;
  #bornStart = 0;
  #bornEnd = 0;

  /** Reads an encoded `Message`. Throws on bytes that are none. */
  constructor(reader: WireReader) {
    this.#bytes = reader.bytes;
    while (reader.next()) {
      switch (reader.field) {
        case message.topic:
          this.#readTopic(reader.inside());
          break;
        case message.userProperties:
          this.#properties.push(reader.start, reader.stop);
          break;
        case message.systemProperties:
          this.#readSystem(reader.inside());
          break;
        case message.body:
          this.#bodyStart = reader.start;
          this.#bodyEnd = reader.stop;
          break;
      }
    }
  }

  get body(): Uint8Array {
    return this.#bytes.subarray(this.#bodyStart, this.#bodyEnd);
  }

  get properties(): Record<string, string> {
    const entries: [string, string][] = [];
    for (let index = 0; index < this.#properties.length; index += 2) {
      const reader = new WireReader(this.#bytes, this.#properties[index], this.#properties[index + 1]);
      const entry: [string, string] = ['', ''];
      while (reader.next()) {
        if (reader.field === 1) entry[0] = reader.text();
        else if (reader.field === 2) entry[1] = reader.text();
      }
      entries.push(entry);
    }
    return Object.fromEntries(entries);
  }

  /** When the producer made the message, in milliseconds since 1970; undefined if it does not say. */
  get bornAtMs(): number | undefined {
    if (this.#bornEnd === 0) return undefined;
    const reader = new WireReader(this.#bytes, this.#bornStart, this.#bornEnd);
    let timeMs = 0;
    while (reader.next()) {
      if (reader.field === 1) timeMs += reader.value * 1000;
      else if (reader.field === 2) timeMs += Math.floor(reader.value / 1_000_000);
    }
    return timeMs;
  }

  #readTopic(reader: WireReader): void {
    while (reader.next()) if (reader.field === 2) this.topic = reader.text();
  }

  /** The last value of a field wins: the broker adds a delivery's own at the end. */
  #readSystem(reader: WireReader): void {
    while (reader.next()) {
      switch (reader.field) {
        case system.tag:
          this.tag = reader.text() || undefined;
          break;
        case system.keys:
          this.keys.push(reader.text());
          break;
        case system.messageId:
          this.messageId = reader.text();
          break;
        case system.bodyEncoding:
          this.isCompressed = reader.value === apache.rocketmq.v2.Encoding.GZIP;
          break;
        case system.bornTimestamp:
          this.#bornStart = reader.start;
          this.#bornEnd = reader.stop;
          break;
        case system.receiptHandle:
          this.receiptHandle = reader.text();
          break;
        case system.queueId:
          this.queueId = reader.value;
          break;
        case system.queueOffset:
          this.offset = reader.value;
          break;
        case system.deliveryAttempt:
          this.deliveryAttempt = Math.max(1, reader.value);
          break;
        case system.traceContext:
          this.traceContext = reader.text() || undefined;
          break;
      }
    }
  }
}

/** The message in a part of a ReceiveMessage answer; undefined if the part is another. */
export function readDelivery(part: Buffer): DeliveredMessage | undefined {
  const reader = new WireReader(part);
  while (reader.next()) if (reader.field === 2) return new DeliveredMessage(reader.inside());
  return undefined;
}
