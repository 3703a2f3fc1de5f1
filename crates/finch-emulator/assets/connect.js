// Tells the page that embeds Connect how it ended, in the words of Finch's Connect SDK. Nothing is
// told to a page that did not say who it is, and the page that is shown says it all without this.
(() => {
  const { host, kind, code, state, message, type } = document.currentScript.dataset;
  const page = window.parent === window ? window.opener : window.parent;
  if (!host || !page) return;
  const end = { name: "finch-auth-message-v2", kind };
  if (kind === "success") {
    end.code = code;
    if (state !== undefined) end.state = state;
  }
  if (kind === "error") end.error = { shouldClose: true, message, type };
  page.postMessage(end, host);
})();
