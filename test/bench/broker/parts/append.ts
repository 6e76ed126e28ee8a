import { join } from 'node:path';
import { atLeast } from '../../benchmark.js';
import { AppendPath, PlainLmdb, RecordingStore } from '../append-path.js';
import { loadBrokerModules, type NewMessage, type Write } from '../broker-modules.js';
import { garbageCollector } from '../collect-garbage.js';
import { figureOf, flatten, interleave } from '../interleave.js';
import { MessageSource } from '../message-source.js';
import type { Part } from '../part.js';

const GOAL = 0.5;
const ROUNDS = 7;
const BATCHES = 480;
const BATCH_MESSAGES = 64;
/** Batches that wait for the disk at a time, as those of so many calls do. */
const LANES = 16;
const SHAPE = { topic: 'measured' };

/**
 * Our append path against LMDB alone, which is given ready-made bytes: what our path writes, and what a user of LMDB
 * would write who makes an index entry for each message id and key.
 */
export const append: Part = {
  name: 'append',
  async run({ folder, signal }) {
    const modules = await loadBrokerModules();
    const store = modules.LmdbStore.open(join(folder, 'append-path.mdb'));
    const path = new AppendPath(modules, store);
    const same = new PlainLmdb(join(folder, 'same-writes.mdb'));
    const indexed = new PlainLmdb(join(folder, 'entry-for-each-text.mdb'));
    const recording = new RecordingStore();
    const recorder = new AppendPath(modules, recording);
    const sources = { path: new MessageSource(SHAPE), lmdb: new MessageSource(SHAPE) };
    let writes: (readonly Write[])[] = [];
    let writesWithIndex: (readonly Write[])[] = [];
    const collectGarbage = garbageCollector();
    const measure = async <Batch>(batches: readonly Batch[], write: WriteBatch<Batch>) => {
      signal.throwIfAborted();
      // What was prepared is out of the way then; new garbage is that of the writing alone.
      collectGarbage();
      return await writeAll(batches, write);
    };
    try {
      const variants = await interleave(ROUNDS, {
        path: () => measure(prepareBatches(path, sources.path), (batch) => path.append(batch)),
        lmdb_same_writes: async () => {
          const batches = prepareBatches(recorder, sources.lmdb);
          for (const batch of batches) await recorder.append(batch);
          writes = recording.takeBatches();
          writesWithIndex = writes.map((batch, index) => withIndexEntries(batch, batches[index] ?? []));
          return await measure(writes, (batch) => same.write(batch));
        },
        lmdb_entry_for_each_text: () => measure(writesWithIndex, (batch) => indexed.write(batch)),
      });
      const rate = (variant: keyof typeof variants) => figureOf(variants[variant], 'messages_per_second');
      return {
        goals: [
          atLeast('append path / LMDB, the same writes', rate('path') / rate('lmdb_same_writes'), GOAL),
          atLeast(
            'append path / LMDB, an index entry for each text',
            rate('path') / rate('lmdb_entry_for_each_text'),
            GOAL,
          ),
        ],
        figures: flatten(variants),
      };
    } finally {
      await Promise.all([store.close(), same.close(), indexed.close()]);
    }
  },
};

function prepareBatches(path: AppendPath, source: MessageSource): NewMessage[][] {
  return Array.from({ length: BATCHES }, () => path.prepare(source, BATCH_MESSAGES));
}

/** The messages alone, each with an entry by its id and one by its key, which end in its place. */
function withIndexEntries(writes: readonly Write[], messages: readonly NewMessage[]): Write[] {
  const ofMessages = writes.filter(({ table }) => table === 'messages');
  return ofMessages.flatMap((write, index) => {
    const { messageId = '', keys = [] } = messages[index] ?? {};
    const topic = write.key.subarray(0, 4);
    const place = write.key.subarray(4);
    const entries = [`i${messageId}`, ...keys.map((key) => `k${key}`)].map((text) => {
      const key = Buffer.concat([topic, Buffer.from(`${text}\0`), place]);
      return { table: 'index' as const, key, value: Buffer.from([0]) };
    });
    return [write, ...entries];
  });
}

type WriteBatch<Batch> = (batch: Batch) => Promise<void>;

/** Writes all batches, always `LANES` of them at a time. */
async function writeAll<Batch>(batches: readonly Batch[], write: WriteBatch<Batch>) {
  const messages = batches.length * BATCH_MESSAGES;
  const usedBefore = process.cpuUsage();
  const startedAt = performance.now();
  for (let next = 0; next < batches.length; next += LANES)
    await Promise.all(batches.slice(next, next + LANES).map(write));
  const seconds = (performance.now() - startedAt) / 1000;
  const used = process.cpuUsage(usedBefore);
  return {
    messages_per_second: messages / seconds,
    processor_microseconds_per_message: (used.user + used.system) / messages,
  };
}
