// Light and dark: the system's choice until a person makes their own. The portal wears the same
// Fluent tokens that it sends to front ends.

import { createDarkTheme, createLightTheme, type BrandVariants } from '@fluentui/tokens';
import type { Fields } from '../protocol/envelope.ts';
import { served } from './element.ts';

type Scheme = 'light' | 'dark';

const KEPT = 'portal.theme';

const BRAND: BrandVariants = {
  10: '#001919',
  20: '#012826',
  30: '#01322e',
  40: '#033f38',
  50: '#054d43',
  60: '#0a5c50',
  70: '#0c695a',
  80: '#117865',
  90: '#1f937e',
  100: '#2aac94',
  110: '#3abb9f',
  120: '#52c7aa',
  130: '#78d3b9',
  140: '#9ee0cb',
  150: '#c0ecdd',
  160: '#e3f7ef',
};

const TOKENS = {
  light: createLightTheme(BRAND),
  dark: {
    ...createDarkTheme(BRAND),
    // One shade lighter than by default: readable on a row under the pointer, too (WCAG 1.4.3).
    colorBrandForeground1: BRAND[110],
    colorBrandForeground2: BRAND[120],
    colorBrandForegroundLink: BRAND[110],
  },
};

export class Theme {
  #scheme: Scheme;
  readonly #changed: (theme: Fields) => void;

  constructor(changed: (theme: Fields) => void) {
    this.#changed = changed;
    const system = matchMedia('(prefers-color-scheme: dark)');
    const ofSystem = (): Scheme => (system.matches ? 'dark' : 'light');
    this.#scheme = kept() ?? ofSystem();
    system.addEventListener('change', () => {
      if (!kept()) this.#set(ofSystem());
    });
    served('theme').addEventListener('click', () => {
      const chosen = this.#scheme === 'dark' ? 'light' : 'dark';
      localStorage.setItem(KEPT, chosen);
      this.#set(chosen);
    });
    this.#wear();
  }

  /** The theme as front ends are told. */
  get configuration(): Fields {
    return {
      name: this.#scheme,
      colorScheme: this.#scheme,
      tokens: TOKENS[this.#scheme],
      accentColors: BRAND,
    };
  }

  #set(scheme: Scheme): void {
    this.#scheme = scheme;
    this.#wear();
    this.#changed(this.configuration);
  }

  #wear(): void {
    const { style } = document.documentElement;
    for (const [name, value] of Object.entries(TOKENS[this.#scheme])) {
      style.setProperty(`--${name}`, String(value));
    }
    style.colorScheme = this.#scheme;
    served('theme').setAttribute('aria-pressed', String(this.#scheme === 'dark'));
  }
}

function kept(): Scheme | undefined {
  const scheme = localStorage.getItem(KEPT);
  return scheme === 'light' || scheme === 'dark' ? scheme : undefined;
}
