// Answers as they are shown: long ones unfold, tables of documents are filtered, a conversation is printed whole.
(() => {
  // What the reader chose outlasts the patches of a part, which bring its elements as the server wrote them.
  const opened = new Set(); // turns that are shown whole
  const filters = new Map(); // the state of documents that is shown, by turn
  const set = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };

  const apply = () => {
    document.querySelectorAll('[data-long]').forEach((part) =>
      set(part, 'data-open', String(opened.has(part.dataset.long))));
    document.querySelectorAll('[data-show-all]').forEach((button) => {
      const isOpen = opened.has(button.dataset.showAll);
      set(button, 'aria-expanded', String(isOpen));
      const words = isOpen ? 'Show less' : 'Show all';
      if (button.textContent !== words) button.textContent = words;
    });
    document.querySelectorAll('.each[data-turn]').forEach((table) =>
      set(table, 'data-show', filters.get(table.dataset.turn) ?? 'all'));
    document.querySelectorAll('[data-filter]').forEach((button) =>
      set(button, 'aria-pressed', String((filters.get(button.dataset.of) ?? 'all') === button.dataset.filter)));
  };

  document.addEventListener('click', (event) => {
    const at = (selector) => event.target.closest?.(selector);
    const whole = at('[data-show-all]');
    const filter = at('[data-filter]');
    if (whole) {
      const turn = whole.dataset.showAll;
      if (opened.delete(turn)) whole.closest('.turn')?.scrollIntoView({ block: 'start' });
      else opened.add(turn);
    } else if (filter) {
      filters.set(filter.dataset.of, filter.dataset.filter);
      if (filter.dataset.filter !== 'all') opened.add(filter.dataset.of);
    }
    if (at('[data-print]')) window.print();
    document.querySelectorAll('details.take[open]').forEach((menu) => menu.contains(event.target) ||
      menu.removeAttribute('open'));
    if (whole || filter) apply();
  });
  // The keyboard reaches what is folded away: it unfolds then.
  document.addEventListener('focusin', (event) => {
    const part = event.target.closest?.('[data-long]');
    if (!part || opened.has(part.dataset.long)) return;
    opened.add(part.dataset.long);
    apply();
  });
  document.addEventListener('keydown', (event) => {
    const menu = event.key === 'Escape' && event.target.closest?.('details.take[open]');
    if (!menu) return;
    menu.removeAttribute('open');
    menu.querySelector('summary').focus();
  });

  document.addEventListener('toggle', (event) => { // it does not bubble
    const menu = event.target.matches?.('details.take[open]') && event.target.querySelector('ul');
    if (menu) menu.scrollIntoView({ block: 'nearest' });
  }, true);

  new MutationObserver(apply).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ['data-open', 'data-show', 'aria-pressed'],
  });
})();
