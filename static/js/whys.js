// The ladder of whys by keys: Enter adds the why, and the address leads to the question of the next one, which so has
// the focus; Tab in that empty question begins a branch.
const form = document.querySelector("form[data-next-why]");
const { question, answer, is_branch: branch } = form?.elements ?? {};

form?.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && event.target === answer && !event.shiftKey) {
    event.preventDefault();
    form.requestSubmit();
  }
  // Once each way: the next Tab moves on, as everywhere.
  if (event.key === "Tab" && event.target === question && branch && !question.value && branch.checked === event.shiftKey) {
    event.preventDefault();
    branch.checked = !event.shiftKey;
  }
});
