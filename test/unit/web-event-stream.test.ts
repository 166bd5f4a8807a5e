import { describe, expect, test } from 'vitest';

import { createEventParser, readEvents } from '../../web/src/event-stream.ts';
import type { ServerEvent } from '../../web/src/event-stream.ts';

function parse(...chunks: readonly string[]): readonly ServerEvent[] {
  const events: ServerEvent[] = [];
  const feed = createEventParser((event) => events.push(event));
  for (const chunk of chunks) feed(chunk);
  return events;
}

const TEXT = ': hello\nid: 7\nevent: progress\ndata: {"a":\ndata: 1}\n\ndata:x\n\n';
const EVENTS = [
  { event: 'progress', data: '{"a":\n1}' },
  { event: 'message', data: 'x' },
];

describe('createEventParser', () => {
  test('reads names, data of several lines and comments', () => {
    expect(parse(TEXT)).toEqual(EVENTS);
  });

  test('gives the same events wherever the text is cut', () => {
    for (const text of [TEXT, TEXT.replaceAll('\n', '\r\n'), `${TEXT.replaceAll('\n', '\r')}:`])
      for (let at = 0; at <= text.length; at += 1)
        expect(parse(text.slice(0, at), text.slice(at))).toEqual(EVENTS);
  });

  test('takes away one space after the colon and no more', () => {
    expect(parse('data:  two\n\n')).toEqual([{ event: 'message', data: ' two' }]);
  });

  test('drops an event without data and one that was not ended', () => {
    expect(parse('event: ping\n\ndata: lost\n')).toEqual([]);
  });
});

describe('readEvents', () => {
  test('joins a letter that two chunks share', async () => {
    const bytes = new TextEncoder().encode('data: ü\n\n');
    const events: ServerEvent[] = [];
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    await readEvents(body, (event) => events.push(event));
    expect(events).toEqual([{ event: 'message', data: 'ü' }]);
  });
});
