// Addresses of the page: Back and Forward, links to places, and the matter that this browser showed last.
(() => {
  const LAST = 'pincite-last-matter';
  const stored = (store) => { // a browser may forbid it
    try { return store(window.localStorage); } catch { return null; }
  };

  // The bare address opens the last matter: its id is there before the page is asked for.
  const last = stored((storage) => storage.getItem(LAST));
  if (!location.search && /^[0-9a-f]{32}$/.test(last ?? '')) {
    history.replaceState(null, '', `${location.pathname}?matter=${last}&last=1${location.hash}`);
  }

  // What makes two addresses two places to go back to; the page that is read, or the citation, is not one of them.
  const place = (address) => {
    const query = new URLSearchParams(address.split('?')[1]);
    const of = (name) => query.get(name) ?? '';
    const [matter, conversation, document] = ['matter', 'conversation', 'document'].map(of);
    return { matter, conversation, document, cites: query.has('turn') };
  };
  const isStep = (from, to) => from.matter !== to.matter || from.document !== to.document || from.cites !== to.cites ||
    (from.conversation !== '' && from.conversation !== to.conversation); // a first question begins one, in its place

  let shown = null; // the address of what the page shows
  let returning = 0; // how often the user went back or forward, and the page is not there yet
  const arrive = () => {
    const here = document.querySelector('#here');
    const address = here?.dataset.address;
    if (!address || address === shown) return;
    const before = shown;
    shown = address;
    if (here.dataset.matter) stored((storage) => storage.setItem(LAST, here.dataset.matter));
    returning = Math.max(0, returning - 1);
    if (returning > 0 || address === location.pathname + location.search) return;
    const isNew = before !== null && isStep(place(before), place(address)) && !arrive.back;
    history[isNew ? 'pushState' : 'replaceState'](null, '', address);
    arrive.back = false;
  };
  new MutationObserver(arrive).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ['data-address'],
  });

  window.addEventListener('popstate', () => {
    const go = document.querySelector('#go');
    if (!go || shown === location.pathname + location.search) return;
    returning += 1;
    arrive.back = true;
    go.dataset.address = location.search.slice(1);
    go.click();
    const to = place(location.search);
    window.showArea(to.document || to.cites ? 'evidence' : 'chat');
  });

  // A link to a place is its address on this server.
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-link]');
    if (!button) return;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(new URL(button.dataset.link, location.origin).href);
      button.textContent = 'Link copied';
    } catch {
      button.textContent = 'The browser does not allow copying here';
    }
    const spoken = document.querySelector('#spoken');
    if (spoken) spoken.textContent = button.textContent;
    setTimeout(() => (button.textContent = label), 2000);
  });
})();
