// Sends the end of Connect to the page that embeds it, as Finch's Connect SDK expects it. Without an
// origin of that page nothing is sent; the page that loads this script shows the end, too.
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
