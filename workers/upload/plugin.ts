import type { ServicePlugin } from '../../src/kernel/service-context.ts';
import { createExpireJob } from './expire-uploads.ts';
import { formRoutes } from './form-routes.ts';
import { partRoutes } from './part-routes.ts';
import { uploadRoutes } from './routes.ts';
import { UploadService } from './service.ts';

/** Uploads: in parts under `/api/v1/uploads`, as one form on Stream's path. */
export function createUpload(): ServicePlugin {
  return {
    name: 'upload',
    version: '0.1.0',
    init(context) {
      const { contributions, services } = context;
      const service = new UploadService(context);
      services.provide('upload', service);
      contributions.routes.push(
        uploadRoutes(service),
        partRoutes(service),
        formRoutes(context, service),
      );
      contributions.jobs.push(createExpireJob(context, service));
    },
    health: async () => ({ status: 'up' }),
  };
}
