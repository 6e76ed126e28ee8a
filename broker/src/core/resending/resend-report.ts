import { resendLimits } from './resend-limits.js';
import type { ResendResult, Resent, Skipped, SkipReason } from './resend-request.js';
import type { SelectedPage } from './select-pages.js';

/** What one call of resend has done so far. */
export class ResendReport {
  readonly resent: Resent[] = [];
  /** Messages that were looked at. */
  examined = 0;
  readonly #skipped: Skipped[] = [];
  #skippedCount = 0;
  readonly #taken = new Set<string>();

  skip(messageId: string, why: SkipReason): void {
    this.#skippedCount++;
    if (this.#skipped.length < resendLimits.skippedNamed) this.#skipped.push({ messageId, why });
  }

  /** Notes that the message goes to the topic, before that is durable: a selection may have an id twice. */
  take(topic: string, messageId: string): void {
    this.#taken.add(`${topic}\n${messageId}`);
  }

  isTaken(topic: string, messageId: string): boolean {
    return this.#taken.has(`${topic}\n${messageId}`);
  }

  /** The answer, with the last page that was dealt with. */
  result(last: SelectedPage | undefined): ResendResult {
    return {
      resent: this.resent,
      skipped: this.#skipped,
      skippedCount: this.#skippedCount,
      more: last?.more ?? false,
      ...(last?.nextPage === undefined ? {} : { nextPage: last.nextPage }),
    };
  }
}
