import { InvalidArgumentError } from 'commander';

/** Reads the value of an option that is a TCP port; 0 stands for any free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 0 to 65535');
}
