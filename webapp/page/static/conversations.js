// The list of conversations: search, rename in place, share, delete.
(() => {
  const { make, more, follow, act, grid, menu, say, number, plural, whenThere, watch } = window.lists;
  const PAUSE = 300; // milliseconds after the last key until the server searches
  const DAY = 86_400_000;

  const dated = (iso) => { // "14:05" of today, "3 March", "3 March 2025"
    const at = new Date(iso);
    const now = new Date();
    if (at.toDateString() === now.toDateString()) {
      return at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
    }
    const year = now - at < 300 * DAY ? {} : { year: 'numeric' };
    return at.toLocaleDateString(undefined, { day: 'numeric', month: 'short', ...year });
  };

  const begin = (section) => {
    const $ = (selector) => section.querySelector(selector);
    let rows = new Map();
    let about = {};
    let items = [];
    let found = { words: '', ids: new Set() }; // by the server
    let renaming = '';
    let timer = 0;
    const list = grid($('.grid'), $('.conversations'), { draw, rems: () => 2.95, keyed });
    const popover = menu($('.row-menu'));
    const field = $('.filter');

    const searched = () => field.value.trim().toLocaleLowerCase();
    const fits = (row) => {
      const wanted = searched().split(/\s+/);
      const title = row.title.toLocaleLowerCase();
      return wanted.every((word) => title.includes(word)) || (found.words === searched() && found.ids.has(row.id));
    };

    function draw({ row }) {
      const current = row.id === about.chosen ? { 'aria-current': 'true' } : {};
      if (row.id === renaming) {
        return [make('input', {
          className: 'rename', maxLength: 80,
          attributes: { 'aria-label': 'Title of the conversation', value: row.title },
        })];
      }
      const when = [dated(row.at), row.author, row.shared && !row.author ? 'Shared' : ''].filter(Boolean).join(' · ');
      return [
        make('div', { className: 'what' },
          make('button', {
            type: 'button', className: 'open', title: row.title, attributes: current,
            data: { do: 'open', conversation: row.id },
          }, row.title),
          make('span', { className: row.author ? 'below author' : 'below' }, when)),
        row.author ? '' : more(`More about “${row.title}”`),
      ];
    }

    const menuOf = (row) => {
      const rename = make('button', { type: 'button', data: { rename: row.id } }, 'Rename');
      const share = make('button', {
        type: 'button', data: { do: 'share', conversation: row.id, share: row.shared ? 'no' : 'yes' },
      }, row.shared ? 'Make private' : 'Share with this matter');
      const remove = make('button', { type: 'button', data: { do: 'delete', conversation: row.id } }, 'Delete');
      return [make('p', { className: 'called' }, row.title),
        make('div', { className: 'entries' }, rename, about.sharing || row.shared ? share : '', remove)];
    };

    const begun = (id) => {
      renaming = id;
      update();
      list.go(id, 0);
      const input = $('.rename');
      input?.focus();
      input?.select();
    };

    const ended = (keep) => {
      const [id, title] = [renaming, $('.rename')?.value.trim()];
      if (!id) return;
      renaming = '';
      const row = rows.get(id);
      if (keep && title && row && title !== row.title) {
        rows.set(id, { ...row, title });
        act('conversations', { do: 'rename', conversation: id, value: title });
      }
      update();
      list.go(id, 0);
    };

    const update = () => {
      items = [...rows.values()].reverse().filter((row) => !searched() || fits(row))
        .map((row) => ({ key: row.id, row, data: { conversation: row.id } }));
      list.set(items);
      popover.refresh();
      $('.count').textContent = items.length < rows.size ? `${number(items.length)} of ${number(rows.size)}`
        : rows.size ? number(rows.size) : '';
      $('.none').hidden = items.length > 0;
      $('.none').textContent = rows.size ? 'None has these words.' : 'None yet.';
      $('.tools').hidden = rows.size < 5 && !field.value;
    };

    function keyed(event, item) {
      if (event.key === 'F2' && !item.row.author) {
        begun(item.key);
        return true;
      }
      if (event.key === 'Delete' && !item.row.author) {
        act('conversations', { do: 'delete', conversation: item.key });
        return true;
      }
      if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey)) {
        document.querySelector('#part-undo [data-do=undo]')?.click();
        return true;
      }
      return false;
    }

    section.addEventListener('click', (event) => {
      const row = rows.get(event.target.closest('[role=row]')?.dataset.key);
      const button = event.target.closest('.more');
      const rename = event.target.closest('[data-rename]');
      if (rename) begun(rename.dataset.rename);
      else if (row && button) {
        popover.open(button, `About “${row.title}”`, () => (rows.has(row.id) ? menuOf(rows.get(row.id)) : []));
      }
    });
    section.addEventListener('keydown', (event) => {
      if (!event.target.matches('.rename')) return;
      if (event.key === 'Enter' || event.key === 'Escape') {
        event.preventDefault();
        ended(event.key === 'Enter');
      }
    });
    section.addEventListener('focusout', (event) => event.target.matches('.rename') && ended(true));
    field.addEventListener('input', () => {
      clearTimeout(timer);
      update();
      timer = setTimeout(() => searched() && act('conversations', { do: 'search', words: field.value.trim() }), PAUSE);
    });
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && field.value) {
        field.value = '';
        update();
      } else if (event.key === 'ArrowDown' && items.length) {
        list.go(items[0].key, 0);
        event.preventDefault();
      }
    });

    const read = follow('conversations', (said, now) => {
      [about, rows] = [said, now];
      if (said.words && said.words.toLocaleLowerCase() === searched()) {
        found = { words: searched(), ids: new Set(said.found) };
        say(`${plural([...rows.values()].filter(fits).length, 'conversation')} found`);
      }
    });
    watch(['conversations-rows'], () => {
      read();
      update();
    });
  };

  whenThere('#part-conversations .conversations-list', begin);
})();
