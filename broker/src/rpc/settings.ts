import { apache, limits, type RetryPolicy, retryPolicySchema } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { Caller } from '../edge/caller.js';
import type { BrokerServices } from './broker-services.js';
import { protoDuration } from './duration.js';
import { readFilter, readFilterExpression } from './filter-expression.js';
import { groupName, topicName } from './resource-name.js';
import { requestRefused } from './status.js';

const { Language } = apache.rocketmq.v2;
type Settings = apache.rocketmq.v2.ISettings;
type Policy = apache.rocketmq.v2.IRetryPolicy;

/** Version 1.0.x of the official Node client takes the seconds of a back-off for milliseconds. */
const NODE_VERSION_WITH_MILLISECONDS = /^1\.0\./;

/** How our own SDK's user agent begins; it understands a customized back-off, unlike the official Node client. */
const OWN_SDK_PLATFORM = '@nomos/sdk';

/** A producer's attempts to send, as Apache's proxy tells them (GrpcClientSettingsManager). */
const PRODUCER_POLICY: Policy = {
  maxAttempts: 3,
  exponentialBackoff: { initial: protoDuration(10), max: protoDuration(1000), multiplier: 2 },
};

/** Checks that the client may do what its settings say. Throws what the caller's assertions throw. */
export function assertSettings(caller: Caller, settings: Settings): void {
  const { publishing, subscription } = settings;
  const entries = (subscription?.subscriptions?.length ?? 0) + (publishing?.topics?.length ?? 0);
  if (entries > brokerLimits.settingsEntries) {
    const expected = `at most ${brokerLimits.settingsEntries} topics`;
    throw requestRefused('client-settings', `The settings name ${entries} topics.`, expected);
  }
  if (subscription) {
    const group = groupName(subscription.group);
    caller.assertMayUseGroup(group);
    for (const { topic, expression } of subscription.subscriptions ?? []) {
      readFilter(expression);
      caller.assertMayConsumeWith(group, topicName(topic), readFilterExpression(expression));
    }
  } else if (publishing) {
    for (const topic of publishing.topics ?? []) caller.assertMayPublish(topicName(topic));
  } else {
    const expected = 'settings with publishing or subscription';
    throw requestRefused(
      'client-settings',
      'The settings are neither of a producer nor of a consumer.',
      expected,
    );
  }
}

/** The client's own settings with what the broker decides. */
export function answerSettings(services: BrokerServices, settings: Settings): Settings {
  const { publishing, subscription } = settings;
  const metric = { on: false };
  if (!subscription) {
    const decided = { ...publishing, maxBodySize: limits.messageBodyBytes, validateMessageType: true };
    return { ...settings, metric, backoffPolicy: PRODUCER_POLICY, publishing: decided };
  }
  const group = services.edge.catalog.now.consumerGroups.get(groupName(subscription.group));
  const decided = {
    ...subscription,
    fifo: isOrdered(services, subscription),
    receiveBatchSize: limits.receiveBatchMessages,
    longPollingTimeout: protoDuration(limits.longPollingMsMax),
  };
  const backoffPolicy = consumerPolicy(group?.retry ?? retryPolicySchema.parse({}), settings);
  return { ...settings, metric, backoffPolicy, subscription: decided };
}

/** A group that receives an ordered topic handles its messages in the order of their message groups. */
function isOrdered(services: BrokerServices, subscription: apache.rocketmq.v2.ISubscription): boolean {
  const { topics, consumerGroups } = services.edge.catalog.now;
  const registered = consumerGroups.get(groupName(subscription.group))?.subscriptions ?? [];
  return registered.some(({ topic }) => topics.get(topic)?.messageType === 'FIFO');
}

/** The group's retry policy in the form that the client's language understands (see "what breaks clients"). */
function consumerPolicy(retry: RetryPolicy, settings: Settings): Policy {
  const { maxAttempts, delaysMs } = retry;
  const { language, platform } = settings.userAgent ?? {};
  if (language !== Language.NODE_JS || platform?.startsWith(OWN_SDK_PLATFORM)) {
    return { maxAttempts, customizedBackoff: { next: delaysMs.map(protoDuration) } };
  }
  const asSeconds = NODE_VERSION_WITH_MILLISECONDS.test(settings.userAgent?.version ?? '');
  const duration = (delayMs: number) => (asSeconds ? { seconds: delayMs, nanos: 0 } : protoDuration(delayMs));
  const initial = duration(delaysMs[0] ?? 0);
  const max = duration(delaysMs.at(-1) ?? 0);
  return { maxAttempts, exponentialBackoff: { initial, max, multiplier: 2 } };
}
