// Draws a document that the server wrote (layouts/desk_detail.py, desk_kpi.py, desk_feeds.py): a head and
// blocks. A block is drawn anew only when it changed, so that focus, open tables and scroll stay. All words
// go in as text; every chart has its table.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const SVG = 'http://www.w3.org/2000/svg';
  const WIDTH = 372, HEIGHT = 92;

  function el(name, cls, ...children) {
    const made = document.createElement(name);
    if (cls) made.className = cls;
    made.append(...children.filter((c) => c !== null && c !== undefined && c !== ''));
    return made;
  }
  function svg(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }
  const word = (key, fallback) => room.desk.word(key, fallback);
  function aged(made, asOf, maxAge) {
    made.dataset.asOf = asOf || '';
    made.dataset.maxAge = maxAge ?? '';
    return made;
  }

  function symbol([name, state]) {
    if (name === 'incident') return el('span', 'mark sev-' + state);
    if (name === 'kpi') return el('span', 'mark kpi-' + state);
    if (name === 'hotspot') return el('span', 'sym hotspot ' + state);
    if (name === 'place') return el('span', 'sym place');
    return el('span', 'sym unit ' + state);
  }
  function href(sel) { return room.desk.address({ sel }, '/desk'); }

  // --- blocks ----------------------------------------------------------------------------------------
  function link(entry) {
    const age = entry.ages ? el('span', 'age') : null;
    const made = el('a', 'entry', symbol(entry.symbol), el('span', 'entry-what', el('b', '', entry.title), el('span', 'entry-sub', entry.sub)), age);
    made.href = href(entry.sel);
    return entry.ages ? aged(made, entry.as_of, entry.max_age) : made;
  }
  function table(columns, rows, title) {
    const head = el('tr', '', ...columns.map((c) => { const th = el('th', '', c); th.scope = 'col'; return th; }));
    const cell = (value) => {
      if (value && typeof value === 'object') return aged(el('td', 'cell-age', el('span', 'age')), value.as_of, value.max_age);
      return el('td', '', String(value ?? ''));
    };
    const body = rows.map((row) => el('tr', '', ...row.map(cell)));
    if (!rows.length) { const none = el('td', 'none-row', '–'); none.colSpan = columns.length; body.push(el('tr', '', none)); }
    const frame = el('div', 'table-frame', el('table', 'doc-table', el('thead', '', head), el('tbody', '', ...body)));
    frame.tabIndex = 0;                          // wide tables scroll by keyboard too
    frame.setAttribute('role', 'region');
    frame.setAttribute('aria-label', title);
    return frame;
  }
  function twin(block) {
    const more = el('details', 'twin', el('summary', '', word('table', 'As a table')));
    more.append(table(block.columns, block.table, block.title));
    return more;
  }

  const share = (ms, block) => ((ms - block.from) / (block.to - block.from)) * WIDTH;

  function line(block) {
    const known = block.points.filter(([, v]) => v !== null && Number.isFinite(v));
    if (!known.length) return [el('p', 'none', word('no_data', 'no data'))];
    const target = Number.isFinite(block.target) ? block.target : null;
    const values = known.map(([, v]) => v);
    let high = Math.max(...values, target ?? -Infinity), low = Math.min(...(block.zoom ? [target ?? Infinity] : [0]), ...values);
    if (block.zoom) { const room = (high - low || Math.abs(high) || 1) * 0.15; high += room; low = Math.max(low >= 0 ? 0 : -Infinity, low - room); }
    if (high <= low) high = low + 1;
    const y = (v) => 6 + (1 - (v - low) / (high - low)) * (HEIGHT - 12);
    const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img', preserveAspectRatio: 'none' });
    picture.setAttribute('aria-label', block.title + ', ' + block.labels.join(' – '));
    for (const v of [low, (low + high) / 2, high]) picture.append(svg('line', { x1: 0, x2: WIDTH, y1: y(v), y2: y(v), class: 'grid' }));
    let path = '', last = null;
    const ends = [];
    const gap = (from, to) => { if (share(to, block) - share(from, block) > 1) picture.append(svg('rect', { x: share(from, block), y: 6, width: share(to, block) - share(from, block), height: HEIGHT - 12, class: 'gap' })); };
    for (const [ms, v] of block.points) {
      if (ms < block.from) continue;
      if (v === null || !Number.isFinite(v)) continue;
      const broken = last === null || ms - last > block.gap_ms;
      if (broken) gap(last ?? block.from, ms);
      path += (broken ? 'M' : 'L') + share(ms, block).toFixed(1) + ' ' + y(v).toFixed(1);
      if (broken) path += 'l.1 0';
      last = ms;
    }
    if (last !== null && block.to - last > block.gap_ms) gap(last, block.to);
    if (target !== null) picture.append(svg('line', { x1: 0, x2: WIDTH, y1: y(target), y2: y(target), class: 'target' }));
    picture.append(svg('path', { d: path, class: 'line', 'vector-effect': 'non-scaling-stroke' }));
    const number = (v) => v.toLocaleString(room.config().lang || undefined, { maximumFractionDigits: 1 }) + (block.unit ? ' ' + block.unit : '');
    const scale = el('div', 'chart-scale', el('span', '', number(high)), el('span', '', number(low)));
    ends.push(el('span', '', block.labels[0]));
    if (target !== null) ends.push(el('span', 'chart-target', word('target', 'target') + ' ' + number(target)));
    ends.push(el('span', '', block.labels[1]));
    return [el('div', 'chart-frame', picture, scale), el('div', 'chart-ends', ...ends)];
  }

  function bar(block) {
    const picture = svg('svg', { viewBox: `0 0 ${WIDTH} 28`, class: 'chart bar-chart', role: 'img', preserveAspectRatio: 'none' });
    picture.setAttribute('aria-label', block.title + ': ' + block.note);
    const used = new Map();
    for (const [from, to, state, name] of block.parts) {
      used.set(state, name);
      picture.append(svg('rect', { x: share(from, block).toFixed(2), y: state === 'up' ? 8 : 0, width: Math.max(0.6, share(to, block) - share(from, block)).toFixed(2), height: state === 'up' ? 12 : 28, class: 'part-' + state }));
    }
    const legend = [...used].map(([state, name]) => el('span', 'part-name part-name-' + state, name));
    return [picture, el('div', 'chart-ends', el('span', '', block.labels[0]), el('span', 'part-names', ...legend), el('span', '', block.labels[1]))];
  }

  const DRAW = {
    rows: (block) => [el('dl', 'doc-rows', ...block.rows.flatMap(([label, text]) => [el('dt', '', label), el('dd', '', text)]))],
    links: (block) => [
      block.links.length ? el('ul', 'entries', ...block.links.map((entry) => el('li', '', link(entry)))) : el('p', 'none', block.empty),
      block.more ? el('p', 'more', block.more) : null,
    ],
    steps: (block) => [el('ol', 'steps', ...block.steps.map((step) => el('li', 'step step-' + (step.judged || 'done'), el('span', 'step-time', step.time), el('span', 'step-what', el('b', '', step.title), el('span', '', step.note)))))],
    table: (block) => [table(block.columns, block.rows, block.title)],
    line: (block) => [...line(block), twin(block)],
    bar: (block) => [...bar(block), twin(block)],
  };

  function section(block) {
    const title = el('h3', '', block.title);
    if (block.note) title.append(el('span', 'note', block.note));
    return el('section', 'block block-' + block.kind, title, ...(DRAW[block.kind] ? DRAW[block.kind](block) : []));
  }

  // --- the head --------------------------------------------------------------------------------------
  function head(doc) {
    const made = el('header', 'doc-head', symbol(doc.symbol), el('h2', '', doc.title), el('span', 'doc-id', doc.id), el('p', 'doc-sub', doc.sub));
    if (doc.ages) { aged(made, doc.event_time, doc.max_age); made.append(el('span', 'age')); }
    const close = el('button', 'doc-close', '×');
    close.type = 'button';
    close.setAttribute('aria-label', word('close', 'Close'));
    close.addEventListener('click', () => room.desk.select(null, 'detail'));
    made.append(close);
    return made;
  }
  function clock(given) {
    const made = el('div', 'doc-clock sev-' + given.severity, el('span', 'elapsed'), el('span', 'clock-text', given.text));
    if (given.badge) made.append(el('span', given.loud ? 'filled' : 'quiet', given.badge));
    if (given.target_s) made.append(el('span', 'bar', el('i')));
    Object.assign(made.dataset, { since: given.since, ended: given.ended, targetS: given.target_s ?? '', style: given.clock || given.ended ? 'clock' : 'age' });
    return made;
  }
  function value(given) {
    return el('div', 'doc-value' + (given.known ? '' : ' unknown'), el('b', '', given.text), el('span', '', given.unit));
  }

  // --- putting it in place ----------------------------------------------------------------------------
  // Parts by key; one whose content is the same stays the same element.
  function place(panel, parts, sel) {
    if (panel.dataset.drawn !== sel) { panel.replaceChildren(); panel.dataset.drawn = sel; panel.kept = new Map(); panel.scrollTop = 0; }
    const kept = panel.kept || (panel.kept = new Map());
    const open = new Set([...panel.querySelectorAll('details[open]')].map((d) => d.closest('.block')?.dataset.key));
    const scrolls = new Map([...panel.querySelectorAll('.table-frame')].map((t) => [t.closest('.block')?.dataset.key, t.scrollTop]));
    let at = null;
    for (const [key, text, make] of parts) {
      let part = kept.get(key);
      if (!part || part.text !== text) {
        const made = make();
        made.dataset.key = key;
        if (open.has(key)) for (const d of made.querySelectorAll('details')) d.open = true;
        if (part) {
          const focus = [...part.el.querySelectorAll('a, button, summary, [tabindex]')].indexOf(document.activeElement);
          part.el.replaceWith(made);
          if (focus >= 0) [...made.querySelectorAll('a, button, summary, [tabindex]')][focus]?.focus({ preventScroll: true });
          for (const t of made.querySelectorAll('.table-frame')) t.scrollTop = scrolls.get(key) || 0;
        } else if (at) at.after(made); else panel.prepend(made);
        kept.set(key, (part = { text, el: made }));
      }
      at = part.el;
    }
    const used = new Set(parts.map(([key]) => key));
    for (const [key, part] of kept) if (!used.has(key)) { part.el.remove(); kept.delete(key); }
  }

  function draw(panel, doc) {
    const parts = [];
    if (doc.title) {
      const { symbol: s, title, sub, id, event_time, max_age } = doc;
      parts.push(['head', JSON.stringify([s, title, sub, id, event_time, max_age]), () => head(doc)]);
    }
    if (doc.clock) parts.push(['clock', JSON.stringify(doc.clock), () => clock(doc.clock)]);
    if (doc.value) parts.push(['value', JSON.stringify(doc.value), () => value(doc.value)]);
    for (const block of doc.blocks || []) parts.push([block.key, JSON.stringify(block), () => section(block)]);
    place(panel, parts, doc.sel || 'page');
  }
  const nothing = (panel, text) => place(panel, [['none', text, () => el('p', 'none', text)]], 'none');
  function away(panel, text) {
    if (panel.querySelector('.away')) return;
    const made = el('p', 'away', text);
    made.setAttribute('role', 'status');
    panel.prepend(made);
    panel.kept?.set('away', { text, el: made });        // goes with the next document
  }

  room.doc = { draw, nothing, away, symbol, el };
})();
