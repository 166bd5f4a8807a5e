import { AppError } from '../contracts/errors.ts';
import type { CallableService, ServiceApis } from '../contracts/service-apis.ts';

/** Where one service finds another. */
export class ServiceDirectory {
  private readonly apis: Partial<ServiceApis> = {};

  provide<Name extends CallableService>(name: Name, api: ServiceApis[Name]): void {
    Object.assign(this.apis, { [name]: api });
  }

  /** The service's API. Throws `service.unavailable` naming it when this deployment runs without. */
  get<Name extends CallableService>(name: Name): ServiceApis[Name] {
    const api = this.find(name);
    if (api === undefined) throw missingService(name);
    return api;
  }

  find<Name extends CallableService>(name: Name): ServiceApis[Name] | undefined {
    return (this.apis as Partial<Record<Name, ServiceApis[Name]>>)[name];
  }
}

export function missingService(name: string): AppError {
  return new AppError(
    'service.unavailable',
    `The ${name} service is not running in this deployment. Add "${name}" to APP_PLUGINS and deploy again.`,
  );
}
