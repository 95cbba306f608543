// What one object says when it is pressed, and the list of those that lie on one spot. Text only: every
// word goes in through textContent.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const REFRESH_MS = 5000;

  function el(name, cls, text) {
    const made = document.createElement(name);
    if (cls) made.className = cls;
    if (text !== undefined) made.textContent = text;
    return made;
  }
  const iso = (ms) => (ms === null || ms === undefined ? '' : new Date(ms).toISOString());

  room.Popups = class {
    constructor(map, objects) {
      this.map = map;
      this.objects = objects;
      this.open = null;                          // {popup, thing id, parts, timer}
      this.onClose = (event) => { if (this.open && event.popup === this.open.popup) this.closed(); };
      map.on('popupclose', this.onClose);
    }

    words(key, fallback) { return room.config().words?.[key] || fallback; }
    stateWord(thing) {
      const layer = (room.config().layers || []).find((one) => one.name === thing.feed);
      return layer?.states?.[thing.state] || (thing.state === 'unknown' ? this.words('unknown', 'unknown') : thing.state);
    }

    press(entry) {
      if (!entry) return;
      if (entry.members) this.group(entry); else this.thing(entry);
    }

    // --- one object ------------------------------------------------------------------------------
    thing(thing) {
      const root = el('div', 'popup');
      const head = el('h3', 'popup-label', thing.label);
      const line = el('p', 'popup-state');
      const state = el('span', 'popup-word', this.stateWord(thing));
      const dot = el('span', 'popup-dot', '·');
      const age = el('span', 'age');
      line.append(state, dot, age);
      const list = el('dl', 'popup-rows');
      root.append(head, line, list);
      this.show(root, thing);
      this.open = { ...this.open, feed: thing.feed, id: thing.id, state, list, root, head };
      this.objects.selected = { feed: thing.feed, id: thing.id };
      this.objects.dirty = true;
      this.objects.wake();
      this.refresh();
      this.open.timer = setInterval(() => this.refresh(), REFRESH_MS);
    }

    show(root, entry) {
      this.close();
      const at = entry.members ? room.things.latLng(entry.x, entry.y) : room.things.latLng(...entry.at(performance.now()));
      const size = this.map.getSize();
      const popup = L.popup({
        maxWidth: Math.max(220, Math.min(560, size.x - 40)), maxHeight: Math.max(160, size.y - 80), autoPan: true,
        offset: [0, -Math.round((entry.strip?.radius || 12) * 0.6)], className: 'room-popup', keepInView: false,
      });
      popup.setLatLng(at).setContent(root);
      this.open = { popup };
      popup.openOn(this.map);
      popup.options.autoPan = false;             // from here on nothing but the reader moves the view
      room.ages.renderSoon();
    }

    // Words and age from what the map has; fields from the server.
    refresh() {
      const open = this.open;
      if (!open?.id) return;
      const thing = room.things.get(open.feed, open.id);
      if (!thing) { open.root.classList.add('popup-gone'); return; }
      open.head.textContent = thing.label;
      open.state.textContent = this.stateWord(thing);
      open.root.dataset.asOf = iso(thing.event);
      open.root.dataset.maxAge = thing.maxAge ?? '';
      room.ages.renderSoon();
      const lang = room.config().lang || '';
      fetch('/api/v1/objects/' + encodeURIComponent(open.feed) + '/' + encodeURIComponent(open.id) + '?lang=' + encodeURIComponent(lang))
        .then((answer) => (answer.ok ? answer.json() : null))
        .then((said) => { if (said && this.open === open) this.rows(open, said); })
        .catch(() => {});                        // without the server the popup keeps what it has, its age goes on
    }

    rows(open, said) {
      if (said.state_label) open.state.textContent = String(said.state_label);
      const rows = Array.isArray(said.rows) ? said.rows : [];
      const key = JSON.stringify(rows);
      if (key === open.key) return;
      const first = open.key === undefined;
      open.key = key;
      open.list.replaceChildren(...rows.filter(Array.isArray).flatMap(([label, text]) => [el('dt', '', String(label)), el('dd', '', String(text))]));
      const had = open.popup.options.autoPan;
      open.popup.options.autoPan = first;        // the rows made it taller: at the map's edge it must still be whole
      open.popup.update();
      open.popup.options.autoPan = had;
    }

    // --- many on one spot ------------------------------------------------------------------------
    group(group) {
      if (this.parts(group)) {
        const at = group.members.map((m) => room.things.latLng(m.x, m.y));
        this.map.fitBounds(L.latLngBounds(at).pad(0.3), { maxZoom: 17, animate: false });
        return;
      }
      const root = el('div', 'popup popup-members');
      root.append(el('h3', 'popup-label', this.words('members', '{n} here').replace('{n}', String(group.members.length))));
      const list = el('ul', 'popup-list');
      for (const thing of [...group.members].sort((a, b) => a.label.localeCompare(b.label, undefined, { numeric: true }))) {
        const item = el('li');
        const press = el('button', 'popup-member');
        press.type = 'button';
        press.dataset.asOf = iso(thing.event);
        press.dataset.maxAge = thing.maxAge ?? '';
        press.append(el('b', '', thing.label), el('span', 'popup-word', this.stateWord(thing)), el('span', 'age'));
        press.addEventListener('click', () => this.thing(room.things.get(thing.feed, thing.id) || thing));
        item.append(press);
        list.append(item);
      }
      root.append(list);
      this.show(root, group);
    }

    // Would zooming in as far as the map goes lay them apart?
    parts(group) {
      const most = Math.min(18, this.map.getMaxZoom());
      if (this.map.getZoom() >= most - 0.25) return false;
      const unit = 256 * Math.pow(2, most);
      const xs = group.members.map((m) => m.x), ys = group.members.map((m) => m.y);
      const apart = Math.hypot(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) * unit;
      return apart > group.strip.radius * 2;
    }

    // The open popup goes with its object.
    followThing() {
      const open = this.open;
      const thing = open?.id && room.things.get(open.feed, open.id);
      if (!thing || !thing.placed) return;
      const [lat, lon] = room.things.latLng(...thing.at(performance.now()));
      const was = open.popup.getLatLng();
      if (Math.abs(was.lat - lat) > 1e-6 || Math.abs(was.lng - lon) > 1e-6) open.popup.setLatLng([lat, lon]);
    }

    remove() { this.close(); this.map.off('popupclose', this.onClose); }
    close() { if (this.open) this.map.closePopup(this.open.popup); }
    closed() {
      clearInterval(this.open.timer);
      this.open = null;
      this.objects.selected = null;
      this.objects.dirty = true;
      this.objects.wake();
    }
  };
})();
