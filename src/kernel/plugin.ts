/** Answer of one plugin's health check. */
export interface PluginHealth {
  readonly status: 'up' | 'degraded' | 'down';
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * One part of the system. `Context` is what the host gives: {@link ServiceContext} in a Worker, the encoder's own in Node.
 * On Workers `init` and `start` do no I/O: a promise of one request must not be awaited by another.
 */
export interface Plugin<Context> {
  readonly name: string;
  /** Semantic version of the plugin. */
  readonly version: string;
  /** Names of plugins that must be started before this one. */
  readonly dependsOn?: readonly string[];
  init(context: Context): void | Promise<void>;
  start?(): void | Promise<void>;
  stop?(): void | Promise<void>;
  health(): Promise<PluginHealth>;
}
