// The palette (Ctrl-K): what can be done and gone to from here, found by words. It offers what the page offers: an act
// that is not on the page, because the user may not do it, is not in the palette either.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const ACTS = [ // words, the element that does it, the key that does it too
    ['Ask a question', '#question textarea', ''],
    ['Find every mention of exact words', '#find', ''],
    ['New conversation', '[data-do=new]', ''],
    ['Add files', '#upload button', ''],
    ['Add a folder', 'button[data-folder]', ''],
    ['Choose the documents to ask', '.scope', ''],
    ['Next page or citation', '#evidence [data-key=next]', '→'],
    ['Previous page or citation', '#evidence [data-key=previous]', '←'],
    ['Next citation', '#evidence [data-key=cited-next]', 'Alt Page Down'],
    ['Previous citation', '#evidence [data-key=cited-previous]', 'Alt Page Up'],
    ['Go to a page', '#evidence .turning input', 'g'],
    ['Find in this document', '#evidence .find input', '/'],
    ['Write a note', '#evidence form.note textarea', 'n'],
    ['Larger', '#evidence [data-key=larger]', '+'],
    ['Smaller', '#evidence [data-key=smaller]', '−'],
    ['Fit the width', '#evidence [data-key=fit]', '0'],
    ['Close the document', '#evidence [data-key=close]', ''],
    ['Show or fold the evidence', '[data-fold]', ''],
    ['Help', '[data-dialog=help]', ''],
    ['About pincite', '[data-dialog=about]', ''],
    ['Use a better model', '[data-dialog=model]', ''],
    ['People of this matter', 'a.people', ''],
    ['Account', '.account a', ''],
    ['Sign out', '.account button', ''],
  ];
  const KINDS = { act: 'Do', document: 'Document', clause: 'Clause', conversation: 'Conversation', matter: 'Matter' };
  const DO = {
    document: (id) => ({ do: 'read-document', document: id }),
    conversation: (id) => ({ do: 'open', conversation: id }),
    matter: (id) => ({ do: 'matter', value: id }),
  };

  const dialog = () => $('#palette');
  const field = () => $('input', dialog());
  const list = () => $('#palette-list');
  let rows = [], chosen = 0, asked = 0, back = null;

  const isOffered = (element) => element && !element.matches('[aria-disabled], :disabled') &&
    (element.offsetParent || innerWidth <= 900 || element.closest('details')); // in an area, or folded
  const acts = () => ACTS.filter(([, selector]) => isOffered($(selector)))
    .map(([name, selector, note]) => ({ kind: 'act', name, note, selector }));
  const clauses = () => [...document.querySelectorAll('#part-outline [data-at]')]
    .map((button) => ({ kind: 'clause', name: button.textContent, note: '', said: { ...button.dataset } }));
  const fits = (words) => ({ name, note }) => words.every((word) => `${name} ${note}`.toLowerCase().includes(word));

  const choose = (at) => {
    chosen = Math.min(Math.max(at, 0), rows.length - 1);
    [...list().children].forEach((row, i) => row.setAttribute('aria-selected', String(i === chosen)));
    const row = list().children[chosen];
    if (row) field().setAttribute('aria-activedescendant', row.id);
    else field().removeAttribute('aria-activedescendant');
    row?.scrollIntoView({ block: 'nearest' });
  };
  const draw = (found) => {
    rows = found;
    list().replaceChildren(...rows.map(({ kind, name, note, said }, i) => {
      const row = document.createElement('li');
      row.id = `palette-${i}`;
      row.setAttribute('role', 'option');
      Object.assign(row.dataset, said);
      for (const [tag, words] of [['span', KINDS[kind]], ['strong', name], ['em', note]]) {
        const part = document.createElement(tag);
        part.textContent = words;
        if (words) row.append(part, ' ');
      }
      return row;
    }));
    choose(0);
    const count = rows.length;
    $('[role=status]', dialog()).textContent = count ? `${count} to choose from` : 'Nothing has these words';
  };
  const look = async () => {
    const words = field().value.toLowerCase().split(/\s+/).filter(Boolean), turn = ++asked;
    const matter = $('#here')?.dataset.matter;
    const near = words.length ? clauses().filter(fits(words)).slice(0, 12) : [];
    const here = [...acts().filter(fits(words)), ...near];
    draw(here);
    if (!matter) return;
    const address = `/matters/${matter}/palette?${new URLSearchParams({ words: words.join(' ') })}`;
    const answer = await fetch(address).catch(() => null);
    const found = answer?.ok ? await answer.json() : [];
    if (turn !== asked || !dialog().open) return;
    const places = found.map((row) => ({ ...row, said: DO[row.kind](row.id) }));
    const kept = rows[chosen];
    draw(words.length ? [...places, ...here] : [...here, ...places]);
    if (kept && chosen === 0 && !words.length) choose(0);
  };
  let timer = 0;
  const open = () => {
    if (!dialog() || dialog().open || $('dialog[open]')) return;
    back = document.activeElement;
    field().value = '';
    dialog().showModal();
    field().focus();
    look();
  };
  const doIt = (row) => {
    if (!row) return;
    const { selector } = rows[[...list().children].indexOf(row)] ?? {};
    dialog().close();
    if (!selector) {
      const { area } = window.acts[row.dataset.do] ?? {};
      if (area) window.showArea(area);
      if (area === 'evidence') {
        back = null; // the focus waits for the evidence, where there is none yet
        window.toEvidence();
      }
      return;
    }
    const element = $(selector);
    element.closest('details')?.setAttribute('open', '');
    const area = element.closest('#sidebar, #chat, #evidence')?.id;
    if (area && !element.offsetParent) window.showArea(area);
    element.focus();
    if (element.matches('a, button')) element.click();
  };

  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      if (dialog()?.open) dialog().close();
      else open();
    } else if (dialog()?.open) {
      const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, PageDown: chosen + 8, PageUp: chosen - 8 }[event.key];
      if (to !== undefined) choose(to);
      else if (event.key === 'Enter') list().children[chosen]?.click();
      else return;
      event.preventDefault();
    }
  });
  document.addEventListener('input', (event) => {
    if (event.target !== dialog()?.querySelector('input')) return;
    clearTimeout(timer);
    timer = setTimeout(look, 120);
  });
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-palette]')) open();
    else if (event.target === dialog()) dialog().close(); // beside it
    else doIt(event.target.closest('#palette-list li'));
  });
  document.addEventListener('close', (event) => {
    if (event.target === dialog() && document.activeElement === document.body) back?.focus?.();
  }, true);
})();
