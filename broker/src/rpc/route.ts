import { isIP } from 'node:net';
import { apache, type TopicMessageType } from '@nomos/schemas';
import { groupOfDeadLetterTopic } from '../core/catalog.js';
import type { BrokerServices } from './broker-services.js';

const { AddressScheme, MessageType, Permission } = apache.rocketmq.v2;

type Endpoints = apache.rocketmq.v2.IEndpoints;
type Queue = apache.rocketmq.v2.IMessageQueue;

const BROKER_NAME = 'nomos';
const ADDRESSES_MAX = 20;
/** As long as a name of a host may be (RFC 1035). */
const HOST_CHARACTERS = 255;

/** The queue id that stands for all queues of a broker, in assignments. */
export const ALL_QUEUES = -1;

/**
 * The queues of a topic as a client sees them. The endpoints are those by which the client reached the broker,
 * where it says so: they work from where the client is, behind address translation as well.
 */
export function messageQueues(
  services: BrokerServices,
  topic: string,
  wanted: Endpoints | null | undefined,
): Queue[] {
  const count = services.edge.catalog.now.topics.get(topic)?.queues ?? 1;
  return Array.from({ length: count }, (_, id) => messageQueue(services, topic, id, wanted));
}

export function messageQueue(
  services: BrokerServices,
  topic: string,
  id: number,
  wanted: Endpoints | null | undefined,
): Queue {
  const addresses = wanted?.addresses?.length ?? 0;
  const isModest =
    addresses > 0 &&
    addresses <= ADDRESSES_MAX &&
    (wanted?.addresses ?? []).every(({ host }) => (host?.length ?? 0) <= HOST_CHARACTERS);
  const echoed = isModest ? wanted : undefined;
  return {
    topic: { name: topic },
    id,
    permission: groupOfDeadLetterTopic(topic) === undefined ? Permission.READ_WRITE : Permission.READ,
    broker: { name: BROKER_NAME, id: 0, endpoints: echoed ?? ownEndpoints(services) },
    acceptMessageTypes: [messageTypeOf(services.edge.catalog.now.topics.get(topic)?.messageType ?? 'NORMAL')],
  };
}

export function messageTypeOf(type: TopicMessageType): apache.rocketmq.v2.MessageType {
  return MessageType[type];
}

function ownEndpoints(services: BrokerServices): Endpoints {
  const address = services.address();
  const scheme = { 0: AddressScheme.DOMAIN_NAME, 4: AddressScheme.IPv4, 6: AddressScheme.IPv6 }[
    isIP(address.host)
  ];
  return { scheme: scheme ?? AddressScheme.DOMAIN_NAME, addresses: [address] };
}
