// What scrolls sideways can be scrolled by keys, too.
document.addEventListener("DOMContentLoaded", () => {
  const mark = () => {
    for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) box.tabIndex = 0;
  };
  new MutationObserver(mark).observe(document.body, { childList: true, subtree: true });
  mark();
});
