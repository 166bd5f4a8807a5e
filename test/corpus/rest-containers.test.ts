import { CONTAINERS } from './containers.ts';
import { runCorpus } from './run-corpus.ts';

runCorpus(CONTAINERS.filter(({ isQuick }) => isQuick !== true));
