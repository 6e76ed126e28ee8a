import { metadataProperties } from '@nomos/schemas';
import { decodeStoredMessage, readIdentity, readProperty } from './stored-message.js';

/** By what a message is found; `origin` is the id of the message that a resent one repeats. */
export type IndexKind = 'id' | 'key' | 'group' | 'origin';

/** What the index knows a message by. */
export interface IndexedTexts {
  readonly messageId: string;
  readonly keys: readonly string[];
  /** Empty for none. */
  readonly messageGroup: string;
  readonly originId?: string | undefined;
}

/** FNV-1a over the UTF-16 units, 32 bits, begun differently for each kind. */
export function hashOfText(kind: IndexKind, text: string): number {
  let hash: number = START_OF_KIND[kind];
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

const START_OF_KIND = { id: 0x811c9dc5, key: 0x811c9dc7, group: 0x811c9dcb, origin: 0x811c9dd3 } as const;

/** The hashes under which a message is found. */
export function hashesOf({ messageId, keys, messageGroup, originId }: IndexedTexts): number[] {
  const hashes = [hashOfText('id', messageId)];
  for (const key of keys) hashes.push(hashOfText('key', key));
  if (messageGroup !== '') hashes.push(hashOfText('group', messageGroup));
  if (originId !== undefined) hashes.push(hashOfText('origin', originId));
  return hashes;
}

/** The same of a stored value. */
export function indexedTextsOf(value: Buffer): IndexedTexts {
  const { messageGroup, system, rest } = decodeStoredMessage(value);
  return { ...readIdentity(system), messageGroup, originId: originIdOf(rest) };
}

/** The id of the message that a resent one repeats; undefined for other messages. */
export function originIdOf(rest: Buffer): string | undefined {
  const { resentOf, resentFrom } = metadataProperties;
  return readProperty(rest, resentOf) ?? readProperty(rest, resentFrom);
}

/** Whether a stored value is what was looked for; a hash may be another text's too. */
export function hasText(value: Buffer, kind: IndexKind, text: string): boolean {
  const texts = indexedTextsOf(value);
  switch (kind) {
    case 'id':
      return texts.messageId === text;
    case 'key':
      return texts.keys.includes(text);
    case 'group':
      return texts.messageGroup === text;
    case 'origin':
      return texts.originId === text;
  }
}
