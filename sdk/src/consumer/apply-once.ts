import { NomosError } from '@nomos/schemas';
import { fingerprintOf, type IdempotenceEntry } from '../idempotence/entry.js';
import type { Inbox } from '../idempotence/inbox.js';
import type { Claim, LeaseStore } from '../idempotence/lease-store.js';
import type { Message } from '../message.js';
import type { HeldMessage } from './held-message.js';

/** By what a message is recognised when it comes again. */
export type IdempotenceKey =
  | 'message-id'
  | 'key'
  | 'business-id'
  | ((message: Message) => string | Promise<string>);

export interface Idempotence<Transaction> {
  /** Prefer `key`: a producer that sends again after a crash gives the message another id. */
  readonly by: IdempotenceKey;
  readonly store: LeaseStore | Inbox<Transaction>;
}

/** `handled` now; `suppressed` as a repeat; or `busy`, since another worker is at it. */
export type Outcome = 'handled' | 'suppressed' | 'busy';

/** The handler with all that it gets beside the transaction. */
export type Work<Transaction> = (transaction: Transaction | undefined) => Promise<unknown>;

/** What the consumer adds to make a store's lease its own. */
export interface Worker {
  readonly group: string;
  readonly owner: string;
}

/**
 * Runs the handler unless the message has taken effect already. Rejects with what the handler throws, or with
 * IDEMPOTENCE_STORE_FAILED: a store that fails never lets a message pass as not seen.
 */
export async function applyOnce<Transaction>(
  { by, store }: Idempotence<Transaction>,
  worker: Worker,
  held: HeldMessage,
  work: Work<Transaction>,
): Promise<Outcome> {
  const { message } = held;
  const { topic, body } = message;
  const key = await keyOf(by, held);
  const entry = { group: worker.group, topic, key, fingerprint: fingerprintOf(body) };
  if (store.kind === 'lease') return applyLeased(store, worker, entry, held, () => work(undefined));
  const answer = await fromStore(() =>
    store.apply(entry, async (transaction) => {
      await marked(() => work(transaction));
      // Rolled back: the message belongs to another now, and will take effect there.
      if (held.loss !== undefined) throw new HandlerFailure(held.loss);
    }),
  );
  if (answer === 'conflict') throw conflict(entry, message);
  if (answer === 'processing') return 'busy';
  return answer === 'applied' ? 'handled' : 'suppressed';
}

async function applyLeased(
  store: LeaseStore,
  { owner }: Worker,
  entry: IdempotenceEntry,
  held: HeldMessage,
  work: () => Promise<unknown>,
): Promise<Outcome> {
  // Never longer than the message's own lease, so that whoever gets the message next also gets the claim.
  const leaseMs = () => Math.max(1, held.leaseEndsAtMs - Date.now());
  const answer = await fromStore(() => store.claim(entry, owner, leaseMs()));
  if (answer.state === 'conflict') throw conflict(entry, held.message);
  if (answer.state === 'done') return 'suppressed';
  if (answer.state === 'processing') return 'busy';
  const { claim } = answer;
  const claimMs = leaseMs();
  held.renewClaim = () => fromStore(() => store.renew(claim, claimMs));
  try {
    await work();
  } catch (error) {
    held.renewClaim = undefined;
    await release(store, claim);
    throw error;
  }
  held.renewClaim = undefined;
  if (held.loss === undefined && !(await fromStore(() => store.complete(claim)))) {
    held.lose(new NomosError('RECEIPT_HANDLE_INVALID', 'Another worker has taken the message over.'));
  }
  return 'handled';
}

/** The handler's own error counts; a claim that cannot be released ends by itself. */
async function release(store: LeaseStore, claim: Claim): Promise<void> {
  try {
    await store.release(claim);
  } catch {}
}

async function keyOf(by: IdempotenceKey, { message }: HeldMessage): Promise<string> {
  const key = await readKey(by, message);
  if (typeof key === 'string' && key !== '') return key;
  const name = typeof by === 'function' ? 'key that its function computes' : by.replace('-', ' ');
  throw new NomosError(
    'MESSAGE_ILLEGAL',
    `The message ${message.id} has no ${name}, so it was not handled.`,
    {
      violations: [
        {
          rule: 'idempotence-key',
          where: typeof by === 'function' ? 'idempotence.by' : by,
          message: `Idempotence by ${name} needs one in every message.`,
        },
      ],
      fix: 'Have the producer set it, or choose another way to recognise messages.',
    },
  );
}

function readKey(by: IdempotenceKey, message: HeldMessage['message']): unknown {
  if (typeof by === 'function') return by(message);
  if (by === 'message-id') return message.id;
  return by === 'key' ? message.key : message.metadata.businessId;
}

function conflict({ key }: IdempotenceEntry, message: Message): NomosError {
  const text = `The message ${message.id} of "${message.topic}" has the idempotence key "${key}" of another message with a different body, so it was not handled.`;
  return new NomosError('MESSAGE_ILLEGAL', text, {
    violations: [
      { rule: 'idempotence-fingerprint', where: 'body', message: 'One key stands for two messages.' },
    ],
    fix: 'Give different messages different keys, and repeat a message with the very same body.',
  });
}

/** Carries a handler's error through a store, so that it is not taken for the store's own. */
class HandlerFailure extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super('the handler failed');
    this.thrown = thrown;
  }
}

async function marked(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new HandlerFailure(error);
  }
}

async function fromStore<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof HandlerFailure) throw error.thrown;
    if (error instanceof NomosError && error.code === 'IDEMPOTENCE_STORE_FAILED') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const text = `The idempotence store failed, so the message was not handled: ${reason}`;
    throw new NomosError('IDEMPOTENCE_STORE_FAILED', text, { cause: error });
  }
}
