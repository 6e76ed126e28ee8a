/** Limits of the admin plane; those of topics and groups are in `limits` of @nomos/schemas. */
export const adminLimits = {
  /** One request. RocketMQ's own tools send a few hundred bytes; its protocol would allow 16 MiB. */
  requestBytes: 1024 * 1024,
  /** One answer; RocketMQ's clients refuse a longer frame (NettySystemConfig, `frameMaxLength`). */
  answerBytes: 16 * 1024 * 1024 - 1,
  /** The messages in one answer. The first is always given, so this plus one message must fit into an answer. */
  foundBytes: 8 * 1024 * 1024,
  foundMessages: 64,
  /** Messages of one id: a producer that sends one again and again must not make a query read without end. */
  messagesOfOneId: 16,
  /** A connection that has completed no request for so long is closed, however many bytes trickle in. */
  idleMs: 120_000,
  /** Topics, and consumer groups, that may be created on one broker. */
  provisionedEntries: 10_000,
  /** Text that a client sent, where a refusal or a log entry quotes it. */
  quotedCharacters: 500,
} as const;
