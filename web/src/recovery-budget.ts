const MOST_IN_A_ROW = 3;
/** A player that got this far past an error has overcome it. */
const OVERCOME_SECONDS = 5;

/** How often a player may try to go on by itself before a person is told. */
interface RecoveryBudget {
  /** Counts an error at this position; the number of tries in a row, or undefined when there were enough. */
  spend(positionSeconds: number): number | undefined;
  /** The server was asked anew and answered: the count begins again. */
  renew(): void;
}

/** Only progress of the playback itself refills it: a segment that loads may still not be decodable. */
export function createRecoveryBudget(): RecoveryBudget {
  let spent = 0;
  let failedAt = 0;
  return {
    spend: (positionSeconds) => {
      if (Math.abs(positionSeconds - failedAt) > OVERCOME_SECONDS) spent = 0;
      failedAt = positionSeconds;
      spent += 1;
      return spent > MOST_IN_A_ROW ? undefined : spent;
    },
    renew: () => {
      spent = 0;
    },
  };
}
