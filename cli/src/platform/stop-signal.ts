/**
 * Resolves at the first request to stop: Ctrl-C, or the signal of a process manager. A second request
 * while stopping ends the process at once, as one expects who presses Ctrl-C again.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(130);
        stopping = true;
        resolve(signal);
      });
    }
  });
}
