import { createInterface } from 'node:readline';
import type { Plan, PlannedRow } from '../plan.js';
import { failed, PASSED } from '../report.js';
import type { RowId } from '../rows.js';
import { accessRows } from './access.js';
import { filterRows } from './filters.js';
import { Inbox } from './inbox.js';
import { limitRows } from './limits.js';
import { orderingRows } from './ordering.js';
import { pushRows } from './pushing.js';
import { RowClients } from './row-clients.js';
import type { RowProgram } from './row-program.js';
import { sendingRows } from './sending.js';
import { sharingRows } from './sharing.js';
import { simpleRows } from './simple.js';
import { timingRows } from './timing.js';
import { sendHalf, transactionRows } from './transactions.js';

const programs: Readonly<Record<RowId, RowProgram>> = {
  ...{ ...sendingRows, ...orderingRows, ...timingRows, ...transactionRows, ...filterRows },
  ...{ ...pushRows, ...simpleRows, ...sharingRows, ...limitRows, ...accessRows },
};

/** Goes through the rows, several at a time, and prints the result of each as a line of JSON. */
async function runRows(plan: Plan): Promise<void> {
  const waiting = [...plan.rows];
  const lane = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      print(JSON.stringify({ id: row.id, result: await runRow(plan, row) }));
    }
  };
  await Promise.all(Array.from({ length: plan.lanes }, lane));
}

async function runRow(plan: Plan, row: PlannedRow): Promise<string> {
  const clients = new RowClients(plan, row);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const error = new Error(`not done within ${row.limitSeconds} s`);
    timer = setTimeout(() => reject(error), row.limitSeconds * 1_000);
  });
  try {
    await Promise.race([programs[row.id](clients), limit]);
    return PASSED;
  } catch (error) {
    return failed(error);
  } finally {
    clearTimeout(timer);
    await clients.close();
  }
}

/** Sends a half message and waits to be killed. */
async function sendHalfMessage(clients: RowClients): Promise<void> {
  const checker = { check: () => Promise.reject(new Error('this producer is not to be asked')) };
  await sendHalf(clients, await clients.producer({ checker }), 'orphan');
  print('sent');
}

/** Takes messages without ever finishing one, and waits to be killed. */
async function holdMessages(clients: RowClients): Promise<void> {
  const handle = ({ body }: { body: string }) => {
    print(body);
    return new Promise<boolean>(() => {});
  };
  await clients.push({ inbox: new Inbox(), handle });
  print('ready');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run(role: string | undefined, plan: Plan): Promise<void> {
  if (role === 'rows') {
    await runRows(plan);
    // Clients of rows that failed may still be busy; they are not waited for.
    process.stdout.write('', () => process.exit(0));
    return;
  }
  const [row] = plan.rows;
  if (row === undefined) throw new Error('there is no row in the plan');
  const clients = new RowClients(plan, row);
  await (role === 'hold' ? holdMessages(clients) : sendHalfMessage(clients));
}

// The client leaves rejections unhandled when a server refuses it; that is no failure of the row in progress.
process.on('unhandledRejection', (error) =>
  process.stderr.write(`unhandled in the client: ${String(error)}\n`),
);

// The first line is the plan. The end of the input means that whoever started this program is gone.
createInterface({ input: process.stdin })
  .once('line', (line) => {
    run(process.argv[2], JSON.parse(line) as Plan).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  })
  .once('close', () => process.exit(1));
