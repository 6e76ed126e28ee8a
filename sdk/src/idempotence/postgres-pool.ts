/** What the stores use of a query's result; that of `pg` fits. */
export interface PostgresResult<Row> {
  readonly rows: Row[];
  readonly rowCount: number | null;
  /** The command that the server carried out, for instance `COMMIT`. */
  readonly command: string;
}

/** What the stores use of a connection; a `PoolClient` of `pg` fits. */
export interface PostgresClient {
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<PostgresResult<Row>>;
  release(error?: Error | boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** What the stores use of a pool; a `Pool` of `pg` fits. The SDK itself does not depend on `pg`. */
export interface PostgresPool<Client extends PostgresClient = PostgresClient> {
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<PostgresResult<Row>>;
  connect(): Promise<Client>;
}
