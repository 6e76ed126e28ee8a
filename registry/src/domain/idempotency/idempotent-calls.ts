import { setTimeout as sleep } from 'node:timers/promises';
import { NomosError } from '@nomos/schemas';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import type { Database } from '../repositories.js';
import type { SecretBox } from '../secrets.js';
import type { IdempotencyRepository } from './idempotency-repository.js';

const KEPT_MS = 24 * 60 * 60 * 1000;
/** What may be kept for one caller at a time. */
const RECORDS_MAX = 10_000;
const BYTES_MAX = 64 * 1024 * 1024;
const ANSWER_BYTES_MAX = 1024 * 1024;
/** How long a second request waits for the first one to end, and how often it looks. */
const WAIT_MS_MAX = 2_000;
const LOOK_INTERVAL_MS = 50;

/** A request that must take effect once. */
export interface IdempotentRequest {
  readonly caller: string;
  readonly key: string;
  /** Equal for equal requests only. */
  readonly fingerprint: string;
}

const answerSchema = z.object({
  status: z.int(),
  body: z.looseObject({}).optional(),
  headers: z.record(z.string(), z.string()).optional(),
});
const keptSchema = z.object({ fingerprint: z.string(), answer: answerSchema });

/** An answer as it is kept. */
export type KeptAnswer = Readonly<z.infer<typeof answerSchema>>;

/** Carries out a request once, however often and wherever it arrives, and answers each time alike. */
export class IdempotentCalls {
  readonly #database: Database;
  readonly #secrets: SecretBox;
  readonly #clock: Clock;

  constructor(database: Database, secrets: SecretBox, clock: Clock) {
    this.#database = database;
    this.#secrets = secrets;
    this.#clock = clock;
  }

  /**
   * Does the work, or returns the answer that it had before. The answer is kept in the transaction of the work
   * itself, so there is neither without the other. What the work throws is not kept and undoes all that it did.
   *
   * @throws NomosError IDEMPOTENCY_KEY_REUSED for another request under the key, IDEMPOTENCY_KEY_BUSY while the
   * first one runs, TOO_MANY_REQUESTS or PAYLOAD_TOO_LARGE; nothing was done then.
   */
  async run(
    request: IdempotentRequest,
    work: () => Promise<KeptAnswer>,
  ): Promise<{ readonly answer: KeptAnswer; readonly isReplayed: boolean }> {
    const deadline = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const result = await this.#database.together('keep', ({ idempotency }) =>
        this.#runHolding(request, work, idempotency),
      );
      if (result !== undefined) return result;
      if (performance.now() >= deadline) {
        throw new NomosError(
          'IDEMPOTENCY_KEY_BUSY',
          'The first request under this idempotency key still runs.',
        );
      }
      await sleep(LOOK_INTERVAL_MS);
    }
  }

  purge(): Promise<number> {
    return this.#database.repositories.idempotency.purge(this.#clock());
  }

  async #runHolding(
    request: IdempotentRequest,
    work: () => Promise<KeptAnswer>,
    repository: IdempotencyRepository,
  ) {
    const { caller, key, fingerprint } = request;
    if (!(await repository.tryHold(caller, key))) return undefined;
    const purpose = purposeOf(request);
    const known = await repository.find(caller, key, this.#clock());
    const kept = known && this.#openKept(known.sealed, purpose);
    if (kept !== undefined) {
      if (kept.fingerprint === fingerprint) return { answer: kept.answer, isReplayed: true };
      throw new NomosError('IDEMPOTENCY_KEY_REUSED', 'The idempotency key was used for another request.');
    }
    await this.#requireRoom(caller, repository);
    const answer = await work();
    const text = JSON.stringify({ fingerprint, answer });
    if (text.length > ANSWER_BYTES_MAX) {
      const message = `The answer has more than the ${ANSWER_BYTES_MAX} characters that can be kept for an idempotency key; nothing was done.`;
      throw new NomosError('PAYLOAD_TOO_LARGE', message, {
        fix: 'Send less at a time, or leave Idempotency-Key out.',
      });
    }
    const expiresAt = new Date(this.#clock().getTime() + KEPT_MS);
    await repository.save({ caller, key, sealed: this.#secrets.seal(text, purpose), expiresAt });
    return { answer, isReplayed: false };
  }

  /** Undefined for what nobody can read any more, since the registry's secret key has changed: it counts as expired. */
  #openKept(sealed: Uint8Array, purpose: string): z.infer<typeof keptSchema> | undefined {
    try {
      return keptSchema.parse(JSON.parse(this.#secrets.open(sealed, purpose)));
    } catch (error) {
      if (NomosError.from(error).code === 'CONFIGURATION_INVALID') return undefined;
      throw error;
    }
  }

  async #requireRoom(caller: string, repository: IdempotencyRepository): Promise<void> {
    const { records, bytes } = await repository.usage(caller, this.#clock());
    if (records < RECORDS_MAX && bytes < BYTES_MAX) return;
    const message = `${records} idempotency keys with ${bytes} bytes are kept for this caller, the most allowed.`;
    throw new NomosError('TOO_MANY_REQUESTS', message, {
      fix: 'Wait until earlier ones expire, 24 hours after their use, or leave Idempotency-Key out.',
    });
  }
}

function purposeOf({ caller, key }: IdempotentRequest): string {
  return `idempotency key:${caller}:${key}`;
}
