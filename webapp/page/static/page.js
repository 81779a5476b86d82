// Client side of the page: address, keyboard shortcuts, clipboard, areas of a narrow window, scrolling to highlights.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);

  document.documentElement.classList.toggle('framed', window.self !== window.top);
  document.documentElement.classList.toggle('sizes-fields', CSS.supports('field-sizing', 'content'));

  // A reload restores the matter and the conversation from the address.
  const remember = () => {
    const here = $('#here');
    if (!here) return;
    const query = new URLSearchParams();
    if (here.dataset.matter) query.set('matter', here.dataset.matter);
    if (here.dataset.conversation) query.set('conversation', here.dataset.conversation);
    const address = location.pathname + (query.size ? '?' + query : '');
    if (address !== location.pathname + location.search) history.replaceState(null, '', address);
  };

  const say = (words) => { // to screen readers
    const spoken = $('#spoken');
    if (spoken) spoken.textContent = words;
  };

  const show = (area) => {
    const columns = $('#columns');
    if (columns) columns.dataset.area = area;
    document.querySelectorAll('[data-area-of]').forEach((tab) =>
      tab.setAttribute('aria-pressed', String(tab.dataset.areaOf === area)));
    toHighlight();
  };
  window.showArea = show;

  // Keyboard focus: from a citation to the evidence and back with Escape; after sending, to the question box.
  const act = (element) => window.acts[element?.dataset.do] ?? {};
  let cited = null;
  const lead = (event) => {
    const from = event.target.closest('button');
    const focus = from?.matches('#send, #stop, #find') ? 'question' : act(from).focus;
    if (focus === 'evidence' && from.closest('#talk')) {
      cited = from;
      $('#evidence-heading')?.focus();
    } else if (focus === 'question' && (event.detail === 0 || from.dataset.do === 'edit')) {
      $('#question textarea')?.focus();
    }
  };
  const back = () => {
    if (!cited?.isConnected) return;
    show('chat');
    cited.focus();
  };

  document.addEventListener('click', (event) => {
    const from = event.target.closest('[data-area-of], [data-do]');
    if (!from) return;
    const area = from.dataset.areaOf || act(from).area;
    if (area) show(area);
    if (from.matches('#talk [data-do=cite]')) {
      document.querySelectorAll('#talk [aria-current]').forEach((other) => other.removeAttribute('aria-current'));
      from.setAttribute('aria-current', 'true');
    }
  });
  document.addEventListener('click', lead);

  // Arrows inside the evidence, Alt with Page Up and Page Down anywhere; Escape leaves the evidence.
  document.addEventListener('keydown', (event) => {
    const inside = event.target.closest && event.target.closest('#evidence');
    if (inside && event.key === 'Escape') back();
    const plain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const key = event.altKey && event.key === 'PageDown' ? 'next' : event.altKey && event.key === 'PageUp' ? 'previous'
      : inside && plain && event.key === 'ArrowRight' ? 'next'
      : inside && plain && event.key === 'ArrowLeft' ? 'previous'
      : inside && plain && event.key === '+' ? 'larger' : inside && plain && event.key === '-' ? 'smaller' : '';
    const button = key && $(`#evidence [data-key=${key}]:not([aria-disabled])`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  // Scrolls to the highlight, which is found by its colours: nothing else on a page has them.
  const highlightTop = (image) => {
    const canvas = document.createElement('canvas');
    const width = (canvas.width = Math.min(image.naturalWidth, 400));
    const height = (canvas.height = Math.round((image.naturalHeight * width) / image.naturalWidth));
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(image, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    let run = 0;
    for (let i = 0; i < data.length; i += 4) {
      run = data[i] > 200 && data[i + 1] > 170 && data[i + 2] < 170 && data[i] - data[i + 2] > 70 ? run + 1 : 0;
      if (run > 4) return Math.floor(i / 4 / width) / height;
    }
    return 0;
  };
  let marked = null;
  const toMark = () => {  // the words of a page that is shown as text
    const mark = $('.sheet mark');
    // It was shown before, or is in an area that is not shown.
    if (mark === marked || (mark && !mark.offsetParent)) return;
    marked = mark;
    const sheet = mark?.closest('.sheet');
    const below = mark && sheet ? mark.getBoundingClientRect().top - sheet.getBoundingClientRect().top : 0;
    if (sheet) sheet.scrollTop += below - sheet.clientHeight / 3;
  };
  const toHighlight = () => {
    const image = $('.sheet img');
    if (!image?.naturalWidth || !image.clientHeight) return; // not there yet, or in an area that is not shown
    const sheet = image.closest('.sheet');
    sheet.scrollTop = Math.max(0, highlightTop(image) * image.clientHeight - sheet.clientHeight / 3);
  };
  document.addEventListener('load', (event) => {
    const sheet = event.target.closest && event.target.closest('.sheet');
    if (!sheet) return;
    sheet.classList.remove('failed');
    toHighlight();
  }, true);
  window.addEventListener('resize', () => toHighlight());
  document.addEventListener('error', (event) => {
    const sheet = event.target.closest && event.target.closest('.sheet');
    if (sheet) sheet.classList.add('failed');
  }, true);

  // While an answer is written the chat follows its end, if the user is there; a finished one is shown from its start.
  let writing = false;
  const keepUp = () => {
    const talk = $('#talk');
    const now = $('#part-now .turn');
    if (!talk) return;
    const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 240;
    if (now && (!writing || atEnd)) talk.scrollTop = talk.scrollHeight;
    if (!now && writing) {
      const turns = talk.querySelectorAll('.turn');
      const last = turns[turns.length - 1];
      if (last) talk.scrollTop += last.getBoundingClientRect().top - talk.getBoundingClientRect().top;
    }
    writing = Boolean(now);
  };

  const name = () => {
    for (const [id, label] of [
      ['sidebar', 'Matter and documents'], ['chat', 'Questions and answers'], ['evidence', 'Evidence'],
    ]) {
      const area = document.getElementById(id);
      if (area && !area.hasAttribute('role')) {
        area.setAttribute('role', 'region');
        area.setAttribute('aria-label', label);
      }
    }
  };

  // Gradio patches a changed part by its attributes alone, which do not hold the user's choices: a box would keep its
  // tick when another document takes its place.
  const CHOICES = [['#scope-list input', 'checked'], ['#matter option', 'selected']];
  document.addEventListener('change', () => CHOICES.forEach(([which, state]) =>
    document.querySelectorAll(which).forEach((choice) => choice.toggleAttribute(state, choice[state]))), true);
  const choose = () => CHOICES.forEach(([which, state]) => document.querySelectorAll(which).forEach((choice) => {
    if (choice[state] !== choice.hasAttribute(state)) choice[state] = choice.hasAttribute(state);
  }));

  const observer = new MutationObserver(() => {
    choose();
    if ($('#columns:not([data-area])')) show('chat');
    name();
    remember();
    keepUp();
    toMark();
  });
  observer.observe(document.documentElement, {
    childList: true,
    subtree: true,
    characterData: true,
    attributes: true,
    attributeFilter: ['data-matter', 'data-conversation', 'checked', 'selected', 'value'],
  });
})();
