// Five whys by keyboard: Enter adds the why and focuses the next question; Tab in the empty question starts a
// branch.
const form = document.querySelector("form[data-next-why]");
const { question, answer, is_branch: branch } = form?.elements ?? {};

form?.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && event.target === answer && !event.shiftKey) {
    event.preventDefault();
    form.requestSubmit();
  }
  // Once per direction; the next Tab moves the focus.
  if (event.key === "Tab" && event.target === question && branch && !question.value && branch.checked === event.shiftKey) {
    event.preventDefault();
    branch.checked = !event.shiftKey;
  }
});
