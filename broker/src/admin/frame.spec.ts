import { describe, expect, test } from 'vitest';
import { adminLimits } from './admin-limits.js';
import { encodeFrame, FrameDecoder } from './frame.js';
import { randomNumbers } from './random-numbers.spec.support.js';
import { FrameError, type HeaderForm, type RemotingCommand } from './remoting-command.js';

function command(changes: Partial<RemotingCommand> = {}): RemotingCommand {
  return {
    ...{ form: 'json', code: 105, version: 513, opaque: 7, flag: 0, remark: '' },
    ...{ fields: new Map([['topic', 'pay-täglich']]), body: Buffer.from('body') },
    ...changes,
  };
}

function decodeAll(bytes: Buffer): RemotingCommand[] {
  const decoder = new FrameDecoder(adminLimits.requestBytes);
  decoder.push(bytes);
  const commands: RemotingCommand[] = [];
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) commands.push(next);
  return commands;
}

/** A frame with this header, whatever is in it. */
function frameOf(header: string, type = 0): Buffer {
  const bytes = Buffer.alloc(8 + Buffer.byteLength(header));
  bytes.writeInt32BE(bytes.length - 4, 0);
  bytes.writeUInt8(type, 4);
  bytes.writeUIntBE(bytes.length - 8, 5, 3);
  bytes.write(header, 8);
  return bytes;
}

describe.each<HeaderForm>(['json', 'compact'])('a frame with a %s header', (form) => {
  test('reads as what was written', () => {
    const written = [
      command({ form }),
      command({ form, opaque: -(2 ** 31), flag: 3, remark: 'why', fields: new Map(), body: Buffer.alloc(0) }),
    ];
    expect(decodeAll(Buffer.concat(written.map(encodeFrame)))).toEqual(written);
  });

  test('is found wherever the stream is cut', () => {
    const random = randomNumbers(1);
    for (let round = 0; round < 50; round++) {
      const written = Array.from({ length: 1 + random(5) }, (_, opaque) =>
        command({ form, opaque, body: Buffer.alloc(random(20_000), opaque) }),
      );
      const stream = Buffer.concat(written.map(encodeFrame));
      const decoder = new FrameDecoder(adminLimits.requestBytes);
      const read: RemotingCommand[] = [];
      for (let start = 0; start < stream.length; ) {
        const end = start + 1 + random(random(2) === 0 ? 10 : 30_000);
        decoder.push(stream.subarray(start, end));
        for (let next = decoder.next(); next !== undefined; next = decoder.next()) read.push(next);
        start = end;
      }
      expect(Buffer.concat(read.map(encodeFrame)).equals(stream)).toBe(true);
    }
  });

  test('with any bytes changed reads as something else or is refused as malformed', () => {
    const random = randomNumbers(2);
    let refused = 0;
    for (let round = 0; round < 5_000; round++) {
      const bytes = Buffer.from(encodeFrame(command({ form, remark: 'why' })));
      for (let count = 1 + random(4); count > 0; count--) bytes[random(bytes.length)] = random(256);
      try {
        decodeAll(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });

  test('longer than clients read is not sent', () => {
    const body = Buffer.alloc(adminLimits.answerBytes);
    expect(() => encodeFrame(command({ form, body }))).toThrow(/more than a client reads/);
  });
});

describe('a malformed frame is refused', () => {
  const header = '"code":1,"opaque":1';
  test.each([
    ['a length below that of the header', Buffer.from([0, 0, 0, 3, 0, 0, 0])],
    ['a negative length', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a length beyond the limit, before any of it has come', Buffer.from([0, 0x10, 0, 1])],
    ['a header longer than the frame', Buffer.from([0, 0, 0, 4, 0, 0, 0, 1])],
    ['an unknown type of header', frameOf('{}', 2)],
    ['a header that is no JSON', frameOf('{')],
    ['a header that is no object', frameOf('[1]')],
    ['a missing code', frameOf('{"opaque":1}')],
    ['a code that is no number', frameOf('{"code":"1","opaque":1}')],
    ['a number beyond 32 bits', frameOf('{"code":1,"opaque":2147483648}')],
    ['a field that is no text', frameOf(`{${header},"extFields":{"topic":1}}`)],
    ['fields that are no object', frameOf(`{${header},"extFields":[]}`)],
    ['a compact header that ends early', frameOf('12345', 1)],
    ['a compact header with a negative length', frameOf(`${'\0'.repeat(13)}\u007f`, 1)],
  ])('%s', (_, bytes) => {
    expect(() => decodeAll(bytes)).toThrow(FrameError);
  });
});

test('memory follows what has come, not what was announced', () => {
  const decoder = new FrameDecoder(adminLimits.requestBytes);
  const length = Buffer.alloc(4);
  length.writeInt32BE(adminLimits.requestBytes);
  decoder.push(length);
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 10_000; count++) {
    decoder.push(Buffer.from([0]));
    expect(decoder.next()).toBeUndefined();
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
});
