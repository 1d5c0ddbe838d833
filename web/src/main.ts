import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { forgetOldPurchases } from './lib/purchase.svelte';

try {
  forgetOldPurchases();
} catch {
  // Without storage there is nothing to forget.
}

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no place for the page');
mount(App, { target });
