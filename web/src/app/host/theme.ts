// The host's theme as Fluent UI's: its accent colours as the brand, its tokens over what follows
// from them.

import {
  createDarkTheme,
  createLightTheme,
  webDarkTheme,
  webLightTheme,
  type BrandVariants,
  type Theme,
} from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import type { ThemeConfiguration, WorkloadClientAPI } from '@ms-fabric/workload-client';

const SHADES = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160] as const;

export interface HostTheme {
  theme: Theme;
  isDark: boolean;
}

export function themeOf(host: Partial<ThemeConfiguration>): HostTheme {
  const isDark = /dark/i.test(host.colorScheme ?? host.name ?? '');
  const theme: Theme = { ...base(isDark, host.accentColors) };
  const known = theme as unknown as Record<string, string | number>;
  for (const [name, value] of Object.entries(host.tokens ?? {})) {
    if (name in known && (typeof value === 'string' || typeof value === 'number')) known[name] = value;
  }
  return { theme, isDark };
}

function base(isDark: boolean, accent: BrandVariants | undefined): Theme {
  if (accent && SHADES.every((shade) => typeof accent[shade] === 'string')) {
    return isDark ? createDarkTheme(accent) : createLightTheme(accent);
  }
  return isDark ? webDarkTheme : webLightTheme;
}

// Until the host has said which, and where it never does, what the user's system prefers.
export function preferredTheme(): HostTheme {
  return themeOf({ colorScheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light' });
}

export function useHostTheme(client: WorkloadClientAPI): HostTheme {
  const [theme, setTheme] = useState(preferredTheme);
  useEffect(() => {
    const take = (host: ThemeConfiguration) => setTheme(themeOf(host));
    client.theme.onChange(take);
    client.theme.get().then(take, () => undefined);
  }, [client]);
  return theme;
}
