/**
 * Names of properties that RocketMQ uses itself, and that a user's property therefore may not have
 * (apache/rocketmq, common/message/MessageConst, STRING_HASH_SET).
 */
const systemProperties: ReadonlySet<string> = new Set([
  ...['KEYS', 'TAGS', 'WAIT', 'DELAY', 'RETRY_TOPIC', 'REAL_TOPIC', 'REAL_QID', 'TRAN_MSG', 'PGROUP'],
  ...['MIN_OFFSET', 'MAX_OFFSET', 'BUYER_ID', 'ORIGIN_MESSAGE_ID', 'TRANSFER_FLAG', 'CORRECTION_FLAG'],
  ...['MQ2_FLAG', 'RECONSUME_TIME', 'MSG_REGION', 'UNIQ_KEY', 'EXTEND_UNIQ_INFO', 'MAX_RECONSUME_TIMES'],
  ...[
    'CONSUME_START_TIME',
    'TRAN_PREPARED_QUEUE_OFFSET',
    'TRANSACTION_CHECK_TIMES',
    'CHECK_IMMUNITY_TIME_IN_SECONDS',
  ],
  ...['INSTANCE_ID', 'CORRELATION_ID', 'REPLY_TO_CLIENT', 'TTL', 'ARRIVE_TIME', 'PUSH_REPLY_TIME', 'CLUSTER'],
  ...[
    'MSG_TYPE',
    'POP_CK',
    'POP_CK_OFFSET',
    '1ST_POP_TIME',
    'INNER_MULTI_DISPATCH',
    'INNER_MULTI_QUEUE_OFFSET',
  ],
  ...['TIMER_DELAY_SEC', 'TIMER_DELIVER_MS', 'TIMER_DELAY_MS', 'TIMER_OUT_MS', 'TIMER_ENQUEUE_MS'],
  ...['TIMER_DEQUEUE_MS', 'TIMER_ROLL_TIMES', 'TIMER_DEL_UNIQKEY', 'TIMER_DELAY_LEVEL', 'TIMER_DEL_MS'],
  ...[
    'TIMER_LOG_OFFSET',
    'DLQ_ORIGIN_TOPIC',
    'DLQ_ORIGIN_MESSAGE_ID',
    'CRC32#',
    'SHARDING_KEY',
    '__SHARDINGKEY',
  ],
  ...['__transactionId__', '__BORNHOST', '__STARTDELIVERTIME', 'INNER_NUM', 'INNER_BASE', 'TRACE_ON'],
]);

/** Tells whether RocketMQ uses a property of this name itself. */
export function isSystemProperty(name: string): boolean {
  return systemProperties.has(name);
}
