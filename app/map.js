/* The world map, on a canvas: land and borders, one mark a language, the legend beside it; and the
 * same as a figure to save, in SVG or PNG, with its legend and its sources.
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
const NAMED = 60; // marks in view, up to which they are named where there is room
const CORNERS = 48; // of a lasso, at most
const PRINT = 2; // pixels of a PNG for each of the page
const LIGHT = { sea: "#eaf1f5", land: "#fbfaf6", border: "#c9cfd3", coast: "#9aa5ad", ink: "#111111", halo: "#ffffff" };
const DARK = { sea: "#15222b", land: "#2c333a", border: "#4a535b", coast: "#67727b", ink: "#f5f5f5", halo: "#15222b" };
const LIGHTER = { "#000000": "#ffffff", "#555555": "#c3c8cd", "#4d4d4d": "#b9b9b9", "#440154": "#b06fd0", "#3d4f8f": "#7f93d6", "#5b3ea8": "#a58fe6", "#0072b2": "#4ba3dd", "#7a5230": "#c08d5f", "#aa3377": "#dd6bae", "#0b6e69": "#4fb3aa" };

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
    this.mode = "move";
    this.tools();
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
    const { clientWidth: wide, clientHeight: high } = this.canvas;
    const tall = high ? Math.min(this.data.tall * UNIT * (wide / high), 400 * UNIT) : 0;
    this.seen = { x: (west + east) / 2, y: -north, span: Math.max(east - west, tall) };
  }

  /* Buttons on the map: what a drag does, zoom, figures. */
  tools() {
    const modes = { move: ["✥", "Drag moves the map"], box: ["▭", "Drag draws a box that filters"], lasso: ["◌", "Drag draws a line that filters"] };
    const acts = {
      "+": ["Zoom in", () => this.zoom(0.6)],
      "−": ["Zoom out", () => this.zoom(1 / 0.6)],
      "⟲": ["The whole selection", () => this.change(() => this.reset())],
      SVG: ["Save the figure as SVG", () => this.save("svg")],
      PNG: ["Save the figure as PNG", () => this.save("png")],
    };
    const made = Object.entries(modes).map(([mode, [label, told]]) => this.tool(label, told, () => this.choose(mode), mode));
    this.root.querySelector(".kl-tools").replaceChildren(...made, ...Object.entries(acts).map(([label, [told, act]]) => this.tool(label, told, act)));
    this.choose("move");
  }

  tool(label, told, act, mode = "") {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: label, title: told });
    button.setAttribute("aria-label", told);
    if (mode) button.dataset.mode = mode;
    button.addEventListener("click", act);
    return button;
  }

  choose(mode) {
    this.mode = mode;
    this.canvas.style.touchAction = mode === "move" ? "pan-y" : "none";
    for (const button of this.root.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", button.dataset.mode === mode);
  }

  legend() {
    const rows = this.data.marks.map(([family, colour, shape]) => {
      const icon = document.createElementNS(SVG, "svg");
      icon.setAttribute("viewBox", "-1.1 -1.1 2.2 2.2");
      icon.setAttribute("aria-hidden", "true");
      const path = icon.appendChild(document.createElementNS(SVG, "path"));
      path.setAttribute("d", shape);
      path.setAttribute("fill", this.shade(colour));
      const row = document.createElement("li");
      row.append(icon, family);
      return row;
    });
    this.root.querySelector(".kl-legend ul").replaceChildren(...rows);
    this.root.querySelector(".kl-legend strong").textContent = this.data.title;
  }

  /* Colours on a dark page: the same hues, lighter. */
  get isDark() {
    return getComputedStyle(this.canvas).colorScheme.includes("dark");
  }

  shade(colour) {
    return (this.isDark && LIGHTER[colour]) || colour;
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
    this.palette = this.isDark ? DARK : LIGHT;
    pen.globalAlpha = 1;
    pen.fillStyle = this.palette.sea;
    pen.fillRect(0, 0, this.width, this.height);
    this.drawGround(ratio * this.scale);
    this.drawLanguages(ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const label of this.labels()) this.write(label);
    if (this.focus >= 0) this.drawRing();
    if (this.box) this.drawBox();
    if (this.lasso) this.drawLasso();
    canvas.dataset.drawn = this.data.codes.length; // for whoever waits until the map is there
  }

  drawGround(scale) {
    const { pen } = this;
    const [x, y] = this.at(0, 0).map((pixels) => pixels * devicePixelRatio);
    pen.setTransform(scale, 0, 0, scale, x, y);
    pen.lineJoin = "round";
    pen.fillStyle = this.palette.land;
    pen.fill(this.land);
    for (const [path, colour, width] of [[this.borders, this.palette.border, 0.6], [this.land, this.palette.coast, 0.7]]) {
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
      const mark = data.labels[family][1];
      if (mark !== last) pen.fillStyle = this.shade(data.marks[(last = mark)][1]);
      pen.setTransform(size, 0, 0, size, x * ratio, y * ratio);
      pen.fill(shapes[mark]);
    });
    pen.globalAlpha = 1;
  }

  /* Names of languages, where few are in view: as many as find room, in the order of the data. */
  labels() {
    const { data, width, height, pen, focus } = this;
    const seen = [];
    for (let index = 0; index < data.x.length; index++) {
      const [x, y] = this.at(data.x[index], data.y[index]);
      if (x > 0 && y > 0 && x < width && y < height) seen.push([index, x, y]);
      if (seen.length > NAMED) return [];
    }
    pen.font = this.font(12);
    const taken = focus < 0 ? [] : [this.room(focus, ...this.at(data.x[focus], data.y[focus]), 15)];
    return seen.flatMap(([index, x, y]) => {
      if (index === focus) return [];
      const room = this.room(index, x, y, 12);
      if (room.x0 < 0 || room.x1 > width || taken.some((other) => overlap(room, other))) return [];
      taken.push(room);
      return [{ text: data.names[index], x, y: y - 8 }];
    });
  }

  room(index, x, y, size) {
    const half = this.pen.measureText(this.data.names[index]).width / 2 * (size / 12) + 3;
    return { x0: x - half, x1: x + half, y0: y - 10 - size, y1: y - 4 };
  }

  font(size, weight = "") {
    return `${weight} ${size}px ${getComputedStyle(this.canvas).fontFamily}`;
  }

  write({ text, x, y }, font = this.font(12), halo = 3) {
    const { pen, palette } = this;
    pen.font = font;
    Object.assign(pen, { textAlign: "center", strokeStyle: palette.halo, lineWidth: halo, fillStyle: palette.ink });
    pen.strokeText(text, x, y);
    pen.fillText(text, x, y);
  }

  drawRing() {
    const { pen, focus, data, palette } = this;
    const [x, y] = this.at(data.x[focus], data.y[focus]);
    pen.beginPath();
    pen.arc(x, y, 10, 0, 2 * Math.PI);
    Object.assign(pen, { strokeStyle: palette.ink, lineWidth: 2.5 });
    pen.stroke();
    this.write({ text: data.names[focus], x, y: y - 16 }, this.font(15, "bold"), 4);
  }

  drawLasso() {
    const { pen, lasso } = this;
    pen.beginPath();
    lasso.forEach(([x, y]) => pen.lineTo(x, y));
    pen.closePath();
    pen.fillStyle = "rgba(11, 110, 105, .15)";
    pen.fill();
    Object.assign(pen, { strokeStyle: "#0b6e69", lineWidth: 1.5 });
    pen.stroke();
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
    canvas.addEventListener("pointercancel", () => (this.held = this.box = this.lasso = undefined));
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
    const mode = event.shiftKey ? "box" : event.altKey ? "lasso" : this.mode;
    this.held = { x, y, seen: { ...this.seen }, mode, moved: false };
  }

  drag({ offsetX: x, offsetY: y }) {
    const { held, scale } = this;
    held.moved ||= Math.hypot(x - held.x, y - held.y) >= STILL;
    if (!held.moved) return;
    this.change(() => {
      if (held.mode === "box") this.box = { x0: held.x, y0: held.y, x1: x, y1: y };
      else if (held.mode === "lasso") (this.lasso ??= [[held.x, held.y]]).push([x, y]);
      else this.seen = { ...held.seen, x: held.seen.x - (x - held.x) / scale, y: held.seen.y - (y - held.y) / scale };
    });
  }

  release({ offsetX: x, offsetY: y }) {
    const { held, box, lasso } = this;
    this.held = this.box = this.lasso = undefined;
    if (held && !held.moved) this.pick(this.nearest(x, y));
    else if (box) this.chosen("drawn", [[box.x0, box.y0], [box.x1, box.y1]]);
    else if (lasso?.length > 2) {
      const step = Math.ceil(lasso.length / CORNERS);
      this.chosen("lassoed", lasso.filter((_, at) => at % step === 0));
    }
  }

  chosen(event, line) {
    const corners = line.map(([x, y]) => this.place(x, y));
    this.tell(event, { x: corners.map(([east]) => east / UNIT), y: corners.map(([, south]) => -south / UNIT) });
    this.choose("move");
    this.later();
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
    tip.textContent = `${data.names[index]} (${data.labels[data.of[index]][0]})`;
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

  /* The figure: what is seen, its legend and its sources, as SVG. */
  figure() {
    const { data, width, height, scale } = this;
    const seen = data.of.map((label, index) => [index, data.labels[label][1], ...this.at(data.x[index], data.y[index])]).filter(([, , x, y]) => x > -5 && y > -5 && x < width + 5 && y < height + 5);
    const [x, y] = this.at(0, 0);
    const tall = 22 + Math.ceil(data.marks.length / 3) * 18;
    const mark = ([index, at, px, py]) => `<path d="${this.shapeOf(at)}" fill="${data.marks[at][1]}" fill-opacity=".85" transform="translate(${px.toFixed(1)} ${py.toFixed(1)}) scale(${data.radius})"><title>${escaped(data.names[index])}</title></path>`;
    const line = ([label, colour, shape], at) => {
      const [left, top] = [14 + (at % 3) * (width / 3), height + 38 + Math.floor(at / 3) * 18];
      return `<path d="${shape}" fill="${colour}" transform="translate(${left} ${top}) scale(5)"/><text x="${left + 12}" y="${top + 4}">${escaped(label)}</text>`;
    };
    const name = ({ text, x: left, y: top }) => `<text x="${left}" y="${top}" text-anchor="middle" paint-order="stroke" stroke="${LIGHT.halo}" stroke-width="3">${escaped(text)}</text>`;
    const sources = wrapped(data.sources, Math.floor(width / 6.2));
    const whole = height + tall + 24 + sources.length * 14;
    return `<svg xmlns="${SVG}" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" font-family="${escaped(getComputedStyle(this.canvas).fontFamily)}" font-size="12" role="img"><title>${escaped(data.alt)}</title><rect width="${width}" height="${whole}" fill="#ffffff"/><svg width="${width}" height="${height}"><rect width="${width}" height="${height}" fill="${LIGHT.sea}"/><g transform="translate(${x} ${y}) scale(${scale})" stroke-linejoin="round"><path d="${data.land}" fill="${LIGHT.land}" stroke="${LIGHT.coast}" stroke-width="${0.7 / scale}"/><path d="${data.borders}" fill="none" stroke="${LIGHT.border}" stroke-width="${0.6 / scale}"/></g>${seen.map(mark).join("")}${this.labels().map(name).join("")}</svg><text x="8" y="${height + 20}" font-weight="bold">${escaped(data.title)}</text>${data.marks.map(line).join("")}${sources.map((text, at) => `<text x="8" y="${height + tall + 26 + at * 14}" font-size="10" fill="#444444">${escaped(text)}</text>`).join("")}</svg>`;
  }

  shapeOf(mark) {
    return this.data.marks[mark][2];
  }

  async save(form) {
    const drawing = new Blob([this.figure()], { type: "image/svg+xml" });
    const name = `languages.${form}`;
    if (form === "svg") return download(drawing, name);
    const image = new Image();
    image.src = URL.createObjectURL(drawing);
    await image.decode();
    const paper = Object.assign(document.createElement("canvas"), { width: image.width * PRINT, height: image.height * PRINT });
    paper.getContext("2d").drawImage(image, 0, 0, paper.width, paper.height);
    URL.revokeObjectURL(image.src);
    paper.toBlob((blob) => download(blob, name), "image/png");
  }
}

function overlap(one, other) {
  return one.x0 < other.x1 && other.x0 < one.x1 && one.y0 < other.y1 && other.y0 < one.y1;
}

function escaped(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return String(text).replace(/[&<>"]/g, (letter) => names[letter]);
}

function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1).length + word.length >= most) lines.push("");
    lines[lines.length - 1] += `${lines.at(-1) ? " " : ""}${word}`;
  }
  return lines;
}

function download(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
