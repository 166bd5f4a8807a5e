/** A TCP port from the command line. Throws a sentence that names the option. */
export function readPort(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`--port must be a number from 1 to 65535, not "${value}"`);
  return port;
}
