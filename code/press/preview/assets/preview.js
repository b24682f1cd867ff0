// Follows the preview's states, and replaces only what changed: a page when its picture has been decoded, so that
// nothing flickers, or a cell of the notebook. What is above the reader never moves what he reads.

const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const items = byId("items");
const which = root.dataset.view;
let latest = null;
let notebookShown = null;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// The bar

const WORDS = { current: "Up to date", building: "Building", error: "Not up to date" };

function showState(view) {
  document.title = view.title;
  byId("title").textContent = view.title;
  byId("state").dataset.state = view.state;
  byId("words").textContent = (view.state === "building" && view.activity) || WORDS[view.state];
  const isEmpty = which === "pages" ? view.pages.length === 0 : view.notebook === "";
  byId("empty").hidden = !isEmpty;
  byId("empty").textContent =
    view.state === "error" ? "There is no page yet: what stands in the way is said below." :
    (view.activity || "The first pages are being made") + " …";
}

function showPlace() {
  if (which !== "pages" || items.children.length === 0) return;
  const middle = window.innerHeight / 2;
  const pages = [...items.children];
  const at = pages.findLastIndex((page) => page.getBoundingClientRect().top <= middle);
  byId("place").textContent = `${Math.max(at, 0) + 1} / ${pages.length}`;
}

function offerChanged(element, text) {
  const link = byId("changed");
  const box = element && element.getBoundingClientRect();
  link.hidden = !box || (box.bottom > 0 && box.top < window.innerHeight);
  if (link.hidden) return;
  link.href = `#${element.id}`;
  link.textContent = text;
}

// What is wrong

function showProblems(problems) {
  const shown = problems.map((problem) => {
    const box = element("section", { className: "problem" });
    if (problem.file) {
      const place = `${problem.file}:${problem.line}` + (problem.cell ? ` (${problem.cell})` : "");
      box.append(element("p", { className: "where", textContent: place }));
    }
    box.append(element("p", { className: "what", textContent: problem.message }));
    if (problem.excerpt.length) {
      const lines = problem.excerpt.map(([number, text]) =>
        element("span", { className: number === problem.line ? "line wrong" : "line" },
          element("span", { className: "number", textContent: String(number) }), text + "\n"));
      box.append(element("pre", { className: "excerpt" }, ...lines));
    }
    return box;
  });
  byId("problems").replaceChildren(...shown);
  root.classList.toggle("stale", problems.length > 0);
}

// The pages

function frameOf(page, number) {
  const image = new Image(Math.round(page.width), Math.round(page.height));
  image.src = `/pages/${page.digest}.svg`;
  image.dataset.digest = page.digest;
  image.alt = `Page ${number}`;
  return image;
}

async function showPages(view) {
  const count = view.pages.length;
  if (count === 0) return;
  while (items.children.length < count) {
    const number = items.children.length + 1;
    items.append(element("div", { className: "page", id: `page-${number}` }));
  }
  const changes = view.pages.map(async (page, index) => {
    const box = items.children[index];
    const shown = box.querySelector("img");
    if (shown && shown.dataset.digest === page.digest) {
      if (!shown.complete) await shown.decode().catch(() => {}); // it is still on its way
      return null;
    }
    const image = frameOf(page, index + 1);
    if (!shown) box.append(image); // holds the place while the picture is on its way
    try {
      await image.decode();
    } catch {
      return null; // a newer state has come, or the server is gone
    }
    if (latest !== view) return null;
    if (shown) {
      shown.replaceWith(image);
      mark(box);
    }
    return shown ? box : null;
  });
  const changed = (await Promise.all(changes)).filter(Boolean);
  if (latest !== view) return;
  while (items.children.length > count) items.lastElementChild.remove();
  for (const [index, box] of [...items.children].entries()) {
    box.querySelector("img").alt = `Page ${index + 1} of ${count}`;
    showMaking(box, view.pages[index].waits ? view.making || "Not made: see below" : "");
  }
  if (changed.length && changed.length < count) offerChanged(changed[0], `${changed[0].id.replace("-", " ")} changed`);
}

// Says on a page how far that is which it waits for.
function showMaking(box, text) {
  let label = box.querySelector(".making");
  if (!text) {
    if (label) label.remove();
    return;
  }
  if (!label) box.append((label = element("p", { className: "making" })));
  label.textContent = text;
}

// The notebook

async function showNotebook(view) {
  if (view.notebook === "" || view.notebook === notebookShown) return;
  const answer = await fetch("/notebook");
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (latest.notebook !== view.notebook) return;
  const present = [...items.children];
  const wanted = [...fresh.getElementById("items").children];
  // Cells that stay are left alone, from both ends; what lies between is replaced.
  const same = (a, b) => a && b && a.dataset.digest === b.dataset.digest;
  let head = 0;
  while (same(present[head], wanted[head])) head += 1;
  let tail = 0;
  const most = Math.min(present.length, wanted.length) - head;
  while (tail < most && same(present.at(-1 - tail), wanted.at(-1 - tail))) tail += 1;
  const between = wanted.slice(head, wanted.length - tail).map((cell) => document.adoptNode(cell));
  await Promise.all(between.flatMap((cell) => [...cell.querySelectorAll("img")].map((i) => i.decode().catch(() => {}))));
  const kept = readingPlace(present);
  const after = present[present.length - tail] || null;
  for (const cell of present.slice(head, present.length - tail)) cell.remove();
  for (const cell of between) {
    items.insertBefore(cell, after);
    if (present.length) mark(cell);
  }
  for (const [index, cell] of [...items.children].entries()) cell.id = `cell-${index + 1}`;
  kept();
  notebookShown = view.notebook;
  if (present.length && between.length) offerChanged(between[0], "changed cell");
}

// Remembers the first cell in sight; what is returned brings it back to where it was on the screen.
function readingPlace(cells) {
  const anchor = cells.find((cell) => cell.getBoundingClientRect().bottom > 60);
  const top = anchor && anchor.getBoundingClientRect().top;
  return () => {
    if (anchor && anchor.isConnected) window.scrollBy(0, anchor.getBoundingClientRect().top - top);
  };
}

function mark(box) {
  box.classList.remove("fresh");
  requestAnimationFrame(() => box.classList.add("fresh"));
}

// Following

async function show(view) {
  latest = view;
  showState(view);
  showProblems(view.problems);
  await (which === "pages" ? showPages(view) : showNotebook(view));
  if (latest !== view) return;
  showPlace();
  root.dataset.revision = view.revision;
  root.dataset.state = view.state;
}

const events = new EventSource("/events");
events.onmessage = (event) => show(JSON.parse(event.data));
events.onerror = () => {
  byId("state").dataset.state = "gone";
  byId("words").textContent = "The preview has ended, or is starting again";
};

let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    showPlace();
    const link = byId("changed");
    if (!link.hidden) offerChanged(document.querySelector(link.getAttribute("href")), link.textContent);
  });
}, { passive: true });
showPlace();
