// Long lists of the sidebar: the rows that the server sends as JSON, drawn with text nodes alone, and only those in
// sight. A list is one stop of the Tab key; the arrows lead through its rows and, left and right, through a row.
window.lists = (() => {
  const OVER = 6; // rows that are drawn above and below those in sight
  const SIZES = { PageDown: 1, PageUp: -1 };

  // An element with properties, `data-` attributes, other attributes and children.
  const make = (tag, { data = {}, attributes = {}, ...properties } = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    Object.assign(element.dataset, data);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
    return element;
  };

  const more = (label) => make('button', {
    type: 'button', className: 'icon more', attributes: { 'aria-label': label, 'aria-haspopup': 'dialog' },
  }, make('span', { attributes: { 'aria-hidden': 'true' } }, '⋯'));

  // Make an element like another one, and leave what is alike: the focus stays where it is.
  const patch = (old, fresh) => {
    if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
    if (old.nodeType === Node.TEXT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return undefined;
    }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const state of ['checked', 'indeterminate', 'tabIndex']) {
      if (state in old && old[state] !== fresh[state]) old[state] = fresh[state];
    }
    const [were, are] = [[...old.childNodes], [...fresh.childNodes]];
    were.slice(are.length).forEach((child) => child.remove());
    are.forEach((child, n) => (were[n] ? patch(were[n], child) : old.append(child)));
    return undefined;
  };

  // What the server says of a list: all of it, or what has changed since the version that this page has.
  const follow = (name, changed) => {
    const rows = new Map();
    let version = 0;
    let read = '';
    return () => {
      const told = document.querySelector(`#part-${name}-rows pre`)?.textContent ?? '';
      if (told === read) return;
      read = told;
      if (!told) return;
      const message = JSON.parse(told);
      if (message.from && message.from !== version) {
        if (message.version !== version) act(name, { do: 'lists' });
        return;
      }
      if (!message.from) rows.clear();
      version = message.version;
      message.gone.forEach((id) => rows.delete(id));
      message.rows.forEach((row) => rows.set(row.id, row));
      changed(message.about, rows);
    };
  };

  // Send an act of a part of the page.
  const act = (part, detail) =>
    document.querySelector(`#part-${part} section`)?.dispatchEvent(new CustomEvent('act', { detail, bubbles: true }));

  // A grid whose rows are `items` with a key; `draw` makes the cells of one, `rems` says how high it is.
  const grid = (box, canvas, { draw, rems, keyed }) => {
    let items = [];
    let tops = [0];
    let at = new Map(); // position by key
    const drawn = new Map(); // elements by key
    let here = { key: '', cell: 0 }; // what the Tab key leads to

    const cells = (row) => [...row.querySelectorAll('[role=gridcell] :is(button, input, a)')];
    const place = () => Math.max(0, at.get(here.key) ?? 0);

    const row = (n) => {
      const item = items[n];
      const element = make('div', { attributes: { role: 'row', 'aria-rowindex': n + 1 }, data: { key: item.key } });
      element.append(...draw(item).map((cell) => make('div', { attributes: { role: 'gridcell' } }, cell)));
      Object.assign(element.dataset, item.data ?? {});
      element.className = item.className ?? '';
      element.style.height = `${tops[n + 1] - tops[n]}px`;
      element.style.top = `${tops[n]}px`;
      cells(element).forEach((control, cell) => {
        control.tabIndex = n === place() && cell === Math.min(here.cell, cells(element).length - 1) ? 0 : -1;
      });
      return element;
    };

    const first = (y) => { // the row at a height
      let [low, high] = [0, items.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (tops[middle] <= y) low = middle;
        else high = middle - 1;
      }
      return low;
    };

    const render = () => {
      if (!items.length) {
        canvas.replaceChildren();
        drawn.clear();
        return;
      }
      const from = Math.max(0, first(box.scrollTop) - OVER);
      const to = Math.min(items.length - 1, first(box.scrollTop + box.clientHeight) + OVER);
      const wanted = [];
      for (let n = from; n <= to; n += 1) wanted.push(n);
      if (place() < from) wanted.unshift(place());
      if (place() > to) wanted.push(place());
      const keys = new Set(wanted.map((n) => items[n].key));
      const focused = canvas.contains(document.activeElement) && document.activeElement.closest('[role=row]');
      for (const [key, element] of drawn) {
        if (keys.has(key)) continue;
        element.remove();
        drawn.delete(key);
      }
      let next = canvas.firstElementChild;
      for (const n of wanted) {
        const fresh = row(n);
        const known = drawn.get(items[n].key);
        if (known) patch(known, fresh);
        else drawn.set(items[n].key, fresh);
        const element = drawn.get(items[n].key);
        if (element === next) next = next.nextElementSibling;
        else canvas.insertBefore(element, next);
      }
      if (focused && !canvas.contains(document.activeElement)) focus();
    };

    const focus = () => {
      const element = drawn.get(items[place()]?.key);
      if (!element) return;
      const controls = cells(element);
      controls[Math.min(here.cell, controls.length - 1)]?.focus({ preventScroll: true });
    };

    const show = (n) => { // scroll so that a row is in sight
      if (tops[n] < box.scrollTop) box.scrollTop = tops[n];
      else if (tops[n + 1] > box.scrollTop + box.clientHeight) box.scrollTop = tops[n + 1] - box.clientHeight;
    };

    const go = (n, cell = here.cell) => {
      if (!items.length) return;
      const to = Math.min(items.length - 1, Math.max(0, n));
      here = { key: items[to].key, cell };
      show(to);
      render();
      focus();
    };

    const set = (list) => {
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const was = place();
      items = list;
      at = new Map(items.map((item, n) => [item.key, n]));
      tops = [0];
      items.forEach((item, n) => tops.push(tops[n] + Math.round(rems(item) * rem)));
      if (!at.has(here.key)) here = { ...here, key: items[Math.min(was, items.length - 1)]?.key ?? '' };
      canvas.style.height = `${tops[items.length]}px`;
      box.setAttribute('aria-rowcount', items.length);
      render();
    };

    let waiting = false;
    box.addEventListener('scroll', () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        render();
      });
    }, { passive: true });
    let width = 0;
    new ResizeObserver(() => { // heights depend on the width
      if (box.clientWidth === width) render();
      else {
        width = box.clientWidth;
        set(items);
      }
    }).observe(box);
    box.addEventListener('focusin', (event) => {
      const element = event.target.closest('[role=row]');
      const cell = element ? cells(element).indexOf(event.target) : -1;
      if (cell < 0 || (here.key === element.dataset.key && here.cell === cell)) return;
      here = { key: element.dataset.key, cell };
      render();
    });
    box.addEventListener('keydown', (event) => {
      const element = event.target.closest('[role=row]');
      if (!element || event.altKey || event.target.matches('input:not([type=checkbox])')) return;
      const n = at.get(element.dataset.key);
      const controls = cells(element);
      const cell = controls.indexOf(event.target);
      const page = (SIZES[event.key] ?? 0) * Math.max(1, Math.floor(box.clientHeight / (tops[1] || 50)));
      if (keyed?.(event, items[n])) event.preventDefault();
      else if (event.ctrlKey || event.metaKey) return;
      else if (event.key === 'ArrowDown') go(n + 1);
      else if (event.key === 'ArrowUp') go(n - 1);
      else if (event.key === 'ArrowRight') controls[Math.min(cell + 1, controls.length - 1)].focus();
      else if (event.key === 'ArrowLeft') controls[Math.max(cell - 1, 0)].focus();
      else if (event.key === 'Home') go(0);
      else if (event.key === 'End') go(items.length - 1);
      else if (page) go(n + page);
      else return;
      event.preventDefault();
    });
    return { set, render, go: (key, cell) => at.has(key) && go(at.get(key), cell), element: (key) => drawn.get(key) };
  };

  // The menu of a row: a popover beside its button; what it holds is up to date while it is open.
  const menu = (popover) => {
    let opener = null;
    let fill = () => [];
    const close = () => popover.matches(':popover-open') && popover.hidePopover();
    const filled = () => make('div', {}, ...fill());
    const refresh = () => {
      if (!popover.matches(':popover-open')) return;
      const fresh = filled();
      if (fresh.childNodes.length) patch(popover.firstElementChild, fresh);
      else close();
    };
    const open = (button, label, children) => {
      [opener, fill] = [button, children];
      popover.replaceChildren(filled());
      popover.setAttribute('aria-label', label);
      popover.showPopover();
      const [by, own] = [button.getBoundingClientRect(), popover.getBoundingClientRect()];
      popover.style.top = `${Math.max(8, Math.min(by.bottom + 4, innerHeight - own.height - 8))}px`;
      popover.style.left = `${Math.max(8, Math.min(by.left, innerWidth - own.width - 8))}px`;
      popover.querySelector('button, a, input')?.focus();
    };
    popover.addEventListener('toggle', (event) => {
      if (event.newState === 'closed' && opener?.isConnected && !document.activeElement?.closest('dialog')) {
        if (document.activeElement === document.body || popover.contains(document.activeElement)) opener.focus();
      }
    });
    popover.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      const controls = [...popover.querySelectorAll('button, a')];
      const n = controls.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
      controls[(n + controls.length) % controls.length]?.focus();
      event.preventDefault();
    });
    popover.addEventListener('click', (event) => event.target.closest('button, a') && close());
    return { open, refresh };
  };

  const say = (words) => { // to screen readers
    const spoken = document.querySelector('#spoken');
    if (spoken) spoken.textContent = words;
  };

  const number = (count) => count.toLocaleString('en');
  const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

  // Once the part is there: it is laid out by gradio, some time after this script.
  const whenThere = (selector, begin) => {
    const look = () => {
      const element = document.querySelector(selector);
      if (!element) return false;
      begin(element);
      return true;
    };
    if (look()) return;
    const observer = new MutationObserver(() => look() && observer.disconnect());
    observer.observe(document.documentElement, { childList: true, subtree: true });
  };

  // Call `read` at every change of parts of the page.
  const watch = (ids, read) => {
    const observer = new MutationObserver(read);
    ids.forEach((id) => whenThere(`#part-${id}`, (element) =>
      observer.observe(element, { childList: true, subtree: true, characterData: true })));
    read();
  };

  return { make, more, follow, act, grid, menu, say, number, plural, whenThere, watch };
})();
