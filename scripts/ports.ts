import { createServer } from 'node:net';

/** Throws a sentence when somebody else listens there. */
export async function requireFreePort(port: number): Promise<void> {
  try {
    await listenOnce(port);
  } catch {
    throw new Error(`port ${port} is in use; choose another with --port`);
  }
}

/** A port that nothing uses at the moment. */
export async function freePort(): Promise<number> {
  return listenOnce(0);
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : port),
      );
    });
  });
}
