const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/** The MP4 file, index last, with its 32-bit chunk offsets written as 64-bit ones, as in files over 4 GiB. */
export function withCo64(file: Buffer): Buffer {
  return Buffer.concat(boxesOf(file).map(rewrite));
}

function boxesOf(bytes: Buffer): Buffer[] {
  const boxes: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    boxes.push(bytes.subarray(at, at + size));
    at += size;
  }
  return boxes;
}

function rewrite(box: Buffer): Buffer {
  const type = box.toString('latin1', 4, 8);
  if (CONTAINERS.has(type)) {
    return withHeader(type, Buffer.concat(boxesOf(box.subarray(8)).map(rewrite)));
  }
  return type === 'stco' ? toCo64(box) : box;
}

function toCo64(stco: Buffer): Buffer {
  const count = stco.readUInt32BE(12);
  const body = Buffer.alloc(8 + count * 8);
  body.writeUInt32BE(count, 4);
  for (let n = 0; n < count; n++) {
    body.writeBigUInt64BE(BigInt(stco.readUInt32BE(16 + n * 4)), 8 + n * 8);
  }
  return withHeader('co64', body);
}

function withHeader(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(body.length + 8);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, body]);
}
