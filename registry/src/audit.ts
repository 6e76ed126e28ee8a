// Apart from index.ts, so that who only verifies an audit log does not load a database and a web server.
export type { AuditEvent } from './domain/audit/audit-event.js';
export { parseAuditEvent } from './domain/audit/audit-event-json.js';
export { type Anchor, formatAnchor, parseAnchor, verifyChain } from './domain/audit/verify-chain.js';
