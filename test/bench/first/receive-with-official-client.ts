import { ConsumeResult, FilterExpression, PushConsumer } from 'rocketmq-client-nodejs';
import { givenWorkload, reportMeasurement } from './workload.js';

const workload = givenWorkload();
const startedAt = performance.now();
let handled = 0;
let finish = () => {};
const finished = new Promise<void>((resolve) => {
  finish = resolve;
});
const consumer = new PushConsumer({
  endpoints: workload.broker,
  namespace: '',
  consumerGroup: workload.consumerGroup,
  subscriptions: new Map([[workload.topic, FilterExpression.SUB_ALL]]),
  sessionCredentials: { accessKey: workload.accessKey, accessSecret: workload.secretKey },
  messageListener: {
    async consume() {
      handled += 1;
      if (handled === workload.messages) finish();
      return ConsumeResult.SUCCESS;
    },
  },
});
await consumer.startup();
await finished;
// Its shutdown waits for a long poll of up to 20 s, which would be measured; so it is left out.
reportMeasurement({ messages: handled, seconds: (performance.now() - startedAt) / 1000 });
