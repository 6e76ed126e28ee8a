/** What one client process of the benchmark is to do, and against which platform. */
export interface Workload {
  readonly registry: string;
  readonly broker: string;
  readonly application: string;
  readonly environment: string;
  /** The credentials of the application, in the forms that the two clients take. */
  readonly token: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly topic: string;
  readonly producerGroup: string;
  readonly consumerGroup: string;
  readonly messages: number;
  /** Sends, or handlers, in progress at one time. */
  readonly concurrency: number;
  readonly bodyBytes: number;
}

/** What the client process found. */
export interface Measurement {
  readonly messages: number;
  readonly seconds: number;
}

/** The variable that carries the workload; a command line, which others can read, would show the credentials. */
export const WORKLOAD_VARIABLE = 'NOMOS_BENCH_WORKLOAD';

/** The workload of this client process. */
export function givenWorkload(): Workload {
  const text = process.env[WORKLOAD_VARIABLE];
  if (text === undefined) throw new Error('a client process is started by the benchmark');
  return JSON.parse(text) as Workload;
}

/** Tells the benchmark the result and ends the process. */
export function reportMeasurement(measurement: Measurement): void {
  process.stdout.write(`${JSON.stringify(measurement)}\n`, () => process.exit(0));
}

/** Calls `send` for each message, `concurrency` of them at a time. */
export async function sendAll(
  workload: Workload,
  send: (index: number) => Promise<unknown>,
): Promise<Measurement> {
  const startedAt = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < workload.messages) await send(next++);
  };
  await Promise.all(Array.from({ length: workload.concurrency }, lane));
  return { messages: workload.messages, seconds: (performance.now() - startedAt) / 1000 };
}
