import { NomosError } from '@nomos/schemas';
import { brokerLimits } from './broker-limits.js';

/** Bounds the long polls that wait at the same time, so that those of one application leave room for others'. */
export class WaitingCount {
  readonly #byApplication = new Map<string, number>();
  #count = 0;

  /** Throws TOO_MANY_REQUESTS; otherwise `leave` must follow. */
  enter(application: string): void {
    const own = this.#byApplication.get(application) ?? 0;
    if (own >= brokerLimits.waitersPerApplication || this.#count >= brokerLimits.waiters) {
      const whose =
        own >= brokerLimits.waitersPerApplication ? `of application "${application}"` : 'of all applications';
      throw new NomosError('TOO_MANY_REQUESTS', `Too many receives ${whose} are waiting.`, {
        fix: 'Let each consumer wait with a few receives at a time.',
      });
    }
    this.#byApplication.set(application, own + 1);
    this.#count++;
  }

  leave(application: string): void {
    const left = (this.#byApplication.get(application) ?? 1) - 1;
    if (left > 0) this.#byApplication.set(application, left);
    else this.#byApplication.delete(application);
    this.#count--;
  }
}
