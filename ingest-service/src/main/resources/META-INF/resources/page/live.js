// The pictures of a job that are being drawn, as far as they are.

import { h } from "./dom.js";
import { store } from "./store.js";

const SILENCE_MILLIS = 2 * 60 * 1000; // what has not grown for so long is finished, or begins anew

/** The element, and remove(id) for a request whose result is shown. */
export function liveOf(signal, jobId) {
  const list = h("ul", { class: "gallery" });
  const element = h("section", { hidden: true }, h("h2", {}, "Being drawn"), list);
  const cards = new Map(); // by request id

  function remove(requestId) {
    const card = cards.get(requestId);
    if (card) {
      clearTimeout(card.silence);
      card.element.remove();
      cards.delete(requestId);
      element.hidden = cards.size === 0;
    }
  }

  function add({ request_id: requestId, caption }) {
    const image = h("img", { width: 64, height: 64, alt: `${caption}, as far as it is drawn`,
      onerror: () => remove(requestId) }); // finished meanwhile
    const card = { image, element: h("li", { class: "card" },
      h("div", { class: "picture" }, image), h("p", { class: "caption" }, caption)) };
    cards.set(requestId, card);
    list.append(card.element);
    element.hidden = false;
    return card;
  }

  store.addEventListener("partial-images", ({ detail }) => {
    for (const partial of detail.filter((one) => one.job_id === jobId)) {
      const requestId = partial.request_id;
      const card = cards.get(requestId) ?? add(partial);
      const path = `v1/images/${encodeURIComponent(jobId)}/${requestId}/partial`;
      card.image.src = `${path}?${partial.partial_image_index}`;
      clearTimeout(card.silence);
      card.silence = setTimeout(() => remove(requestId), SILENCE_MILLIS);
    }
  }, { signal });

  return { element, remove };
}
