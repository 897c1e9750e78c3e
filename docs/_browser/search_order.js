// The order of the search's results: first pages whose titles have the words asked for, and among them the ones
// that answer a question. Sphinx's own scores, which only tell a title from a text, come after.
var Scorer = {
  score: ([docname, title, , , score]) => {
    const asked = new URLSearchParams(location.search).get("q") ?? "";
    const words = asked.toLowerCase().match(/[\w.]{2,}/g) ?? [];
    const has = title.toLowerCase();
    const found = words.filter((word) => has.includes(word)).length / Math.max(1, words.length);
    return score + 30 * found + (docname.startsWith("docs/answers/") ? 10 : 0);
  },
  objNameMatch: 11, objPartialMatch: 6, objPrio: { 0: 15, 1: 5, 2: -5 }, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};
