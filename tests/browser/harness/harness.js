// Stands in for Dash in the harness: set_props writes into the page, mounts are made by hand.
(function () {
  'use strict';
  const query = new URLSearchParams(location.search);
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));
  window.propCalls = [];
  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    no_update: { no: 'update' },
    set_props(id, props) {
      const el = document.getElementById(id);
      if (!el && id !== 'url') throw new Error('no component ' + id);
      window.propCalls.push([id, props]);
      if (!el) return;
      for (const [name, value] of Object.entries(props)) {
        if (value && value.boom) throw new Error('this property cannot be set');
        if (name === 'children') el.textContent = value;
        else if (name === 'hidden') el.hidden = value;
        else if (name === 'className') el.className = value;
        else el.setAttribute(name, value);
      }
    },
  });
  window.makeMap = function () {
    const old = document.getElementById('map'), fresh = document.createElement('div');   // as React does
    fresh.id = 'map';
    fresh.className = 'map';
    old.replaceWith(fresh);
    const config = window.room.config();
    const map = window.L.map('map', { zoomControl: false, attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5, minZoom: 8, maxZoom: 19, zoomAnimation: query.get('anim') !== '0' });
    map.fitBounds(config.bounds, { animate: false });
    window.theMap = map;
    return map;
  };
  window.start = async function () {
    const config = await (await fetch('/config.json')).text();
    document.getElementById('room-config').dataset.config = config;
    if (query.get('theme')) document.getElementById('wall').dataset.theme = query.get('theme');
    window.makeMap();
    if (query.get('live') !== '0') window.dash_clientside.live.mounted('wall');
  };
  // Frames a second as the page gets them, and redraws of the layer, over `ms`.
  window.measure = (ms) => new Promise((done) => {
    const stats = window.room.map.stats, from = { ...stats }, began = performance.now();
    let frames = 0, worst = 0, last = began;
    (function frame(now) {
      frames++;
      worst = Math.max(worst, now - last);
      last = now;
      if (performance.now() - began < ms) requestAnimationFrame(frame);
      else {
        const s = (performance.now() - began) / 1000;
        done({ fps: (frames - 1) / s, redraws: (stats.redraws - from.redraws) / s, still: (stats.still - from.still) / s, ticks: (stats.ticks - from.ticks) / s, worst, ...{ visible: stats.visible, gliding: stats.gliding, draw_ms: stats.draw_ms, cost_ms: stats.cost_ms, interval_ms: stats.interval_ms } });
      }
    })(began);
  });
  window.start();
})();
