import type { ReadinessCheck } from '../../src/contracts/service-apis.ts';
import { byId, element } from './dom.ts';

const POLL_MS = 30_000;

/** Shows in the header whether the platform can work, and in words what is missing. */
export function startStatusLine(): void {
  const summary = byId('status-summary', HTMLElement);
  const details = byId('status', HTMLDetailsElement);
  const list = byId('status-checks', HTMLElement);

  async function check(): Promise<void> {
    const found = await readReadiness();
    details.dataset['ready'] = String(found?.ready ?? false);
    summary.textContent = summaryOf(found);
    list.replaceChildren(...(found?.checks ?? []).map(renderCheck));
    setTimeout(() => void check(), POLL_MS);
  }
  void check();
}

interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
}

async function readReadiness(): Promise<Readiness | undefined> {
  try {
    // Not ready is a 503 with the same body.
    const response = await fetch('/ready');
    const body = (await response.json()) as Partial<Readiness>;
    return { ready: body.ready ?? response.ok, checks: body.checks ?? [] };
  } catch {
    return undefined;
  }
}

function summaryOf(found: Readiness | undefined): string {
  if (found === undefined) return 'Server not reachable';
  if (found.ready) return 'Ready';
  const failed = found.checks.filter((check) => !check.ok);
  return failed.length === 1
    ? `Not ready: ${failed[0]?.name}`
    : `Not ready: ${failed.length} checks fail`;
}

function renderCheck({ name, ok, detail }: ReadinessCheck): HTMLElement {
  return element(
    'li',
    { 'data-ok': String(ok) },
    element('strong', {}, name),
    element('span', {}, detail),
  );
}
