/** Limits of the broker itself; those of the protocol are in `limits` of @nomos/schemas. */
export const brokerLimits = {
  /** Messages of one queue that one group may hold without having acknowledged them. */
  pendingPerQueue: 20_000,
  /** Long polls that wait at the same time: of all groups, and of one group on one topic. */
  waiters: 10_000,
  waitersPerSubscription: 1_000,
  /** Messages passed over by the filter in one turn, before other work gets its chance. */
  skippedPerTurn: 2_000,
  /** Bodies and properties in one answer to ReceiveMessage; one message may be larger. */
  receiveBytes: 4 * 1024 * 1024,
  /** What the clients of one application may have received and not read; further receives are refused. */
  unreadBytesPerApplication: 128 * 1024 * 1024,
  /** Messages received but not yet durable, in bytes; more are refused, since they would fill the memory. */
  appendBytesInFlight: 128 * 1024 * 1024,
  /** How long the progress of a group may stay in memory only; a crash then delivers again. */
  progressFlushMs: 500,
  /** After how long a dead letter that could not be written is tried again. */
  buryRetryMs: 1_000,
  /** RocketMQ's auto-renew: the invisible duration, and for how long in all it is renewed. */
  autoRenewMs: 60_000,
  autoRenewTotalMs: 3 * 60 * 60 * 1000,
  /** When the messages of a client that said goodbye become visible again. */
  terminationReleaseMs: 1_000,
  /** A client that was not heard of for so long counts as gone; official clients send a heartbeat every 10 s. */
  clientSilenceMs: 60_000,
  /** Clients that are remembered at the same time. */
  clients: 20_000,
  /** Characters of a client id. */
  clientIdCharacters: 255,
  /** Verified grants and their text that are remembered. */
  verifiedGrants: 5_000,
  /** How long a call waits for the registry to confirm what this edge does not know yet. */
  refreshWaitMs: 2_000,
  /** At most one such question to the registry in this time. */
  refreshPauseMs: 1_000,
  /** UTF-8 bytes of a message id or key that the index holds; the rest is compared on reading. */
  indexedTextBytes: 64,
  messageIdBytes: 255,
} as const;
