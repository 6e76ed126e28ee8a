import { apache, silentLogger } from '@nomos/schemas';
import { BrokerCore } from '../core/broker-core.js';
import type { Clock } from '../core/clock.js';
import type { MessageToSend } from '../core/sending/sending.js';
import type { Store } from '../core/store.js';
import { testBundle } from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { CurrentCatalog } from '../edge/edge-catalog.js';
import type { ConnectedClient } from './admin-backend.js';
import { CoreAdminBackend } from './core-admin-backend.js';
import { layeredCatalog, ProvisionedEntries } from './provisioned-entries.js';

export const START_MS = 1_700_000_000_000;

const { Message, SystemProperties } = apache.rocketmq.v2;

/** A core with the admin plane's view of it. Only what the core does not tell is given: who is connected, for one. */
export class TestAdminBackend {
  readonly core: BrokerCore;
  readonly backend: CoreAdminBackend;
  readonly clients: ConnectedClient[] = [];
  /** The topics, and groups, that were to be erased. */
  readonly erased: string[] = [];

  constructor(store: Store, clock: Clock) {
    const registered = new CurrentCatalog(fixedBundleSource(testBundle()));
    const provisioned = new ProvisionedEntries(store);
    this.core = new BrokerCore({
      ...{ store, clock, log: silentLogger, handleKey: Buffer.alloc(32, 7) },
      catalog: layeredCatalog(registered, provisioned),
      randomNumber: () => 7,
      isClientAlive: () => true,
      checkBack: () => false,
      newMessageId: () => 'new',
    });
    this.backend = new CoreAdminBackend({
      ...{ core: this.core, registered, provisioned, clients: () => this.clients },
      runtime: () => ({ version: '0.1.0', startedAtMs: START_MS }),
      eraseTopic: async (topic) => void this.erased.push(topic),
      eraseProgress: async (group) => void this.erased.push(group),
    });
  }
}

/** A message to send, with tag, property and body. */
export function message(messageId: string, keys: readonly string[] = []): MessageToSend {
  const bornTimestamp = { seconds: START_MS / 1_000, nanos: 5_000_000 };
  const system = SystemProperties.encode({
    messageId,
    keys: [...keys],
    bornTimestamp,
    bornHost: '10.0.0.7:1',
  });
  const rest = Message.encode({ userProperties: { amount: '7' }, body: Buffer.from('body') });
  const bytes = { system: Buffer.from(system.finish()), rest: Buffer.from(rest.finish()) };
  return {
    messageId,
    keys,
    stored: { tag: 'OUT', messageGroup: '', deadLetterOf: '', onlyGroup: '', ...bytes },
  };
}
