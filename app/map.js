/* The world map, on a canvas: land and borders, one mark a language, the legend beside it.
 *
 * `data` is what `content` in map.py makes. Streamlit calls the function again whenever that may have
 * changed, with the same element: the map lives on, and with it what the visitor has moved and
 * zoomed. Names are written as text, never as HTML. Lengths are pixels of the page, places
 * hundredths of a degree, y downwards.
 */

const REACH = 9; // how far from a mark a click is still meant for it
const STILL = 4; // a pointer that moves less has clicked
const UNIT = 100;
const SVG = "http://www.w3.org/2000/svg";

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kl-map");
  root.world ??= new World(root);
  root.world.tell = setTriggerValue;
  root.world.show(new TextDecoder().decode(data));
}

class World {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.tip = root.querySelector(".kl-tip");
    this.pen = this.canvas.getContext("2d");
    this.watcher = new ResizeObserver(() => this.draw());
    this.listen();
  }

  show(text) {
    if (text === this.text) return;
    this.text = text;
    const before = JSON.stringify(this.data?.view);
    this.data = JSON.parse(text);
    this.land = new Path2D(this.data.land);
    this.borders = new Path2D(this.data.borders);
    this.shapes = this.data.marks.map(([, , shape]) => new Path2D(shape));
    this.focus = this.data.codes.indexOf(this.data.focus);
    this.canvas.setAttribute("aria-label", this.data.alt);
    this.legend();
    if (JSON.stringify(this.data.view) !== before) this.reset();
    this.watcher.observe(this.canvas); // draws at once, since it has not seen the canvas yet
    if (this.width) this.draw();
  }

  /* What is seen: the middle of the canvas, and how many hundredths of a degree it is wide. */
  reset() {
    const [west, east, north] = this.data.view.map((degrees) => degrees * UNIT);
    this.seen = { x: (west + east) / 2, y: -north, span: east - west };
  }

  legend() {
    const rows = this.data.marks.map(([family, colour, shape]) => {
      const icon = document.createElementNS(SVG, "svg");
      icon.setAttribute("viewBox", "-1.1 -1.1 2.2 2.2");
      icon.setAttribute("aria-hidden", "true");
      const path = icon.appendChild(document.createElementNS(SVG, "path"));
      path.setAttribute("d", shape);
      path.setAttribute("fill", colour);
      const row = document.createElement("li");
      row.append(icon, family);
      return row;
    });
    this.root.querySelector(".kl-legend ul").replaceChildren(...rows);
  }

  /* Drawing */

  later() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      this.draw();
    });
  }

  draw() {
    const { canvas, pen } = this;
    const ratio = devicePixelRatio;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    if (!this.width) return;
    const [wide, high] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    this.scale = this.width / this.seen.span;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.globalAlpha = 1;
    pen.fillStyle = "#eaf1f5";
    pen.fillRect(0, 0, this.width, this.height);
    this.drawGround(ratio * this.scale);
    this.drawLanguages(ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (this.focus >= 0) this.drawRing();
    if (this.box) this.drawBox();
    canvas.dataset.drawn = this.data.codes.length; // for whoever waits until the map is there
  }

  drawGround(scale) {
    const { pen } = this;
    const [x, y] = this.at(0, 0).map((pixels) => pixels * devicePixelRatio);
    pen.setTransform(scale, 0, 0, scale, x, y);
    pen.lineJoin = "round";
    pen.fillStyle = "#fbfaf6";
    pen.fill(this.land);
    for (const [path, colour, width] of [[this.borders, "#c9cfd3", 0.6], [this.land, "#9aa5ad", 0.7]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width / this.scale;
      pen.stroke(path);
    }
  }

  drawLanguages(ratio) {
    const { pen, data, shapes, width, height } = this;
    const size = data.radius * ratio;
    let last = -1;
    pen.globalAlpha = 0.85;
    data.of.forEach((family, index) => {
      const [x, y] = this.at(data.x[index], data.y[index]);
      if (x < -10 || y < -10 || x > width + 10 || y > height + 10) return;
      const mark = data.families[family][1];
      if (mark !== last) pen.fillStyle = data.marks[(last = mark)][1];
      pen.setTransform(size, 0, 0, size, x * ratio, y * ratio);
      pen.fill(shapes[mark]);
    });
    pen.globalAlpha = 1;
  }

  drawRing() {
    const { pen, focus, data } = this;
    const [x, y] = this.at(data.x[focus], data.y[focus]);
    pen.beginPath();
    pen.arc(x, y, 10, 0, 2 * Math.PI);
    Object.assign(pen, { strokeStyle: "#111111", lineWidth: 2.5 });
    pen.stroke();
    pen.font = `bold 15px ${getComputedStyle(this.canvas).fontFamily}`;
    Object.assign(pen, { textAlign: "center", strokeStyle: "#ffffff", lineWidth: 4, fillStyle: "#111111" });
    pen.strokeText(data.names[focus], x, y - 16);
    pen.fillText(data.names[focus], x, y - 16);
  }

  drawBox() {
    const { pen, box } = this;
    const sides = [box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0];
    pen.fillStyle = "rgba(11, 110, 105, .15)";
    pen.fillRect(...sides);
    Object.assign(pen, { strokeStyle: "#0b6e69", lineWidth: 1 });
    pen.strokeRect(...sides);
  }

  /* From places to pixels, and back. */
  at(x, y) {
    return [(x - this.seen.x) * this.scale + this.width / 2, (y - this.seen.y) * this.scale + this.height / 2];
  }

  place(x, y) {
    return [(x - this.width / 2) / this.scale + this.seen.x, (y - this.height / 2) / this.scale + this.seen.y];
  }

  nearest(x, y) {
    const { data } = this;
    let [found, least] = [-1, REACH ** 2];
    for (let index = data.x.length - 1; index >= 0; index--) { // what was drawn last lies on top
      const [px, py] = this.at(data.x[index], data.y[index]);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least) [found, least] = [index, distance];
    }
    return found;
  }

  /* What the visitor does */

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => (this.held ? this.drag(event) : this.hover(event)));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => (this.held = this.box = undefined));
    canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
    canvas.addEventListener("dblclick", () => this.change(() => this.reset()));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  change(how) {
    how();
    this.tip.hidden = true;
    this.later();
  }

  press(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    this.held = { x, y, seen: { ...this.seen }, boxed: event.shiftKey, moved: false };
  }

  drag({ offsetX: x, offsetY: y }) {
    const { held, scale } = this;
    held.moved ||= Math.hypot(x - held.x, y - held.y) >= STILL;
    if (!held.moved) return;
    this.change(() => {
      if (held.boxed) this.box = { x0: held.x, y0: held.y, x1: x, y1: y };
      else this.seen = { ...held.seen, x: held.seen.x - (x - held.x) / scale, y: held.seen.y - (y - held.y) / scale };
    });
  }

  release({ offsetX: x, offsetY: y }) {
    const { held, box } = this;
    this.held = this.box = undefined;
    if (held && !held.moved) this.pick(this.nearest(x, y));
    else if (box) {
      const corners = [this.place(box.x0, box.y0), this.place(box.x1, box.y1)];
      this.tell("drawn", { x: corners.map(([east]) => east / UNIT), y: corners.map(([, south]) => -south / UNIT) });
      this.later();
    }
  }

  pick(index) {
    if (index < 0) return;
    this.change(() => (this.focus = index));
    this.tell("picked", this.data.codes[index]);
  }

  hover({ offsetX: x, offsetY: y }) {
    const { tip, data } = this;
    const index = this.nearest(x, y);
    tip.hidden = index < 0;
    this.canvas.style.cursor = index < 0 ? "grab" : "pointer";
    if (index < 0) return;
    tip.textContent = `${data.names[index]} (${data.families[data.of[index]][0]})`;
    tip.style.left = `${Math.min(x + 14, this.width - tip.offsetWidth)}px`;
    tip.style.top = `${y + 14}px`;
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(1.002 ** event.deltaY, event.offsetX, event.offsetY);
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const { seen } = this;
    const [east, south] = this.place(x, y);
    const span = Math.min(Math.max(seen.span * factor, UNIT), 400 * UNIT);
    const by = span / seen.span;
    this.change(() => (this.seen = { span, x: east + (seen.x - east) * by, y: south + (seen.y - south) * by }));
  }

  key(event) {
    const step = this.seen.span / 8;
    const act = {
      ArrowLeft: () => (this.seen.x -= step),
      ArrowRight: () => (this.seen.x += step),
      ArrowUp: () => (this.seen.y -= step),
      ArrowDown: () => (this.seen.y += step),
      "+": () => this.zoom(0.7),
      "-": () => this.zoom(1 / 0.7),
      0: () => this.reset(),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.change(act);
  }
}
