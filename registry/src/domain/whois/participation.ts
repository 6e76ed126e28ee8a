import type { ConsumerGroup, ProducerGroup, Subscription, Topic, Whois } from '@nomos/schemas';
import type { LiveSessionQuery, Repositories, SessionRecord } from '../repositories.js';

/** Bounds of one answer: registered participants, live instances, and sessions that are looked through. */
const REGISTERED_MAX = 100;
const LIVE_MAX = 50;
const SESSIONS_MAX = 500;

type Participation = NonNullable<Whois['found'][number]['producers']>;
type Live = Participation['live'][number];

/** Which group, if any, makes a session take part. */
type GroupOf = (session: SessionRecord) => string | undefined;

/** Who may publish to a topic, and whose live instances do or may. */
export async function findProducersOf(
  { name, application, publishers }: Topic,
  now: Date,
  repositories: Repositories,
): Promise<Participation> {
  const codes = [...new Set([application, ...publishers])];
  const registered = await withTeams(
    codes.slice(0, REGISTERED_MAX).map((code) => ({ application: code })),
    repositories,
  );
  const found = await findLive(
    { now, applications: codes },
    // A producer that names no topic may publish to every one that its application may.
    ({ manifest }) =>
      manifest.producers.find(({ topics }) => topics.length === 0 || topics.includes(name))?.group,
    repositories,
  );
  return { registered, ...found, truncated: found.truncated || codes.length > REGISTERED_MAX };
}

/** Who may receive a topic with which filter, and whose live instances do. */
export async function findConsumersOf(
  { name }: Topic,
  now: Date,
  repositories: Repositories,
): Promise<Participation> {
  const subscriptions = await repositories.subscriptions.list({
    ...{ conditions: { topic: name }, limit: REGISTERED_MAX + 1 },
  });
  const shown = subscriptions.slice(0, REGISTERED_MAX);
  const names = shown.map(({ group }) => group);
  const groups = await repositories.consumerGroups.list({ conditions: { name: names } });
  const owners = new Map(groups.map((group) => [group.name, group.application]));
  const registered = await withTeams(
    shown.map(({ group, filter }) => ({ group, filter, application: owners.get(group) })),
    repositories,
  );
  const found = await findLive(
    { now, consumerGroups: names },
    ({ manifest }) =>
      manifest.consumers.find(({ subscriptions: received }) => received.some(({ topic }) => topic === name))
        ?.group,
    repositories,
  );
  return { registered, ...found, truncated: found.truncated || subscriptions.length > REGISTERED_MAX };
}

/** What a producer group's application may publish to, and its live instances. */
export async function findProducersIn(
  { name, application }: ProducerGroup,
  now: Date,
  repositories: Repositories,
): Promise<Participation> {
  const limit = REGISTERED_MAX + 1;
  const owned = await repositories.topics.list({ conditions: { application }, limit });
  const shared = await repositories.topics.list({ conditions: { publishers: application }, limit });
  const topics = [...new Set([...owned, ...shared].map((topic) => topic.name))].map((topic) => ({ topic }));
  const found = await findLive({ now, producerGroup: name }, () => name, repositories);
  return {
    ...{ registered: topics.slice(0, REGISTERED_MAX), live: found.live },
    truncated: found.truncated || topics.length > REGISTERED_MAX,
  };
}

/** What a consumer group is registered to receive, and its live instances. */
export async function findConsumersIn(
  { name }: ConsumerGroup,
  now: Date,
  repositories: Repositories,
): Promise<Participation> {
  const subscriptions = await repositories.subscriptions.list({
    ...{ conditions: { group: name }, limit: REGISTERED_MAX + 1 },
  });
  const registered = subscriptions
    .slice(0, REGISTERED_MAX)
    .map(({ topic, filter }: Subscription) => ({ topic, filter }));
  const found = await findLive({ now, consumerGroups: [name] }, () => name, repositories);
  const truncated = found.truncated || subscriptions.length > REGISTERED_MAX;
  return { registered, live: found.live, truncated };
}

async function findLive(
  query: LiveSessionQuery,
  groupOf: GroupOf,
  { sessions }: Repositories,
): Promise<{ live: Live[]; truncated: boolean }> {
  const found = await sessions.listLive({ ...query, limit: SESSIONS_MAX });
  const live = found.flatMap((session): Live[] => {
    const group = groupOf(session);
    if (group === undefined) return [];
    const { id, instance, application, environment, sdk, lastSeenAt } = session;
    const seen = lastSeenAt.toISOString();
    return [{ session: id, instance, application, environment, group, sdk, lastSeenAt: seen }];
  });
  const truncated = found.length === SESSIONS_MAX || live.length > LIVE_MAX;
  return { live: live.slice(0, LIVE_MAX), truncated };
}

async function withTeams<Participant extends { readonly application?: string | undefined }>(
  participants: readonly Participant[],
  { applications }: Repositories,
): Promise<(Participant & { team?: string })[]> {
  const codes = participants.map(({ application = '' }) => application);
  const found = await applications.list({ includeRetired: true, conditions: { code: [...new Set(codes)] } });
  const teams = new Map(found.map(({ code, team }) => [code, team]));
  return participants.map((participant) => {
    const team = teams.get(participant.application ?? '');
    return { ...participant, ...(team === undefined ? {} : { team }) };
  });
}
