import type { SourceFacts } from '../../src/contracts/media.ts';
import { createPacketScan } from '../../src/media/packet-scan.ts';
import { headerProbeArguments, packetProbeArguments } from '../../src/media/probe-arguments.ts';
import { notAVideo, toSourceFacts } from '../../src/media/source-facts.ts';
import type { ProbeDocument } from '../../src/media/source-facts.ts';
import type { PreparedSource } from './prepare-source.ts';
import { runLimited } from './task-context.ts';
import type { TaskContext } from './task-context.ts';
import { TaskError } from './task-failure.ts';

const MAX_DOCUMENT_CHARACTERS = 1_000_000;

/** Finds out what the source is; a {@link TaskError} says why it cannot be played. */
export async function runProbe(
  context: TaskContext,
  source: PreparedSource,
  maxDurationSeconds: number,
): Promise<SourceFacts> {
  const header = await readHeader(context);
  const scan = createPacketScan();
  const exit = await runLimited(context, {
    program: 'ffprobe',
    arguments: packetProbeArguments(),
    onLine: (line) => scan.add(line),
  });
  if (exit.code === undefined) throw stopped(exit.errors);
  const verdict = toSourceFacts(
    asUploaded(header.document, source),
    scan.totals(),
    maxDurationSeconds,
  );
  if ('failure' in verdict) {
    const { code, message } = verdict.failure;
    throw new TaskError(code, message, { detail: exit.errors || header.errors });
  }
  refuseForEngine(context, verdict.facts);
  return verdict.facts;
}

/** Of a copy, the times are those of its packets; what the uploaded file promised still tells whether it is whole. */
function asUploaded(document: ProbeDocument, { original }: PreparedSource): ProbeDocument {
  if (original === undefined) return document;
  const { start_time: start } = document.format ?? {};
  const { start_time: _, ...promised } = original;
  return {
    ...document,
    format: { ...promised, ...(start !== undefined && { start_time: start }) },
  };
}

interface Header {
  readonly document: ProbeDocument;
  readonly errors: string;
}

async function readHeader(context: TaskContext): Promise<Header> {
  let text = '';
  const { code, errors } = await runLimited(context, {
    program: 'ffprobe',
    arguments: headerProbeArguments(),
    onLine: (line) => {
      if (text.length < MAX_DOCUMENT_CHARACTERS) text += `${line}\n`;
    },
  });
  if (code === undefined) throw stopped(errors);
  const document = parseDocument(text);
  if (document?.format !== undefined) return { document, errors };
  if (errors.includes('moov atom not found')) {
    throw new TaskError(
      'ERR_MALFORMED_VIDEO',
      'The file is cut short or damaged: the index of its contents is missing. Upload it again.',
      { detail: errors },
    );
  }
  const refused = /codec \((\w+)\) not on whitelist/i.exec(errors)?.[1];
  if (refused !== undefined) {
    const message = `The file uses "${refused}", which is not supported. Convert it to H.264 and AAC.`;
    throw new TaskError('ERR_UNSUPPORTED', message, { detail: errors });
  }
  const { code: reason, message } = notAVideo();
  throw new TaskError(reason, message, { detail: errors });
}

/** ffprobe prints an empty or unfinished document for what it cannot open. */
function parseDocument(text: string): ProbeDocument | undefined {
  try {
    return JSON.parse(text) as ProbeDocument;
  } catch {
    return undefined;
  }
}

function refuseForEngine({ engine }: TaskContext, facts: SourceFacts): void {
  const codec = facts.video?.codec;
  if (codec !== undefined && engine.missingCodecs.has(codec)) {
    throw needsFfmpeg(`cannot decode "${codec}"`);
  }
  if (facts.video?.hdr === true && !engine.canEncodeHdr) throw needsFfmpeg('cannot convert HDR');
}

/** The failure for what only an installed ffmpeg can do. */
export function needsFfmpeg(what: string): TaskError {
  return new TaskError(
    'ERR_UNSUPPORTED',
    `The built-in WebAssembly encoder ${what}: install ffmpeg on the encoder's machine.`,
  );
}

function stopped(errors: string): TaskError {
  return new TaskError('ERR_UNKNOWN', 'Reading the file was stopped by a limit of the machine.', {
    detail: errors,
    retryable: true,
  });
}
