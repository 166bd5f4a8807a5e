import type { EncoderEngine } from './engine.ts';
import { findNativeEngine } from './native-engine.ts';
import { createWasmEngine } from './wasm-engine.ts';

export type EngineChoice = 'auto' | 'native' | 'wasm';

/** The engine that was asked for; `auto` takes an installed ffmpeg and otherwise the WebAssembly build. */
export async function chooseEngine(choice: EngineChoice): Promise<EncoderEngine> {
  if (choice === 'wasm') return createWasmEngine();
  const native = await findNativeEngine();
  if (native !== undefined) return native;
  if (choice === 'auto') return createWasmEngine();
  throw new Error(
    'STREAMGATE_ENGINE=native, but ffmpeg and ffprobe are not on PATH: install ffmpeg',
  );
}
