import type { RowId } from '../rows.js';
import type { RowClients } from './row-clients.js';

/** Shows one feature; it throws when the feature does not hold. */
export type RowProgram = (clients: RowClients) => Promise<void>;

/** Some of the rows, by their ids. */
export type RowPrograms = Readonly<Partial<Record<RowId, RowProgram>>>;
