import { REFUSALS } from './pictures-corpus.ts';
import { runCorpus } from './run-corpus.ts';

runCorpus(REFUSALS.filter(({ isQuick }) => isQuick === true));
