// A canvas in a pane of its own that lies still under the map's gestures: moved and scaled with the map
// while it moves, placed anew when it comes to rest. Measures in device pixels, so that lines are sharp.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const MARGIN = 0.12;            // of the map's size on each side, so that dragging uncovers no edge

  room.CanvasPane = class {
    constructor(map, name, zIndex, margin) {
      this.map = map;
      this.margin = margin ?? MARGIN;
      const pane = map.getPane(name) || map.createPane(name);
      pane.style.zIndex = zIndex;
      pane.style.pointerEvents = 'none';
      this.canvas = L.DomUtil.create('canvas', 'room-canvas leaflet-zoom-animated', pane);
      this.pen = this.canvas.getContext('2d');
      this.place();
    }

    // Put the canvas over the view as it is now. Everything on it must be drawn again.
    place() {
      const size = this.map.getSize();
      const pad = size.multiplyBy(this.margin).round();
      const ratio = window.devicePixelRatio || 1;
      const width = Math.max(1, Math.round((size.x + 2 * pad.x) * ratio));
      const height = Math.max(1, Math.round((size.y + 2 * pad.y) * ratio));
      if (this.canvas.width !== width || this.canvas.height !== height) {
        this.canvas.width = width;
        this.canvas.height = height;
        this.canvas.style.width = width / ratio + 'px';
        this.canvas.style.height = height / ratio + 'px';
      }
      this.ratio = ratio;
      this.pad = pad;
      this.zoom = this.map.getZoom();
      this.center = this.map.getCenter();
      const corner = this.map.containerPointToLayerPoint([-pad.x, -pad.y]).round();
      L.DomUtil.setTransform(this.canvas, corner, 1);
      // device pixel = world * unit - (ox, oy); world is Mercator from 0 to 1
      const origin = this.map.getPixelOrigin().add(corner);
      this.unit = 256 * Math.pow(2, this.zoom) * ratio;
      this.ox = origin.x * ratio;
      this.oy = origin.y * ratio;
    }

    clear() { this.pen.setTransform(1, 0, 0, 1, 0, 0); this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height); }

    // Follow a zoom animation to (center, zoom).
    follow(center, zoom) {
      const map = this.map;
      const scale = map.getZoomScale(zoom, this.zoom);
      const half = map.getSize().divideBy(2).add(this.pad);
      const corner = half.multiplyBy(-scale).add(map.project(this.center, zoom)).subtract(map._getNewPixelOrigin(center, zoom));
      L.DomUtil.setTransform(this.canvas, corner, scale);
    }

    remove() {
      this.canvas.width = this.canvas.height = 0;        // gives the memory back at once
      this.canvas.remove();
    }
  };
})();
