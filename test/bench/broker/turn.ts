import type { Subscribed } from './bench-client.js';
import type { BrokerProcess } from './broker-process.js';
import { type Load, perSecond, receiveAll, sendAll } from './load.js';
import type { MessageSource } from './message-source.js';

/** Sends so many messages, then receives and acknowledges as many; the function can be called again and again. */
export function sendAndReceive(broker: BrokerProcess, source: MessageSource, from: Subscribed, load: Load) {
  const producer = broker.connect();
  const consumer = broker.connect();
  return async () => ({
    send_per_second: perSecond(await sendAll(producer, source, load)),
    receive_per_second: perSecond(await receiveAll(consumer, from, load)),
  });
}
