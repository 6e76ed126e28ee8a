import { apache } from '@nomos/schemas';
import { describe, expect, test } from 'vitest';
import { encodeAcknowledgementAnswer, ScannedAcknowledgement } from './scan-acknowledgement.js';

const { AckMessageRequest, AckMessageResponse, Code } = apache.rocketmq.v2;
const OK = { code: Code.OK, message: 'OK' };
const invalid = { code: Code.INVALID_RECEIPT_HANDLE, message: 'Není platná' };

function scan(request: apache.rocketmq.v2.IAckMessageRequest): ScannedAcknowledgement {
  return new ScannedAcknowledgement(Buffer.from(AckMessageRequest.encode(request).finish()));
}

const request = {
  group: { resourceNamespace: 'ns', name: 'cg-sms-notify' },
  topic: { name: 'pay-paycore-transfer-completed' },
  entries: [
    { messageId: '01AB', receiptHandle: 'handle-1' },
    { receiptHandle: 'é'.repeat(200) },
    { messageId: 'only an id' },
    {},
  ],
};

describe('an acknowledgement', () => {
  test('is read as the general decoder reads it', () => {
    const { group, topic, entries } = scan(request);
    expect({ group, topic }).toEqual({ group: 'cg-sms-notify', topic: 'pay-paycore-transfer-completed' });
    expect(entries.map(({ receiptHandle }) => receiptHandle)).toEqual(['handle-1', 'é'.repeat(200), '', '']);
  });

  test('is answered entry by entry, with what the client called them', () => {
    const { entries } = scan(request);
    const bytes = encodeAcknowledgementAnswer({ code: Code.MULTIPLE_RESULTS, message: '' }, entries, [
      ...[OK, invalid, OK, invalid],
    ]);
    const answer = AckMessageResponse.decode(bytes);
    expect(answer.status?.code).toBe(Code.MULTIPLE_RESULTS);
    const entriesOfAnswer = answer.entries.map(({ messageId, receiptHandle, status }) => ({
      ...{ messageId, receiptHandle, status: { code: status?.code, message: status?.message } },
    }));
    expect(entriesOfAnswer).toEqual(
      request.entries.map(({ messageId = '', receiptHandle = '' }, index) => ({
        ...{ messageId, receiptHandle, status: index % 2 === 0 ? OK : invalid },
      })),
    );
  });

  test('does not give back fields of an entry that the answer knows nothing of', () => {
    // Field 3 of an entry is the lite topic; in the result it is the status.
    const entry = Buffer.concat([
      Buffer.from([0x1a, 1, 0x78]),
      Buffer.from([0x12, 1, 0x68]),
      Buffer.from([0x20, 1]),
    ]);
    const { entries } = new ScannedAcknowledgement(Buffer.concat([Buffer.from([0x1a, entry.length]), entry]));
    const answer = AckMessageResponse.decode(encodeAcknowledgementAnswer(OK, entries, [OK]));
    expect(answer.entries).toMatchObject([{ receiptHandle: 'h', status: OK }]);
  });

  test.each([
    ['a length beyond the end', [0x1a, 9, 0x12]],
    ['an entry that is cut', [0x1a, 2, 0x12, 5]],
    ['a number where text belongs', [0x1a, 2, 0x10, 5]],
    ['a number instead of an entry', [0x18, 5]],
    ['an unknown wire type', [0x1f]],
  ])('with %s is refused', (_what, bytes) => {
    expect(() => new ScannedAcknowledgement(Buffer.from(bytes))).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID' }),
    );
  });
});
