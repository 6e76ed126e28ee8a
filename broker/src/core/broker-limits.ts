/** Limits of the broker itself; those of the protocol are in `limits` of @nomos/schemas. */
export const brokerLimits = {
  /** Messages of one queue that one group may hold without having acknowledged them. */
  pendingPerQueue: 20_000,
  /** Long polls that wait at the same time: in all, of one application, of one group on one topic. */
  waiters: 20_000,
  waitersPerApplication: 5_000,
  waitersPerSubscription: 1_000,
  /** Messages passed over by the filter in one turn, before other work gets its chance. */
  skippedPerTurn: 2_000,
  /** Bodies and properties in one answer to ReceiveMessage; one message may be larger. */
  receiveBytes: 4 * 1024 * 1024,
  /** What answers to one application may hold in memory until its clients have read them; further receives wait. */
  unreadBytesPerApplication: 128 * 1024 * 1024,
  /** Messages received but not yet durable, in bytes; more are refused, since they would fill the memory. */
  appendBytesInFlight: 128 * 1024 * 1024,
  /** Answers to receives with an attempt id that are remembered for a repetition. */
  rememberedAttempts: 1_000,
  /** How long a message may be delayed. */
  deliveryDelayMs: 40 * 24 * 60 * 60 * 1000,
  /** Scheduled entries that are worked off at a time, and their bytes; after a failure they are tried again. */
  scheduleBatch: 1_000,
  scheduleBatchBytes: 4 * 1024 * 1024,
  scheduleRetryMs: 1_000,
  /** RocketMQ's policy for half messages: the first check-back, the later ones, and how many. */
  transactionFirstCheckMs: 6_000,
  transactionFirstCheckMsMax: 60 * 60 * 1000,
  transactionCheckMs: 30_000,
  transactionChecks: 15,
  /** A half message for which no producer was there to be asked is parked after so long. */
  transactionParkMs: 24 * 60 * 60 * 1000,
  /** Ended transactions whose result is remembered, so that ending one again is harmless. */
  rememberedTransactions: 10_000,
  /** UTF-8 bytes of a deduplication id. */
  deduplicationIdBytes: 255,
  /** How often expired deduplication ids are deleted, and how many at a time. */
  deduplicationSweepMs: 60_000,
  deduplicationSweepBatch: 1_000,
  /** After how long without a call the share of a client of a broadcasting group is forgotten, and how often that is looked for. */
  broadcastIdleMs: 3 * 24 * 60 * 60 * 1000,
  broadcastTidyMs: 60 * 60 * 1000,
  /** Entries of a deleted topic or group that are erased at a time. */
  eraseBatch: 2_000,
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
  /** How long a client may be without its telemetry stream before what is renewed for it goes to others. */
  reconnectMs: 10_000,
  /** Clients of one application that are remembered at the same time. */
  clientsPerApplication: 5_000,
  /** Topics that a client names in its settings. */
  settingsEntries: 1_000,
  /** Bytes of a request that carries no messages. */
  smallRequestBytes: 512 * 1024,
  /** Bytes of a message beside its body and what is limited one by one. */
  messageExtraBytes: 64 * 1024,
  /** Characters of a client id. */
  clientIdCharacters: 255,
  /** Verified grants and their text that are remembered. */
  verifiedGrants: 5_000,
  /** How long a call waits for the registry to confirm what this edge does not know yet. */
  refreshWaitMs: 2_000,
  /** At most one such question to the registry in this time. */
  refreshPauseMs: 1_000,
  /** UTF-8 bytes of the id or key of a waiting message that its index holds; the rest is compared on reading. */
  indexedTextBytes: 64,
  /** UTF-8 bytes of a message id. */
  messageIdBytes: 255,
  /** Connections at the same time: in all, and of one remote address; loopback may have all of them. */
  connections: 10_000,
  connectionsPerAddress: 1_000,
  /** How long a connection may take to send its first byte, and to finish a TLS handshake. */
  firstByteMs: 10_000,
  /** At most one line in the log about refused connections in this time. */
  refusalLogPauseMs: 60_000,
  /** Calls that one HTTP/2 connection may have open; more wait at the client. */
  streamsPerConnection: 2_000,
  /** Calls of all connections that are open at the same time; long polls and telemetry are calls, too. */
  calls: 30_000,
  /** A connection is asked for a sign of life this often, and closed when it gives none for so long. */
  keepaliveMs: 30_000,
  keepaliveAnswerMs: 10_000,
  /** How long the certificate that a broker makes for itself is valid, and when it is renewed. */
  certificateDays: 397,
  certificateRenewalDays: 30,
  /** Requests that have begun to arrive and not ended: their bytes in memory, and how long one may take. */
  unfinishedBytes: 256 * 1024 * 1024,
  unfinishedMs: 30_000,
  /** What all answers to ReceiveMessage together may hold in memory until clients have read them. */
  unreadBytes: 256 * 1024 * 1024,
  /** Bytes of one answer that are encoded before the client has read the ones before. */
  answerBytesAhead: 256 * 1024,
  /** A client that reads nothing of an answer for so long loses its connection. */
  unreadAnswerMs: 60_000,
  /** A receive that waited for so long is admitted once more before it gets its messages, since its grant may be over. */
  admitAgainMs: 1_000,
} as const;
