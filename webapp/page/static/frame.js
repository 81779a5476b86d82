// The frame of the page: the evidence that is shown or away, dialogs, skip links.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);

  // The evidence is away until there is some; a reader may put it away, and the browser remembers that.
  const KEPT = 'pincite-evidence';
  let away = false;
  try { away = localStorage.getItem(KEPT) === 'away'; } catch { /* a browser that keeps nothing */ }
  // Until the page is opened its address says what there will be: nothing is pushed aside when it comes.
  const query = new URLSearchParams(location.search);
  window.awaited = () => {
    if ($('#here')?.dataset.address || $('#part-notice .notice')) return ''; // opened, or refused
    return query.has('turn') ? 'citation' : query.has('document') ? 'document' : '';
  };
  const set = (element, name, value) => { if (element.dataset[name] !== value) element.dataset[name] = value; };
  const fold = () => {
    const columns = $('#columns');
    const evidence = $('#evidence');
    if (!columns || !evidence) return;
    const isThere = Boolean($('#part-evidence *', evidence)) && !$('[data-nothing]', evidence);
    const awaited = window.awaited();
    const has = isThere || Boolean(awaited);
    set(columns, 'awaited', awaited);
    set(columns, 'has', has ? 'evidence' : '');
    set(columns, 'evidence', has && !away ? 'shown' : 'away');
    const toggle = $('[data-fold]');
    const expanded = String(has && !away);
    if (toggle && toggle.getAttribute('aria-expanded') !== expanded) toggle.setAttribute('aria-expanded', expanded);
  };
  const showEvidence = (shown) => {
    away = !shown;
    try { localStorage.setItem(KEPT, away ? 'away' : 'shown'); } catch { /* as above */ }
    fold();
  };

  // Dialogs are native: the focus stays within, Escape closes, and the focus goes back to what opened it.
    // Who may choose what writes the answers is shown the choice, others are told who chooses.
  const open = (name) => {
    const choice = name === 'model' && $('.model-entry [data-do=models], section.models');
    if (!choice) {
      $(`#dialog-${name}`)?.showModal();
      return;
    }
    window.showArea?.('sidebar');
    if (choice.matches('button')) choice.click();
    choice.scrollIntoView({ block: 'nearest' });
  };
  let answer = null;
  window.confirmed = (words, yes = 'Delete') => new Promise((resolve) => {
    const dialog = $('#dialog-confirm');
    if (!dialog) { resolve(window.confirm(words)); return; }
    $('#dialog-confirm-words').textContent = words;
    $('[data-confirmed]', dialog).textContent = yes;
    answer = resolve;
    dialog.showModal();
  });
  document.addEventListener('close', (event) => { // it does not bubble
    if (event.target.id !== 'dialog-confirm') return;
    answer?.(false);
    answer = null;
  }, true);

  const SKIPS = { question: '#question textarea', evidence: '#evidence-heading' };
  document.addEventListener('click', (event) => {
    const at = (selector) => event.target.closest?.(selector);
    const dialog = at('dialog.dialog');
    if (at('[data-dialog]')) open(at('[data-dialog]').dataset.dialog);
    else if (at('[data-add]')) $('#upload button')?.click();
    else if (at('[data-fold]')) showEvidence(at('[data-fold]').getAttribute('aria-expanded') !== 'true');
    else if (at('[data-skip]')) {
      event.preventDefault();
      const { skip } = at('[data-skip]').dataset;
      if (skip === 'evidence') showEvidence(true);
      window.showArea?.(skip === 'evidence' ? 'evidence' : 'chat');
      $(SKIPS[skip])?.focus();
    } else if (dialog && at('[data-confirmed]')) {
      answer?.(true);
      answer = null;
      dialog.close();
    } else if (dialog && (at('[data-close]') || event.target === dialog)) dialog.close();
    if (window.acts?.[at('[data-do]')?.dataset.do]?.area === 'evidence') showEvidence(true);
  });

  // A question that waits for the documents that are being read is asked once all are.
  const ask = () => {
    const waits = $('#part-now [data-waits=yes]');
    if (!waits || $('#part-reading .reading')) return;
    waits.dataset.waits = 'done';
    $('[data-do=ready]', waits).click();
  };
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-wait]');
    if (!button) return;
    const waits = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(waits));
    button.textContent = waits ? 'Waiting: it is asked as soon as all are read'
      : 'Wait, and ask as soon as all are read';
    button.closest('[data-waits]').dataset.waits = waits ? 'yes' : 'no';
    ask();
  });

  new MutationObserver(() => { fold(); ask(); }).observe(document.documentElement, { childList: true, subtree: true });
})();
