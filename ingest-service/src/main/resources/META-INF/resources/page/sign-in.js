// Asks for the API key where the server wants one, and forgets the session again.

import { access, get, signIn, signOut } from "./api.js";
import { actionButton, h, say } from "./dom.js";

/**
 * @param place gets a button to sign out, where there is a key
 * @param entered is called when the server has taken the key
 */
export function guard(place, entered) {
  const out = actionButton("Sign out", async () => {
    await signOut();
    location.reload();
  }, { class: "quiet", hidden: true });
  place.append(out);
  let asking = false;

  async function offerSignOut() {
    try {
      out.hidden = !(await get("v1/session")).key_needed;
    } catch {
      out.hidden = true; // the key is being asked for, or nobody answers
    }
  }

  function ask() {
    if (asking) {
      return;
    }
    asking = true;
    out.hidden = true;
    const key = h("input", { id: "api-key", type: "password", required: true,
      autocomplete: "current-password", "aria-describedby": "api-key-hint" });
    const told = h("p", { class: "problem", role: "alert", hidden: true });
    const form = h("form", {},
      h("h2", { id: "sign-in" }, "API key"),
      h("div", { class: "field" },
        h("label", { for: "api-key" }, "This server asks for its key"), key,
        h("p", { class: "small", id: "api-key-hint" },
          "It opens this page for a day, in this browser.")),
      told,
      h("div", { class: "row end" }, h("button", { class: "primary" }, "Sign in")));
    const dialog = h("dialog", { "aria-labelledby": "sign-in" }, form);
    dialog.addEventListener("cancel", (event) => event.preventDefault()); // there is nothing behind it
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      told.hidden = true;
      try {
        await signIn(key.value.trim());
      } catch (error) {
        told.hidden = false;
        say(told, error.message);
        return;
      }
      dialog.remove();
      asking = false;
      offerSignOut();
      entered();
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  access.addEventListener("key-needed", ask);
  offerSignOut();
}
