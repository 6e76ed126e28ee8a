import type { Actor } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Repositories } from '../repositories.js';
import type { WaiverRecord } from './waiver-repository.js';

/** Ends what was granted to an entry that retires, so that whoever has its name next does not inherit it. */
export async function endWaivers(
  entry: { readonly kind: string; readonly name: string; readonly retiredAt: Date },
  actor: Actor,
  audit: AuditLog,
  repositories: Repositories,
): Promise<void> {
  const { kind, name, retiredAt } = entry;
  const inForce = await repositories.waivers.listInForce([name], retiredAt);
  for (const before of inForce.filter((waiver) => waiver.kind === kind)) {
    const after: WaiverRecord = { ...before, revokedAt: retiredAt };
    await repositories.waivers.revoke(before.id, retiredAt);
    await audit.record(repositories, actor, {
      ...{ action: 'waiver.revoke', subjectKind: 'waiver', subject: before.id, before, after },
    });
  }
}
