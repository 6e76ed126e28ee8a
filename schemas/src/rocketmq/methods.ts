/** A method of `apache.rocketmq.v2.MessagingService`, as service.proto declares it. */
export interface ServiceMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

function method(name: string, requestStream = false, responseStream = false): ServiceMethod {
  return { path: `/apache.rocketmq.v2.MessagingService/${name}`, requestStream, responseStream };
}

/** The methods of the RocketMQ v2 messaging service that Nomos serves and calls. */
export const methods = {
  queryRoute: method('QueryRoute'),
  heartbeat: method('Heartbeat'),
  sendMessage: method('SendMessage'),
  queryAssignment: method('QueryAssignment'),
  receiveMessage: method('ReceiveMessage', false, true),
  ackMessage: method('AckMessage'),
  forwardMessageToDeadLetterQueue: method('ForwardMessageToDeadLetterQueue'),
  pullMessage: method('PullMessage', false, true),
  updateOffset: method('UpdateOffset'),
  getOffset: method('GetOffset'),
  queryOffset: method('QueryOffset'),
  endTransaction: method('EndTransaction'),
  telemetry: method('Telemetry', true, true),
  notifyClientTermination: method('NotifyClientTermination'),
  changeInvisibleDuration: method('ChangeInvisibleDuration'),
  recallMessage: method('RecallMessage'),
} as const satisfies Record<string, ServiceMethod>;
