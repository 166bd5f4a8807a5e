import type { RenditionMap } from '../contracts/media.ts';
import { languageName, toLanguageTag } from './language.ts';

/** What every player decodes; all else stands beside it, never instead of it. */
const COMMON_CODEC = /^mp4a\./;

/** One track as a player offers it. */
export interface AudioMember {
  readonly rendition: RenditionMap;
  /** Unique within the group, for people: the track's title, its language, or its number. */
  readonly name: string;
  /** BCP 47. */
  readonly language?: string;
  readonly isDefault: boolean;
}

/** A choice of codecs: the same tracks under the same names in every group (RFC 8216 §4.3.4.1.1). */
export interface AudioGroup {
  readonly id: string;
  readonly members: readonly AudioMember[];
}

/** The groups of a video's sound: `audio` for everyone, and `surround` where a track has more to offer. Empty without sound. */
export function groupAudio(renditions: readonly RenditionMap[]): AudioGroup[] {
  const sound = renditions.filter(({ kind }) => kind === 'audio');
  const common = sound.filter(({ codecs }) => COMMON_CODEC.test(codecs));
  const surround = sound.filter(({ codecs }) => !COMMON_CODEC.test(codecs));
  const names = uniqueNames(common);
  const members = common.map((rendition, index): AudioMember => {
    const language = toLanguageTag(rendition.language);
    return {
      rendition,
      name: names[index] ?? rendition.name,
      ...(language !== undefined && { language }),
      isDefault: index === 0,
    };
  });
  if (members.length === 0) return [];
  const groups = [{ id: 'audio', members }];
  if (surround.length === 0) return groups;
  const best = members.map((member) => {
    const other = surround.find(({ track }) => track === member.rendition.track);
    return { ...member, rendition: other ?? member.rendition };
  });
  return [...groups, { id: 'surround', members: best }];
}

function uniqueNames(renditions: readonly RenditionMap[]): string[] {
  const taken = new Set<string>();
  return renditions.map((rendition) => {
    const name = nameOf(rendition);
    let unique = name;
    for (let number = 2; taken.has(unique); number += 1) unique = `${name} ${number}`;
    taken.add(unique);
    return unique;
  });
}

function nameOf({ title, language, name }: RenditionMap): string {
  const tag = toLanguageTag(language);
  if (title !== undefined) return title;
  return tag === undefined ? name : languageName(tag);
}
