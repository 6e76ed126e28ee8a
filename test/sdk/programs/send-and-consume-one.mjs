// Sends one message, handles it, closes, and then has nothing more to do: so the process must end by itself.
import { Nomos } from '@nomos/sdk';

const startedAtMs = performance.now();
const { registry, credentials, topic, group } = JSON.parse(process.env.NOMOS_OPTIONS);
const nomos = await Nomos.connect({ registry, credentials, application: 'paycore', environment: 'dev' });
const producer = await nomos.producer({ group: 'pg-paycore-transfer' });
await producer.send({ topic, key: '1', body: 'one' });
const firstMessageMs = await new Promise((resolve, reject) => {
  const handle = () => resolve(performance.now() - startedAtMs);
  nomos.consumer({ group, subscribe: { [topic]: '*' }, handle }).catch(reject);
});
await nomos.close();
console.log(JSON.stringify({ closedAtMs: Date.now(), firstMessageMs }));
