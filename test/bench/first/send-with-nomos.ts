import { Nomos } from '@nomos/sdk';
import { givenWorkload, reportMeasurement, sendAll } from './workload.js';

const workload = givenWorkload();
const { registry, application, environment, token, producerGroup, topic } = workload;
const nomos = await Nomos.connect({ registry, application, environment, credentials: token });
const producer = await nomos.producer({ group: producerGroup, topics: [topic] });
const body = Buffer.alloc(workload.bodyBytes, 'x');
await producer.send({ topic, key: 'warm-up', body });
const measurement = await sendAll(workload, (index) => producer.send({ topic, key: `K-${index}`, body }));
await nomos.close();
reportMeasurement(measurement);
