// Puts the parts on every map of a page, and keeps the view's rule: the map fits itself only when the
// set of open incidents changes; any gesture takes the view, one visible button gives it back.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  if (!window.L) { console.warn('no Leaflet on this page: the map layers are off'); return; }

  class RoomMap {
    constructor(map) {
      this.map = map;
      this.container = map.getContainer();
      this.config = room.config();
      this.measure();
      const layers = this.config.layers || [];
      this.base = new room.BaseLayer(map, this.config.basemap, () => this.look());
      this.base.onLoad = (edges) => this.drawnCity(edges);
      this.objects = new room.ObjectLayer(map, layers, () => this.look(), () => this.callouts?.update(this.urgent()));
      this.popups = new room.Popups(map, this.objects);
      this.callouts = new room.Callouts(map, this.objects, () => this.look(), (thing) => { this.lock(); this.popups.thing(thing); });
      this.objects.onFrame = () => this.popups.followThing();
      this.off = [];
      this.watch();
      this.button = document.getElementById('view-lock');
      if (this.button) this.listen(this.button, 'click', () => this.unlock());
      this.unlocked();
      this.fitted = null;
      this.fitSoon();
    }

    // --- look --------------------------------------------------------------------------------------
    measure() {
      const k = this.config.shape?.k || 1;
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 10;
      const wall = this.config.view === 'wall';
      const scale = wall ? Math.max(rem / 10, 0.6) : 25 / 34;
      this.seen = {
        ink: room.symbols.colours(this.container), scale: scale * Math.min(k, 1.3), k: wall ? k / Math.min(k, 1.3) : 0.7,
        most: k > 1.25 ? 4 : 8, fit: this.seen?.fit ?? this.cityZoom(),
      };
      this.ratio = window.devicePixelRatio;
      this.key = JSON.stringify(this.seen);
    }
    look() { return this.seen; }
    cityZoom() { const city = this.city(); return city ? this.map.getBoundsZoom(city, false) : this.map.getZoom(); }
    restyle() {
      const was = this.key;
      this.measure();
      if (was === this.key) return;
      this.objects.restyle();
      this.base.draw();
    }
    urgent() { const was = this.moved; this.moved = false; return was; }

    // --- what happens to the map ---------------------------------------------------------------------
    listen(target, type, handler, options) {
      target.addEventListener(type, handler, options);
      this.off.push(() => target.removeEventListener(type, handler, options));
    }

    watch() {
      const { map, objects, base } = this;
      const rest = () => { objects.dragging = false; this.moved = true; base.draw(); objects.replaced(); this.callouts.show(true); };
      const follow = (center, zoom) => { base.follow(center, zoom); objects.follow(center, zoom); };
const on = (type, handler) => { map.on(type, handler); this.off.push(() => map.off(type, handler)); };
            on('movestart', () => { objects.dragging = true; });
      on('move', () => { if (!map._animatingZoom) objects.replaced(); });
      on('zoomanim', (event) => { this.callouts.show(false); follow(event.center, event.zoom); });
      on('zoom', () => { if (!map._animatingZoom) follow(map.getCenter(), map.getZoom()); });
      on('moveend', rest);
      on('resize', () => { this.seen.fit = this.cityZoom(); this.restyle(); if (!this.locked) this.fit(); rest(); });
      on('click', (event) => {
        const entry = objects.hit(event.containerPoint, event.originalEvent?.pointerType === 'touch' ? 16 : 5);
        if (entry) { this.lock(); this.popups.press(entry); }
      });
      on('dragstart', () => this.lock());
      const keys = new Set(['+', '-', '=', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight']);
      for (const type of ['wheel', 'dblclick']) this.listen(this.container, type, () => this.lock(), { passive: true });
      this.listen(this.container, 'touchmove', (event) => { if (event.touches.length > 1) this.lock(); }, { passive: true });
      this.listen(this.container, 'keydown', (event) => { if (keys.has(event.key)) this.lock(); });
      this.listen(this.container, 'click', (event) => { if (event.target.closest('.leaflet-control-zoom')) this.lock(); });
      let looked = 0;
      this.listen(this.container, 'mousemove', (event) => {
        if (event.timeStamp - looked < 80) return;
        looked = event.timeStamp;
        this.container.classList.toggle('room-over', Boolean(objects.hit(map.mouseEventToContainerPoint(event), 3)));
      }, { passive: true });
      this.off.push(room.things.onChange((change) => { if (change.members || change.facts) this.fitSoon(); }));
      this.off.push(room.clock.onTick(() => { if (window.devicePixelRatio !== this.ratio) { this.ratio = window.devicePixelRatio; this.objects.restyle(); this.base.draw(); } }));
      const theme = this.container.closest('[data-theme]');
      if (theme) {
        const observer = new MutationObserver(() => this.restyle());
        observer.observe(theme, { attributes: true, attributeFilter: ['data-theme'] });
        this.off.push(() => observer.disconnect());
      }
      document.fonts?.load('500 24px "Room Sans"').then(() => { if (!this.gone) { this.objects.restyle(); this.base.draw(); } }, () => {});
    }

    // --- the view's rule -----------------------------------------------------------------------------
    incidents() {
      const known = [];
      for (const things of room.things.layers.values()) {
        for (const thing of things.values()) if (thing.symbol === 'incident' && thing.placed) known.push(thing);
      }
      return known;
    }

    fitSoon() {
      clearTimeout(this.fitTimer);
      this.fitTimer = setTimeout(() => {
        const set = this.incidents().map((t) => t.id).sort().join(' ');
        if (set === this.fitted) return;
        this.fitted = set;
        if (!this.locked && !this.popups.open) this.fit();
      }, 60);
    }

    city() {
      const bounds = this.edges || this.config.bounds;
      return bounds ? L.latLngBounds(bounds) : null;
    }
    // The city's own outline is known: from now on it is what "the whole city" means.
    drawnCity(edges) {
      if (!edges) return;
      this.edges = L.latLngBounds(edges).pad(0.02);
      this.seen.fit = this.cityZoom();
      if (!this.locked && !this.popups.open) this.fit();
    }

    // The whole city, and what is open just beyond its edge: a wall is read by where things always are.
    fit() {
      const city = this.city();
      if (!city) return;
      const around = city.pad(0.15);
      const view = L.latLngBounds(city.getSouthWest(), city.getNorthEast());
      for (const t of this.incidents()) {
        const at = L.latLng(...room.things.latLng(t.x, t.y));
        if (around.contains(at)) view.extend(at);
      }
      const { options } = this.map, snap = options.zoomSnap;
      options.zoomSnap = 0.02;                   // a fit uses all of the frame, the reader's zoom keeps its steps
      this.map.fitBounds(view, { animate: false });
      options.zoomSnap = snap;
    }

    lock() {
      if (this.locked) return;
      this.locked = true;
      this.container.dataset.locked = '';
      if (this.button) this.button.hidden = false;
    }
    unlocked() {
      this.locked = false;
      delete this.container.dataset.locked;
      if (this.button) this.button.hidden = true;
    }
    unlock() { this.popups.close(); this.unlocked(); this.fit(); }

    remove() {
      this.gone = true;
      clearTimeout(this.fitTimer);
      this.popups.remove();
      for (const stop of this.off) stop();         // Leaflet keeps a removed map on its container: leave nothing on it
      this.callouts.remove();
      this.objects.remove();
      this.base.remove();
    }
  }

  L.Map.addInitHook(function () {
    const map = this;
    map.whenReady(() => {
      const id = map.getContainer().id;
      let shown = null;
      try { shown = new RoomMap(map); } catch (error) { console.error('the map layers could not start', error); return; }
      room.map.maps.set(id, shown);
      map.once('unload', () => {
        shown.remove();
        if (room.map.maps.get(id) === shown) room.map.maps.delete(id);
        shown = null;
      });
    });
  });
})();
