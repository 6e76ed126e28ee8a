/** Where a component writes its log; pino's loggers fit. Nothing secret is ever passed to one. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The logger of a library: silent until its user passes another. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
