import { apache } from '@nomos/schemas';
import type { CheckBack } from '../core/transactions/transactions.js';
import { FieldWriter } from '../core/wire.js';
import { ClientsByApplication } from './clients-by-application.js';
import { encodeHalfMessage } from './encode-delivery.js';
import type { TelemetryStream } from './telemetry.js';

const { RecoverOrphanedTransactionCommand } = apache.rocketmq.v2;

/** A producer that is connected now. */
interface Producer {
  readonly topics: ReadonlySet<string>;
  readonly stream: TelemetryStream;
}

/** The producers that can be asked what became of a transaction: the protocol knows no producer groups, only topics. */
export class TransactionProducers {
  /** In the order in which they are to be asked. */
  readonly #producers = new ClientsByApplication<Producer>();

  /** Notes a producer, or what an earlier one of that client publishes and where it is now. */
  join(client: string, producer: Producer): void {
    this.#producers.set(client, producer);
  }

  forget(client: string): void {
    this.#producers.delete(client);
  }

  /** Asks the producer whose turn it is; false when no producer of the application for the topic is connected. */
  checkBack(question: CheckBack): boolean {
    for (const [client, producer] of this.#producers.ofApplication(question.application)) {
      if (producer.stream.isEnded) {
        this.#producers.delete(client);
        continue;
      }
      if (!producer.topics.has(question.topic)) continue;
      this.#producers.set(client, producer);
      void producer.stream.write(encodeQuestion(question));
      return true;
    }
    return false;
  }
}

/** A `TelemetryCommand` with a `RecoverOrphanedTransactionCommand` (fields 5; 1 and 2). */
function encodeQuestion({ topic, message, transactionId }: CheckBack): Buffer {
  const half = encodeHalfMessage(topic, message, 1);
  const id = RecoverOrphanedTransactionCommand.encode({ transactionId }).finish();
  const writer = new FieldWriter(Buffer.allocUnsafe(half.length + id.length + 12));
  writer.head(5, half.length + id.length);
  writer.copy(half);
  writer.copy(Buffer.from(id));
  return writer.bytes.subarray(0, writer.position);
}
