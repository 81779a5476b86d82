// Takes an answer along with its warnings, pin cites and marks: copied as HTML, which Word takes, and as text, or as a
// file. Where the server refuses, its sentence stands where the button or the link was.
(() => {
  const COPIED = { html: 'Copied for Word', text: 'Copied' };
  const REFUSED = 'The browser does not allow copying here';

  // The server writes what is taken, and records that it was.
  const asked = async (url) => {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error((await answer.json()).error);
    return answer;
  };
  const fetched = async (url) => (await asked(url)).json();

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

  const save = async (link) => {
    const answer = await asked(link.href);
    const file = document.createElement('a');
    file.href = URL.createObjectURL(await answer.blob());
    file.download = decodeURIComponent(answer.headers.get('Content-Disposition').split("''").pop());
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 60000);
  };

  // What was done, or why it was not, stands in the place of the words for a moment, and is read out.
  const tell = (element, message, words) => {
    element.textContent = message;
    setTimeout(() => (element.textContent = words), message.length > 40 ? 8000 : 2000);
    const spoken = document.querySelector('#spoken');
    if (spoken) spoken.textContent = message;
  };
  const why = (error) => (error instanceof DOMException || !error.message ? REFUSED : error.message);

  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('[data-copy-from]');
    const link = event.target.closest?.('.take a[download]');
    if (button) {
      const { copyFrom, copyAs } = button.dataset;
      const words = button.textContent;
      await write(copyFrom, copyAs).then(() => tell(button, COPIED[copyAs], words),
        (error) => tell(button, why(error), words));
    } else if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const words = link.textContent;
      link.textContent = 'The file is made…';
      await save(link).then(() => tell(link, 'Saved', words), (error) => tell(link, why(error), words));
    }
  });
})();
