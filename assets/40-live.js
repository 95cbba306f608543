// The live channel: one WebSocket to /live. A snapshot at every connection, then what changed. It never
// gives up, never reloads while the server is away, and a silence of 2.5 s looks frozen.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const SILENT_MS = 2500, DEAD_MS = 9000, CONNECT_MS = 4000;
  const FIRST_MS = 300, MOST_MS = 3000, HIDDEN_MS = 15_000, IDLE_MS = 10_000;
  const RELOADED = 'room-reloaded-for';

  const live = {
    state: 'idle', frames: 0, connections: 0, lastFrameAt: null, lastServerMs: null, build: null, wanted: null,
    errors: 0,
  };
  let socket = null, tries = 0, retry = 0, opening = 0, watchedAt = performance.now();
  let view = null, shownPath = null, applied = new Map();
  let lostAt = null;               // server's clock: what is on screen was true then
  let touchedAt = -1e9;

  const root = document.documentElement;
  const here = () => location.pathname + location.search;

  // --- what the reader sees of the link ---------------------------------------------------------------
  function show(state) {
    live.state = state;
    if (root.dataset.link !== state) root.dataset.link = state;
    frozen();
  }
  function frozen() {
    const el = document.getElementById('frozen-text');
    if (!el) return;
    let text = '';
    if (live.state === 'lost' && lostAt !== null) {
      const words = room.config().words || {};
      text = (words.frozen || 'Frozen at {time}, no link for {age}')
        .replace('{time}', room.clock.text(lostAt))
        .replace('{age}', room.ages.span((room.clock.now() - lostAt) / 1000, words));
    }
    if (el.textContent !== text) el.textContent = text;
  }
  function lost() {
    if (!view || live.state === 'lost') return;
    lostAt = live.lastServerMs ?? view.mountedMs;
    show('lost');
  }

  // --- connecting ---------------------------------------------------------------------------------------
  function connect() {
    clearTimeout(retry);
    retry = 0;
    if (!view || (socket && socket.readyState <= WebSocket.OPEN)) return;
    let mine;
    try {
      mine = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/live');
    } catch { later(); return; }
    socket = mine;
    clearTimeout(opening);
    opening = setTimeout(() => { if (mine === socket && mine.readyState === WebSocket.CONNECTING) drop(); }, CONNECT_MS);
    mine.onopen = () => {
      if (mine !== socket) return;
      clearTimeout(opening);
      live.connections += 1;
      live.heardAt = performance.now();
      hello();
    };
    mine.onmessage = (event) => { if (mine === socket) heard(mine, event.data); };
    mine.onclose = () => { if (mine === socket) { socket = null; lost(); later(); } };
    mine.onerror = () => {};
  }

  // Give up on this socket now; a half-dead one may take minutes to say so itself.
  function drop() {
    const old = socket;
    socket = null;
    if (old) { old.onclose = old.onmessage = old.onopen = null; try { old.close(); } catch { /* it is gone anyway */ } }
    lost();
    later();
  }

  function later() {
    if (!view || retry) return;
    const most = document.visibilityState === 'hidden' ? HIDDEN_MS : MOST_MS;
    const wait = Math.min(most, FIRST_MS * Math.pow(1.7, Math.min(tries, 20)));
    tries += 1;
    retry = setTimeout(connect, wait * (0.5 + 0.5 * Math.random()));     // jitter: fifty screens never come at once
  }
  function atOnce() {
    if (!view) return;
    if (!socket) { tries = 0; connect(); } else if (socket.readyState === WebSocket.OPEN && performance.now() - live.heardAt > SILENT_MS) {
      setTimeout(() => { if (socket && performance.now() - live.heardAt > SILENT_MS) drop(); }, 1500);
    }
  }

  function hello() {
    if (!socket || socket.readyState !== WebSocket.OPEN || !view) return;
    const config = room.config();
    const said = {
      view: view.name, lang: config.lang, scene: config.scene, build: live.build,
      path: location.pathname, search: location.search,
    };
    socket.send(JSON.stringify({ hello: said }));
  }

  // --- frames ---------------------------------------------------------------------------------------------
  function heard(from, text) {
    let frame = null;
    try {
      frame = JSON.parse(text);
      take(frame);
    } catch (error) {
      live.errors += 1;
      console.warn('a frame could not be applied', error);
    } finally {
      if (frame && frame.n !== undefined && from.readyState === WebSocket.OPEN) from.send(JSON.stringify({ ack: frame.n }));
    }
  }

  function take(frame) {
    live.heardAt = performance.now();
    live.lastFrameAt = Date.now();
    live.frames += 1;
    tries = 0;
    if (Number.isFinite(frame.now) && frame.now > 0) {
      room.clock.sync(frame.now);
      live.lastServerMs = frame.now;
    }
    if (view && !document.getElementById('room-config')) { leave(); return; }     // a page without live view
    if (room.held?.(frame)) { if (live.state !== 'live') show('live'); return; }   // the desk's freeze: counted, not shown
    if (frame.full) applied = new Map();
    if (frame.layers || frame.full) {
      try { room.things.apply(frame.layers || {}, Boolean(frame.full)); } catch (error) { live.errors += 1; console.warn('layers could not be applied', error); }
    }
    for (const [id, props] of Object.entries(frame.props || {})) {
      try { set(id, props); } catch (error) { live.errors += 1; console.warn('properties of ' + id + ' could not be applied', error); }
    }
    if (live.state !== 'live') { show('live'); recovered(); }
    if (frame.props) room.ages.renderSoon();
    if (frame.full && frame.build) checkBuild(String(frame.build));
  }

  // Only what differs, and only on elements that are there: set_props throws for any other.
  function set(id, props) {
    if (!document.getElementById(id)) return;
    const known = applied.get(id) || {};
    const layout = applied.has(id) ? null : window.dash_component_api?.getLayout?.(id);
    const changed = {};
    for (const [name, value] of Object.entries(props)) {
      const was = name in known ? known[name] : layout?.props?.[name];
      if (was !== value && JSON.stringify(was) !== JSON.stringify(value)) changed[name] = value;
    }
    if (Object.keys(changed).length) window.dash_clientside.set_props(id, changed);
    applied.set(id, { ...known, ...props });
  }

  // Navigation during an outage changes the address and not the page: say the address again.
  function recovered() {
    if (shownPath !== null && shownPath !== here()) again();
  }
  function again() {
    try { window.dash_clientside.set_props('url', { pathname: location.pathname, search: location.search }); } catch (error) { console.warn('the page could not be asked for again', error); }
  }

  // --- a newer program --------------------------------------------------------------------------------------
  let reloading = false;
  async function checkBuild(build) {
    if (live.build === null) live.build = build;
    if (build === live.build || reloading) return;
    try { if (sessionStorage.getItem(RELOADED) === build) return; } catch { /* no storage: the check below still holds it back */ }
    reloading = true;
    while (!(quiet() && socket?.readyState === WebSocket.OPEN && (await ready()))) await new Promise((go) => setTimeout(go, 1000));
    try { sessionStorage.setItem(RELOADED, build); } catch { return; }      // never reload in a circle
    room.reload();
  }
  room.reload = () => location.reload();
  async function ready() {
    try { return (await fetch('/readyz', { cache: 'no-store' })).status === 200; } catch { return false; }
  }
  function quiet() {
    const busy = document.activeElement?.matches?.('input, textarea, select, [contenteditable]');
    return !busy && performance.now() - touchedAt > IDLE_MS && !document.querySelector('.leaflet-popup');
  }
  for (const type of ['pointerdown', 'keydown', 'wheel', 'touchstart']) {
    window.addEventListener(type, () => { touchedAt = performance.now(); }, { passive: true, capture: true });
  }

  // --- pages ------------------------------------------------------------------------------------------------
  function mounted(name) {
    const config = room.config();
    if (live.build === null && config.build) live.build = String(config.build);
    view = { name: String(name || config.view || ''), mountedMs: view?.mountedMs ?? room.clock.now() };
    shownPath = here();
    applied = new Map();
    if (live.state === 'idle') { live.heardAt = performance.now(); show('connecting'); } else frozen();
    if (socket?.readyState === WebSocket.OPEN) hello(); else connect();
    room.ages.renderSoon();
    return window.dash_clientside ? window.dash_clientside.no_update : undefined;
  }

  function leave() {
    view = null;
    clearTimeout(retry);
    retry = 0;
    const old = socket;
    socket = null;
    if (old) { old.onclose = old.onmessage = null; old.close(1000); }
    live.state = 'idle';
    live.lastServerMs = null;
    delete root.dataset.link;
  }

  // --- watching -----------------------------------------------------------------------------------------------
  // When this timer itself was late the whole page slept: frames may be waiting behind it, look again first.
  setInterval(() => {
    const now = performance.now(), slept = now - watchedAt > 1500;
    watchedAt = now;
    if (!view) return;
    const silent = now - (live.heardAt ?? now);
    if (!slept) {
      if (silent > SILENT_MS) lost();
      if (silent > DEAD_MS && socket?.readyState === WebSocket.OPEN) drop();
      if (!socket && !retry) later();
    }
    if (live.state === 'lost') frozen();
  }, 250);

  window.addEventListener('online', atOnce);
  window.addEventListener('pageshow', atOnce);
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') { room.ages.render(); atOnce(); } });

  // The first answer for a page may get lost while the server restarts: an empty page asks again.
  let emptyFor = 0;
  setInterval(async () => {
    const page = document.getElementById('page');
    emptyFor = page && !page.firstElementChild && document.readyState === 'complete' ? emptyFor + 1 : 0;
    if (emptyFor >= 3 && (await ready())) { emptyFor = 0; again(); }
  }, 2000);

  room.live = live;
  live.drop = drop;
  live.hello = hello;              // everything anew, on the same connection
  window.dash_clientside = Object.assign(window.dash_clientside || {}, { live: { mounted } });
})();
