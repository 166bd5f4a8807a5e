interface Attributes {
  readonly [name: string]: string | number | boolean | undefined;
}

/** Makes an element. Text goes in as text only, so data can never become markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children);
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** One picture of our own icon file. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `/assets/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Shows another picture in an icon made by {@link icon}. */
export function setIcon(svg: SVGSVGElement, name: string): void {
  svg.firstElementChild?.setAttribute('href', `/assets/icons.svg#${name}`);
}

/** A button with a picture, and its words beside it or, when `quiet`, for screen readers and as tooltip. */
export function iconButton(options: {
  readonly name: string;
  readonly label: string;
  readonly className?: string;
  readonly quiet?: boolean;
  readonly onPress: () => void;
}): HTMLButtonElement {
  const { name, label, className = '', quiet = false, onPress } = options;
  const button = element('button', {
    type: 'button',
    class: `button ${quiet ? 'button-icon' : ''} ${className}`,
    'aria-label': quiet ? label : undefined,
    title: quiet ? label : undefined,
  });
  button.append(icon(name), ...(quiet ? [] : [label]));
  button.addEventListener('click', onPress);
  return button;
}

/** The element with this id; the pages are ours, so a missing one is a mistake in the page. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.querySelector(`#${id}`);
  if (!(found instanceof type)) throw new Error(`The page has no #${id}`);
  return found;
}
