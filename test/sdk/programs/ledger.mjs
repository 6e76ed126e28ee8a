// A ledger that posts each order once, in the inbox's own transaction; told to, it dies at the given moment.
import { Nomos, postgresInbox } from '@nomos/sdk';
import pg from 'pg';

const { registry, credentials, topic, group, databaseUrl, orders, dieAt } = JSON.parse(
  process.env.NOMOS_OPTIONS,
);
const die = (moment) => {
  if (moment === dieAt && handled >= 5) process.kill(process.pid, 'SIGKILL');
};
let handled = 0;

const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
pool.on('connect', (client) => {
  const query = client.query.bind(client);
  client.query = async (...parameters) => {
    const result = await query(...parameters);
    if (parameters[0] === 'COMMIT') die('after-commit');
    return result;
  };
});

const nomos = await Nomos.connect({ registry, credentials, application: 'paycore', environment: 'dev' });
await nomos.consumer({
  group,
  subscribe: { [topic]: '*' },
  concurrency: 4,
  invisibleDurationMs: 10_000,
  idempotence: { by: 'key', store: postgresInbox(pool) },
  handle: async (message, { transaction }) => {
    handled += 1;
    die('before-effect');
    await transaction.query('INSERT INTO posting (ledger, order_id) VALUES ($1, $2)', [group, message.key]);
    die('before-commit');
  },
});
for (;;) {
  const { rows } = await pool.query(
    'SELECT count(DISTINCT order_id) AS posted FROM posting WHERE ledger = $1',
    [group],
  );
  if (Number(rows[0].posted) === orders) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
await nomos.close();
await pool.end();
