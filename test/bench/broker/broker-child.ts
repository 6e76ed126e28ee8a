import { readFileSync } from 'node:fs';
import { fixedBundleSource, startBroker } from '@nomos/broker';
import type { EdgeBundleInput } from '@nomos/schemas';

/** What the benchmark asks of the broker's process. */
export type Question =
  | { readonly kind: 'start'; readonly dataFolder: string; readonly bundle: EdgeBundleInput }
  | { readonly kind: 'usage' }
  | { readonly kind: 'stop' };

/** What the process uses. */
export interface Usage {
  /** All memory that is mapped in, the store's file among it. */
  readonly residentBytes: number;
  /** Memory of its own, which the system cannot take back; where there is no /proc, the same as the resident. */
  readonly ownBytes: number;
  /** Time of all processors since the start. */
  readonly processorMs: number;
}

export type Answer =
  | { readonly kind: 'started'; readonly endpoint: string }
  | ({ readonly kind: 'usage' } & Usage);

/** A broker in a process of its own, so that it shares no event loop with the clients that measure it. */
let broker: Awaited<ReturnType<typeof startBroker>> | undefined;

process.on('message', (question: Question) => void answer(question));
// Without the benchmark there is nothing left to do.
process.on('disconnect', () => void stop());

async function answer(question: Question): Promise<void> {
  switch (question.kind) {
    case 'start': {
      const { dataFolder, bundle } = question;
      broker = await startBroker({ dataFolder, port: 0, edge: { bundleSource: fixedBundleSource(bundle) } });
      return reply({ kind: 'started', endpoint: broker.endpoint });
    }
    case 'usage':
      return reply({ kind: 'usage', ...usage() });
    case 'stop':
      return process.disconnect();
  }
}

async function stop(): Promise<void> {
  await broker?.close();
  process.exit(0);
}

function reply(message: Answer): void {
  process.send?.(message);
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const residentBytes = process.memoryUsage.rss();
  return { residentBytes, ownBytes: ownBytes() ?? residentBytes, processorMs: (user + system) / 1000 };
}

function ownBytes(): number | undefined {
  try {
    const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
