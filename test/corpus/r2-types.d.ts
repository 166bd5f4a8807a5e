import type * as Workers from '@cloudflare/workers-types';

// What the verification of outputs names of the Workers types, for a project that has Node's.
declare global {
  type R2Bucket = Workers.R2Bucket;
  type R2ObjectBody = Workers.R2ObjectBody;
}
