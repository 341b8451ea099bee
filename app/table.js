/* The table of Explore: one page of its rows, and the buttons that sort, turn pages and mark.
 *
 * `data` is what `content` in table.py makes. Streamlit calls the function again whenever that may have
 * changed, with the same element. Each button tells the server its value, under its event; sorting and
 * paging happen there, over all rows. Names are written as text, never as HTML.
 */

const FIGURES = new Intl.NumberFormat("en");
const CHARACTERS = 1.3; // of a rem, at least: what is longer may be cut off, which costs time in drawing
const ARROWS = { ascending: "↑", descending: "↓" };

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kl-rows");
  root.onclick = ({ target }) => press(root, target.closest("button"), setTriggerValue);
  root.querySelector(".kl-sort select").onchange = ({ target }) => setTriggerValue("sorted", target.value);
  const text = new TextDecoder().decode(data);
  if (text === root.text) return;
  root.text = text;
  show(root, JSON.parse(text));
}

function press(root, button, tell) {
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  if (button.className === "kl-skip") root.querySelector(".kl-pager").focus();
  else tell(button.dataset.event, button.value);
}

function show(root, seen) {
  const held = root.contains(document.activeElement) ? document.activeElement.name : "";
  const [columns, head, body] = ["colgroup", "thead tr", "tbody"].map((name) => root.querySelector(name));
  columns.replaceChildren(...[{ width: 2.5 }, ...seen.columns].map(width));
  root.querySelector("table").style.width = `${seen.columns.reduce((sum, column) => sum + column.width, 2.5)}rem`;
  head.replaceChildren(element("td"), ...seen.columns.map((column) => heading(column, seen)));
  body.replaceChildren(...seen.rows.map((found) => row(found, seen)));
  root.querySelector(".kl-pager").replaceChildren(...pager(seen));
  sorts(root.querySelector(".kl-sort select"), seen);
  const turned = JSON.stringify([seen.first, seen.total, seen.sorted, seen.order, seen.rows[0].code]);
  if (root.turned && turned !== root.turned) root.querySelector(".kl-scroll").scrollTop = 0;
  root.turned = turned;
  if (held) root.querySelector(`[name="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

/* On a phone, where the headings are not seen: the same by name. */
function sorts(select, { columns, sorted, order }) {
  const first = element("option", "", "most resources");
  first.value = sorted || "";
  const others = columns.map(({ key, label }) => Object.assign(element("option", "", key === sorted ? `${label} ${ARROWS[order]}` : label), { value: key, selected: key === sorted }));
  first.selected = !sorted;
  select.replaceChildren(first, ...others);
}

function width(column) {
  const found = element("col");
  found.style.width = `${column.width}rem`;
  return found;
}

function heading({ key, label, told, number }, { sorted, order }) {
  const found = element("th", number ? "number" : "");
  found.scope = "col";
  if (key === sorted) found.setAttribute("aria-sort", order);
  const arrow = element("span", "kl-arrow", key === sorted ? ARROWS[order] : "");
  arrow.setAttribute("aria-hidden", "true");
  const sort = button("sorted", key, label, key);
  sort.title = `${told}. Press to sort.`;
  sort.append(arrow);
  found.append(sort);
  return found;
}

/* A row: the button that marks its language, its name as the row's heading, then all other cells. */
function row({ code, tag, cells, direction }, { columns, focus }) {
  const found = element("tr", code === focus ? "kl-marked" : "");
  const mark = button("marked", code === focus ? "" : code, "", code);
  mark.className = "kl-mark";
  mark.setAttribute("aria-pressed", code === focus);
  mark.setAttribute("aria-label", `Mark ${cells[0]} on the map`);
  mark.title = code === focus ? "Take the mark away" : "Mark on the map";
  const first = element("td");
  first.append(mark);
  found.append(first, ...cells.map((value, at) => cell(value, columns[at], { code, tag, direction, name: cells[0] })));
  return found;
}

function cell(value, { key, label, number, width }, language) {
  const found = element(key === "name" ? "th" : "td", number ? "number" : "");
  if (key === "name") found.scope = "row";
  if (key !== "name") found.dataset.label = label;
  if (value === null) found.classList.add("kl-empty");
  if (value === null) found.append(element("span", "kl-hidden", "not known"));
  else if (key === "glottocode") found.append(link(language));
  else if (key === "endonym") found.append(own(value, language));
  else if (number) found.textContent = value === "exists" ? value : FIGURES.format(value);
  else found.textContent = value;
  if (value === 0) found.classList.add("none");
  if (value?.length > CHARACTERS * width) found.classList.add("long"), (found.title = value);
  return found;
}

function own(text, { direction, tag }) {
  const found = element("bdi", "", text);
  found.dir = direction;
  if (tag) found.lang = tag;
  return found;
}

function link({ code, name }) {
  const found = element("a", "", code);
  Object.assign(found, { href: `language?lang=${encodeURIComponent(code)}`, target: "_blank", rel: "noopener" });
  found.setAttribute("aria-label", `${code}: the page of ${name}, in a new tab`);
  return found;
}

function pager({ first, rows, total, page, pages }) {
  if (pages === 1) return [];
  const told = element("p", "", `Rows ${FIGURES.format(first)}–${FIGURES.format(first + rows.length - 1)} of ${FIGURES.format(total)}`);
  told.setAttribute("aria-live", "polite");
  const turns = { First: 0, Previous: page - 1, Next: page + 1, Last: pages - 1 };
  const buttons = Object.entries(turns).map(([label, to]) => {
    const found = button("turned", to, label, label);
    found.setAttribute("aria-disabled", to < 0 || to >= pages || to === page); // still holds the keyboard's place
    return found;
  });
  return [told, ...buttons];
}

/* A button that tells a value; its name stays, so that the keyboard finds its place again. */
function button(event, value, label, name) {
  const found = element("button", "", label);
  Object.assign(found, { type: "button", value, name: `${event}:${name}` });
  found.dataset.event = event;
  return found;
}

function element(tag, kind = "", text = "") {
  const found = document.createElement(tag);
  if (kind) found.className = kind;
  if (text) found.textContent = text;
  return found;
}
