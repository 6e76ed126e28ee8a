import { Nomos } from '@nomos/sdk';
import { givenWorkload, reportMeasurement } from './workload.js';

const workload = givenWorkload();
const { registry, application, environment, token, consumerGroup, topic } = workload;
const nomos = await Nomos.connect({ registry, application, environment, credentials: token });
const startedAt = performance.now();
let handled = 0;
await new Promise<void>((resolve, reject) => {
  nomos
    .consumer({
      group: consumerGroup,
      subscribe: { [topic]: '*' },
      concurrency: workload.concurrency,
      handle: async () => {
        handled += 1;
        if (handled === workload.messages) resolve();
      },
    })
    .catch(reject);
});
// Closing sends the acknowledgements that are still on their way, so they count.
await nomos.close();
reportMeasurement({ messages: handled, seconds: (performance.now() - startedAt) / 1000 });
