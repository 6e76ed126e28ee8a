import type { ChangeRequest, CreatedCredential } from '@nomos/schemas';
import type { RegistryClient } from '../registry-client.js';

/** The topic of the bank scenario, and who is in it. */
export const TRANSFER_COMPLETED = 'pay-paycore-transfer-completed';
export const PRODUCER_GROUP = 'pg-paycore-transfer';
export const consumerGroups = {
  sms: 'cg-sms-notify',
  antifraud: 'cg-antifraud-check',
  ledger: 'cg-ledger-post',
} as const;

/** A group for trying things by hand: it gets only the messages with this tag. */
const MANUAL_GROUP = 'cg-paycore-receipt';
const MANUAL_TAG = 'MANUAL';

export type ApplicationCode = 'paycore' | keyof typeof consumerGroups;

const domains = [
  { code: 'pay', description: 'Payments: transfers in and out.' },
  { code: 'risk', description: 'Fraud and credit risk.' },
  { code: 'core', description: 'Core banking: accounts and the ledger.' },
];

const teams = [
  { code: 'payments', description: 'Runs the payment service.', contacts: [email('payments')] },
  { code: 'channels', description: 'Runs what talks to customers.', contacts: [email('channels')] },
  { code: 'fraud', description: 'Runs fraud detection.', contacts: [email('fraud')] },
  { code: 'accounting', description: 'Runs the ledger.', contacts: [email('accounting')] },
];

const applications: readonly { code: ApplicationCode; team: string; domain: string; description: string }[] =
  [
    { code: 'paycore', team: 'payments', domain: 'pay', description: 'Executes payment orders.' },
    { code: 'sms', team: 'channels', domain: 'pay', description: 'Tells customers by SMS.' },
    { code: 'antifraud', team: 'fraud', domain: 'risk', description: 'Scores transfers.' },
    { code: 'ledger', team: 'accounting', domain: 'core', description: 'Posts transfers to accounts.' },
  ];

function email(team: string) {
  return { kind: 'email', value: `${team}@bank.example` } as const;
}

/**
 * Registers the bank of the scenario as a platform admin does; gives each application's credentials. The topic is
 * confidential, so the team that owns it approves who receives it.
 */
export async function registerBank(
  admin: RegistryClient,
  environment: string,
): Promise<Record<ApplicationCode, CreatedCredential>> {
  for (const domain of domains) await admin.post('/v1/domains', domain);
  for (const team of teams) await admin.post('/v1/teams', team);
  for (const application of applications) await admin.post('/v1/applications', application);

  const owner = await memberOf(admin, 'payments');
  const subscribe = async (subscription: object) => {
    const asked = await admin.post<Partial<ChangeRequest>>('/v1/subscriptions', subscription);
    if (asked.state === 'open') await owner.post(`/v1/change-requests/${asked.id}:approve`, {});
  };
  const environments = [environment];
  await admin.post('/v1/topics', {
    name: TRANSFER_COMPLETED,
    application: 'paycore',
    description: 'A transfer to another bank is completed; the key is the order id.',
    environments,
    classification: 'confidential',
  });
  await admin.post('/v1/producer-groups', {
    name: PRODUCER_GROUP,
    application: 'paycore',
    description: 'Publishes what happens to transfers.',
    environments,
  });
  for (const [application, name] of Object.entries(consumerGroups)) {
    await admin.post('/v1/consumer-groups', {
      name,
      application,
      description: `Consumes completed transfers for ${application}.`,
      environments,
      idempotence: 'key',
    });
    await subscribe({ group: name, topic: TRANSFER_COMPLETED });
  }
  await admin.post('/v1/consumer-groups', {
    name: MANUAL_GROUP,
    application: 'paycore',
    description: 'For trying things by hand.',
    environments,
    idempotence: 'key',
  });
  const filter = { type: 'tag', expression: MANUAL_TAG };
  await subscribe({ group: MANUAL_GROUP, topic: TRANSFER_COMPLETED, filter });
  const credential = (code: ApplicationCode) =>
    admin.post<CreatedCredential>(`/v1/applications/${code}/credentials`, { description: 'Quickstart.' });
  return {
    paycore: await credential('paycore'),
    sms: await credential('sms'),
    antifraud: await credential('antifraud'),
    ledger: await credential('ledger'),
  };
}

/** Somebody of a team, with a token of their own. */
async function memberOf(admin: RegistryClient, team: string): Promise<RegistryClient> {
  const request = { role: 'member', team, description: 'Quickstart: approves who receives the topic.' };
  const { token } = await admin.post<{ token: string }>('/v1/tokens', request);
  return admin.as(token);
}
