// The list of documents: filter, order, folders; the boxes are the scope of a question.
(() => {
  const { make, more, follow, act, grid, menu, say, number, plural, whenThere, watch } = window.lists;
  const FOLDER = ' › ';
  const ICONS = { waiting: '…', paused: '‖', reading: '▸', indexing: '▸', ready: '✓', failed: '!' };
  const STATES = ['failed', 'reading', 'indexing', 'waiting', 'paused', 'ready'];
  const READ = 'read-document';
  const UNANSWERED = 5000; // milliseconds after which a choice that the server has not answered is taken back
  const compare = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' }).compare;

  const begin = (section) => {
    const $ = (selector) => section.querySelector(selector);
    let rows = new Map();
    let about = {};
    let items = [];
    let scope = {}; // ids that are chosen alone, or all besides some, as the server has them
    let choices = []; // that the server has not answered
    let count = 0;
    let anchor = ''; // where a range begins
    const folded = new Set();
    const list = grid($('.grid'), $('.documents'), { draw, rems, keyed });
    const popover = menu($('.row-menu'));
    const field = $('.filter');
    const sort = $('.sort');

    // The scope

    const ticked = (id) => {
      let is = scope.only ? scope.only.has(id) : !scope.besides?.has(id);
      for (const { ids, how } of choices) is = how === 'add' ? is || ids.has(id) : how === 'drop' ? is && !ids.has(id)
        : ids === null || ids.has(id);
      return is;
    };

    const choose = (ids, how) => {
      const choice = { ids: ids && new Set(ids), how, reply: (count += 1) };
      choices.push(choice);
      setTimeout(() => {
        choices = choices.filter((each) => each !== choice);
        update();
      }, UNANSWERED);
      act('documents', { do: 'scope', documents: ids ? [...ids].join(' ') : 'all', how, reply: String(count) });
      update();
      const many = [...rows.keys()].filter(ticked).length;
      say(`${number(many)} of ${plural(rows.size, 'document')} chosen`);
    };

    const readScope = () => {
      const told = document.querySelector('#part-scope pre')?.textContent;
      if (!told) return;
      const { only, besides, reply } = JSON.parse(told);
      scope = { only: only && new Set(only), besides: besides && new Set(besides) };
      choices = choices.filter((each) => each.reply > reply);
    };

    const toggle = (id, is, ranged) => {
      const shown = items.filter((item) => item.row);
      const from = ranged && anchor ? shown.findIndex((item) => item.key === anchor) : -1;
      const to = shown.findIndex((item) => item.key === id);
      const range = from < 0 ? [shown[to]] : shown.slice(Math.min(from, to), Math.max(from, to) + 1);
      anchor = id;
      choose(range.map((item) => item.key), is ? 'add' : 'drop');
    };

    // Rows

    const title = (row) => row.title || row.name.split(FOLDER).pop().replace(/\.\w+$/, '');
    const words = (row) => (row.words ??= [row.name, row.title, row.parties, row.day, row.told, row.unread, row.noted]
      .join(' ').toLocaleLowerCase());
    const dated = (newest) => (a, b) => // those without a date stand last
      (a.date && b.date ? a.date.localeCompare(b.date) * (newest ? -1 : 1) : Boolean(b.date) - Boolean(a.date));
    const by = {
      title: (a, b) => compare(title(a), title(b)),
      name: (a, b) => compare(a.name, b.name),
      newest: dated(true),
      oldest: dated(false),
      longest: (a, b) => (b.pages ?? 0) - (a.pages ?? 0),
      state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
    };
    const folderOf = (row) => row.name.split(FOLDER).slice(0, -1).join(FOLDER);

    const shownRows = () => {
      const wanted = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      const shown = [...rows.values()].filter((row) => wanted.every((word) => words(row).includes(word)));
      if (sort.value === 'latest') return shown.reverse();
      return by[sort.value] ? shown.sort(by[sort.value]) : shown;
    };

    const arranged = () => { // rows below the folder that they came in; those of none stand first
      const folders = new Map([['', []]]);
      shownRows().forEach((row) => {
        const folder = folderOf(row);
        if (!folders.has(folder)) folders.set(folder, []);
        folders.get(folder).push(row);
      });
      return [...folders].sort(([a], [b]) => compare(a, b)).flatMap(([folder, inside]) => [
        ...(folder ? [{ key: `folder ${folder}`, folder, inside }] : []),
        ...(folded.has(folder) ? [] : inside).map((row) => ({
          key: row.id, row, data: { state: row.state, name: row.name }, className: folder ? 'inside' : '',
        })),
      ]);
    };

    const line = () => ($('.grid').clientWidth - 62) / 5.6; // characters that fit

    function rems({ row }) {
      const long = row ? told(row).length : 0;
      return !row ? 2.1 : 3.1 + (long > line() ? 2.1 : long ? 1.1 : 0);
    }

    const box = (ids, label, changed) => {
      const many = ids.filter(ticked).length;
      const input = make('input', {
        type: 'checkbox', checked: many === ids.length && many > 0, indeterminate: many > 0 && many < ids.length,
        attributes: { 'aria-label': label },
      });
      input.toggleAttribute('checked', input.checked);
      input.dataset.ids = changed;
      return input;
    };

    function draw({ row, folder, inside }) {
      if (!row) {
        const open = !folded.has(folder);
        return [
          box(inside.map((each) => each.id), `Ask all in ${folder}`, 'folder'),
          make('button', { type: 'button', className: 'folder', attributes: { 'aria-expanded': open }, title: folder },
            make('span', { className: 'arrow', attributes: { 'aria-hidden': 'true' } }, open ? '▾' : '▸'),
            make('span', { className: 'name' }, folder), make('span', { className: 'count' }, number(inside.length))),
        ];
      }
      const heading = [make('span', { className: 'called' }, title(row)),
        row.parties ? make('span', { className: 'parties' }, row.parties) : null];
      const opened = { className: 'title', title: [title(row), row.parties].filter(Boolean).join(' – ') };
      const open = window.acts[READ]
        ? make('button', { type: 'button', data: { do: READ, document: row.id }, ...opened }, ...heading)
        : make('a', { href: about.pdf.replace('DOCUMENT', row.id), target: '_blank', ...opened }, ...heading);
      const state = make('span', { className: 'state' },
        make('span', { className: 'icon-of', attributes: { 'aria-hidden': 'true' } }, `${ICONS[row.state]} `));
      if (row.state === 'ready') {
        state.append(make('span', { className: 'unseen' }, 'ready, '), plural(row.pages ?? 0, 'page'));
      } else state.append(row.state === 'failed' ? row.told.split(':')[0] : row.told);
      const under = make('div', { className: 'what' }, open,
        make('span', { className: 'below', title: row.name }, state,
          make('span', { className: 'name' }, row.name.split(FOLDER).pop()),
          row.day ? make('span', { className: 'day' }, row.day) : null),
        mark(row));
      if (row.pages && ['reading', 'indexing'].includes(row.state)) {
        under.append(make('progress', {
          max: row.pages, value: row.page ?? 0, attributes: { 'aria-label': `${row.name}: ${row.told}` },
        }));
      }
      return [
        box([row.id], `Ask ${row.name}`, 'row'), under,
        more(`More about ${row.name}`),
      ];
    }

    // What has to be known of it, in one or two lines; all of it is in its menu.
    const told = (row) => [
      row.privileged ? 'Privileged: kept out of exports' : '', row.unread ?? '', row.noted ?? '',
      row.state === 'failed' ? row.told.split(': ').slice(1).join(': ') : '',
    ].filter(Boolean).join(' · ');
    const mark = (row) => {
      const words = told(row);
      const grave = row.grave || row.unread || row.privileged || row.state === 'failed';
      return words ? make('span', {
        className: `remark${grave ? ' doubt' : ''}${words.length > line() ? '' : ' short'}`, title: words,
      }, words) : null;
    };

    // Menus

    const button = (label, ids, data, of = '') => make('button', {
      type: 'button', data: { ...data, document: ids.join(' ') }, attributes: of && { 'aria-label': `${label} ${of}` },
    }, label);
    const WORK = {
      summary: ['Summarise', { do: 'summary' }], retry: ['Try again', { do: 'retry' }],
      pause: ['Pause', { do: 'pause' }], resume: ['Go on', { do: 'resume' }],
    };

    const menuOf = (row) => {
      const pages = row.pages ? plural(row.pages, 'page') : '';
      const known = [row.name, row.parties, row.day, pages, row.told, row.unread, ...(row.notes ?? [])];
      const facts = known.filter(Boolean);
      const entries = [];
      const [label, data] = WORK[row.act] ?? [];
      if (label && (row.act === 'summary' || about.change)) entries.push(button(label, [row.id], data, row.name));
      entries.push(make('button', { type: 'button', data: { only: row.id } }, 'Ask only this'));
      entries.push(make('a', {
        href: about.pdf.replace('DOCUMENT', row.id), download: row.name,
        attributes: { 'aria-label': `Download ${row.name}` },
      }, 'Download'));
      if (row.earlier) {
        const changes = about.changes.replace('EARLIER', row.earlier).replace('DOCUMENT', row.id);
        const named = `Changes from ${row.earlier_name}`;
        entries.push(make('a', { className: 'changes', href: changes, target: '_blank' }, named));
      }
      if (about.change) {
        const exported = row.privileged ? 'Let into exports' : 'Keep out of exports (privileged)';
        entries.push(button(exported, [row.id], { do: 'privilege', on: row.privileged ? 'no' : 'yes' }, row.name));
        entries.push(button('Remove', [row.id], { do: 'remove' }, row.name));
      }
      return [make('p', { className: 'called' }, title(row)),
        make('ul', { className: 'facts' }, ...facts.map((fact) => make('li', {}, fact))),
        make('div', { className: 'entries' }, ...entries)];
    };

    const menuOfChosen = () => {
      const some = [...rows.values()].filter((row) => ticked(row.id));
      const having = (...acts) => some.filter((row) => acts.includes(row.act)).map((row) => row.id);
      const ids = some.map((row) => row.id);
      const open = some.filter((row) => !row.privileged).map((row) => row.id);
      const kept = some.filter((row) => row.privileged).map((row) => row.id);
      const entries = [
        ...['retry', 'pause', 'resume'].map((work) => [having(work), ...WORK[work]]),
        [open, 'Keep out of exports (privileged)', { do: 'privilege', on: 'yes' }],
        [kept, 'Let into exports', { do: 'privilege', on: 'no' }], [ids, 'Remove', { do: 'remove' }],
      ].filter(([these]) => these.length).map(([these, label, data]) =>
        button(`${label}: ${plural(these.length, 'document')}`, these, data));
      return [make('p', { className: 'called' }, `${plural(some.length, 'document')} chosen`),
        make('div', { className: 'entries' }, ...entries)];
    };

    // The list as a whole

    const update = () => {
      items = arranged();
      list.set(items);
      popover.refresh();
      const all = [...rows.values()];
      const shown = shownRows();
      const filtered = shown.length < all.length;
      const many = all.filter((row) => ticked(row.id)).length;
      section.dataset.count = all.length;
      section.dataset.ended = all.filter((row) => ['ready', 'failed'].includes(row.state)).length;
      $('.count').textContent = filtered ? `${number(shown.length)} of ${number(all.length)}`
        : all.length ? number(all.length) : '';
      $('.none').hidden = shown.length > 0;
      $('.none').textContent = all.length ? 'None fits the filter.' : 'None yet.';
      $('.tools').hidden = all.length < 5 && !field.value;
      $('.choice').hidden = all.length < 2;
      const inView = shown.filter((row) => ticked(row.id)).length;
      const every = $('.choose-all');
      every.checked = inView === shown.length && inView > 0;
      every.indeterminate = inView > 0 && inView < shown.length;
      every.setAttribute('aria-label', filtered ? 'Ask all that are shown' : 'Ask all documents');
      $('.chosen').textContent = `${number(many)} of ${number(all.length)} chosen`;
      $('.these').hidden = !filtered || !shown.length;
      $('.these').textContent = shown.length === 1 ? 'Ask only this' : `Ask only these ${number(shown.length)}`;
      $('.choice .more').hidden = !about.change || !many;
    };

    function keyed(event, item) {
      if (event.key === ' ' && event.target.type === 'checkbox' && event.shiftKey && item.row) {
        toggle(item.key, !ticked(item.key), true);
        return true;
      }
      if (event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey)) {
        $('.choose-all').click();
        return true;
      }
      if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey)) {
        document.querySelector('#part-undo [data-do=undo]')?.click();
        return true;
      }
      if (event.key === 'Delete' && item.row && about.change) {
        act('documents', { do: 'remove', document: item.key });
        return true;
      }
      return false;
    }

    section.addEventListener('click', (event) => {
      const item = items.find(({ key }) => key === event.target.closest('[role=row]')?.dataset.key);
      const control = event.target.closest('button, input');
      if (control?.matches('.choose-all')) {
        const shown = shownRows();
        const is = shown.some((row) => !ticked(row.id));
        if (shown.length === rows.size && is) choose(null, '');
        else choose(shown.map((row) => row.id), is ? 'add' : 'drop');
      } else if (control?.matches('.these')) choose(shownRows().map((row) => row.id), '');
      else if (control?.matches('.choice .more')) popover.open(control, 'The chosen documents', menuOfChosen);
      else if (control?.matches('[data-only]')) choose([control.dataset.only], '');
      else if (control?.matches('.folder')) {
        if (!folded.delete(item.folder)) folded.add(item.folder);
        update();
      } else if (control?.matches('.more') && item) {
        popover.open(control, `About ${item.row.name}`, () => (rows.has(item.key) ? menuOf(rows.get(item.key)) : []));
      } else if (control?.matches('[type=checkbox]') && item?.row) toggle(item.key, !ticked(item.key), event.shiftKey);
      else if (control?.matches('[type=checkbox]') && item) {
        const ids = item.inside.map((row) => row.id);
        choose(ids, ids.every(ticked) ? 'drop' : 'add');
      }
    });
    section.addEventListener('mousedown', (event) => { // a range of rows is ticked, not their words selected
      if (event.shiftKey && event.target.closest('.grid')) event.preventDefault();
    });
    field.addEventListener('input', () => {
      $('.grid').scrollTop = 0;
      update();
      say(`${plural(shownRows().length, 'document')} shown`);
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
    sort.addEventListener('change', update);

    const read = follow('documents', (said, now) => {
      const moved = said.matter !== about.matter;
      const wasReading = [...rows.values()].some((row) => !['ready', 'failed', 'paused'].includes(row.state));
      [about, rows] = [said, now];
      if (moved) {
        choices = [];
        folded.clear();
        field.value = '';
        $('.grid').scrollTop = 0;
      } else if (wasReading && ![...rows.values()].some((row) => !['ready', 'failed', 'paused'].includes(row.state))) {
        say('All documents have been read.');
      }
    });
    watch(['documents-rows', 'scope'], () => {
      read();
      readScope();
      update();
    });
  };

  whenThere('#part-documents .documents-list', begin);

  // The scope above the chat leads to the list, in a narrow window to its area.
  document.addEventListener('click', (event) => {
    if (!event.target.closest('#part-scope .scope')) return;
    window.showArea?.('sidebar');
    const controls = '.documents-list :is(.tools:not([hidden]) .filter, [role=gridcell] [tabindex="0"])';
    document.querySelector(controls)?.focus();
  });
})();
