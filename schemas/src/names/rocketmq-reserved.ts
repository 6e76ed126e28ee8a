/** What RocketMQ calls by a name. Producer and consumer groups obey the same limits. */
export type RocketmqNameKind = 'topic' | 'group' | 'tag' | 'property';

/** Retry topics, dead-letter topics and light queues are named by these, with a group behind them. */
const derivedTopicPrefixes = ['%RETRY%', '%DLQ%', '%LMQ%', '%SYNC_BROKER_MEMBER%'];

/**
 * Names that begin so belong to RocketMQ. Case matters, as it does there (apache/rocketmq: TopicValidator,
 * MixAll and MessageConst). A group may not begin like a derived topic, since topics are derived from it.
 */
export const reservedPrefixes: Readonly<Record<RocketmqNameKind, readonly string[]>> = {
  topic: [...derivedTopicPrefixes, 'rmq_sys_'],
  group: [...derivedTopicPrefixes, 'CID_RMQ_SYS_', 'CID_ONSAPI_', 'CID_ONS-HTTP-PROXY'],
  tag: [],
  property: ['__RMQ.TRANSIENT.'],
};

/** The reserved names themselves. The tag `*` would mean every tag in a subscription. */
export const reservedWords: Readonly<Record<RocketmqNameKind, ReadonlySet<string>>> = {
  topic: new Set([
    'TBW102',
    'SCHEDULE_TOPIC_XXXX',
    'SCHEDULE_TOPIC_XXXX_V2',
    'BenchmarkTest',
    'RMQ_SYS_TRANS_HALF_TOPIC',
    'RMQ_SYS_TRANS_OP_HALF_TOPIC',
    'RMQ_SYS_TRACE_TOPIC',
    'TRANS_CHECK_MAX_TIME_TOPIC',
    'SELF_TEST_TOPIC',
    'OFFSET_MOVED_EVENT',
    'CHECKPOINT_TOPIC',
  ]),
  group: new Set([
    'DEFAULT_PRODUCER',
    'DEFAULT_CONSUMER',
    'TOOLS_CONSUMER',
    'SCHEDULE_CONSUMER',
    'FILTERSRV_CONSUMER',
    '__MONITOR_CONSUMER',
    'CLIENT_INNER_PRODUCER',
    'SELF_TEST_P_GROUP',
    'SELF_TEST_C_GROUP',
  ]),
  tag: new Set(['*']),
  property: new Set(
    (
      'KEYS TAGS WAIT DELAY RETRY_TOPIC REAL_TOPIC REAL_QID TRAN_MSG PGROUP MIN_OFFSET MAX_OFFSET BUYER_ID ' +
      'ORIGIN_MESSAGE_ID TRANSFER_FLAG CORRECTION_FLAG MQ2_FLAG RECONSUME_TIME MSG_REGION TRACE_ON UNIQ_KEY ' +
      'EXTEND_UNIQ_INFO MAX_RECONSUME_TIMES CONSUME_START_TIME INNER_NUM INNER_BASE DUP_INFO ' +
      'CHECK_IMMUNITY_TIME_IN_SECONDS TRAN_PREPARED_QUEUE_OFFSET __transactionId__ TRANSACTION_CHECK_TIMES ' +
      'INSTANCE_ID CORRELATION_ID REPLY_TO_CLIENT TTL ARRIVE_TIME PUSH_REPLY_TIME CLUSTER MSG_TYPE POP_CK ' +
      'POP_CK_OFFSET 1ST_POP_TIME PROPERTY_FORWARD_QUEUE_ID REDIRECT INNER_MULTI_DISPATCH ' +
      'INNER_MULTI_QUEUE_OFFSET TRACE_CONTEXT TIMER_DELAY_SEC TIMER_DELIVER_MS TIMER_ENQUEUE_MS ' +
      'TIMER_DEQUEUE_MS TIMER_ROLL_TIMES TIMER_OUT_MS TIMER_DEL_UNIQKEY TIMER_DELAY_LEVEL __SHARDINGKEY ' +
      '__BORNHOST BORN_TIMESTAMP'
    ).split(' '),
  ),
};
