// The evidence and the document view: the words of a page over its image, its size, what is scrolled to, keys, terms.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const SVG = 'http://www.w3.org/2000/svg';
  const NARROW = 480, LEGIBLE = 15; // pixels: of a column, and of a line of text in it
  const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
  const RESOLUTIONS = [1, 1.5, 2, 3]; // of the images that are asked for

  const ranges = (text) => (text || '').split(' ').filter(Boolean).map((part) => part.split('-').map(Number));
  const meet = ([a, b], [start, end]) => a < end && start < b;

  // Size: of all pages in this window, until another is chosen.
  let zoom = 1, chosen = false;
  const size = (to) => {
    zoom = to;
    document.documentElement.style.setProperty('--zoom', to);
    document.querySelectorAll('.sheet img').forEach(sharpen);
  };
  const resize = (by) => {
    const near = ZOOMS.reduce((best, each, i) => (Math.abs(each - zoom) < Math.abs(ZOOMS[best] - zoom) ? i : best), 0);
    chosen = true;
    size(by ? ZOOMS[Math.min(Math.max(near + by, 0), ZOOMS.length - 1)] : 1);
  };
  // A page that is shown larger than its image is asked for in a higher resolution.
  const sharpen = (image) => {
    const url = new URL(image.src);
    const now = Number(url.searchParams.get('zoom') ?? 1);
    const needed = (image.clientWidth * Math.min(devicePixelRatio, 2) * now) / (image.naturalWidth || Infinity);
    const wanted = RESOLUTIONS.find((each) => each >= needed / 1.15) ?? RESOLUTIONS.at(-1);
    if (wanted <= now) return;
    url.searchParams.set('zoom', wanted);
    image.src = url.pathname + url.search;
  };

  // The words of a page, laid over its image so that they can be selected, read out and pointed at.
  const fetched = new Map(); // of the last pages, by URL
  const wordsOf = (url) => {
    if (!fetched.has(url)) {
      const answered = fetch(url).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
      fetched.set(url, answered);
      answered.then((placed) => placed || fetched.delete(url));
      if (fetched.size > 12) fetched.delete(fetched.keys().next().value);
    }
    return fetched.get(url);
  };
  const linesOf = ({ text, words }) => {
    const lines = [];
    for (const [start, end, left, top, right, bottom] of words) {
      const word = { start, end, left, top, right, bottom, text: text.slice(start, end) };
      const line = lines.at(-1), before = line?.at(-1);
      const level = before && Math.min(bottom, before.bottom) - Math.max(top, before.top);
      const height = before && Math.min(bottom - top, before.bottom - before.top);
      if (before && level > height / 2 && left >= before.left) line.push(word);
      else lines.push([word]);
    }
    return lines;
  };
  const drawn = (tag, attributes, ...children) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const lay = (sheet, placed) => {
    const image = $('img', sheet), url = sheet.dataset.words;
    const ratio = image.naturalHeight / image.naturalWidth;
    const layer = drawn('svg', { viewBox: `0 0 10000 ${Math.round(10000 * ratio)}`, class: 'layer', 'data-of': url });
    for (const line of linesOf(placed)) {
      const text = drawn('text', {});
      for (const word of line) {
        const width = word.right - word.left, height = (word.bottom - word.top) * ratio;
        if (height > 2 * width && word.text.length > 2) continue; // of a line that runs up or down
        text.append(drawn('tspan', {
          x: word.left, y: Math.round(word.top * ratio + height * 0.8),
          'font-size': Math.max(Math.round(height * 0.85), 1),
          textLength: width, lengthAdjust: 'spacingAndGlyphs', 'data-from': placed.start + word.start,
        }, word.text), ' ');
      }
      if (text.childNodes.length) layer.append(text);
    }
    layer.placed = placed;
    $('.paper', sheet).append(layer);
  };
  const boxes = ({ start: of, words }, range) =>
    words.filter(([start, end]) => meet([of + start, of + end], range));

  // What the panel lists beside a page, shown on it: defined terms, notes; and which of several mentions is meant.
  const mark = (sheet) => {
    const layer = $('.layer', sheet);
    const listed = [...document.querySelectorAll('#evidence .reader [data-places]')];
    const spans = ranges(sheet.dataset.spans);
    const found = { term: [], note: [], meant: $('#evidence [data-key=found-after]') ? spans.slice(0, 1) : [] };
    for (const row of listed) {
      const kind = row.tagName === 'DT' ? 'term' : 'note';
      for (const range of ranges(row.dataset.places)) found[kind].push(range);
    }
    const key = JSON.stringify(found);
    if (layer && layer.marked !== key) {
      layer.marked = key;
      layer.querySelectorAll('rect').forEach((old) => old.remove());
      const ratio = layer.viewBox.baseVal.height / 10000;
      for (const [kind, places] of Object.entries(found)) {
        for (const [, , left, top, right, bottom] of places.flatMap((range) => boxes(layer.placed, range))) {
          layer.prepend(drawn('rect', {
            class: kind, x: left, width: right - left,
            y: (kind === 'term' ? bottom - (bottom - top) * 0.08 : top) * ratio,
            height: (bottom - top) * ratio * (kind === 'term' ? 0.08 : 1),
          }));
        }
      }
    } else if (!layer && window.Highlight) {
      for (const [kind, places] of Object.entries(found)) { // `meant` is marked in the text
        CSS.highlights.set(kind, new Highlight(...places.map((range) => rangeOf(sheet, range)).filter(Boolean)));
      }
    }
  };

  // Offsets in the document's text, of the words that are shown, and back.
  const offsetOf = (node, offset) => {
    const from = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest('[data-from]');
    if (!from || from.dataset.from === '') return null;
    const before = document.createRange();
    before.setStart(from, 0);
    before.setEnd(node, offset);
    return Number(from.dataset.from) + before.toString().length;
  };
  const rangeOf = (sheet, [start, end]) => {
    const range = document.createRange();
    let isBegun = false;
    for (const piece of sheet.querySelectorAll('.typed [data-from]')) {
      const text = (piece.firstElementChild ?? piece).firstChild, from = Number(piece.dataset.from);
      if (!text || piece.dataset.from === '') continue;
      if (!isBegun && start < from + text.length) {
        range.setStart(text, Math.max(0, start - from));
        isBegun = true;
      }
      if (isBegun && end <= from + text.length) {
        range.setEnd(text, Math.max(0, end - from));
        return range;
      }
    }
    return null;
  };
  const selected = () => {
    const selection = document.getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const within = range.commonAncestorContainer;
    const sheet = (within.nodeType === Node.TEXT_NODE ? within.parentElement : within).closest('.sheet');
    const start = offsetOf(range.startContainer, range.startOffset);
    const end = offsetOf(range.endContainer, range.endOffset);
    return sheet && start !== null && end !== null && start < end ? { sheet, start, end } : null;
  };
  document.addEventListener('copy', (event) => {
    const words = selected();
    const placed = words && $('.layer', words.sheet)?.placed;
    if (!placed) return;
    event.clipboardData.setData('text/plain', placed.text.slice(words.start - placed.start, words.end - placed.start));
    event.preventDefault();
  });

  // What a page is opened for is scrolled to, once; on a narrow window large enough to be read.
  const scrolled = new WeakMap();
  const show = (sheet) => {
    const layer = $('.layer', sheet), image = $('img', sheet), paper = $('.paper, .typed', sheet);
    if (!paper || !sheet.clientHeight || (image && !(layer && image.clientHeight))) return;
    const [span] = ranges(sheet.dataset.spans);
    const at = sheet.dataset.at === '' || !sheet.dataset.at ? null : Number(sheet.dataset.at);
    const target = at === null ? span : [at, at + 1];
    const key = [sheet.dataset.words ?? paper.textContent.length, target, sheet.clientWidth].join(' ');
    if (scrolled.get(sheet) === key) return;
    scrolled.set(sheet, key);
    if (layer) toLegible(sheet, layer);
    sheet.scrollLeft = 0;
    const box = sheet.getBoundingClientRect();
    let place = $('mark', sheet)?.getBoundingClientRect() ?? null;
    if (layer && target) {
      const found = boxes(layer.placed, target), { top, left, width, height } = image.getBoundingClientRect();
      const [first] = found, x = (word) => left + (word[2] / 10000) * width;
      if (first) { // its lines begin further left than it, and are seen from their beginning where both fit
        const least = Math.min(...found.map(x)), fits = x(first) - least < sheet.clientWidth * 0.6;
        place = { top: top + (first[3] / 10000) * height, left: fits ? least : x(first) };
      }
    } else if (!layer && at !== null) {
      place = rangeOf(sheet, target)?.getBoundingClientRect() ?? place;
    }
    sheet.scrollTop = place ? sheet.scrollTop + place.top - box.top - sheet.clientHeight / 3 : 0;
    if (place) sheet.scrollLeft += place.left - box.left - 24;
    else if (layer) sheet.scrollLeft = leftOf(layer.placed) * image.clientWidth - 12;
  };
  const leftOf = ({ words }) => words.reduce((least, [, , left]) => Math.min(least, left), 10000) / 10000;
  const toLegible = (sheet, { placed }) => {
    const heights = placed.words.map(([, , , top, , bottom]) => bottom - top).sort((a, b) => a - b);
    if (chosen || !heights.length) return;
    const line = (heights[heights.length >> 1] / 10000) * ($('img', sheet).clientHeight / zoom);
    size(sheet.clientWidth < NARROW ? Math.min(Math.max(LEGIBLE / line, 1), 4) : 1);
  };

  // A part of the page that gradio has patched is brought up to date.
  const prepare = async (sheet) => {
    const url = sheet.dataset.words, image = $('img', sheet);
    const layer = $('.layer', sheet);
    if (layer && layer.dataset.of !== url) layer.remove();
    if (url && image?.naturalWidth && !$('.layer', sheet)) {
      const placed = await wordsOf(url);
      if (!placed || sheet.dataset.words !== url || $('.layer', sheet) || !sheet.isConnected) return;
      lay(sheet, placed);
    }
    if (image?.naturalWidth) sharpen(image);
    mark(sheet);
    show(sheet);
  };
  const refresh = () => {
    const columns = $('#columns');
    const isReading = $('#evidence .reader') || window.awaited() === 'document';
    const reading = $('#evidence .pair') ? 'pair' : isReading ? 'document' : '';
    if (columns && columns.dataset.reading !== reading) {
      columns.dataset.reading = reading;
      $('#evidence').scrollTop = 0; // two sources are chosen at the end of one
      if (reading && columns.dataset.evidence === 'away') $('[data-fold]')?.click();
    }
    document.querySelectorAll('#evidence .sheet').forEach(prepare);
    document.querySelectorAll('#evidence form:is(.note, .changed-note)').forEach(renew);
    if (document.activeElement !== document.body) return;
    if (expected) $('#evidence-heading')?.focus();
    else if (isInNotes) $('#evidence .notes > summary')?.focus();
  };
  // A note that is kept or deleted takes the place of what had the keyboard focus, which then stays with the notes.
  let isInNotes = false;
  document.addEventListener('focusin', ({ target }) => {
    isInNotes = Boolean(target.closest('#evidence .notes')) || (isInNotes && Boolean(target.closest('dialog')));
  });
  document.addEventListener('pointerdown', ({ target }) => { isInNotes &&= Boolean(target.closest('dialog')); });
  // The keyboard focus goes to the heading of the evidence, as soon as there is some and it is not away; who has moved
  // it on by then is not called back.
  let expected = false;
  document.addEventListener('pointerdown', () => { expected = false; });
  document.addEventListener('focusin', ({ target }) => { expected &&= target.id === 'evidence-heading'; });
  window.toEvidence = () => {
    document.activeElement?.blur();
    $('#evidence-heading')?.focus();
    expected = true;
    setTimeout(() => { expected = false; }, 30_000); // a busy server takes its time
  };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; refresh(); });
  };
  const resized = new ResizeObserver(soon);
  let observed = null;
  new MutationObserver(() => {
    const part = $('#part-evidence');
    if (!part || part === observed) return;
    observed = part;
    new MutationObserver(soon).observe(part, { childList: true, subtree: true, characterData: true, attributes: true });
    resized.observe($('#evidence'));
    soon();
  }).observe(document.documentElement, { childList: true, subtree: true });
  for (const [event, isBroken] of [['load', false], ['error', true]]) {
    document.addEventListener(event, ({ target }) => {
      const sheet = target.closest?.('.sheet');
      sheet?.classList.toggle('failed', isBroken);
      if (sheet && !isBroken) soon();
    }, true);
  }

  // A defined term is explained where the pointer is on it.
  const explain = (event) => {
    const sheet = event.target.closest?.('#evidence .reader .sheet');
    const old = $('#meaning');
    const isTyped = sheet && !event.target.closest('.layer');
    const caret = isTyped && document.caretPositionFromPoint?.(event.clientX, event.clientY);
    const from = event.target.closest?.('tspan')?.dataset.from;
    const offset = from ? Number(from) : caret ? offsetOf(caret.offsetNode, caret.offset) : null;
    const term = offset !== null && sheet && [...document.querySelectorAll('#evidence .terms dt')].find((row) =>
      ranges(row.dataset.places).some(([start, end]) => start <= offset && offset < end));
    if (!term) { old?.remove(); return; }
    if (old?.of === term) return;
    old?.remove();
    const [shown, name, where] = ['div', 'strong', 'span'].map((tag) => document.createElement(tag));
    shown.id = 'meaning';
    shown.setAttribute('role', 'tooltip');
    shown.of = term;
    name.textContent = term.firstChild.textContent.trim();
    where.textContent = $('button', term).textContent;
    shown.append(name, ' ', where, document.createElement('br'), term.nextElementSibling.textContent);
    document.body.append(shown);
    shown.style.left = `${Math.max(8, Math.min(event.clientX, innerWidth - shown.offsetWidth - 8))}px`;
    const below = event.clientY + 18;
    shown.style.top = `${below + shown.offsetHeight < innerHeight ? below : event.clientY - shown.offsetHeight - 12}px`;
  };
  document.addEventListener('mousemove', explain);
  document.addEventListener('click', explain);
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && setTimeout(() => $('#meaning')?.remove()));

  // A note is on the words that were selected; where none were, on the page.
  // Gradio patches a form that is there: what was typed goes once it is kept, and never to another note. Until it is
  // kept it stays, also where it was refused.
  const renew = (form) => {
    const note = form.dataset.note ?? '';
    if (form.of === note && !form.sent) return;
    const isNew = form.of === undefined;
    Object.assign(form, { of: note, sent: false });
    if (isNew) return;
    form.reset();
    if (note) form.closest('details').open = false;
  };
  document.addEventListener('submit', ({ target }) => {
    if (target.matches('#evidence form:is(.note, .changed-note)')) target.sent = true;
  });
  const toNote = () => {
    const form = $('#evidence form.note');
    if (!form) return;
    form.closest('details').open = true;
    $('textarea', form).focus();
  };
  document.addEventListener('selectionchange', () => {
    const words = selected(), form = $('#evidence form.note');
    let button = $('#note-here');
    if (!words || !form || !words.sheet.closest('.reader')) { button?.remove(); return; }
    form.dataset.spans = `${words.start}-${words.end}`;
    const said = document.getSelection().toString().trim().replace(/\s+/g, ' ');
    $('.about-note', form).textContent = `A note on “${said.length > 80 ? said.slice(0, 79) + '…' : said}”`;
    button ??= document.createElement('button');
    Object.assign(button, { id: 'note-here', type: 'button', textContent: 'Write a note' });
    const box = document.getSelection().getRangeAt(0).getBoundingClientRect();
    button.style.left = `${Math.min(box.left, innerWidth - 120)}px`;
    button.style.top = `${Math.min(box.bottom + 6, innerHeight - 40)}px`;
    button.onmousedown = (event) => event.preventDefault(); // the selection stays
    button.onclick = () => { toNote(); button.remove(); };
    document.body.append(button);
  });

  // Keys: arrows turn pages or citations inside the evidence, Alt with Page Up and Page Down citations anywhere.
  const KEYS = {
    ArrowRight: 'next', ArrowLeft: 'previous', '+': 'larger', '-': 'smaller', 0: 'fit', ']': 'found-after',
    '[': 'found-before',
  };
  document.addEventListener('keydown', (event) => {
    const inside = event.target.closest?.('#evidence') && !event.target.closest('input, textarea, select, dialog');
    const plain = !event.altKey && !event.ctrlKey && !event.metaKey;
    const turn = event.altKey && { PageDown: 'next', PageUp: 'previous' }[event.key];
    const key = turn || (inside && plain && KEYS[event.key]);
    const keyed = (name) => $(`#evidence [data-key=${name}]:not([aria-disabled])`);
    const field = inside && plain && { '/': '.find input', g: '.turning input' }[event.key];
    const to = key ? (turn && keyed(`cited-${turn}`)) || keyed(key) : null;
    if (field && $(`#evidence ${field}`)) {
      $(`#evidence ${field}`).focus();
      $(`#evidence ${field}`).select();
    } else if (inside && plain && event.key === 'n' && $('#evidence form.note')) toNote();
    else if (to) to.click();
    else return;
    event.preventDefault();
  });
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-zoom-by]');
    if (button) resize(Number(button.dataset.zoomBy));
    const outline = innerWidth <= 900 && event.target.closest('#part-outline button')?.closest('details');
    if (outline) outline.open = false; // it would stand above the page
  });
  // The same words once more are their next mention.
  document.addEventListener('submit', (event) => {
    const field = event.target.matches('.find') && $('input', event.target);
    const next = field && field.value === field.defaultValue && $('#evidence [data-key=found-after]');
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.click();
  }, true);
})();
