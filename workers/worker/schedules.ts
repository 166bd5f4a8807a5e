import { AppError } from '../../src/contracts/errors.ts';
import { listAllJobs } from '../../src/kernel/list-all-jobs.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import type { Sweeper } from '../../durable-objects/sweeper.ts';
import { NEVER_RUN, nextDue } from './sweep-state.ts';
import type { ScheduleState } from './sweep-state.ts';

/** A piece of scheduled work with what is kept of it; times in ms. */
export interface Schedule {
  readonly name: string;
  readonly everyMs: number;
  readonly state: ScheduleState;
  readonly nextDueAt?: number;
}

/** The work that the platform repeats, as operators see it. */
export class Schedules {
  private readonly context: ServiceContext;

  constructor(context: ServiceContext) {
    this.context = context;
  }

  async list(): Promise<Schedule[]> {
    const states = await this.sweeper().states();
    return (await listAllJobs(this.context)).map(({ name, everyMs }) => {
      const state = states[name] ?? NEVER_RUN;
      const due = nextDue({ name, everyMs }, state);
      return { name, everyMs, state, ...(due !== undefined && { nextDueAt: due }) };
    });
  }

  /** Does one thing to one piece of work. Throws `schedule.not_found`. */
  async change(name: string, action: 'run' | 'pause' | 'resume'): Promise<Schedule> {
    await this.get(name);
    const sweeper = this.sweeper();
    if (action === 'run') await sweeper.requestRun(name);
    else await sweeper[action](name);
    return this.get(name);
  }

  private async get(name: string): Promise<Schedule> {
    const found = (await this.list()).find((each) => each.name === name);
    if (found === undefined)
      throw new AppError('schedule.not_found', `There is no scheduled work "${name}".`);
    return found;
  }

  private sweeper(): DurableObjectStub<Sweeper> {
    return this.context.env.SWEEPER.getByName('sweeper');
  }
}
