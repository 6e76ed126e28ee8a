/** What a route answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The shape of a body is what a test checks, so it is not typed here.
  readonly body: Record<string, unknown>;
}

/** Calls a registry over HTTP as one caller. */
export type Client = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

export function clientOf(url: string, token: string): Client {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    return { status, headers: answered, body: Object(parse(text, answered.get('content-type') ?? '')) };
  };
}

/** What is not JSON is the `text` of the body, and what has one JSON text a line its `lines`. */
function parse(text: string, type: string): unknown {
  if (type.includes('ndjson')) return { lines: text.split('\n').filter((line) => line !== '') };
  return type.includes('json') ? JSON.parse(text || '{}') : { text };
}

/** The rules of the violations of a problem, in order. */
export function rulesOf({ body }: Answer): string[] {
  const violations = Array.isArray(body.violations) ? body.violations : [];
  return violations.map((violation: { rule: string }) => violation.rule);
}

/** Registers what most tests need: the bank of the quickstart, in two environments. Returns credentials. */
export async function registerBank(call: Client): Promise<{ paycore: string; sms: string; ledger: string }> {
  const description = 'For a test';
  const environments = ['dev'];
  const must = async (path: string, body: object) => {
    const answer = await call('POST', `/v1/${path}`, body);
    if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer;
  };
  await must('domains', { code: 'pay', description });
  await must('domains', { code: 'risk', description });
  const contacts = [{ kind: 'email', value: 'team@bank.example' }];
  await must('teams', { code: 'payments', description, contacts });
  await must('teams', { code: 'channels', description, contacts });
  for (const code of ['dev', 'prod']) {
    await must('environments', { code, description, endpoints: ['127.0.0.1:8081'] });
  }
  await must('applications', { code: 'paycore', description, team: 'payments', domain: 'pay' });
  await must('applications', { code: 'ledger', description, team: 'payments', domain: 'pay' });
  await must('applications', { code: 'sms', description, team: 'channels', domain: 'pay' });
  for (const event of ['completed', 'rejected']) {
    const name = `pay-paycore-transfer-${event}`;
    await must('topics', { name, application: 'paycore', description, environments });
  }
  await must('producer-groups', {
    ...{ name: 'pg-paycore-transfer', application: 'paycore', description, environments },
  });
  for (const [name, application] of [
    ['cg-sms-notify', 'sms'],
    ['cg-ledger-book', 'ledger'],
  ]) {
    await must('consumer-groups', { name, application, description, environments });
    for (const event of ['completed', 'rejected']) {
      await must('subscriptions', { group: name, topic: `pay-paycore-transfer-${event}` });
    }
  }
  const issue = async (code: string) =>
    String((await must(`applications/${code}/credentials`, { description })).body.token);
  return { paycore: await issue('paycore'), sms: await issue('sms'), ledger: await issue('ledger') };
}
