// The desk's tables. Rows come from the server as the reader's words and go into the grid as what changed,
// so that selection, scroll and focus stay; filters, columns and export act on what the grid shows.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const desk = room.desk;
  const OFTEN_MS = 5000, SOON_MS = 900;
  const FORMULA = /^[=+\-@\t\r]/;
  const grids = new Map();           // feed -> {api, rows: Map(id -> JSON), total}
  let current = null, onlyOpen = true, soon = 0, fromTable = false;

  // --- cells ---------------------------------------------------------------------------------------
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const make = (...args) => window.React.createElement(...args);
  const words = () => room.config().words;
  const ageText = (ms) => (ms === null || ms === undefined ? '–' : room.ages.text((room.clock.now() - ms) / 1000, words()));
  functions.roomAge = (params) => ageText(params.value);
  // Ages are elements of the page's own clock, which keeps them current.
  cells.RoomAge = (props) => make('span', { className: 'cell-age', 'data-as-of': iso(props.value), 'data-max-age': props.data.max_age_s ?? '' }, make('span', { className: 'age' }, ageText(props.value)));
  cells.RoomOpen = (props) => make('span', { 'data-since': iso(props.value), 'data-ended': iso(props.data.ended_ms), 'data-style': 'age' }, make('span', { className: 'elapsed' }, ''));
  cells.RoomSeverity = (props) => make('span', { className: 'mark sev-' + props.value, role: 'img', 'aria-label': String(props.value) });
  cells.RoomState = (props) => make('span', { className: 'cell-state state-' + props.data.state }, make('span', { className: 'sym ' + (props.data.symbol.startsWith('unit') ? 'unit ' : 'hotspot ') + props.data.state }), props.value);
  cells.RoomStage = (props) => make('span', { className: props.data.waits ? 'filled sev-' + props.data.severity : 'cell-state' }, props.value);
  const iso = (ms) => (Number.isFinite(ms) ? new Date(ms).toISOString() : '');

  // --- rows ----------------------------------------------------------------------------------------
  function load(feed) {
    const grid = grids.get(feed);
    if (!grid?.api || grid.api.isDestroyed?.() || desk.held) return;
    fetch('/api/v1/desk/tables/' + feed + '?lang=' + encodeURIComponent(room.config().lang || ''))
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error('status ' + answer.status))))
      .then((said) => { if (!desk.held) put(feed, grid, said.rows); })
      .catch(() => {});                          // the head says that the link is gone; rows keep what they have
  }
  function put(feed, grid, rows) {
    if (grid.api.isDestroyed?.()) return;
    const all = feed === 'incidents' && onlyOpen ? rows.filter((row) => row.active) : rows;
    grid.total = rows.length;
    const add = [], update = [], seen = new Set();
    for (const row of all) {
      const text = JSON.stringify(row), old = grid.rows.get(row.id);
      seen.add(row.id);
      if (old === undefined) add.push(row); else if (old !== text) update.push(row);
      grid.rows.set(row.id, text);
    }
    const remove = [...grid.rows.keys()].filter((id) => !seen.has(id)).map((id) => ({ id }));
    for (const { id } of remove) grid.rows.delete(id);
    if (add.length || update.length || remove.length) grid.api.applyTransaction({ add, update, remove });
    if (add.length || update.length) room.ages.renderSoon();
    follow();
    count();
  }
  function count() {
    const grid = grids.get(current), out = document.querySelector('.row-count');
    if (!grid?.api || !out || grid.api.isDestroyed?.()) return;
    const number = (n) => n.toLocaleString(room.config().lang || undefined);
    const text = desk.word('of_rows', '{n} of {total}').replace('{n}', number(grid.api.getDisplayedRowCount())).replace('{total}', number(grid.total ?? 0));
    if (out.textContent !== text) out.textContent = text;
    const clear = document.querySelector('.clear-filters');
    if (clear) clear.hidden = !grid.api.isAnyFilterPresent();
  }

  // --- the selected row ------------------------------------------------------------------------------
  function follow() {
    const [feed, id] = (desk.sel || '').split('/');
    for (const [name, grid] of grids) {
      if (!grid.api || grid.api.isDestroyed?.()) continue;
      const node = name === feed ? grid.api.getRowNode(id) : null;
      const was = grid.api.getSelectedNodes()[0] || null;
      if (was === node || (!was && !node)) continue;
      if (node) { node.setSelected(true, true); if (!fromTable && name === current) grid.api.ensureNodeVisible(node); } else grid.api.deselectAll();
    }
  }
  desk.listeners.add((sel, from) => {
    fromTable = from === 'table';
    const feed = sel?.split('/')[0];
    if (feed && feed !== current && grids.has(feed) && from !== 'table') tab(feed);
    follow();
    fromTable = false;
  });

  // --- tabs and tools ----------------------------------------------------------------------------------
  function tab(feed) {
    current = feed;
    for (const button of document.querySelectorAll('.tab')) {
      const is = button.dataset.feed === feed;
      button.setAttribute('aria-selected', String(is));
      button.tabIndex = is ? 0 : -1;
    }
    for (const pane of document.querySelectorAll('.pane')) pane.hidden = pane.dataset.feed !== feed;
    const open = document.querySelector('.only-open');
    if (open) open.hidden = feed !== 'incidents';
    const columns = document.querySelector('.columns');
    if (columns) columns.open = false;
    load(feed);
    count();
  }
  desk.tab = (index) => { const feed = (room.config().tables || [])[index]; if (feed) { tab(feed); document.getElementById('tab-' + feed)?.focus(); } };

  function columnList() {
    const list = document.querySelector('.column-list'), api = grids.get(current)?.api;
    if (!list || !api) return;
    list.replaceChildren(...api.getColumns().map((column) => {
      const label = document.createElement('label'), box = document.createElement('input');
      box.type = 'checkbox';
      box.checked = column.isVisible();
      box.addEventListener('change', () => api.setColumnsVisible([column.getColId()], box.checked));
      label.append(box, ' ' + (column.getColDef().headerName || column.getColId()));
      return label;
    }));
  }

  // What the grid shows, in its order, as CSV. A cell that a spreadsheet would run as a formula gets a quote.
  function csv(api) {
    const columns = api.getAllDisplayedColumns();
    const cell = (value) => {
      let text = value === null || value === undefined ? '' : String(value);
      if (typeof value !== 'number' && FORMULA.test(text)) text = "'" + text;
      return /[",\n\r;]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
    };
    const times = new Set(['event_ms', 'open_s']);
    const lines = [columns.map((c) => cell(c.getColDef().headerName)).join(',')];
    api.forEachNodeAfterFilterAndSort((node) => {
      lines.push(columns.map((c) => {
        const value = node.data[c.getColId()];
        return cell(times.has(c.getColId()) ? iso(value) : value);
      }).join(','));
    });
    return '\ufeff' + lines.join('\r\n') + '\r\n';
  }
  function save() {
    const api = grids.get(current)?.api;
    if (!api) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csv(api)], { type: 'text/csv;charset=utf-8' }));
    link.download = current + '-' + new Date(room.clock.now()).toISOString().slice(0, 19).replaceAll(':', '') + '.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  document.addEventListener('click', (event) => {
    if (desk.view !== 'desk') return;
    const at = event.target, api = grids.get(current)?.api;
    const press = at.closest?.('.tab, .only-open, .clear-filters, .export');
    if (!press) {
      const columns = document.querySelector('.columns[open]');
      if (columns && !columns.contains(at)) columns.open = false;
      return;
    }
    if (press.matches('.tab')) tab(press.dataset.feed);
    else if (press.matches('.export')) save();
    else if (press.matches('.clear-filters')) api?.setFilterModel(null);
    else { onlyOpen = !onlyOpen; press.setAttribute('aria-pressed', String(onlyOpen)); load('incidents'); }
  });
  document.addEventListener('toggle', (event) => { if (event.target.matches?.('.columns') && event.target.open) columnList(); }, true);
  document.addEventListener('keydown', (event) => {
    const button = event.target.closest?.('.tab');
    if (!button || (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft')) return;
    const all = [...document.querySelectorAll('.tab')];
    const next = all[(all.indexOf(button) + (event.key === 'ArrowRight' ? 1 : all.length - 1)) % all.length];
    tab(next.dataset.feed);
    next.focus();
    event.preventDefault();
  });

  // --- start, and staying current ------------------------------------------------------------------------
  async function start(feed) {
    const grid = { api: null, rows: new Map(), total: 0 };
    grids.set(feed, grid);
    grid.api = await window.dash_ag_grid.getApiAsync('grid-' + feed);
    if (grids.get(feed) !== grid) return;
    grid.api.addEventListener('rowClicked', (event) => desk.select(feed + '/' + event.data.id, 'table'));
    grid.api.addEventListener('cellKeyDown', (event) => { if (event.event.key === 'Enter') desk.select(feed + '/' + event.data.id, 'table'); });
    grid.api.addEventListener('modelUpdated', count);
    grid.api.addEventListener('bodyScrollEnd', () => room.ages.renderSoon());
    load(feed);
  }
  desk.parts.push({
    mounted(view) {
      grids.clear();
      current = null;
      if (view !== 'desk') return;
      onlyOpen = true;
      const feeds = room.config().tables || [];
      current = feeds[0];
      for (const feed of feeds) start(feed).catch((error) => console.warn('a table did not start', error));
    },
  });
  room.things.onChange((change) => {
    if (desk.view !== 'desk' || soon || !change.feeds.has(current) || !(change.facts || change.members)) return;
    soon = setTimeout(() => { soon = 0; load(current); }, SOON_MS);
  });
  setInterval(() => { if (desk.view === 'desk' && current && document.visibilityState === 'visible') load(current); }, OFTEN_MS);
  desk.reloadTables = () => { if (current) load(current); };
  desk.csv = () => (grids.get(current)?.api ? csv(grids.get(current).api) : '');
})();
