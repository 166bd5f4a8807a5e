import { mkdirSync } from 'node:fs';
mkdirSync('web/dist', { recursive: true });
