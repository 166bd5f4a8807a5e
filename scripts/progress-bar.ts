const WIDTH = 30;

export interface ProgressBar {
  /** `share` from 0 to 1. */
  update(share: number): void;
  done(): void;
}

/** A bar that redraws itself on a terminal; elsewhere one line when it is done. */
export function createProgressBar(label: string, say: (text: string) => void): ProgressBar {
  const startedAt = Date.now();
  const isTerminal = process.stderr.isTTY;
  const draw = (share: number): void => {
    if (!isTerminal) return;
    const filled = Math.round(Math.min(1, share) * WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
    process.stderr.write(
      `\r  ${label.padEnd(10)} ${bar} ${String(Math.round(share * 100)).padStart(3)} %`,
    );
  };
  return {
    update: draw,
    done() {
      if (isTerminal) process.stderr.write('\r\u001b[K');
      say(`  ${label.padEnd(10)} done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    },
  };
}
