// The desk's selection: one object at a time, the same in inbox, map, table and detail, and in the address.
// Every selection is a link; the back button goes through them. Feed health uses the document part only.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const REFRESH_MS = 5000, SOON_MS = 900;
  const SEL = /^[a-z_]+\/[^/]{1,80}$/;

  const desk = (room.desk = {
    view: null, sel: null, doc: null, held: false, listeners: new Set(), parts: [],
    root: () => document.getElementById('desk'),
    word: (key, fallback) => room.config().words?.[key] || fallback || key,
  });

  const wanted = () => {
    const sel = new URLSearchParams(location.search).get('sel') || '';
    return SEL.test(sel) ? sel : null;
  };
  // An address of this page with some of its parameters changed; null takes one away.
  desk.address = function (changes, path) {
    const query = new URLSearchParams(path && path !== location.pathname ? '' : location.search);
    if (path && !query.has('lang')) query.set('lang', room.config().lang || 'id');
    for (const [key, value] of Object.entries(changes)) { if (value === null) query.delete(key); else query.set(key, value); }
    const text = query.toString().replaceAll('%2F', '/');
    return (path || location.pathname) + (text ? '?' + text : '');
  };

  // Change the address, and tell Dash: its Location would else put the old address back at its next change.
  desk.go = function (changes, add) {
    history[add ? 'pushState' : 'replaceState'](null, '', desk.address(changes));
    window.dispatchEvent(new CustomEvent('_dashprivate_pushstate'));
  };

  // --- selecting -----------------------------------------------------------------------------------
  // sel: "incidents/I-1", "kpis/…" or null. from: the part where it was pressed, which need not scroll to it.
  desk.select = function (sel, from) {
    if (sel !== null && !SEL.test(sel)) return;
    if (sel === desk.sel) { desk.refresh(); tell(from); return; }
    desk.go({ sel }, true);
    show(sel, from);
  };

  function show(sel, from) {
    desk.sel = sel;
    desk.doc = null;
    tell(from);
    mark();
    desk.refresh();
  }
  function tell(from) {
    for (const listener of desk.listeners) {
      try { listener(desk.sel, from); } catch (error) { console.warn('a part of the desk did not follow the selection', error); }
    }
  }
  // Rows, figures and links that lead to the selection.
  function mark() {
    const root = desk.root();
    if (!root) return;
    for (const link of root.querySelectorAll('a[href*="sel="]')) {
      const is = desk.sel !== null && selOf(link) === desk.sel;
      if (is) link.setAttribute('aria-current', 'true'); else if (link.getAttribute('aria-current') === 'true') link.removeAttribute('aria-current');
    }
  }
  function selOf(link) {
    try { return new URL(link.href, location.href).searchParams.get('sel'); } catch { return null; }
  }

  // --- the detail panel -------------------------------------------------------------------------------
  let asked = 0, soon = 0;
  desk.refresh = function () {
    const panel = document.getElementById('detail');
    if (!panel || !desk.view) return;
    if (desk.view === 'desk' && !desk.sel) { asked += 1; room.doc.nothing(panel, desk.word('nothing')); return; }
    const mine = ++asked;
    const lang = encodeURIComponent(room.config().lang || '');
    const [feed, id] = (desk.sel || '').split('/');
    const path = desk.view === 'feeds' ? 'feeds' : feed === 'kpis' ? 'kpis/' + encodeURIComponent(id) : 'objects/' + encodeURIComponent(feed) + '/' + encodeURIComponent(id);
    fetch('/api/v1/desk/' + path + '?lang=' + lang)
      .then((answer) => (answer.ok ? answer.json() : answer.status === 404 ? null : Promise.reject(new Error('status ' + answer.status))))
      .then((doc) => {
        if (mine !== asked) return;
        if (!doc) { room.doc.nothing(panel, desk.word('gone')); desk.doc = null; } else { desk.doc = doc; room.doc.draw(panel, doc); }
        mark();
        room.ages.renderSoon();
        for (const part of desk.parts) part.document?.(desk.doc);
      })
      .catch(() => { if (mine === asked) room.doc.away(panel, desk.word('away')); });
  };
  desk.refreshSoon = function () {
    if (soon) return;
    soon = setTimeout(() => { soon = 0; if (!desk.held) desk.refresh(); }, SOON_MS);
  };
  setInterval(() => {
    if (desk.view && !desk.held && document.visibilityState === 'visible') desk.refresh();
  }, REFRESH_MS);
  room.things.onChange((change) => {
    const feed = desk.sel?.split('/')[0];
    if (desk.view === 'desk' && feed && change.feeds.has(feed) && (change.facts || change.members)) desk.refreshSoon();
  });
  new MutationObserver(() => { if (desk.view === 'desk') mark(); })
    .observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ['href'] });

  // --- presses ----------------------------------------------------------------------------------------
  document.addEventListener('click', (event) => {
    if (!desk.view || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.('#desk a');
    if (link) {
      const sel = selOf(link);
      if (desk.view === 'desk' && sel && link.pathname === '/desk') {
        event.preventDefault();
        desk.select(sel, link.closest('#inbox') ? 'inbox' : link.closest('#detail') ? 'detail' : 'figures');
      } else if (link.classList.contains('theme-switch')) {
        event.preventDefault();
        theme(desk.root().dataset.theme === 'dark' ? 'light' : 'dark');
      } else if (link.hreflang) {
        event.preventDefault();
        location.assign(desk.address({ lang: link.hreflang }));
      } else if (link.pathname.startsWith('/desk')) {
        event.preventDefault();
        location.assign(desk.address(desk.root().dataset.theme === 'dark' ? { theme: 'dark' } : {}, link.pathname));
      }
      return;
    }
    const copy = event.target.closest?.('.copy-link');
    if (copy) copyLink(copy);
  });

  function theme(name) {
    const root = desk.root(), link = root.querySelector('.theme-switch');
    root.dataset.theme = name;
    if (link) link.textContent = name === 'dark' ? link.dataset.light : link.dataset.dark;
    desk.go({ theme: name === 'dark' ? 'dark' : null }, false);
  }

  async function copyLink(button) {
    const was = button.textContent;
    try { await navigator.clipboard.writeText(location.href); } catch {
      const field = document.createElement('textarea');       // no clipboard outside of https: the old way
      field.value = location.href;
      document.body.append(field);
      field.select();
      document.execCommand('copy');
      field.remove();
      button.focus();
    }
    button.textContent = desk.word('copied');
    setTimeout(() => { button.textContent = was; }, 1500);
  }

  window.addEventListener('popstate', () => {
    if (!desk.view) return;
    const root = desk.root();
    const dark = new URLSearchParams(location.search).get('theme') === 'dark';
    if (root && (root.dataset.theme === 'dark') !== dark) root.dataset.theme = dark ? 'dark' : 'light';
    if (wanted() !== desk.sel) show(wanted(), 'address');
  });

  // --- the page is there --------------------------------------------------------------------------------
  const was = window.dash_clientside.live.mounted;
  window.dash_clientside.live.mounted = function (name) {
    const answer = was(name);
    desk.view = name === 'desk' || name === 'feeds' ? name : null;
    if (desk.view) {
      for (const part of desk.parts) { try { part.mounted?.(desk.view); } catch (error) { console.warn('a part of the desk did not start', error); } }
      show(desk.view === 'desk' ? wanted() : null, 'address');
    }
    return answer;
  };
})();
