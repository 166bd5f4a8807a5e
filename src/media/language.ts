/** ISO 639-2 codes that name no language. */
const NO_LANGUAGE = ['und', 'mul', 'zxx', 'mis'];

/** Containers name languages in ISO 639-2 (`eng`); HLS (RFC 8216 §4.3.4.1) and DASH want BCP 47 (`en`). `undefined` for what names none. */
export function toLanguageTag(language: string | undefined): string | undefined {
  if (language === undefined || NO_LANGUAGE.includes(language.toLowerCase())) return undefined;
  try {
    return Intl.getCanonicalLocales(language)[0];
  } catch {
    // A file may carry anything here; what is no language tag is left out.
    return undefined;
  }
}

/** The English name of a language tag. */
export function languageName(tag: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
}
