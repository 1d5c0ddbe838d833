// The row of a list that a link led to (?show=...): it is scrolled to and has the focus once the list is there.
import { tick } from 'svelte';
import { router } from './router.svelte';

export function showRow(ids: () => string[] | null): { readonly id: string | null; readonly missing: boolean } {
  const id = $derived(new URLSearchParams(router.query).get('show'));
  const missing = $derived(id !== null && ids() !== null && !ids()!.includes(id));
  let done: string | null = null;
  $effect(() => {
    if (id === null || id === done || !ids()?.includes(id)) return;
    done = id;
    void tick().then(() => {
      const row = document.getElementById(`row-${id}`);
      row?.scrollIntoView({ block: 'center' });
      row?.focus({ preventScroll: true });
    });
  });
  return {
    get id() {
      return id;
    },
    get missing() {
      return missing;
    },
  };
}
