import { ApiError, networkError, toApiError } from './api-error.ts';
import type { Session } from './session.ts';
import type {
  PlatformStatus,
  Profile,
  ServiceState,
  UploadPlan,
  UploadStatus,
  Video,
} from './wire.ts';

/** The settings of a video that the dashboard changes. */
export interface VideoChange {
  readonly requireSignedURLs?: boolean;
}

/** The calls the dashboard makes. Every failure is an {@link ApiError}. */
export interface ApiClient {
  createUpload(
    file: { name: string; size: number; type: string },
    profile?: string,
  ): Promise<UploadPlan>;
  listProfiles(): Promise<readonly Profile[]>;
  findUpload(id: string): Promise<UploadStatus | undefined>;
  completeUpload(id: string): Promise<{ uid: string; jobId: string }>;
  cancelUpload(id: string): Promise<void>;
  listVideos(search: string): Promise<readonly Video[]>;
  getVideo(uid: string): Promise<Video>;
  changeVideo(uid: string, change: VideoChange): Promise<Video>;
  deleteVideo(uid: string): Promise<void>;
  playbackToken(uid: string): Promise<string>;
  runAgain(uid: string): Promise<{ readonly id: string }>;
  cancelJob(jobId: string): Promise<void>;
  platformStatus(): Promise<PlatformStatus>;
  listServices(): Promise<readonly ServiceState[]>;
  acknowledgeAlert(id: string): Promise<void>;
  /** The open event stream of a job. */
  openProgress(
    jobId: string,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

export interface ApiClientOptions {
  readonly session: Session;
  readonly fetch: typeof fetch;
  /** Called when the server no longer takes the API token. */
  readonly onSignedOut: (message: string) => void;
}

/** Joins session and fetch: a 401 is tried once more with a fresh access token, the second one signs out. */
export function createApiClient({ session, fetch, onSignedOut }: ApiClientOptions): ApiClient {
  async function attempt(path: string, init: RequestInit, fresh: boolean): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', await session.authorization(fresh));
    return fetch(path, { ...init, headers }).catch(() => {
      throw networkError();
    });
  }

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    try {
      let response = await attempt(path, init, false);
      if (response.status === 401) response = await attempt(path, init, true);
      if (response.ok) return response;
      throw toApiError(response.status, await response.text(), response.headers.get('retry-after'));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) onSignedOut(error.message);
      throw error;
    }
  }

  async function json<T>(path: string, init?: RequestInit): Promise<T> {
    return (await (await request(path, init)).json()) as T;
  }

  async function stream<T>(path: string, init?: RequestInit): Promise<T> {
    const account = encodeURIComponent(await accountId());
    const { result } = await json<{ result: T }>(
      `/client/v4/accounts/${account}/stream${path}`,
      init,
    );
    return result;
  }

  async function accountId(): Promise<string> {
    try {
      return await session.accountId();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) onSignedOut(error.message);
      throw error;
    }
  }

  return {
    createUpload: ({ name, size, type }, profile) =>
      json(
        '/api/v1/uploads',
        post({
          ...{ name, sizeBytes: size },
          ...(type !== '' && { contentType: type }),
          ...(profile !== undefined && { profile }),
        }),
      ),
    listProfiles: async () =>
      (await json<{ profiles: readonly Profile[] }>('/api/v1/profiles')).profiles,
    findUpload: (id) =>
      json<UploadStatus>(`/api/v1/uploads/${id}`).catch((error: unknown) => {
        if (error instanceof ApiError && [404, 410].includes(error.status)) return undefined;
        throw error;
      }),
    completeUpload: (id) => json(`/api/v1/uploads/${id}/complete`, post({})),
    cancelUpload: async (id) => {
      await request(`/api/v1/uploads/${id}`, { method: 'DELETE' });
    },
    listVideos: (search) =>
      stream(`?limit=100${search === '' ? '' : `&search=${encodeURIComponent(search)}`}`),
    getVideo: (uid) => stream(`/${uid}`),
    changeVideo: (uid, change) => stream(`/${uid}`, post(change)),
    deleteVideo: async (uid) => {
      const account = encodeURIComponent(await accountId());
      await request(`/client/v4/accounts/${account}/stream/${uid}`, { method: 'DELETE' });
    },
    playbackToken: async (uid) =>
      (await stream<{ token: string }>(`/${uid}/token`, post({}))).token,
    runAgain: (uid) => json('/api/v1/jobs', post({ uid })),
    cancelJob: async (jobId) => {
      await request(`/api/v1/jobs/${jobId}/cancel`, { method: 'POST' });
    },
    platformStatus: () => json('/api/v1/status'),
    listServices: async () =>
      (await json<{ services: readonly ServiceState[] }>('/api/v1/services')).services,
    acknowledgeAlert: async (id) => {
      await request(`/api/v1/alerts/${id}/acknowledge`, post({}));
    },
    openProgress: async (jobId, signal) => {
      const response = await request(`/api/v1/jobs/${jobId}/progress`, {
        headers: { accept: 'text/event-stream' },
        signal,
      });
      if (response.body === null) throw networkError();
      return response.body;
    },
  };
}

function post(body: object): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}
