// What the page says when the server cannot be reached, refuses, or no longer knows the session: a strip for each; what
// was typed is never lost.
(() => {
  const strips = () => {
    let all = document.querySelector('.strips');
    if (!all) {
      document.body.insertAdjacentHTML('beforeend', '<div class="strips"></div>');
      all = document.querySelector('.strips');
    }
    return all;
  };
  const tell = (id, html) => {
    if (document.getElementById(id)) return document.getElementById(id);
    strips().insertAdjacentHTML('beforeend', `<div class="strip" id="${id}" role="alert"><p>${html}</p></div>`);
    return document.getElementById(id);
  };
  const unsay = (id) => document.getElementById(id)?.remove();
  const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const send = window.fetch.bind(window);

  // Away: nothing listens, or a proxy answers for it. What was asked waits here, and is sent once it is back.
  const GONE = [502, 503, 504];
  const isBack = async () => {
    try {
      return !GONE.includes((await send('/healthz', { cache: 'no-store' })).status);
    } catch {
      return false;
    }
  };
  let away = null;
  const untilBack = () => {
    away ??= (async () => {
      tell('server-away', '<strong>The server cannot be reached.</strong> What you typed stays here, and what you '
        + 'asked is sent as soon as it is back.');
      document.documentElement.dataset.server = 'away';
      for (let seconds = 1; !(await isBack()); seconds = Math.min(seconds + 1, 5)) await wait(seconds);
      unsay('server-away');
      delete document.documentElement.dataset.server;
      away = null;
    })();
    return away;
  };

  // A session that has ended is told at the next act. Gradio takes the answer for that of a form with nothing wrong in
  // it: it shows no error of its own, and the act can be done again once the person has signed in, in another tab.
  const sessionChecked = (answer) => {
    if (answer.status !== 401) {
      unsay('session-over');
      return answer;
    }
    tell('session-over', '<strong>Your session has ended; <a href="/sign-in" target="_blank">sign in again</a>.'
      + '</strong> What you typed stays in this page.');
    return new Response('{"detail": []}', { status: 422 });
  };

  // Gradio loads the page anew once a connection that broke while it listened is back. What was typed is kept over
  // that, as over any reload; what was asked and has not reached the server is sent by the page that is loaded.
  const KEPT = 'typed';
  let lost = false; // gradio sends nothing more, and will load the page
  let waiting = 0; // acts that have not reached the server
  let asked = false; // what stands in the question box, and may be one of them
  let next = null; // what was typed since it was sent
  const question = () => document.querySelector('#question textarea');
  const sends = ({ type, target, key, shiftKey, isComposing }) => (type === 'click' ? target.closest?.('#send')
    : target === question() && key === 'Enter' && !shiftKey && !isComposing);
  for (const type of ['click', 'keydown']) {
    document.addEventListener(type, (event) => {
      if (event.type === 'click' && event.target.closest?.('button, [data-do]')) clearInterval(watched); // may empty it
      if (!sends(event)) return;
      asked = true;
      keepNext();
    }, true);
  }
  document.addEventListener('input', ({ target }) => {
    if (target !== question()) return;
    asked = false;
    next = target.value;
  }, true);
  const put = (words) => {
    question().value = words;
    question().dispatchEvent(new Event('input', { bubbles: true }));
  };

  // A question that was sent is taken out of its box when it is shown above; what was typed since is the next one.
  const LONGEST = 60; // seconds after it reached the server, in which it may be taken out
  const LOOK = 0.1;
  let watched = null;
  const keepNext = () => {
    let left = LONGEST;
    next = null;
    clearInterval(watched);
    watched = setInterval(() => {
      left -= waiting ? 0 : LOOK;
      const taken = question()?.value === '' && next !== '';
      if (taken && next) put(next);
      if (taken || left < 0) clearInterval(watched);
    }, 1000 * LOOK);
  };
  const stored = (store) => { // a browser may forbid it
    try { return store(window.sessionStorage); } catch { return null; }
  };
  window.addEventListener('pagehide', () => {
    const words = question()?.value;
    const unsent = asked && (lost || (away !== null && waiting > 0));
    if (words) stored((tab) => tab.setItem(KEPT, JSON.stringify({ where: location.search, words, unsent })));
  });
  const kept = JSON.parse(stored((tab) => tab.getItem(KEPT)) ?? 'null');
  stored((tab) => tab.removeItem(KEPT));
  const isReload = performance.getEntriesByType('navigation')[0]?.type === 'reload';
  const restore = new MutationObserver(() => {
    if (!document.querySelector('#here') || !question()) return;
    restore.disconnect();
    if (kept.where !== location.search || question().value) return;
    put(kept.words);
    if (kept.unsent) setTimeout(() => document.querySelector('#send')?.click());
  });
  if (kept && isReload) restore.observe(document.documentElement, { childList: true, subtree: true });

  window.reach = async (to, how) => {
    for (;;) {
      try {
        const answer = await send(to, how);
        if (!GONE.includes(answer.status)) return sessionChecked(answer);
      } catch { /* nothing listens */ }
      await untilBack();
      await (lost ? new Promise(() => {}) : wait(1)); // it may answer, and not be ready
    }
  };

  // Acts reach the server in order: of two quick clicks a browser may send the second first.
  // One whose answer is lost is sent again under its number, and done once.
  let sent = Promise.resolve();
  let acts = 0;
  window.fetch = (to, how) => {
    if (!String(to).includes('/queue/join')) return send(to, how);
    waiting += 1;
    acts += 1;
    const headers = new Headers(how.headers);
    headers.set('X-Act', acts);
    const answer = sent.then(() => window.reach(to, { ...how, headers }));
    sent = answer.catch(() => {}).then(() => {
      waiting -= 1;
      if (!waiting) asked = false;
    });
    document.dispatchEvent(new CustomEvent('joined', { detail: JSON.parse(how.body).session_hash }));
    return answer;
  };

  // What gradio itself tells in a toast, which is not shown: a file that is refused, a stream that broke off.
  const BROKEN = /connection|network|failed to fetch|load failed/i;
  const LOST = /reconnection/i;
  const heard = (toast) => {
    const words = toast.querySelector('.toast-message-text, .toast-text')?.textContent?.trim();
    toast.querySelector('.toast-close')?.click();
    if (!words) return;
    if (BROKEN.test(words)) {
      lost ||= LOST.test(words);
      untilBack();
      return;
    }
    window.tellAll([words]);
  };
  window.tellAll = (sentences) => { // until it is closed
    const strip = tell('told', '');
    strip.querySelector('p').replaceChildren(...sentences.map((words) => {
      const line = document.createElement('span');
      line.textContent = words;
      return line;
    }));
    if (!strip.querySelector('button')) {
      strip.insertAdjacentHTML('beforeend', '<button type="button">Close</button>');
      strip.querySelector('button').addEventListener('click', () => strip.remove());
    }
  };
  new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => {
    if (node.nodeType !== 1) return;
    if (node.matches('.toast-body')) heard(node);
    node.querySelectorAll('.toast-body').forEach(heard);
  }))).observe(document.documentElement, { childList: true, subtree: true });
})();
