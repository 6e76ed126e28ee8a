interface ProtoDuration {
  readonly seconds?: number | null;
  readonly nanos?: number | null;
}

/** The google.protobuf.Duration of so many milliseconds. */
export function protoDuration(durationMs: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(durationMs / 1000);
  return { seconds, nanos: Math.round((durationMs - seconds * 1000) * 1_000_000) };
}

/** Milliseconds of a google.protobuf.Duration or Timestamp; undefined when there is none. */
export function milliseconds(duration: ProtoDuration | null | undefined): number | undefined {
  if (duration === null || duration === undefined) return undefined;
  return Number(duration.seconds ?? 0) * 1000 + Math.floor((duration.nanos ?? 0) / 1_000_000);
}
