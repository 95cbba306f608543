// The desk's map: layer switches, the selected object's ring, a unit's last hour as a track with its stops.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const desk = room.desk;
  const hidden = new Map();          // feed -> its layer, while it is switched off
  let track = null, adopted = null, pending = null;

  const shown = () => room.map?.maps?.get('map') || null;

  // The map of this page, taken over once: a press selects instead of opening a popup.
  function adopt() {
    const map = shown();
    if (!map || map === adopted) return map;
    adopted = map;
    track = null;
    map.popups.thing = (thing) => { map.popups.close(); desk.select(thing.feed + '/' + thing.id, 'map'); ring(); };
    const closed = map.popups.closed.bind(map.popups);
    map.popups.closed = () => { closed(); ring(); };
    const choose = map.callouts.choose.bind(map.callouts);
    map.callouts.choose = () => (hidden.has('incidents') ? [] : choose());
    for (const feed of hidden.keys()) map.objects.layers.delete(feed);
    return map;
  }

  function ring() {
    const map = adopt();
    if (!map) return;
    const [feed, id] = (desk.sel || '').split('/');
    map.objects.selected = feed && feed !== 'kpis' ? { feed, id } : null;
    map.objects.dirty = true;
    map.objects.wake();
  }

  // Bring a place into view where it is not; the reader asked for it, so the view is theirs now.
  function reveal(lat, lon, zoom) {
    const map = adopt();
    if (!map) { pending = [lat, lon, zoom]; return; }
    pending = null;
    const at = L.latLng(lat, lon);
    if (zoom || !map.map.getBounds().pad(-0.08).contains(at)) {
      map.lock();
      map.map.setView(at, Math.max(map.map.getZoom(), zoom || 0), { animate: false });
    }
  }

  function drawTrack(doc) {
    const map = adopt();
    if (!map) return;
    track?.remove();
    track = null;
    const points = doc?.track?.points || [];
    if (points.length < 2) return;
    const lines = [L.polyline(points, { className: 'track', interactive: false, weight: 3 })];
    for (const stop of doc.track.stops) lines.push(L.circleMarker(stop, { radius: 5, className: 'track-stop', interactive: false, weight: 2 }));
    track = L.layerGroup(lines).addTo(map.map);
  }

  let waits = null;
  desk.listeners.add((sel, from) => {
    ring();
    waits = from === 'map' ? null : sel;
    if (!sel || sel.startsWith('kpis/')) drawTrack(null);
  });

  function toggle(button) {
    const map = adopt(), feed = button.dataset.layer;
    const off = !hidden.has(feed);
    button.setAttribute('aria-pressed', String(!off));
    const layer = map?.objects.layers.get(feed) || (room.config().layers || []).find((one) => one.name === feed);
    if (off) { hidden.set(feed, layer); map?.objects.layers.delete(feed); } else { map?.objects.layers.set(feed, hidden.get(feed)); hidden.delete(feed); }
    if (map) { map.objects.rearrange(true); map.moved = true; map.callouts.update(true); }
    const names = [...hidden.keys()].join('.');
    desk.go({ off: names || null }, false);
  }
  document.addEventListener('click', (event) => {
    const chip = desk.view === 'desk' && event.target.closest?.('.chip[data-layer]');
    if (chip) toggle(chip);
  });

  desk.parts.push({
    mounted(view) {
      adopted = null;
      track = null;
      hidden.clear();
      if (view !== 'desk') return;
      const off = (new URLSearchParams(location.search).get('off') || '').split('.');
      for (const chip of document.querySelectorAll('.chip[data-layer]')) {
        const feed = chip.dataset.layer;
        if (!off.includes(feed)) continue;
        hidden.set(feed, (room.config().layers || []).find((one) => one.name === feed));
        chip.setAttribute('aria-pressed', 'false');
      }
      const wait = setInterval(() => {           // Leaflet starts a moment after the page
        if (desk.view !== 'desk') { clearInterval(wait); return; }
        const map = adopt();
        if (!map) return;
        clearInterval(wait);
        map.objects.rearrange(true);
        ring();
        drawTrack(desk.doc);
        if (pending) reveal(...pending);
      }, 100);
    },
    document(doc) {
      if (desk.view !== 'desk') return;
      drawTrack(doc);
      if (doc?.place && waits === doc.sel) reveal(...doc.place, 0);
      waits = null;
    },
  });
  desk.reveal = reveal;
})();
