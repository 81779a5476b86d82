// Folders that are added, chosen or dropped: their files go up some at a time, each named by the folders that it lies
// in, as the files of an archive are; so the list shows them in these folders.
(() => {
  const FOLDER = ' › ';
  const AT_ONCE = 40; // files in one upload
  const MOST = 5000;
  const LONGEST = 255; // characters of a name
  const upload = () => document.querySelector('#upload');
  const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

  const named = (file, path) => { // of a long path the inner folders
    const parts = path.split('/').filter(Boolean);
    while (parts.length > 1 && parts.join(FOLDER).length > LONGEST) parts.shift();
    return new File([file], parts.join(FOLDER), { type: file.type, lastModified: file.lastModified });
  };

  // What lies in a folder that was dropped, one file more than is taken at most; a folder gives its entries some at a
  // time. What the browser cannot read is told.
  const filesIn = async (entry, found, told) => {
    if (found.length > MOST) return;
    const unread = () => told.push(`“${entry.name}” cannot be read by this browser.`);
    if (entry.isFile) {
      const file = await new Promise((resolve) => { entry.file(resolve, () => resolve(unread() && null)); });
      if (file) found.push(named(file, entry.fullPath));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const entries = await new Promise((resolve) => { reader.readEntries(resolve, () => resolve(unread() && [])); });
      if (!entries.length) return;
      for (const each of entries) await filesIn(each, found, told);
    }
  };

  const input = () => upload()?.querySelector('input[type=file]');
  const isRefused = () => document.getElementById('told'); // an upload as a whole
  // Gradio puts in the place of the field how far the upload is, then a list of the files until the server has
  // answered, and then another field.
  const isFree = () => input() && !upload().querySelector('.file-preview-holder');
  const untilFree = async (field) => {
    while (field.isConnected && !isRefused()) await wait(100);
    while (!isFree()) await wait(100);
  };
  const refusals = () => [
    ...document.querySelectorAll('#part-notice p')].map((each) => each.textContent.replace(/^!/, '').trim());
  let under = Promise.resolve();
  const add = (chosen, told = []) => {
    const files = chosen.slice(0, MOST);
    if (chosen.length > MOST) told.push(`Only the first ${MOST.toLocaleString('en')} files of the folder are added.`);
    under = under.then(async () => {
      const before = told.length;
      isRefused()?.remove(); // of an upload before this one
      for (let at = 0; at < files.length; at += AT_ONCE) {
        while (!isFree()) await wait(100);
        const some = new DataTransfer(), field = input();
        files.slice(at, at + AT_ONCE).forEach((file) => some.items.add(file));
        field.files = some.files;
        field.dispatchEvent(new Event('change', { bubbles: true }));
        await untilFree(field);
        if (isRefused()) {
          told.push(isRefused().querySelector('p').textContent);
          break;
        }
        told.push(...refusals());
      }
      if (before || (files.length > AT_ONCE && told.length)) window.tellAll([...new Set(told)]);
    });
  };

  document.addEventListener('change', ({ target }) => {
    if (!target.matches?.('input[data-folder]')) return;
    add([...target.files].map((file) => named(file, file.webkitRelativePath)));
    target.value = '';
  });
  document.addEventListener('click', ({ target }) => {
    if (target.closest?.('button[data-folder]')) document.querySelector('input[data-folder]').click();
  });
  document.addEventListener('drop', (event) => {
    if (!event.target.closest?.('#upload')) return;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) return; // files alone are gradio's
    event.preventDefault();
    event.stopPropagation();
    (async () => {
      const [found, told] = [[], []];
      for (const entry of entries) await filesIn(entry, found, told);
      add(found, told);
    })();
  }, true);
})();
