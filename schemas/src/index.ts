export { apache } from '../generated/v2.js';
export * from './api/catalog.js';
export * from './api/fields.js';
export * from './api/edge-bundle.js';
export * from './api/grant.js';
export * from './api/problem.js';
export * from './api/session.js';
export * from './api/token.js';
export { type Code, type CodeDefinition, codes, isCode } from './errors/codes.js';
export { NomosError, type NomosErrorDetails, type NomosErrorJson } from './errors/nomos-error.js';
export type { Violation } from './errors/violation.js';
export { type Logger, silentLogger } from './logger.js';
export { limits } from './limits.js';
export {
  byteLength,
  checkMessageLimits,
  type LimitedMessage,
  type MessageRule,
  messageRules,
} from './message/message-limits.js';
export {
  isReservedProperty,
  type MessageMetadata,
  type MetadataSource,
  metadataProperties,
  ownProperties,
  readMetadata,
  reservedPropertyPrefixes,
} from './message/metadata.js';
export {
  canonicalTagFilter,
  hasControlCharacter,
  matchesTagFilter,
  parseTagFilter,
  type TagFilter,
} from './message/tag-filter.js';
export { methods, type ServiceMethod } from './rocketmq/methods.js';
export { codeOfStatusText, errorOfStatusText, statusText } from './rocketmq/status-text.js';
