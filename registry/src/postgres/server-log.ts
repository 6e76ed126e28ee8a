import { appendFileSync, renameSync, statSync } from 'node:fs';

const FILE_BYTES_MAX = 1024 * 1024;
const LAST_LINES = 12;

/** The log of the Postgres server: one file and its predecessor, each at most one mebibyte. */
export class ServerLog {
  readonly #file: string;
  #bytes: number;
  #tail = '';

  constructor(file: string) {
    this.#file = file;
    this.#bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  append(chunk: Buffer): void {
    this.#tail = (this.#tail + chunk.toString()).slice(-8_000);
    try {
      if (this.#bytes + chunk.length > FILE_BYTES_MAX) {
        renameSync(this.#file, `${this.#file}.old`);
        this.#bytes = 0;
      }
      appendFileSync(this.#file, chunk, { mode: 0o600 });
      this.#bytes += chunk.length;
    } catch {
      // A full disk must not stop the server because of its log; the server reports the disk itself.
    }
  }

  /** The last lines of this run, for the message of a failure. */
  lastLines(): string {
    return this.#tail.trim().split('\n').slice(-LAST_LINES).join('\n');
  }

  includes(text: string): boolean {
    return this.#tail.includes(text);
  }
}
