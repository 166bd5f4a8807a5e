import type { RemoteService } from './service-directory.ts';
import type { BackgroundJob, ServiceContext } from './service-context.ts';

/** The background jobs of every service, those of other Workers too. The jobs of a service that does not answer are left out this time. */
export async function listAllJobs({
  contributions,
  services,
}: Pick<ServiceContext, 'contributions' | 'services'>): Promise<readonly BackgroundJob[]> {
  if (services.remotes.size === 0) return contributions.jobs;
  const remote = await Promise.all([...services.remotes.values()].map(listJobsOf));
  return [...contributions.jobs, ...remote.flat()];
}

async function listJobsOf({ host }: RemoteService): Promise<BackgroundJob[]> {
  // The link has logged why; the others go on.
  const jobs = await host.listJobs().catch(() => []);
  return jobs.map(({ name, everyMs }) => ({
    name,
    everyMs,
    run: (now) => host.runJob(name, now),
  }));
}
