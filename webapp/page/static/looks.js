// Looks for what has changed without an act: a small request asks whether anything has, and only then the page gets it.
// Often while something is under way; not while the window is hidden.
(() => {
  const OFTEN = 1; // seconds
  const SELDOM = 10;
  const UNDER_WAY = '.reading, [data-do=stop-model], .health[data-state=loading]';
  let session = '';
  let looking = false;
  let looked = 0;

  const look = async () => {
    if (!session || looking || document.hidden) return;
    const seconds = document.querySelector(UNDER_WAY) ? OFTEN : SELDOM;
    if (performance.now() - looked < 1000 * seconds) return;
    looking = true;
    try {
      const answer = await window.reach(`/looks/${session}`);
      // A server that was started anew does not know the page.
      if (answer.ok ? (await answer.json()).changed : answer.status === 404) document.querySelector('#look')?.click();
    } catch { /* cut off: the next one will tell */ } finally {
      looked = performance.now();
      looking = false;
    }
  };
  document.addEventListener('joined', ({ detail }) => { session = detail; });
  document.addEventListener('visibilitychange', look);
  setInterval(look, 1000 * OFTEN);
})();
