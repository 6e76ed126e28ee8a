/** One name for a client among all applications: client ids are chosen by clients, and may be alike. */
export function clientKey(application: string, clientId: string): string {
  return `${application}/${clientId}`;
}

/** The client's own id in its key. */
export function clientIdIn(client: string): string {
  return client.slice(client.indexOf('/') + 1);
}

/** The application in the key of a client; no application's code has a slash in it. */
export function applicationOf(client: string): string {
  const end = client.indexOf('/');
  return end < 0 ? client : client.slice(0, end);
}
