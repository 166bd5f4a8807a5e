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

/** Every rendition of the sound: what all players decode, then what else there is of the same tracks. */
export function listAudio(renditions: readonly RenditionMap[]): AudioMember[] {
  const sound = renditions.filter(({ kind }) => kind === 'audio');
  const common = sound.filter(isCommon);
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
  const others = sound.flatMap((rendition): AudioMember[] => {
    const twin = members.find((member) => member.rendition.track === rendition.track);
    return isCommon(rendition) || twin === undefined ? [] : [{ ...twin, rendition }];
  });
  return [...members, ...others];
}

/**
 * The groups of a video's sound: `audio` for everyone, and `surround` where every track has it in one codec. Empty without sound.
 * A group of several codecs would be right, too, but Shaka takes all of a group for AAC when `CODECS` names it, and fails on the others.
 */
export function groupAudio(renditions: readonly RenditionMap[]): AudioGroup[] {
  const members = listAudio(renditions);
  const common = members.filter(({ rendition }) => isCommon(rendition));
  if (common.length === 0) return [];
  const groups = [{ id: 'audio', members: common }];
  const others = members.filter(({ rendition }) => !isCommon(rendition));
  const codecs = new Set(others.map(({ rendition }) => rendition.codecs));
  if (codecs.size !== 1 || others.length !== common.length) return groups;
  return [...groups, { id: 'surround', members: others }];
}

function isCommon({ codecs }: RenditionMap): boolean {
  return COMMON_CODEC.test(codecs);
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
