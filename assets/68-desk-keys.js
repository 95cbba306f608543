// Keyboard first: search, inbox, freeze, help. Nothing here steals a key from a field or from the map.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const desk = room.desk;
  const { el, symbol } = room.doc;
  const word = desk.word;

  // --- search --------------------------------------------------------------------------------------
  let field = null, list = null, hits = [], at = -1, asked = 0, timer = 0;
  function buildSearch() {
    const box = document.getElementById('search');
    if (!box) return;
    field = el('input', 'search-field');
    Object.assign(field, { type: 'search', placeholder: word('search'), autocomplete: 'off', spellcheck: false, maxLength: 80 });
    const attributes = { role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'hits', 'aria-autocomplete': 'list', 'aria-label': word('search') };
    for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
    list = el('ul', 'hits');
    list.id = 'hits';
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', word('search'));
    list.hidden = true;
    const said = el('span', 'visually-hidden');
    said.setAttribute('role', 'status');
    box.replaceChildren(field, el('kbd', '', '/'), list, said);
    field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => ask(said), 120); });
    field.addEventListener('focus', () => { if (field.value) ask(said); });
    field.addEventListener('blur', () => setTimeout(() => { if (document.activeElement !== field) fold(); }, 150));
    field.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        if (hits.length) move((at + (event.key === 'ArrowDown' ? 1 : -1) + hits.length + (at < 0 && event.key === 'ArrowUp' ? 1 : 0)) % hits.length);
        event.preventDefault();
      } else if (event.key === 'Enter') { if (hits.length) choose(hits[Math.max(0, at)]); event.preventDefault(); }
      else if (event.key === 'Escape') { field.value = ''; fold(); field.blur(); event.preventDefault(); event.stopPropagation(); }
    });
  }
  function ask(said) {
    const text = field.value.trim(), mine = ++asked;
    if (!text) { fold(); return; }
    fetch('/api/v1/desk/search?q=' + encodeURIComponent(text) + '&lang=' + encodeURIComponent(room.config().lang || ''))
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error('status ' + answer.status))))
      .then((found) => {
        if (mine !== asked || document.activeElement !== field) return;
        hits = found.hits;
        at = hits.length ? 0 : -1;
        list.replaceChildren(...(hits.length ? hits.map(row) : [nobody(word('no_hits'))]));
        list.hidden = false;
        field.setAttribute('aria-expanded', 'true');
        said.textContent = hits.length ? word('hits').replace('{n}', String(hits.length)) : word('no_hits');
        move(at);
      })
      .catch(() => { if (mine === asked) { hits = []; at = -1; list.replaceChildren(nobody(word('away'))); list.hidden = false; } });
  }
  function nobody(text) {
    const made = el('li', 'none', text);
    made.setAttribute('role', 'option');
    made.setAttribute('aria-disabled', 'true');
    return made;
  }
  function row(hit, i) {
    const made = el('li', 'hit', symbol(hit.symbol), el('span', 'entry-what', el('b', '', hit.title), el('span', 'entry-sub', hit.sub)));
    made.id = 'hit-' + i;
    made.setAttribute('role', 'option');
    made.addEventListener('pointerdown', (event) => { event.preventDefault(); choose(hit); });
    return made;
  }
  function move(to) {
    at = to;
    [...list.children].forEach((child, i) => { child.setAttribute('aria-selected', String(i === at)); if (i === at) child.scrollIntoView({ block: 'nearest' }); });
    if (at >= 0) field.setAttribute('aria-activedescendant', 'hit-' + at); else field.removeAttribute('aria-activedescendant');
  }
  function choose(hit) {
    field.value = '';
    fold();
    field.blur();
    if (hit.sel) desk.select(hit.sel, 'search'); else if (hit.place) desk.reveal(...hit.place, 14);
  }
  function fold() {
    hits = [];
    at = -1;
    asked += 1;
    if (!list) return;
    list.hidden = true;
    field.setAttribute('aria-expanded', 'false');
    field.removeAttribute('aria-activedescendant');
  }

  // --- inbox ---------------------------------------------------------------------------------------
  function step(by) {
    const links = [...document.querySelectorAll('#inbox .row:not([hidden]) .row-link')];
    if (!links.length) return;
    const focused = links.indexOf(document.activeElement);
    const current = focused >= 0 ? focused : links.findIndex((link) => link.getAttribute('aria-current') === 'true');
    const next = links[Math.max(0, Math.min(links.length - 1, current < 0 ? 0 : current + by))];
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  }

  // --- freeze --------------------------------------------------------------------------------------
  let held = null;                   // {at, passed, now}
  function freeze() {
    if (held) { thaw(); return; }
    const now = room.clock.now;
    const at = Math.floor(now() / 1000) * 1000;
    held = { at, passed: 0, now };
    desk.held = true;
    room.clock.now = () => at;                   // ages stand still with the picture
    room.held = (frame) => {
      for (const part of Object.values(frame.layers || {})) held.passed += (part.set || []).length + (part.del || []).length;
      say();
      return true;
    };
    say();
  }
  function thaw() {
    room.clock.now = held.now;
    room.held = null;
    held = null;
    desk.held = false;
    say();
    room.live.hello?.();
    room.ages.render();
    desk.refresh();
    desk.reloadTables?.();
  }
  function say() {
    const root = desk.root(), button = document.getElementById('freeze'), out = document.querySelector('.held-text');
    if (!root || !button || !out) return;
    root.classList.toggle('is-held', Boolean(held));
    button.setAttribute('aria-pressed', String(Boolean(held)));
    button.querySelector('.freeze-word').textContent = word(held ? 'resume' : 'freeze');
    const text = held ? word('held').replace('{time}', room.clock.text(held.at)).replace('{n}', held.passed.toLocaleString(room.config().lang || undefined)) : '';
    if (out.textContent !== text) out.textContent = text;
  }
  // The clock runs on while the picture stands.
  room.clock.onTick(() => {
    if (!held) return;
    for (const clock of document.querySelectorAll('.desk .clock')) clock.textContent = room.clock.text(held.now());
  });

  // --- help ----------------------------------------------------------------------------------------
  const KEYS = [['/', 'key_search'], ['j k', 'key_next'], ['Enter', 'key_open'], ['Esc', 'key_back'], ['f', 'key_freeze'], ['1 2 3', 'key_tabs'], ['?', 'key_help']];
  let before = null;
  const helpOpen = () => document.getElementById('help')?.hidden === false;
  function help(open) {
    const box = document.getElementById('help');
    if (!box || open === helpOpen()) return;
    if (!open) { box.hidden = true; box.replaceChildren(); before?.focus?.(); return; }
    before = document.activeElement;
    const title = el('h2', '', word('keys'));
    title.id = 'help-title';
    const shut = el('button', 'button', word('close'), el('kbd', '', 'Esc'));
    shut.type = 'button';
    shut.addEventListener('click', () => help(false));
    const rows = KEYS.filter(([, text]) => desk.view === 'desk' || ['key_back', 'key_help'].includes(text))
      .flatMap(([keys, text]) => [el('dt', '', ...keys.split(' ').map((key) => el('kbd', '', key))), el('dd', '', word(text))]);
    const card = el('div', 'help-card panel', title, el('dl', '', ...rows), shut);
    card.setAttribute('role', 'dialog');
    card.setAttribute('aria-modal', 'true');
    card.setAttribute('aria-labelledby', 'help-title');
    box.replaceChildren(card);
    box.hidden = false;
    shut.focus();
    card.addEventListener('keydown', (event) => { if (event.key === 'Tab') event.preventDefault(); });   // one thing to press
    box.onpointerdown = (event) => { if (event.target === box) help(false); };
  }

  document.addEventListener('click', (event) => {
    if (!desk.view) return;
    if (event.target.closest?.('#freeze')) freeze();
    else if (event.target.closest?.('.help-button')) help(true);
  });
  document.addEventListener('keydown', (event) => {
    if (!desk.view || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      const columns = document.querySelector('.columns[open]');
      if (helpOpen()) help(false);
      else if (columns) { columns.open = false; columns.querySelector('summary').focus(); } else if (desk.view === 'desk' && desk.sel && !event.target.matches('input')) desk.select(null, 'keys');
      return;
    }
    if (helpOpen() || event.target.matches?.('input, textarea, select, [contenteditable]')) return;
    if (event.key === '?') { help(true); event.preventDefault(); return; }
    if (desk.view !== 'desk') return;
    if (event.key === '/') { field?.focus(); field?.select(); event.preventDefault(); }
    else if (event.key === 'j' || event.key === 'k') { step(event.key === 'j' ? 1 : -1); event.preventDefault(); }
    else if (event.key === 'f') { freeze(); event.preventDefault(); }
    else if (['1', '2', '3'].includes(event.key)) { desk.tab(Number(event.key) - 1); event.preventDefault(); }
    else if (event.key === 'Enter' && event.target.matches?.('#inbox .row-link')) {
      // the link itself selects; the reader goes on to the details
      setTimeout(() => document.getElementById('detail')?.focus(), 0);
    }
  });

  desk.parts.push({ mounted() { if (held) thaw(); buildSearch(); say(); } });
})();
