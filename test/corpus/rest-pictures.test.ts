import { PICTURES } from './pictures-corpus.ts';
import { runCorpus } from './run-corpus.ts';

runCorpus(PICTURES.filter(({ isQuick }) => isQuick !== true));
