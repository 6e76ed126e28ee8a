import type { CreatedCredential } from '@nomos/schemas';
import { APPLICATION, ENVIRONMENT, Platform } from '../../platform.js';
import type { Access } from '../plan.js';
import type { GroupNeed, Row, TopicNeed } from '../row.js';
import type { Engine, RowNames } from './engine.js';

const OTHER_APPLICATION = 'cards';
const DESCRIPTION = 'For the conformance of official clients.';

/** Our own registry and broker, in this process and in a temporary folder. */
export class NomosEngine implements Engine {
  readonly capabilities: Engine['capabilities'] = new Set(['registration', 'independent-message-groups']);
  /** The broker delivers within 50 ms of due; the rest is for two busy cores and the client's own way. */
  readonly tolerance: Engine['tolerance'] = { delayLateMs: 50 + 250, redeliveryLateMs: 1_500 };
  readonly #platform: Platform;

  private constructor(platform: Platform) {
    this.#platform = platform;
  }

  static async start(): Promise<NomosEngine> {
    const platform = await Platform.start();
    try {
      // The broker starts anew when all is registered, so that no client meets an outdated bundle.
      await platform.stopBroker();
      await platform.application(OTHER_APPLICATION);
    } catch (error) {
      await platform.close();
      throw error;
    }
    return new NomosEngine(platform);
  }

  async provide(row: Row, names: RowNames): Promise<void> {
    for (const [word, need] of Object.entries(row.topics))
      await this.#topic(nameOf(names.topics, word), need);
    for (const [word, need] of Object.entries(row.groups)) {
      await this.#group(nameOf(names.groups, word), need, names);
    }
  }

  async open(): Promise<Access> {
    const path = `/v1/applications/${APPLICATION}/credentials`;
    const body = { description: DESCRIPTION };
    const { accessKey, secretKey } = await this.#platform.admin<CreatedCredential>('POST', path, body);
    await this.#platform.startBroker();
    return { endpoint: `127.0.0.1:${this.#platform.brokerPort}`, accessKey, secretKey };
  }

  async close(): Promise<void> {
    await this.#platform.close();
  }

  async #topic(name: string, { type, standing }: TopicNeed): Promise<void> {
    if (standing === 'unregistered') return;
    await this.#platform.admin('POST', '/v1/topics', {
      ...{ name, messageType: type, application: ownerOf(standing) },
      ...{ description: DESCRIPTION, environments: [ENVIRONMENT] },
    });
  }

  async #group(name: string, need: GroupNeed, names: RowNames): Promise<void> {
    const { standing, retry, subscriptions } = need;
    if (standing === 'unregistered') return;
    await this.#platform.admin('POST', '/v1/consumer-groups', {
      ...{ name, application: ownerOf(standing), description: DESCRIPTION, environments: [ENVIRONMENT] },
      ...(retry === undefined ? {} : { retry }),
    });
    for (const { topic, filter } of subscriptions) {
      const subscription = { group: name, topic: nameOf(names.topics, topic), filter };
      await this.#platform.admin('POST', '/v1/subscriptions', subscription);
    }
  }
}

function ownerOf(standing: 'foreign' | undefined): string {
  return standing === 'foreign' ? OTHER_APPLICATION : APPLICATION;
}

function nameOf(names: Readonly<Record<string, string>>, word: string): string {
  const name = names[word];
  if (name === undefined) throw new Error(`the row has no name for "${word}"`);
  return name;
}
