// A search that finds another name of a function shows the function, not the title of its page.
const named = /#names-of-(.+)$/;
const show = () => document.querySelectorAll("ul.search a").forEach((link) => {
  const name = named.exec(link.getAttribute("href"))?.[1].replaceAll("-", "_");
  if (name && !link.textContent.endsWith(name)) link.textContent += `: ${name}`;
});
document.addEventListener("DOMContentLoaded", () => {
  const results = document.getElementById("search-results");
  if (results) new MutationObserver(show).observe(results, { childList: true, subtree: true });
});
