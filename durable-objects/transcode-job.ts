import { DurableObject } from 'cloudflare:workers';

export class TranscodeJob extends DurableObject<Env> {}
