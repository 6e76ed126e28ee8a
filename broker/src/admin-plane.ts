import { readFileSync } from 'node:fs';
import type { Logger } from '@nomos/schemas';
import { CoreAdminBackend } from './admin/core-admin-backend.js';
import type { ProvisionedEntries } from './admin/provisioned-entries.js';
import { RemotingHandler } from './admin/remoting-handler.js';
import type { AdminCredentials } from './admin/signature.js';
import type { BrokerCore } from './core/broker-core.js';
import type { Clock } from './core/clock.js';
import type { CurrentCatalog } from './edge/edge-catalog.js';
import type { Clients } from './rpc/clients.js';

export interface AdminPlaneOptions {
  readonly core: BrokerCore;
  readonly registered: CurrentCatalog;
  readonly provisioned: ProvisionedEntries;
  readonly clients: Clients;
  readonly credentials: AdminCredentials;
  readonly address: () => { readonly host: string; readonly port: number };
  readonly clock: Clock;
  readonly log: Logger;
}

/** Puts the admin plane together: what it shows comes from the core, the catalog and the clients. */
export function openAdminPlane(options: AdminPlaneOptions): RemotingHandler {
  const { core, registered, clients, clock } = options;
  const startedAtMs = clock.now();
  const version = ownVersion();
  const backend = new CoreAdminBackend({
    ...{ core, registered, provisioned: options.provisioned },
    clients: () =>
      clients.connected().map(({ consumes, ...client }) => ({
        ...{ ...client, producerGroups: [] },
        ...(consumes && { consumes: { ...consumes, broadcast: isBroadcasting(registered, consumes.group) } }),
      })),
    runtime: () => ({ version, startedAtMs }),
    eraseTopic: (topic) => core.erasing.eraseTopic(topic),
    eraseProgress: (group) => core.erasing.eraseProgress(group),
  });
  return new RemotingHandler({ ...options, backend });
}

function isBroadcasting(catalog: CurrentCatalog, group: string): boolean {
  return catalog.consumerGroup(group)?.broadcasting === true;
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest && manifest.version;
  return typeof version === 'string' ? version : 'unknown';
}
