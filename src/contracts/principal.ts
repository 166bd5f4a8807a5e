/** What a token may do. `admin` includes every other scope and the operator routes. */
export const SCOPES = [
  'videos:read',
  'videos:write',
  'uploads:write',
  'jobs:read',
  'jobs:write',
  'tokens:write',
  'metrics:read',
  'webhooks:read',
  'webhooks:write',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Who calls: one account, the API token behind the call, and its scopes. */
export interface Principal {
  readonly accountId: string;
  /** Id of the API token (`tok_…`), also when the caller came with an access token made from it. */
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
}

/** True when the principal holds the scope, directly or as admin. */
export function hasScope(principal: Principal, scope: Scope): boolean {
  return principal.scopes.includes(scope) || principal.scopes.includes('admin');
}
