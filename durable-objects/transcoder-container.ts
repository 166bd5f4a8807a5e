import { DurableObject } from 'cloudflare:workers';

export class TranscoderContainer extends DurableObject<Env> {}
