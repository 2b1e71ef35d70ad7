// Builds elements. Data becomes text or an attribute, never markup.

const SVG = "http://www.w3.org/2000/svg";

// said aloud because a table that is laid out as blocks, on a phone, is none to some browsers
const TABLE_ROLES = { table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", td: "cell" };

/** An HTML element; properties that start with "on" are listeners, null ones are left out. */
export function h(name, properties = {}, ...children) {
  const role = name === "th" ? (properties.scope === "row" ? "rowheader" : "columnheader") : TABLE_ROLES[name];
  return build(document.createElement(name), { role, ...properties }, children);
}

/** The same in SVG. */
export function s(name, properties = {}, ...children) {
  return build(document.createElementNS(SVG, name), properties, children);
}

function build(element, properties, children) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (key.startsWith("on")) {
      element.addEventListener(key.slice(2), value);
    } else {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Changes the text only if it differs, so that screen readers say nothing twice. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Shows the words of an error until they are dismissed. */
export function alertUser(error) {
  const box = h("div", { class: "alert" },
    h("p", {}, error.message),
    h("button", { type: "button", onclick: () => box.remove() }, "Dismiss"));
  document.getElementById("alerts").replaceChildren(box);
}

/** A button that cannot be pressed twice while its action is under way. */
export function actionButton(label, action, properties = {}) {
  const button = h("button", { type: "button", ...properties }, label);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled")) {
      return;
    }
    button.setAttribute("aria-disabled", "true");
    try {
      await action();
    } catch (error) {
      alertUser(error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
  return button;
}

/** Asks in a dialog of the page; true if the answer is yes. */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const form = h("form", { method: "dialog" },
      h("p", { id: "question" }, question),
      h("div", { class: "row end" },
        h("button", { value: "no" }, "No"),
        h("button", { value: "yes", class: "primary" }, yes)));
    const dialog = h("dialog", { "aria-labelledby": "question" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
