import { findWorkers } from './account.ts';
import type { FoundWorkers } from './account.ts';
import { makePlan } from './plan.ts';
import type { Plan } from './plan.ts';

/**
 * The Workers of this stage's other shape that run. Throws unless the change was asked for: Durable Objects do
 * not move.
 */
export async function requireOneShape(plan: Plan, isWanted: boolean): Promise<FoundWorkers> {
  const found = await findWorkers(otherShape(plan).workers.map(({ name }) => name));
  if (found.size > 0 && !isWanted) {
    throw new Error(
      `this stage runs in its other shape (${[...found.keys()].join(', ')}): drain it first, as docs/deployment.md tells, then add --change-shape`,
    );
  }
  return found;
}

function otherShape({ shape, stage }: Plan): Plan {
  return makePlan(shape === 'monolith' ? 'services' : 'monolith', stage);
}
