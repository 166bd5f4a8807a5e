import type { Plugin, PluginHealth } from './plugin.ts';

const HEALTH_DEADLINE_MS = 2000;

export interface KernelHealth {
  readonly status: PluginHealth['status'];
  readonly plugins: Readonly<Record<string, PluginHealth & { readonly version: string }>>;
}

/** Registers plugins, starts them in order of their dependencies, stops them in reverse. */
export class Kernel<Context> {
  private readonly plugins = new Map<string, Plugin<Context>>();
  private started: Plugin<Context>[] = [];

  /** Throws on a second plugin of the same name. */
  register(plugin: Plugin<Context>): void {
    if (this.plugins.has(plugin.name))
      throw new Error(`plugin "${plugin.name}" is registered twice`);
    this.plugins.set(plugin.name, plugin);
  }

  list(): readonly Plugin<Context>[] {
    return [...this.plugins.values()];
  }

  /** Initialises all, then starts all. A failure stops those already started in reverse order and is thrown. */
  async boot(context: Context): Promise<void> {
    const ordered = orderByDependency(this.list());
    for (const plugin of ordered) await plugin.init(context);
    for (const plugin of ordered) {
      try {
        await plugin.start?.();
        this.started.push(plugin);
      } catch (error) {
        await this.stop();
        throw new Error(`plugin "${plugin.name}" did not start`, { cause: error });
      }
    }
  }

  /** Stops in reverse order of start. Every plugin is stopped; the first failure is thrown at the end. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const plugin of this.started.toReversed()) {
      try {
        await plugin.stop?.();
      } catch (error) {
        failures.push(error);
      }
    }
    this.started = [];
    if (failures.length > 0)
      throw new Error('a plugin did not stop cleanly', { cause: failures[0] });
  }

  /** Asks every plugin at once; one that throws or is silent for two seconds counts as down. */
  async health(): Promise<KernelHealth> {
    const entries = await Promise.all(
      this.list().map(
        async (plugin) =>
          [plugin.name, { version: plugin.version, ...(await healthOf(plugin)) }] as const,
      ),
    );
    const states = entries.map(([, health]) => health.status);
    return { status: worstOf(states), plugins: Object.fromEntries(entries) };
  }
}

/** Dependencies first, otherwise in the given order. Throws on a missing dependency or a cycle, naming it. */
export function orderByDependency<Context>(plugins: readonly Plugin<Context>[]): Plugin<Context>[] {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const ordered = new Set<Plugin<Context>>();
  const visit = (plugin: Plugin<Context>, path: readonly string[]): void => {
    if (ordered.has(plugin)) return;
    if (path.includes(plugin.name))
      throw new Error(`plugins depend on each other: ${[...path, plugin.name].join(' → ')}`);
    for (const name of plugin.dependsOn ?? []) {
      const dependency = byName.get(name);
      if (dependency === undefined)
        throw new Error(`plugin "${plugin.name}" needs "${name}", which is not registered`);
      visit(dependency, [...path, plugin.name]);
    }
    ordered.add(plugin);
  };
  for (const plugin of plugins) visit(plugin, []);
  return [...ordered];
}

async function healthOf(plugin: Plugin<never>): Promise<PluginHealth> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<PluginHealth>((resolve) => {
    timer = setTimeout(
      () => resolve(down(`no answer within ${HEALTH_DEADLINE_MS} ms`)),
      HEALTH_DEADLINE_MS,
    );
  });
  try {
    return await Promise.race([plugin.health(), deadline]);
  } catch (error) {
    return down(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}

function down(reason: string): PluginHealth {
  return { status: 'down', details: { reason } };
}

/** The health of a whole of such parts. */
export function worstOf(states: readonly PluginHealth['status'][]): PluginHealth['status'] {
  if (states.includes('down')) return 'down';
  return states.includes('degraded') ? 'degraded' : 'up';
}
