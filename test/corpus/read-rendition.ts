import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import type { InputTrack } from 'mediabunny';

/** One access unit as an independent demuxer sees it. */
export interface Packet {
  readonly seconds: number;
  readonly durationSeconds: number;
  readonly isKey: boolean;
  readonly bytes: Uint8Array;
}

/** A playable file read without any code of ours. Packets stand in decode order. */
export interface ReadTrack {
  readonly kind: 'video' | 'audio';
  readonly codecString: string;
  /** `avcC` of H.264. */
  readonly description: Uint8Array;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  readonly packets: readonly Packet[];
}

/** Reads the only track of a file. */
export async function readTrack(file: Buffer): Promise<ReadTrack> {
  const bytes = Uint8Array.from(file);
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  try {
    const [track, ...others] = await input.getTracks();
    if (track === undefined || others.length > 0) throw new Error('not exactly one track');
    const packets: Packet[] = [];
    for await (const packet of new EncodedPacketSink(track).packets()) {
      packets.push({
        seconds: packet.timestamp,
        durationSeconds: packet.duration,
        isKey: packet.type === 'key',
        bytes: packet.data,
      });
    }
    return { ...(await describe(track)), packets };
  } finally {
    input.dispose();
  }
}

async function describe(track: InputTrack): Promise<Omit<ReadTrack, 'packets'>> {
  const codecString = (await track.getCodecParameterString()) ?? '';
  if (track.isVideoTrack()) {
    const config = await track.getDecoderConfig();
    const width = await track.getCodedWidth();
    const height = await track.getCodedHeight();
    if ((await track.getSquarePixelWidth()) !== width) throw new Error('the pixels are not square');
    const description = toBytes(config?.description);
    return { kind: 'video', codecString, description, width, height };
  }
  if (!track.isAudioTrack()) throw new Error('neither pictures nor sound');
  const channels = await track.getNumberOfChannels();
  const sampleRate = await track.getSampleRate();
  return { kind: 'audio', codecString, description: new Uint8Array(), channels, sampleRate };
}

function toBytes(source: unknown): Uint8Array {
  if (source instanceof Uint8Array) return source;
  return source instanceof ArrayBuffer ? new Uint8Array(source) : new Uint8Array();
}

/** Types of the NAL units of a length-prefixed H.264 access unit. */
export function nalTypes(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const types: number[] = [];
  for (let at = 0; at + 4 < bytes.byteLength; at += 4 + view.getUint32(at)) {
    types.push((bytes[at + 4] ?? 0) & 0x1f);
  }
  return types;
}
