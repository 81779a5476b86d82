// The answer while it is written: a stream of its own fills the element that names its address. Where none can be had,
// the finished answer comes with one of the page's next looks.
(() => {
  const FIRST_WAIT = 2; // seconds, doubled after each refusal
  const MOST_WAIT = 60;
  let followed = '';
  let source = null;

  // Changes what is new and leaves alone what is the same: what a reader has selected of it, or opened, stays.
  const patch = (shown, wanted) => {
    const before = [...shown.childNodes];
    const after = [...wanted.childNodes];
    after.forEach((node, n) => {
      const old = before[n];
      if (!old) shown.append(node);
      else if (old.isEqualNode(node)) return;
      else if (old.nodeType === 3 && node.nodeType === 3 && node.data.startsWith(old.data)) {
        old.appendData(node.data.slice(old.data.length));
      } else if (old.nodeType === 1 && old.cloneNode().isEqualNode(node.cloneNode())) patch(old, node);
      else old.replaceWith(node);
    });
    before.slice(after.length).forEach((node) => node.remove());
  };

  const draft = () => document.querySelector('[data-draft]');
  const open = (address, seconds = FIRST_WAIT) => {
    let html = '';
    let wait = seconds;
    const events = new EventSource(address);
    source = events;
    events.addEventListener('message', ({ data }) => {
      const { keep, html: rest } = JSON.parse(data);
      html = html.slice(0, keep) + rest;
      wait = FIRST_WAIT;
      const wanted = document.createElement('template');
      wanted.innerHTML = html;
      if (draft()?.dataset.draft === address) patch(draft(), wanted.content);
    });
    events.addEventListener('end', () => {
      events.close();
      const detail = { do: 'finished', turn: draft()?.dataset.turn };
      if (draft()?.dataset.draft === address) draft().dispatchEvent(new CustomEvent('act', { bubbles: true, detail }));
    });
    events.addEventListener('error', () => { // a connection that breaks is made again by the browser
      if (events.readyState !== EventSource.CLOSED) return;
      setTimeout(() => { if (source === events) open(address, Math.min(2 * wait, MOST_WAIT)); }, wait * 1000);
    });
  };

  const follow = () => {
    const address = draft()?.dataset.draft ?? '';
    if (address === followed) return;
    source?.close();
    source = null;
    followed = address;
    if (address) open(address);
  };
  new MutationObserver(follow).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ['data-draft'],
  });
})();
