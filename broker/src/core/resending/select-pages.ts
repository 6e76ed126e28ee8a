import { deadLetterTopic } from '../catalog.js';
import type { FoundMessage, MessageSearch, TimeWindow } from '../search/message-search.js';
import { searchLimits } from '../search/search-limits.js';
import { resendLimits } from './resend-limits.js';
import type { ResendRequest } from './resend-request.js';

/** A part of a selection that fits into one batch. */
export interface SelectedPage {
  readonly found: readonly FoundMessage[];
  /** Ids that no message has. */
  readonly gone: readonly string[];
  readonly more: boolean;
  readonly nextPage?: string;
}

const EVER = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER } as const;

/** The selected messages by pages of at most `room()` messages, oldest first, or in the order of the ids. */
export function* selectPages(
  search: MessageSearch,
  request: ResendRequest,
  room: () => number,
): Iterable<SelectedPage> {
  const topic = 'topic' in request ? request.topic : deadLetterTopic(request.deadLettersOf);
  const { select } = request;
  if ('ids' in select) {
    yield* pagesOfIds(search, topic, [...new Set(select.ids)], room);
    return;
  }
  // What this very call resends must not come up in its own selection.
  const ends = search.ends(topic);
  let page = request.page;
  do {
    const window: TimeWindow = {
      fromMs: select.fromMs ?? EVER.fromMs,
      toMs: select.toMs ?? EVER.toMs,
      limit: room(),
      ...{ page, ends },
    };
    const { found, nextPage } =
      'key' in select ? search.byKey(topic, select.key, window) : search.byTime(topic, window);
    yield { found, gone: [], more: nextPage !== undefined, ...(nextPage === undefined ? {} : { nextPage }) };
    page = nextPage;
  } while (page !== undefined);
}

function* pagesOfIds(
  search: MessageSearch,
  topic: string,
  ids: readonly string[],
  room: () => number,
): Iterable<SelectedPage> {
  let found: FoundMessage[] = [];
  let gone: string[] = [];
  let bytes = 0;
  for (const [index, id] of ids.entries()) {
    // Of several messages with one id, sent repeatedly by their producer, one is enough.
    const [one] = search.byId(topic, id, 1);
    if (one === undefined) gone.push(id);
    else {
      found.push(one);
      bytes += one.message.system.length + one.message.rest.length;
    }
    const looked = found.length + gone.length;
    const full = found.length >= room() || looked >= resendLimits.batch || bytes >= searchLimits.pageBytes;
    const more = index + 1 < ids.length;
    if (!full && more) continue;
    yield { found, gone, more };
    found = [];
    gone = [];
    bytes = 0;
  }
}
