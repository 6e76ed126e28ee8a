import { Producer } from 'rocketmq-client-nodejs';
import { givenWorkload, reportMeasurement, sendAll } from './workload.js';

const workload = givenWorkload();
const { topic } = workload;
const producer = new Producer({
  endpoints: workload.broker,
  namespace: '',
  topics: [topic],
  sessionCredentials: { accessKey: workload.accessKey, accessSecret: workload.secretKey },
});
await producer.startup();
const body = Buffer.alloc(workload.bodyBytes, 'x');
await producer.send({ topic, keys: ['warm-up'], body });
const measurement = await sendAll(workload, (index) => producer.send({ topic, keys: [`K-${index}`], body }));
await producer.shutdown();
reportMeasurement(measurement);
