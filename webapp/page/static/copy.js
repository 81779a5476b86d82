// Copies an answer with its warnings, pin cites and marks: as HTML, which Word takes, and as text.
(() => {
  const COPIED = { html: 'Copied for Word', text: 'Copied' };
  const REFUSED = 'The browser does not allow copying here';

  // The server writes both, and records that they were taken.
  const fetched = async (url) => {
    const answer = await fetch(url);
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error);
    return said;
  };

  // Without a secure address there is no clipboard of both kinds: what is copied is put into the event of copying.
  const byEvent = ({ text, html }, kind) => {
    let done = false;
    const put = (event) => {
      event.clipboardData.setData('text/plain', text);
      if (kind === 'html') event.clipboardData.setData('text/html', html);
      event.preventDefault();
      done = true;
    };
    document.addEventListener('copy', put, { once: true, capture: true });
    document.execCommand('copy');
    document.removeEventListener('copy', put, { capture: true });
    if (!done) throw new DOMException(REFUSED, 'NotAllowedError');
  };

  // A clipboard takes promises, so that it is asked for while the click still counts.
  const write = async (url, kind) => {
    const said = fetched(url);
    if (!navigator.clipboard?.write || !window.ClipboardItem) return byEvent(await said, kind);
    const of = (type, name) => said.then((both) => new Blob([both[name]], { type }));
    const parts = { 'text/plain': of('text/plain', 'text') };
    if (kind === 'html') parts['text/html'] = of('text/html', 'html');
    try {
      await navigator.clipboard.write([new ClipboardItem(parts)]);
    } catch {
      byEvent(await said, kind);
    }
    return undefined;
  };

  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('[data-copy-from]');
    if (!button) return;
    const { copyFrom, copyAs } = button.dataset;
    const words = button.textContent;
    let message = COPIED[copyAs];
    try {
      await write(copyFrom, copyAs);
    } catch (error) {
      message = error instanceof DOMException || !error.message ? REFUSED : error.message;
    }
    button.textContent = message;
    setTimeout(() => (button.textContent = words), 2000);
    const spoken = document.querySelector('#spoken');
    if (spoken) spoken.textContent = message;
  });
})();
