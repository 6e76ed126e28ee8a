import { limits } from '@nomos/schemas';
import { requestRefused } from './status.js';

interface Resource {
  readonly name?: string | null;
}

const LEGAL = /^[%|a-zA-Z0-9_-]+$/;

/** The topic that a request names. Throws ILLEGAL_TOPIC (as REQUEST_INVALID). */
export function topicName(resource: Resource | null | undefined): string {
  const name = resource?.name ?? '';
  // A dead-letter topic is a group's name with a prefix, so it may be a little longer.
  if (name.length <= limits.topicCharacters && LEGAL.test(name)) return name;
  throw requestRefused('topic-name', `${JSON.stringify(name.slice(0, 200))} is not a topic name.`);
}

/** The consumer group that a request names. Throws ILLEGAL_CONSUMER_GROUP (as REQUEST_INVALID). */
export function groupName(resource: Resource | null | undefined): string {
  const name = resource?.name ?? '';
  if (name.length <= limits.groupCharacters && LEGAL.test(name)) return name;
  throw requestRefused('group-name', `${JSON.stringify(name.slice(0, 200))} is not a group name.`);
}
