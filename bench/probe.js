// Measures inside the page, without changing what the page does. `room.map.stats.redraws` counts redraws of
// the object layer; a position is painted when a frame that holds such a redraw has gone to the screen.
() => {
  const stats = room.map.stats, apply = room.things.apply, seen = new Map();
  const probe = (window.benchProbe = { late: [], came: [], frames: 0, waiting: [], began: performance.now(), redraws: stats.redraws });
  room.things.apply = (layers, full) => {
    const answer = apply(layers, full), now = Date.now();
    for (const row of layers.ambulances?.set || []) {
      const fresh = seen.get(row[0]) !== row[6];
      seen.set(row[0], row[6]);
      if (!fresh || full || !row[0].startsWith('SIM-')) continue;
      probe.came.push(now - row[6]);
      probe.waiting.push([row[6], stats.redraws]);
    }
    return answer;
  };
  const after = new MessageChannel();      // its handler runs when the frame is done, painting included
  after.port1.onmessage = () => {
    const now = Date.now();
    probe.waiting = probe.waiting.filter(([sent, redraws]) => {
      if (stats.redraws <= redraws) return true;
      probe.late.push(now - sent);
      return false;
    });
  };
  const tick = () => { probe.frames += 1; after.port2.postMessage(0); requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  probe.start = () => Object.assign(probe, { late: [], came: [], frames: 0, began: performance.now(), redraws: stats.redraws });
  probe.read = () => {
    const s = (performance.now() - probe.began) / 1000;
    return { late: probe.late, came: probe.came, fps: probe.frames / s, redraws: (stats.redraws - probe.redraws) / s, stats: { ...stats } };
  };
  // So many units that glide without rest: once a second each one drives on, as if a frame had brought it.
  probe.glide = (count, box) => {
    clearInterval(probe.timer);
    apply({}, true);
    const dice = (() => { let s = 7; return () => ((s = (s * 16807) % 2147483647) / 2147483647); })();
    const states = ['available', 'en_route', 'on_scene', 'transporting', 'dispatched', 'at_hospital'];
    const units = Array.from({ length: count }, (_, n) => [
      'GLD-' + n, box[0] + dice() * (box[2] - box[0]), box[1] + dice() * (box[3] - box[1]), dice() * 360,
      n % 4 ? 'unit-car' : 'unit-motorcycle', states[n % states.length], Date.now(), 120, 'GLD-' + n, null,
    ]);
    const drive = () => {
      for (const unit of units) {
        const rad = (unit[3] * Math.PI) / 180;      // 40 km/h
        unit[1] += (11 * Math.cos(rad)) / 111320;
        unit[2] += (11 * Math.sin(rad)) / 110500;
        unit[3] = (unit[3] + dice() * 20 - 10 + 360) % 360;
        unit[6] = Date.now();
      }
      apply({ ambulances: { set: units, del: [] } }, false);
    };
    drive();
    probe.timer = setInterval(drive, 1000);
  };
}
