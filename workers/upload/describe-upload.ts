import type { Video } from '../../src/contracts/service-apis.ts';
import type { UploadRow } from './upload-rows.ts';
import type { UploadDescription, UploadSummary } from './upload-schemas.ts';
import type { UploadView } from './upload-state.ts';

/** An upload as clients read it, with all that resuming needs. */
export function describeUpload({ plan, state, parts }: UploadView): UploadDescription {
  return {
    id: plan.id,
    uid: plan.uid,
    state,
    name: plan.name,
    ...plan.size,
    partSizeBytes: plan.partSizeBytes,
    receivedParts: parts.map(({ partNumber, sizeBytes }) => ({ partNumber, sizeBytes })),
    receivedBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    expiresAt: formatTime(plan.expiresAt),
    links: linksOf(plan.id),
  };
}

/** An upload whose session is gone: what its row, and its video if there is one, still say. */
export function describeEndedUpload(row: UploadRow, video: Video | undefined): UploadDescription {
  const received = row.state === 'completed' ? (video?.sizeBytes ?? 0) : 0;
  return {
    id: row.id,
    uid: row.uid,
    state: row.state,
    name: video?.name ?? '',
    ...(received > 0 && { sizeBytes: received }),
    receivedParts: [],
    receivedBytes: received,
    expiresAt: formatTime(row.expiresAt),
    links: linksOf(row.id),
  };
}

/** One line of the list of uploads. */
export function summariseUpload(row: UploadRow, now: number): UploadSummary {
  const { id, uid } = row;
  const state = row.state === 'open' && now >= row.expiresAt ? 'expired' : row.state;
  return {
    id,
    uid,
    state,
    createdAt: formatTime(row.createdAt),
    expiresAt: formatTime(row.expiresAt),
  };
}

function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

function linksOf(id: string): UploadDescription['links'] {
  const self = `/api/v1/uploads/${id}`;
  return { self, parts: `${self}/parts/{partNumber}`, complete: `${self}/complete` };
}
