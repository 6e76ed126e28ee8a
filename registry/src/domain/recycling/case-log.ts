import type { RecyclingCase } from '@nomos/schemas';
import type { Actor } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Notices } from '../notices/notices.js';
import type { Repositories } from '../repositories.js';

/** What every step of a case leaves behind: an audit event and, where its owner must know, a notice. */
export class CaseLog {
  readonly #notices: Notices;
  readonly #audit: AuditLog;

  constructor(notices: Notices, audit: AuditLog) {
    this.#notices = notices;
    this.#audit = audit;
  }

  record(
    verb: string,
    actor: Actor,
    before: RecyclingCase | undefined,
    after: RecyclingCase,
    repositories: Repositories,
  ): Promise<void> {
    return this.#audit.record(repositories, actor, {
      ...{ action: `recycling.${verb}`, subjectKind: 'recycling case', subject: after.id, after },
      ...(before === undefined ? {} : { before }),
    });
  }

  /** Tells the team that owns the entry now, which need not be the one that owned it when the case was found. */
  async tellOwner(found: RecyclingCase, text: string, repositories: Repositories): Promise<void> {
    const { kind, name, application, state } = found;
    const owner = await repositories.applications.find([application]);
    const noun = kind.slice(0, -1).replace('-', ' ');
    await this.#notices.post(repositories, {
      ...{ team: owner?.team ?? found.team, about: `recycling.${state}`, subject: name },
      text: `The ${noun} "${name}" is out of use. ${text}`,
    });
  }
}
