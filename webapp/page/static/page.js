// Client side of the page: clipboard, areas of a narrow window, keyboard focus, the chat's end.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);

  document.documentElement.classList.toggle('framed', window.self !== window.top);
  document.documentElement.classList.toggle('sizes-fields', CSS.supports('field-sizing', 'content'));

  const say = (words) => { // to screen readers
    const spoken = $('#spoken');
    if (spoken) spoken.textContent = words;
  };

  const show = (area) => {
    const columns = $('#columns');
    if (columns) columns.dataset.area = area;
    document.querySelectorAll('[data-area-of]').forEach((tab) =>
      tab.setAttribute('aria-pressed', String(tab.dataset.areaOf === area)));
  };
  window.showArea = show;

  // Keyboard focus: from a citation or a document to the evidence and back with Escape; after sending, to the question
  // box.
  const act = (element) => window.acts[element?.dataset.do] ?? {};
  let cited = null;
  const lead = (event) => {
    const from = event.target.closest('button');
    const focus = from?.matches('#send, #stop, #find') ? 'question' : act(from).focus;
    if (focus === 'evidence' && from.closest('#talk, #sidebar, #part-outline')) {
      cited = from;
      window.toEvidence();
    } else if (focus === 'question' && (event.detail === 0 || from.dataset.do === 'edit')) {
      $('#question textarea')?.focus();
    }
  };
  const back = () => {
    if (!cited?.isConnected) return;
    show(cited.closest('#sidebar') ? 'sidebar' : cited.closest('#evidence') ? 'evidence' : 'chat');
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

  document.addEventListener('keydown', (event) => {
    const open = document.querySelector('dialog[open], :popover-open, #meaning');
    if (event.key === 'Escape' && !open && event.target.closest?.('#evidence')) back();
  });

  // While an answer is written the chat follows its end, if the user is there; a finished one is shown from its start.
  let writing = false;
  let seen = { turns: 0, where: '' };
  const keepUp = () => {
    const talk = $('#talk');
    const now = $('#part-now .turn');
    if (!talk) return;
    const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 240;
    // A search is there at once, without having been written: it is shown from its start, too.
    const turns = talk.querySelectorAll('#part-past .turn');
    const newest = turns[turns.length - 1];
    const where = $('#here')?.dataset.conversation ?? '';
    const found = !writing && !now && newest?.querySelector('.mentions, .forms') && turns.length > seen.turns;
    if (found && (where === seen.where || !seen.turns)) newest.scrollIntoView();
    seen = { turns: turns.length, where };
    if (now && (!writing || atEnd)) talk.scrollTop = talk.scrollHeight;
    if (!now && writing && newest) newest.scrollIntoView();
    writing = Boolean(now);
  };

  const FILES = 'Add files: drop them here, or choose';
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
    const files = $('#upload button'); // as it is shown; gradio's own words speak of one file
    if (files && files.ariaLabel !== FILES) files.ariaLabel = FILES;
  };

  // Gradio patches a changed part by its attributes alone, which do not hold the user's choices: a box would keep its
  // tick when another document takes its place.
  const CHOICES = [['#matter option', 'selected']];
  document.addEventListener('change', () => CHOICES.forEach(([which, state]) =>
    document.querySelectorAll(which).forEach((choice) => choice.toggleAttribute(state, choice[state]))), true);
  const choose = () => CHOICES.forEach(([which, state]) => document.querySelectorAll(which).forEach((choice) => {
    if (choice[state] !== choice.hasAttribute(state)) choice[state] = choice.hasAttribute(state);
  }));

  const observer = new MutationObserver(() => {
    choose();
    if ($('#columns:not([data-area])')) show('chat');
    name();
    keepUp();
  });
  observer.observe(document.documentElement, {
    childList: true,
    subtree: true,
    characterData: true,
    attributes: true,
    attributeFilter: ['checked', 'selected', 'value'],
  });
})();
