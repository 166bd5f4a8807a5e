/** The consumer of a queue. Each stage and shape has queues of its own (`streamgate-services-events`), so the end of the name counts. */
export function findConsumer<Consumer>(
  consumers: ReadonlyMap<string, Consumer>,
  queue: string,
): Consumer | undefined {
  const purpose = [...consumers.keys()].find((name) => queue.endsWith(`-${name}`));
  return purpose === undefined ? undefined : consumers.get(purpose);
}
