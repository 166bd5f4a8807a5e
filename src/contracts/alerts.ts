/** What the platform was like at one minute: totals since the first count, and what was measured then (absent when it was not known). */
export interface MetricPoint {
  readonly requests: number;
  readonly serverErrors: number;
  /** Cumulative counts by bucket of the request histogram, `+Inf` last. */
  readonly latencyBuckets: readonly number[];
  readonly segments: number;
  readonly segmentBytes: number;
  readonly uploadBytes: number;
  readonly playbackStarts: number;
  readonly taskMediaSeconds: number;
  readonly ready: boolean;
  readonly queueMessages?: number;
  readonly queueLagSeconds?: number;
  readonly deadLetters?: number;
  readonly backlogMediaSeconds?: number;
  readonly standstillSeconds?: number;
}

/** Where an alert rule stands; times in ms. */
export type AlertState =
  | { readonly phase: 'quiet' }
  | { readonly phase: 'pending'; readonly since: number }
  | {
      readonly phase: 'firing';
      readonly alertId: string;
      readonly peak: number;
      /** Since when the value has been below the limit of the way back. */
      readonly clearSince?: number;
    };

export type AlertSeverity = 'warning' | 'critical';
