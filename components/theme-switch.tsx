'use client';

import { useEffect } from 'react';
import { useStored } from '#lib/client/stored.ts';
import { MoonIcon, ScreenIcon, SunIcon } from './icons.tsx';

const themes = [
  { name: 'system', label: 'As the system', icon: <ScreenIcon /> },
  { name: 'light', label: 'Light', icon: <SunIcon /> },
  { name: 'dark', label: 'Dark', icon: <MoonIcon /> },
];

export function ThemeSwitch() {
  const [theme, setTheme] = useStored('theme', 'system');
  // The script in the page's head did this before the first paint; this follows later choices, also those made in another tab.
  useEffect(() => {
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  }, [theme]);
  return (
    <fieldset className="theme-switch" aria-label="Colours">
      {themes.map(({ name, label, icon }) => (
        <button key={name} type="button" aria-pressed={theme === name} aria-label={label} title={label} onClick={() => setTheme(name)}>
          {icon}
        </button>
      ))}
    </fieldset>
  );
}
