// Light or dark: the system's choice until the reader makes another.
import { recall, remember } from './storage';

type Choice = 'light' | 'dark' | 'system';

class Theme {
  choice = $state<Choice>('system');
  dark = $state(false);

  constructor() {
    const chosen = recall('theme');
    if (chosen === 'light' || chosen === 'dark') this.choice = chosen;
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', () => this.#apply(system.matches));
    this.#apply(system.matches);
  }

  toggle(): void {
    const system = window.matchMedia('(prefers-color-scheme: dark)').matches;
    const wanted = this.dark ? 'light' : 'dark';
    this.choice = (wanted === 'dark') === system ? 'system' : wanted;
    remember('theme', this.choice === 'system' ? null : this.choice);
    this.#apply(system);
  }

  #apply(system: boolean): void {
    if (this.choice === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.choice;
    this.dark = this.choice === 'system' ? system : this.choice === 'dark';
  }
}

export const theme = new Theme();
