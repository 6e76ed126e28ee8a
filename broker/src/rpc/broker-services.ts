import type { Logger } from '@nomos/schemas';
import type { BrokerCore } from '../core/broker-core.js';
import type { Clock } from '../core/clock.js';
import type { Edge } from '../edge/edge.js';
import type { Clients } from './clients.js';
import type { DeliveryWindow } from './delivery-window.js';
import type { TransactionProducers } from './transaction-producers.js';
import type { UsageCounter } from './usage-counter.js';

/** What the RPCs work with. */
export interface BrokerServices {
  readonly core: BrokerCore;
  readonly edge: Edge;
  readonly clients: Clients;
  readonly producers: TransactionProducers;
  readonly deliveryWindow: DeliveryWindow;
  readonly usage: UsageCounter;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where this broker listens, for routes; known once it does. */
  readonly address: () => { readonly host: string; readonly port: number };
}
