import type { Logger } from '../../src/kernel/logger.ts';
import type { EncoderConfig } from './config.ts';
import type { EncoderEngine } from './engine.ts';

/** What the encoder's kernel gives to its plugins. */
export interface EncoderContext {
  readonly config: EncoderConfig;
  readonly logger: Logger;
  /** Private folder of this process, removed at the end. */
  readonly root: string;
  /** Set by the engine plugin. */
  engine?: EncoderEngine;
}
