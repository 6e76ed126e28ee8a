export { apache } from '../generated/v2.js';
export * from './api/approval.js';
export * from './api/audit.js';
export * from './api/catalog.js';
export * from './api/contact.js';
export * from './api/edge-bundle.js';
export * from './api/entry-version.js';
export * from './api/fields.js';
export * from './api/grant.js';
export * from './api/metadata.js';
export * from './api/norm.js';
export * from './api/notice.js';
export * from './api/problem.js';
export * from './api/problem.js';
export * from './api/provisioning.js';
export * from './api/queue-advice.js';
export * from './api/recycling.js';
export * from './api/schema.js';
export * from './api/search.js';
export * from './api/session.js';
export * from './api/subscription-change.js';
export * from './api/token.js';
export * from './api/usage.js';
export * from './api/waiver.js';
export * from './api/whois.js';
export { type Code, type CodeDefinition, codes, isCode } from './errors/codes.js';
export { NomosError, type NomosErrorDetails, type NomosErrorJson } from './errors/nomos-error.js';
export type { Violation } from './errors/violation.js';
export { limits } from './limits.js';
export { type Logger, silentLogger } from './logger.js';
export { joinFilters } from './message/join-filters.js';
export {
  canonicalMessageFilter,
  describeFilter,
  type MessageFilter,
  matchesMessageFilter,
  parseMessageFilter,
} from './message/message-filter.js';
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
  provenancePropertyPrefix,
  readMetadata,
  reservedPropertyPrefixes,
} from './message/metadata.js';
export { canonicalSqlFilter } from './message/sql-filter/canonical-sql-filter.js';
export { type FilteredMessage, matchesSqlFilter } from './message/sql-filter/matches-sql-filter.js';
export { parseSqlFilter } from './message/sql-filter/parse-sql-filter.js';
export type { SqlFilter } from './message/sql-filter/sql-condition.js';
export {
  canonicalTagFilter,
  hasControlCharacter,
  matchesTagFilter,
  parseTagFilter,
  type TagFilter,
} from './message/tag-filter.js';
export { codePattern } from './names/code-pattern.js';
export { type CompiledNorm, compileNorm } from './names/compile-norm.js';
export { type CorpusEntry, corpus, corpusNorms, corpusVocabularies } from './names/corpus.js';
export { findDeadRules } from './names/dead-rules.js';
export { defaultNorm } from './names/default-norm.js';
export type { NameContext, Vocabularies } from './names/name-context.js';
export type { IllegalName, LegalName, NameReading } from './names/name-reading.js';
export { type NameRule, type NameRuleId, nameRules } from './names/name-rules.js';
export { type NameKind, type Norm, nameKinds } from './names/norm.js';
export { normJsonSchema } from './names/norm-json-schema.js';
export { parseNorm } from './names/parse-norm.js';
export { isLegalRocketmqGroup, isLegalRocketmqTopic, rocketmqViolations } from './names/rocketmq-name.js';
export { editDistance } from './names/suggesting/edit-distance.js';
export {
  type CompatibilityDirection,
  type CompatibilityLevel,
  checkCompatibility,
  compatibilityLevels,
  defaultCompatibilityLevel,
  type EarlierVersion,
  type Incompatibility,
} from './payload/compatibility/compatibility.js';
export { type CompatibilityRule, compatibilityRules } from './payload/compatibility/finding.js';
export { examineBundle } from './payload/examine-bundle.js';
export { type ExaminedSchema, examinePayloadSchema } from './payload/examine-schema.js';
export { canonicalText } from './payload/json-value.js';
export { compilePayloadValidator, type PayloadValidator } from './payload/payload-validator.js';
export { payloadDialect, payloadFormats, type Schema, schemaKeywords } from './payload/schema.js';
export { bundleSchema, type LinkedSchema, referenceNamePattern } from './payload/schema-bundle.js';
export { type SchemaFault, schemaRequirements } from './payload/schema-fault.js';
export { methods, type ServiceMethod } from './rocketmq/methods.js';
export { codeOfStatusText, errorOfStatusText, statusText } from './rocketmq/status-text.js';
