// Purpose: where the API key is kept between page loads: this tab only, or this browser, as the reader chose.
// Invariant: the key is in at most one of the two stores, and in no URL.

const name = 'troupe.key';

export interface KeyStores {
  readonly tab: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly browser: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

export type Keep = 'tab' | 'browser';

const here = (): KeyStores => ({ tab: window.sessionStorage, browser: window.localStorage });

export function stored_key(stores: KeyStores = here()): string | null {
  return stores.tab.getItem(name) ?? stores.browser.getItem(name);
}

export function keep_key(key: string, keep: Keep, stores: KeyStores = here()): void {
  forget_key(stores);
  stores[keep].setItem(name, key);
}

export function forget_key(stores: KeyStores = here()): void {
  stores.tab.removeItem(name);
  stores.browser.removeItem(name);
}
