// The quiz on a lesson's page: six questions at the opening, six at the end, kept in this browser as the course
// keeps them. Each sitting is a new entry; the first opening and the last closing one are compared.

import * as kept from "./progress.mjs";

const LETTERS = ["a", "b", "c", "d"];
const UNSURE = "not sure";

function sittings(when) {
  const entries = Object.entries(kept.progress().kept).filter(([name]) => name.startsWith(`quiz ${when} `));
  const read = entries.map(([, value]) => value).filter((value) => typeof value?.at === "string" && value.answers);
  return read.sort((a, b) => (a.at < b.at ? -1 : 1));
}

function keep(when, answers) {
  const at = new Date().toISOString().replace("Z", "000+00:00"); // as Python writes a moment in UTC
  const store = kept.progress();
  store.kept[`quiz ${when} ${at}`] = { when, at, answers };
  return kept.keepProgress(JSON.stringify(store, null, 1));
}

function mark(answer, right) {
  if (!LETTERS.includes(answer)) return answer === UNSURE ? answer : "-";
  return `${answer} ${answer === right ? "✔" : "✘"}`;
}

// The same table as recdrop_lessons.course.quiz.comparison() makes.
function comparison(compared) {
  const before = sittings("opening").at(0)?.answers;
  const after = sittings("closing").at(-1)?.answers;
  const rows = compared.map(
    ({ name, first, right, text, why }) =>
      `<tr><td style="text-align:left">${text}</td><td>${mark(before?.[name], first)}</td>` +
      `<td>${mark(after?.[name], right)}</td><td>${right}</td><td style="text-align:left">${why}</td></tr>`,
  );
  const count = (answers, key) => compared.filter((one) => answers[one.name] === one[key]).length;
  const total = (name, answers, key) =>
    answers ? `${name} ${count(answers, key)} of ${compared.length} right` : `${name} not answered`;
  const head = ["question at the end", "opening", "end", "right", "why"].map((name) => `<th scope="col">${name}</th>`);
  return (
    `<div class="recdrop-wide" tabindex="0" role="group" aria-label="Both quizzes compared"><table><thead><tr>${head.join("")}</tr></thead>` +
    `<tbody>${rows.join("")}</tbody></table></div>` +
    `<p>${total("at the opening", before, "first")}; ${total("at the end", after, "right")}</p>`
  );
}

function ask(place, { kind, form, greeting, compared }) {
  const root = document.createElement("section");
  root.className = "recdrop-prediction";
  root.setAttribute("aria-label", kind === "opening" ? "The opening quiz" : "The closing quiz");
  const said = document.createElement("div");
  said.setAttribute("role", "status");
  root.innerHTML = form;
  root.append(said);
  place.replaceChildren(root);
  const tell = (html) => (said.innerHTML = html);
  tell(greeting[Number(sittings(kind).length > 0)]);

  root.addEventListener("submit", (event) => {
    event.preventDefault();
    const filled = new FormData(event.target);
    const open = compared.map(({ name }, k) => (filled.has(name) ? null : k + 1)).filter(Boolean);
    if (open.length) {
      root.querySelectorAll("fieldset")[open[0] - 1].querySelector("input").focus();
      return tell(`<p>Still open: question ${open.join(", ")}. Choose a letter, or “${UNSURE}”.</p>`);
    }
    const stays = keep(kind, Object.fromEntries(compared.map(({ name }) => [name, filled.get(name)])));
    if (!stays) return tell("<p>This browser keeps nothing for this page, so the answers are lost when you leave.</p>");
    tell(kind === "closing" ? comparison(compared) : `<p>Kept.</p>${greeting[1]}`);
    compare();
  });
}

const places = [...document.querySelectorAll(".recdrop-quiz")].map((place) => ({
  place,
  data: JSON.parse(place.querySelector("script").textContent),
}));

function compare() {
  for (const { place, data } of places) if (data.kind === "comparison") place.innerHTML = comparison(data.compared);
}

for (const { place, data } of places) if (data.kind !== "comparison") ask(place, data);
compare();
