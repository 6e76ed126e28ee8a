/** What a caller can rely on about one error code. */
export interface CodeDefinition {
  /** The HTTP status of the registry's problem document with this code. */
  readonly httpStatus: number;
  /** One sentence that says what happened, without the particulars. */
  readonly title: string;
  /** What to do about it, where the particular error has no better advice. */
  readonly fix: string;
}

/**
 * Every error code of Nomos. The set is closed: code, docs and tests derive from this table, so a code
 * that is not here cannot be thrown. Codes are stable; a code is never given another meaning.
 */
export const codes = {
  // Names and norms
  NAME_ILLEGAL: {
    httpStatus: 422,
    title: 'A name breaks the norm.',
    fix: 'Use the suggested name, or read docs/norms.md.',
  },
  NORM_INVALID: {
    httpStatus: 422,
    title: 'The norm document is not valid.',
    fix: 'Correct the document where the violations say.',
  },
  NORM_STATE: {
    httpStatus: 409,
    title: 'The state of the norm does not allow this.',
    fix: 'Save the norm under a new version, or activate another one.',
  },
  // Requests
  REQUEST_INVALID: {
    httpStatus: 400,
    title: 'The request does not have the expected form.',
    fix: 'Correct the fields named in the violations; /openapi.json describes each request.',
  },
  PAYLOAD_TOO_LARGE: {
    httpStatus: 413,
    title: 'The request body is larger than the server accepts.',
    fix: 'Send less at a time.',
  },
  MEDIA_TYPE_UNSUPPORTED: {
    httpStatus: 415,
    title: 'The body is not of a type or an encoding that the route reads.',
    fix: 'Send JSON in UTF-8 with the header Content-Type: application/json.',
  },
  ADDRESS_TOO_LONG: {
    httpStatus: 414,
    title: 'The path with the query is longer than the server accepts.',
    fix: 'Send less in the query; long lists are read page by page.',
  },
  HEADERS_TOO_LARGE: {
    httpStatus: 431,
    title: 'The headers of the request are larger than the server accepts.',
    fix: 'Send fewer or shorter headers.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    httpStatus: 422,
    title: 'The idempotency key belongs to another request.',
    fix: 'Use a new key for each request, and the same key only to repeat the very same request.',
  },
  IDEMPOTENCY_KEY_BUSY: {
    httpStatus: 409,
    title: 'The first request under the idempotency key still runs.',
    fix: 'Repeat the request with the same key in a moment.',
  },
  ROUTE_UNKNOWN: {
    httpStatus: 404,
    title: 'There is no such route.',
    fix: 'See /openapi.json for the routes.',
  },
  METHOD_NOT_ALLOWED: {
    httpStatus: 405,
    title: 'The route does not take this method.',
    fix: 'Use a method that the Allow header names.',
  },
  NOT_FOUND: {
    httpStatus: 404,
    title: 'There is no entry of that name.',
    fix: 'Check the name, or register it first.',
  },
  ALREADY_EXISTS: {
    httpStatus: 409,
    title: 'The name is taken.',
    fix: 'Choose another name, or talk to its owner.',
  },
  RETIRED: {
    httpStatus: 410,
    title: 'The entry is retired, its name stays reserved.',
    fix: 'Choose another name.',
  },
  NOT_APPROVED: {
    httpStatus: 409,
    title: 'The entry is only requested, and cannot be used yet.',
    fix: 'Have the request approved first.',
  },
  IN_USE: {
    httpStatus: 409,
    title: 'Other entries depend on this one.',
    fix: 'Retire or move what depends on it first.',
  },
  SCHEMA_INVALID: {
    httpStatus: 400,
    title: 'The schema cannot be used.',
    fix: 'Correct the places named in the violations; docs/registry/schemas.md lists what a schema may say.',
  },
  SCHEMA_INCOMPATIBLE: {
    httpStatus: 409,
    title: 'The schema is not compatible with versions that are there.',
    fix: 'Change the places named in the violations, or register it as the schema of a new topic.',
  },
  VERSION_CONFLICT: {
    httpStatus: 412,
    title: 'The entry has changed since it was read.',
    fix: 'Read it again, and send its new ETag in If-Match.',
  },
  CHANGE_PENDING: {
    httpStatus: 409,
    title: 'A change of the entry waits for approval already.',
    fix: 'Wait for it, or withdraw it.',
  },
  APPROVAL_REQUIRED: {
    httpStatus: 409,
    title: 'The change needs an approval, which this route does not ask for.',
    fix: 'Ask for it by the route that the message names.',
  },
  REQUEST_ENDED: {
    httpStatus: 409,
    title: 'The change request is not open any more.',
    fix: 'Ask for the change again.',
  },
  RECYCLING_TOO_EARLY: {
    httpStatus: 409,
    title: 'The owner of the entry still has time to object.',
    fix: 'Wait until the time that the message names.',
  },
  RECYCLING_ENDED: {
    httpStatus: 409,
    title: 'The recycling case is in another state.',
    fix: 'Read the case again.',
  },
  // Who may do what
  UNAUTHENTICATED: {
    httpStatus: 401,
    title: 'No valid credentials came with the call.',
    fix: 'Send a token as "Authorization: Bearer …"; a platform admin issues them.',
  },
  FORBIDDEN: {
    httpStatus: 403,
    title: 'The caller may not do this.',
    fix: 'Ask a platform admin, or the owner that the message names.',
  },
  LAST_ADMIN: {
    httpStatus: 409,
    title: 'It is the last token of a platform admin; without it nobody could administer the registry.',
    fix: 'Issue another platform admin token without restriction first, or configure OIDC with an admin role.',
  },
  // Admission
  MANIFEST_REFUSED: {
    httpStatus: 403,
    title: 'The registry does not admit this client.',
    fix: 'Correct what each violation names, then connect again.',
  },
  SESSION_ENDED: {
    httpStatus: 410,
    title: 'The session is closed, expired or revoked.',
    fix: 'Connect again.',
  },
  GRANT_MISSING: {
    httpStatus: 401,
    title: 'The call carries neither a grant nor an access key.',
    fix: 'Use the Nomos SDK, or sign calls with an access key of a registered application.',
  },
  GRANT_INVALID: {
    httpStatus: 401,
    title: 'The grant is forged, expired, or for another environment.',
    fix: 'Connect again to get a new grant.',
  },
  ACCESS_KEY_INVALID: {
    httpStatus: 401,
    title: 'The access key is unknown or its signature is wrong.',
    fix: 'Check access key and secret key; a platform admin issues them for an application.',
  },
  TOPIC_NOT_GRANTED: {
    httpStatus: 403,
    title: 'The application may not use this topic in this way.',
    fix: 'Register the publisher or the subscription in the registry, then connect again.',
  },
  GROUP_NOT_GRANTED: {
    httpStatus: 403,
    title: 'The application may not use this group.',
    fix: 'Use a group that belongs to your application, or register one.',
  },
  // Messages
  TOPIC_NOT_REGISTERED: {
    httpStatus: 404,
    title: 'The topic is not registered in this environment.',
    fix: 'Register it with POST /v1/topics.',
  },
  GROUP_NOT_REGISTERED: {
    httpStatus: 404,
    title: 'The group is not registered in this environment.',
    fix: 'Register it with POST /v1/producer-groups or /v1/consumer-groups.',
  },
  MESSAGE_ILLEGAL: {
    httpStatus: 422,
    title: 'The message breaks a limit or a rule of its topic.',
    fix: 'Correct what the violations name.',
  },
  MESSAGE_TYPE_MISMATCH: {
    httpStatus: 422,
    title: "The message's type is not the one its topic was registered with.",
    fix: 'Send the type that the topic accepts, or register another topic.',
  },
  RECEIPT_HANDLE_INVALID: {
    httpStatus: 409,
    title: 'The receipt handle is expired, already used or forged.',
    fix: 'Finish a message within its invisible duration, or extend that while working.',
  },
  MESSAGE_NOT_FOUND: {
    httpStatus: 404,
    title: 'There is no such message, or not any more.',
    fix: 'Check the id or handle; a delayed message can be recalled only before its time.',
  },
  RECALL_HANDLE_INVALID: {
    httpStatus: 400,
    title: 'The recall handle is not one that this broker gave out for the topic.',
    fix: 'Give the recall handle of the send receipt, unchanged.',
  },
  TRANSACTION_UNKNOWN: {
    httpStatus: 409,
    title: 'The transaction is unknown, or ended before.',
    fix: 'End each transaction once, with the id of its send receipt.',
  },
  // Running
  TIMEOUT: {
    httpStatus: 504,
    title: 'The call did not finish in time.',
    fix: 'Try again; if it persists, check the server.',
  },
  UNAVAILABLE: {
    httpStatus: 503,
    title: 'A server that the call needs cannot be reached, or cannot do its work now.',
    fix: 'Check that it runs and that address and port are right, then try again.',
  },
  BROKER_REFUSED: {
    httpStatus: 502,
    title: 'The broker refused a request of its administrator, the registry.',
    fix: "Read the broker's own words in the message; check its configuration and the rights of the access key.",
  },
  TOO_MANY_REQUESTS: {
    httpStatus: 429,
    title: 'A limit on concurrent or pending work is reached.',
    fix: 'Send more slowly, or wait for earlier calls to finish.',
  },
  STORAGE_FULL: {
    httpStatus: 507,
    title: 'The disk of the broker has no room for more messages.',
    fix: "Free space on the disk of the broker's data folder, or let topics keep less; then send again.",
  },
  NOT_SUPPORTED: {
    httpStatus: 501,
    title: 'This server does not offer the operation.',
    fix: 'Do it another way; the message names what is missing.',
  },
  CLOSED: {
    httpStatus: 409,
    title: 'The object was closed before the call.',
    fix: 'Create a new one.',
  },
  IDEMPOTENCE_STORE_FAILED: {
    httpStatus: 503,
    title: 'The idempotence store could not answer, so the message was not handled.',
    fix: 'Check the store; the message is delivered again.',
  },
  CONFIGURATION_INVALID: {
    httpStatus: 400,
    title: 'An option has a value that cannot work.',
    fix: 'Correct the option that the message names.',
  },
  DATA_FOLDER_UNUSABLE: {
    httpStatus: 500,
    title: 'The data folder cannot be used.',
    fix: 'Choose another folder, or correct what the message names.',
  },
  PORT_IN_USE: {
    httpStatus: 500,
    title: 'The port is taken by another program.',
    fix: 'Stop the other program, or choose another port.',
  },
  INPUT_INVALID: {
    httpStatus: 400,
    title: 'An input file cannot be read as expected.',
    fix: 'Correct the file where the message says.',
  },
  INTERNAL: {
    httpStatus: 500,
    title: 'An error that should not happen.',
    fix: 'Report it with the request id or the log.',
  },
} as const satisfies Record<string, CodeDefinition>;

/** One of the closed set of error codes. */
export type Code = keyof typeof codes;

/** Tells whether a text, for instance from a server's answer, is one of our codes. */
export function isCode(text: string): text is Code {
  return Object.hasOwn(codes, text);
}
