const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Every limit of Nomos in one place. Those marked v2 are RocketMQ's own and hold on every engine
 * (apache/rocketmq, proxy/config/ProxyConfig and GrpcValidator).
 */
export const limits = {
  /** v2: a message body, in bytes. */
  messageBodyBytes: 4 * 1024 * 1024,
  /** v2: user properties of one message. */
  messageProperties: 128,
  /** v2: properties, tag and keys of one message together, in bytes. */
  messagePropertiesBytes: 16 * 1024,
  /** v2: a message group must be shorter than this, in UTF-8 bytes. */
  messageGroupBytes: 64,
  /** v2: characters of a topic name. */
  topicCharacters: 127,
  /** v2: characters of a group name. */
  groupCharacters: 120,
  /** v2: messages in one answer to ReceiveMessage. */
  receiveBatchMessages: 32,
  /** v2: the invisible duration of a receive, in milliseconds. */
  invisibleDurationMsMin: 10_000,
  invisibleDurationMsMax: 12 * 60 * 60 * 1000,
  /** v2: how long a long poll may wait, in milliseconds. */
  longPollingMsMin: 5_000,
  longPollingMsMax: 20_000,
  /** v2: delivery attempts of a message before it goes to the dead letters, by default. */
  deliveryAttempts: 17,
  /** Delivery attempts that a group may ask for. */
  deliveryAttemptsMax: 100,
  /** Queues of a topic. */
  topicQueuesMax: 64,
  /** What a topic may declare: messages per second, and labels with the characters of their keys and values. */
  expectedMessagesPerSecondMax: 10_000_000,
  topicLabels: 32,
  labelKeyCharacters: 32,
  labelValueCharacters: 100,
  /** Instances that a consumer group may declare. */
  expectedInstancesMax: 10_000,
  /** How long a topic keeps its messages, in milliseconds, and the least that it may be told to keep, in bytes. */
  retentionAgeMs: 7 * DAY_MS,
  retentionAgeMsMin: 60 * 60 * 1000,
  retentionAgeMsMax: 3650 * DAY_MS,
  retentionBytesMin: 1024 * 1024,
  /** For how long a deduplication id counts, in milliseconds. */
  deduplicationWindowMs: 10 * 60 * 1000,
  deduplicationWindowMsMax: DAY_MS,
  /** The expression of a filter; for SQL also its levels of nesting, and its properties, values and operators. */
  filterCharacters: 1000,
  filterDepth: 32,
  filterNodes: 200,
  /** One SendMessage call: messages, and their bytes together. */
  sendBatchMessages: 256,
  sendBatchBytes: 8 * 1024 * 1024,
  /** One AckMessage call. */
  ackBatchEntries: 1024,
  /** A request body at the registry, in bytes. */
  requestBodyBytes: 1024 * 1024,
  /** For how long the secret before a rotation stays good, in seconds. */
  rotationOverlapSeconds: 24 * 60 * 60,
  rotationOverlapSecondsMax: 30 * 24 * 60 * 60,
  /** Path and query of a request to the registry. */
  addressCharacters: 8 * 1024,
  /** Entries in one report of usage. */
  usageEntries: 1000,
  /** Entries on one page of a list. */
  pageEntries: 500,
  /** What a search is asked for, in characters, and how much one page of it holds. */
  searchCharacters: 200,
  searchResults: 100,
  /** Names, patterns and documents of a norm. */
  normPatternCharacters: 256,
  normSegments: 32,
  normWords: 1000,
  nameCharacters: 255,
  /** A payload's schema: its text, values, levels and schemas in it, what it refers to, and its patterns. */
  schemaCharacters: 128 * 1024,
  schemaValues: 10_000,
  schemaDepth: 64,
  schemaPatternCharacters: 512,
  schemaPatterns: 200,
  schemaReferences: 32,
  /** A schema with all that it refers to: documents, and schemas in them. */
  schemaBundleDocuments: 64,
  schemaBundleSchemas: 10_000,
  /** Schemas that may judge one place of a payload, and levels of references between those. */
  schemaInPlace: 1_000,
  schemaInPlaceDepth: 64,
  /** Schemas when every reference is replaced by what it refers to, once around each recursion. */
  schemaUnrolled: 100_000,
  /** Versions of one subject that are not deleted. */
  schemaVersions: 500,
  normDocumentCharacters: 128 * 1024,
  /** Names that one call checks. */
  checkedNames: 1000,
  /** A grant as text; it travels in the metadata of every call. */
  grantCharacters: 12 * 1024,
  /** Producer or consumer groups in one manifest, and topics of one group. */
  manifestGroups: 100,
  manifestTopics: 200,
} as const;
