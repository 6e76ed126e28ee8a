import type { RowId } from './rows.js';

/** How clients reach an engine. */
export interface Access {
  /** `host:port` */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** How late an engine may be before a row fails; the machine's and the client's own slowness included. */
export interface Tolerance {
  readonly delayLateMs: number;
  readonly redeliveryLateMs: number;
}

/** One row with the names that stand for its own words. */
export interface PlannedRow {
  readonly id: RowId;
  readonly limitSeconds: number;
  readonly topics: Readonly<Record<string, string>>;
  readonly groups: Readonly<Record<string, string>>;
}

/** All that a client program is told; it gets it on its standard input, where other users cannot read it. */
export interface Plan extends Access, Tolerance {
  /** Whether the clients speak TLS in the rows that are not about that. */
  readonly tls: boolean;
  /** Rows in progress at one time. */
  readonly lanes: number;
  readonly rows: readonly PlannedRow[];
}

/** The plan as `key=value` lines, for the Java program; an empty line ends it. */
export function planLines({ rows, ...settings }: Plan): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  for (const { id, limitSeconds, topics, groups } of rows) {
    lines.push(`row=${id}`, `row.${id}.limitSeconds=${limitSeconds}`);
    for (const [word, name] of Object.entries(topics)) lines.push(`row.${id}.topic.${word}=${name}`);
    for (const [word, name] of Object.entries(groups)) lines.push(`row.${id}.group.${word}=${name}`);
  }
  return `${lines.join('\n')}\n\n`;
}
