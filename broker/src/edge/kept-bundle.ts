import { edgeBundleSchema, edgeDeltaSchema, type Logger } from '@nomos/schemas';
import type { Clock } from '../core/clock.js';
import { EdgeCatalog } from './edge-catalog.js';

/** Keeps the last bundle over restarts. */
export interface BundleFile {
  read(): string | undefined;
  write(text: string): void;
  append(text: string): void;
}

/** For how long deltas are collected before they are kept. */
const KEEP_PAUSE_MS = 5_000;
/** Deltas in the file beyond which it is written anew: so many characters, and half as many as the bundle has. */
const ADDED_CHARACTERS_MIN = 1024 * 1024;

/** The bundle in the file: the first line is a whole one, each line after it a delta to those before. */
export class KeptBundle {
  readonly #file: BundleFile;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** What the file should say. */
  readonly #current: () => EdgeCatalog;
  #characters = 0;
  #added = 0;
  #pending = '';
  /** False when what the file says is not what deltas are added to. */
  #isWhole = false;
  #cancelPause: (() => void) | undefined;

  constructor(file: BundleFile, clock: Clock, log: Logger, current: () => EdgeCatalog) {
    this.#file = file;
    this.#clock = clock;
    this.#log = log;
    this.#current = current;
  }

  /** What was kept, if it is of the environment; as much of it as is undamaged. */
  static read(file: BundleFile, environment: string, log: Logger): EdgeCatalog | undefined {
    const text = file.read();
    if (text === undefined) return undefined;
    const [first = '', ...lines] = text.split('\n');
    const bundle = edgeBundleSchema.safeParse(parseJson(first)).data;
    if (bundle === undefined) log.warn({}, 'the kept edge bundle is damaged; it is not used');
    if (bundle?.environment !== environment) return undefined;
    let catalog = EdgeCatalog.of(bundle);
    for (const line of lines) {
      const delta = edgeDeltaSchema.safeParse(parseJson(line)).data;
      // The last line is cut where the broker was killed while it wrote.
      if (delta === undefined || !catalog.canApply(delta)) break;
      catalog = catalog.apply(delta);
    }
    return catalog;
  }

  /** Keeps a whole bundle, now. */
  replace(text: string): void {
    this.#endPause();
    this.#pending = '';
    this.#write(() => {
      this.#file.write(toLine(text));
      this.#characters = text.length;
      this.#added = 0;
      this.#isWhole = true;
    });
  }

  /** Keeps a delta, soon. */
  add(text: string): void {
    this.#pending += `\n${toLine(text)}`;
    this.#cancelPause ??= this.#clock.setTimer(KEEP_PAUSE_MS, () => this.#keepPending());
  }

  /** Keeps at once what was to be kept soon. */
  close(): void {
    if (this.#cancelPause !== undefined) this.#keepPending();
  }

  #keepPending(): void {
    this.#endPause();
    const added = this.#added + this.#pending.length;
    if (!this.#isWhole || added > Math.max(ADDED_CHARACTERS_MIN, this.#characters / 2)) {
      this.replace(JSON.stringify(this.#current().toBundle()));
      return;
    }
    this.#write(() => {
      this.#file.append(this.#pending);
      this.#added = added;
    });
    this.#pending = '';
  }

  #write(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#isWhole = false;
      this.#log.warn({ err: error }, 'edge bundle not kept');
    }
  }

  #endPause(): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }
}

/** JSON has line breaks only between its parts. */
function toLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
