// Shows the HTML that Python made and sends back what the person does. It knows no view.

/** Change `old` into `fresh` in place, so that focus, scroll and opened details stay. */
function morph(old, fresh) {
  const same =
    old.nodeType === fresh.nodeType &&
    old.nodeName === fresh.nodeName &&
    old.dataset?.key === fresh.dataset?.key;
  if (!same) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    const opened = name === "open" && old.nodeName === "DETAILS";
    if (!fresh.hasAttribute(name) && !opened) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    const closed = name === "open" && old.nodeName === "DETAILS";
    if (old.getAttribute(name) !== value && !closed) old.setAttribute(name, value);
  }
  if (old.nodeName === "INPUT") old.checked = fresh.hasAttribute("checked");
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((child, at) => (at < before.length ? morph(before[at], child) : old.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
}

function render({ model, el }) {
  const root = document.createElement("div");
  // JupyterLab would take single keys for its own shortcuts.
  root.dataset.lmSuppressShortcuts = "true";
  el.append(root);

  const draw = () => {
    const fresh = root.cloneNode(false);
    fresh.innerHTML = model.get("html");
    morph(root, fresh);
  };
  const send = (name, value) => model.send({ name, value });
  const target = (event) => event.target.closest("[data-send]");

  root.addEventListener("click", (event) => {
    const found = target(event);
    if (found && !["FORM", "INPUT"].includes(found.nodeName)) {
      if (found.getAttribute("aria-disabled") !== "true") {
        send(found.dataset.send, found.dataset.value ?? null);
      }
    }
  });
  root.addEventListener("change", (event) => {
    const found = target(event);
    if (found?.type === "checkbox") {
      send(found.dataset.send, { name: found.dataset.value, on: found.checked });
    }
  });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target.dataset.send, Object.fromEntries(new FormData(event.target)));
  });
  root.addEventListener("keydown", (event) => event.stopPropagation());

  draw();
  model.on("change:html", draw);
  return () => model.off("change:html", draw);
}

export default { render };
