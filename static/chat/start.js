// Brings every chat on the page to life, also those that htmx puts in later, and ends those it takes out.

import { Chat } from "./chat.js";

const alive = new Map();

function begin(within) {
  for (const root of within.querySelectorAll("[data-chat]")) {
    if (!alive.has(root)) alive.set(root, new Chat(root));
  }
}

function end() {
  for (const [root, chat] of alive) {
    if (!root.isConnected) {
      chat.close();
      alive.delete(root);
    }
  }
}

begin(document);
document.addEventListener("htmx:load", () => {
  end();
  begin(document);
});
