import type { SourceFacts } from '../../src/contracts/media.ts';
import { explainRefusal } from '../../src/media/explain-refusal.ts';
import { createPacketScan } from '../../src/media/packet-scan.ts';
import { headerProbeArguments, packetProbeArguments } from '../../src/media/probe-arguments.ts';
import { toSourceFacts } from '../../src/media/source-facts.ts';
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
  return withLimit(verdict.facts, context.engine.maxShortSide);
}

function withLimit(facts: SourceFacts, maxShortSide: number | undefined): SourceFacts {
  if (facts.video === undefined || maxShortSide === undefined) return facts;
  return { ...facts, video: { ...facts.video, maxShortSide } };
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
  const { errors } = await runLimited(context, {
    program: 'ffprobe',
    arguments: headerProbeArguments(),
    onLine: (line) => {
      if (text.length < MAX_DOCUMENT_CHARACTERS) text += `${line}\n`;
    },
  });
  const document = parseDocument(text);
  if (document?.format !== undefined) return { document, errors };
  const failure = explainRefusal(errors);
  throw new TaskError(failure.code, failure.message, { detail: errors });
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
