const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A method as a label: callers may invent methods, but no series. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : 'other';
}

/** `2xx` and so on. */
export function statusClass(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}
