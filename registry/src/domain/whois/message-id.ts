import type { Whois } from '@nomos/schemas';

/** RocketMQ 5's ids count seconds from 2021-01-01 00:00:00 UTC. */
const EPOCH_SECONDS = Date.UTC(2021, 0, 1) / 1000;

const NOTE =
  'Neither topic nor message is in the id, and the registry does not ask brokers: look for it at the broker with "mqadmin queryMsgById".';

/**
 * What a message id tells by itself, if the text has the form of one: `01`, 6 bytes of the machine, 2 of the
 * process, 4 of seconds and 4 of a sequence (apache/rocketmq-clients, MessageIdCodec); or the 16 bytes of
 * RocketMQ 4, whose parts differ between its two kinds.
 */
export function readMessageId(text: string): Whois['messageId'] {
  if (/^[0-9a-f]{32}$/i.test(text)) return { form: 'rocketmq-4', note: NOTE };
  const [, machine, process, seconds, sequence] =
    /^01([0-9a-f]{12})([0-9a-f]{4})([0-9a-f]{8})([0-9a-f]{8})$/i.exec(text) ?? [];
  if (!machine || !process || !seconds || !sequence) return undefined;
  return {
    form: 'rocketmq-5',
    createdAt: new Date((EPOCH_SECONDS + Number.parseInt(seconds, 16)) * 1000).toISOString(),
    machine: machine.toLowerCase(),
    process: Number.parseInt(process, 16),
    sequence: Number.parseInt(sequence, 16),
    note: NOTE,
  };
}
