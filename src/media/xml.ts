/** An element with attributes in order and either child elements or text; what is `undefined` is left out. */
export interface XmlElement {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number | undefined>>;
  readonly content?: string | readonly (XmlElement | undefined)[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** What XML 1.0 §2.2 has no place for, however it is written. Line breaks go too, so that an element is one line. */
// oxlint-disable-next-line no-control-regex -- control characters are what is taken out
const UNSPEAKABLE = /[\u0000-\u001f\u007f\ufffe\uffff]/g;

/** The document with this root: one element a line, well-formed whatever its values hold. */
export function renderXml(root: XmlElement): string {
  return ['<?xml version="1.0" encoding="UTF-8"?>', ...renderElement(root, ''), ''].join('\n');
}

function renderElement({ name, attributes = {}, content }: XmlElement, indent: string): string[] {
  const present = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const start = [name, ...present.map(([key, value]) => `${key}="${escape(String(value))}"`)];
  const open = `${indent}<${start.join(' ')}`;
  if (content === undefined) return [`${open}/>`];
  if (typeof content === 'string') return [`${open}>${escape(content)}</${name}>`];
  const children = content.filter((child) => child !== undefined);
  const inner = children.flatMap((child) => renderElement(child, `${indent}  `));
  return [`${open}>`, ...inner, `${indent}</${name}>`];
}

function escape(value: string): string {
  return value
    .toWellFormed()
    .replaceAll(UNSPEAKABLE, ' ')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
