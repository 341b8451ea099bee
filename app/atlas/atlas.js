/* The pages of the atlas: the field that finds languages, light or dark, and the map to move.
 *
 * A page may be read from a disk, where no file can be fetched and no module loaded: what is needed
 * besides comes as plain scripts, once somebody asks for it.
 */

"use strict";
(() => {
  const root = document.documentElement.dataset.root;
  const SCHEMES = { "": "As the system", light: "Light", dark: "Dark" };
  const MOST = 10;
  const own = (globalThis.atlas ??= {});
  const maps = {};
  const system = matchMedia("(prefers-color-scheme: dark)");

  /* Light or dark. Some browsers keep nothing for pages from a disk: the choice then lasts a page. */
  function kept() {
    try { return localStorage.getItem("atlas-scheme") ?? ""; } catch { return ""; }
  }

  function keep(scheme) {
    try { localStorage.setItem("atlas-scheme", scheme); } catch { /* it lasts a page */ }
  }

  function paint(scheme) {
    document.documentElement.style.colorScheme = scheme || (system.matches ? "dark" : "light");
    dispatchEvent(new Event("resize"));
  }

  let chosen = kept();
  paint(chosen);
  system.addEventListener("change", () => paint(chosen));

  function script(name) {
    return new Promise((loaded, failed) => {
      const tag = Object.assign(document.createElement("script"), { src: `${root}assets/${name}`, onload: loaded, onerror: failed });
      document.head.append(tag);
    });
  }

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  /* Search */

  let index;
  let loading;
  own.index = (text) => (index = JSON.parse(text));
  own.find = (text, limit = MOST) => own.search(index, text, limit).map((at) => index.codes[at]);
  own.ready = () => (loading ??= Promise.all([script("search.js"), script("search-index.js")]));

  const field = element("input", { type: "search", placeholder: "Any name or code", autocomplete: "off", spellcheck: false });
  field.setAttribute("aria-label", "Find a language");
  const list = element("ul", { hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Languages");
  list.id = "found";
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-controls", "found");
  field.setAttribute("aria-expanded", "false");

  function show() {
    const text = field.value;
    if (!index || !text.trim()) return hide();
    const started = performance.now();
    const found = own.search(index, text, MOST);
    list.dataset.took = performance.now() - started; // for whoever measures it
    const rows = found.map((at, number) => {
      const link = element("a", { href: `${root}language/${index.codes[at]}.html` }, element("bdi", {}, index.names[at]));
      if (index.own[at] && index.own[at] !== index.names[at]) link.append(" ", element("bdi", {}, index.own[at]));
      link.append(" ", element("small", {}, [index.tags[at] || index.codes[at], index.told[at]].filter(Boolean).join(", ")));
      link.setAttribute("role", "option");
      link.setAttribute("aria-selected", number === 0);
      link.tabIndex = -1;
      const row = element("li", {}, link);
      row.setAttribute("role", "none");
      return row;
    });
    list.replaceChildren(...(rows.length ? rows : [element("li", { className: "none" }, "No language of that name")]));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    list.dataset.for = text;
  }

  function hide() {
    list.hidden = true;
    list.replaceChildren();
    field.setAttribute("aria-expanded", "false");
  }

  function move(by) {
    const links = [...list.querySelectorAll("a")];
    const now = links.findIndex((link) => link.getAttribute("aria-selected") === "true");
    links.forEach((link, at) => link.setAttribute("aria-selected", at === (now + by + links.length) % links.length));
  }

  field.addEventListener("focus", () => own.ready().then(show));
  field.addEventListener("input", () => own.ready().then(show));
  field.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      move(by);
    } else if (event.key === "Enter") list.querySelector("[aria-selected=true]")?.click();
    else if (event.key === "Escape") hide();
  });
  document.addEventListener("click", ({ target }) => target.closest(".find") || hide());

  const schemes = element("select", {}, ...Object.entries(SCHEMES).map(([value, told]) => element("option", { value }, told)));
  schemes.setAttribute("aria-label", "Light or dark");
  schemes.value = chosen;
  schemes.addEventListener("change", () => {
    chosen = schemes.value;
    keep(chosen);
    paint(chosen);
  });
  const find = element("search", { className: "find" }, field, list, schemes);
  document.querySelector("header").append(find);
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    field.value = asked;
    field.focus();
  }

  /* The map to move: its colouring stands in the address behind the #. */

  own.map = (name, text) => (maps[name] = text);

  async function draw(name) {
    if (!maps[name]) await script(`map-${name}.js`);
    const parentElement = document.querySelector("main");
    own.drawMap({ data: new TextEncoder().encode(maps[name]), parentElement, setTriggerValue: picked });
    for (const mode of ["box", "lasso"]) parentElement.querySelector(`[data-mode=${mode}]`)?.remove(); // nothing is filtered here
  }

  function picked(event, value) {
    if (event === "picked") location.href = `${root}language/${value}.html`;
  }

  const colours = document.getElementById("colours");
  if (colours) {
    const named = decodeURIComponent(location.hash.slice(1));
    if ([...colours.options].some(({ value }) => value === named)) colours.value = named;
    colours.addEventListener("change", () => {
      history.replaceState(null, "", `#${colours.value}`);
      draw(colours.value);
    });
    addEventListener("DOMContentLoaded", () => draw(colours.value));
  }
})();
