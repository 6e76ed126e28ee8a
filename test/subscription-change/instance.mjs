// One instance of a consumer in a process of its own, to be killed. Writes a line for each message that it has
// handled; ends in good order when its standard input ends.
import { Nomos, tag } from '@nomos/sdk';

const { group, topic, expression, ...options } = JSON.parse(process.env.NOMOS_OPTIONS ?? '{}');
const nomos = await Nomos.connect(options);
await nomos.consumer({
  ...{
    group,
    subscribe: { [topic]: tag(...expression.split(' || ')) },
    invisibleDurationMs: 10_000,
    concurrency: 8,
  },
  handle: async ({ key, deliveryAttempt }) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    process.stdout.write(`${key} ${deliveryAttempt}\n`);
  },
});
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.once('end', async () => {
  await nomos.close();
  process.exit(0);
});
