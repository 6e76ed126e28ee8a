import type { ClientProgram } from './client/client-program.js';
import type { Engine } from './engine/engine.js';
import { namesOf } from './names.js';
import type { PlannedRow } from './plan.js';
import { failed, notOffered, type RowResult } from './report.js';
import type { Row } from './row.js';
import { type RowId, rowIds, rows } from './rows.js';

/** Rows in progress at one time: most of them wait for something. */
const LANES = 4;

export interface ConformanceOptions {
  readonly clients: readonly ClientProgram[];
  /** Only rows whose id or feature contains this text. */
  readonly only?: string;
  /** Whether the clients speak TLS in the rows that are not about that. */
  readonly tls: boolean;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

interface ClientPlan {
  readonly client: ClientProgram;
  readonly planned: readonly PlannedRow[];
  /** Results of the rows that are not even tried. */
  readonly results: Map<RowId, string>;
}

/** Lets each client go through the rows on the engine, one client after the other. */
export async function runConformance(engine: Engine, options: ConformanceOptions): Promise<RowResult[]> {
  const ids = selectRows(options.only);
  const plans: ClientPlan[] = [];
  for (const client of options.clients) plans.push(await planClient(engine, client, ids));
  const access = await engine.open();
  const results: RowResult[] = [];
  for (const { client, planned, results: byId } of plans) {
    const onRow = (id: RowId, result: string) => {
      byId.set(id, result);
      options.note(`${client.name}: ${rows[id].feature}: ${result}`);
    };
    const settings = { tls: options.tls, lanes: LANES, ...engine.tolerance };
    const ending =
      planned.length === 0
        ? 'nothing was planned'
        : await client.run({ ...access, ...settings, rows: planned }, onRow, options.signal);
    for (const id of ids) {
      const result = byId.get(id) ?? failed(`the client program ended before this row: ${ending}`);
      results.push({ client: client.name, feature: rows[id].feature, result });
    }
    if (options.signal.aborted) break;
  }
  return results;
}

/** Throws when nothing matches, since a run without rows would look like a success. */
export function selectRows(only: string | undefined): RowId[] {
  const found = rowIds.filter(
    (id) =>
      only === undefined || id.includes(only) || rows[id].feature.toLowerCase().includes(only.toLowerCase()),
  );
  if (found.length === 0) throw new Error(`no row's id or feature contains "${only}"`);
  return found;
}

async function planClient(engine: Engine, client: ClientProgram, ids: readonly RowId[]): Promise<ClientPlan> {
  const planned: PlannedRow[] = [];
  const results = new Map<RowId, string>();
  for (const id of ids) {
    const row: Row = rows[id];
    if (row.requires !== undefined && !engine.capabilities.has(row.requires)) {
      results.set(id, notOffered(`the engine has no ${row.requires.replaceAll('-', ' ')}`));
      continue;
    }
    const names = namesOf(client.name, id, row);
    try {
      await engine.provide(row, names);
      planned.push({ id, limitSeconds: row.limitSeconds, ...names });
    } catch (error) {
      results.set(id, failed(`the engine does not set up what the row needs: ${String(error)}`));
    }
  }
  return { client, planned, results };
}
