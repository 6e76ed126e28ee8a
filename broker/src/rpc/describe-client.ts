import { apache } from '@nomos/schemas';
import type { ClientDetails } from './clients.js';
import { readFilterExpression } from './filter-expression.js';
import { groupName, topicName } from './resource-name.js';

const { ClientType, Language } = apache.rocketmq.v2;

/** A client's version is shown to operators, so a client may not make it arbitrarily long. */
const VERSION_CHARACTERS = 64;

/** What settings say about the client that sent them. */
export function describeClient(
  clientId: string,
  address: string,
  settings: apache.rocketmq.v2.ISettings,
): ClientDetails {
  const { userAgent, publishing, subscription, clientType } = settings;
  const details = {
    ...{ clientId, address, version: (userAgent?.version ?? '').slice(0, VERSION_CHARACTERS) },
    language: Language[userAgent?.language ?? 0] ?? 'LANGUAGE_UNSPECIFIED',
    publishes: (publishing?.topics ?? []).map((topic) => topicName(topic)),
  };
  if (!subscription) return details;
  const subscriptions = (subscription.subscriptions ?? []).map(({ topic, expression }) => ({
    topic: topicName(topic),
    filter: readFilterExpression(expression),
  }));
  const kind = clientType === ClientType.PUSH_CONSUMER ? 'push' : 'pull';
  return { ...details, consumes: { group: groupName(subscription.group), subscriptions, kind } };
}
