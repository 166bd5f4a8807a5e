import { EXACT } from './exact.ts';
import { runCorpus } from './run-corpus.ts';

runCorpus(EXACT.filter(({ isQuick }) => isQuick === true));
