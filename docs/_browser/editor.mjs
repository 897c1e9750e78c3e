// The editor of an exercise: CodeMirror, bundled with its packages when the site is built.
// Tab leaves it, as it leaves any field; Ctrl+] and Ctrl+[ indent.

import { python } from "@codemirror/lang-python";
import { indentUnit, syntaxHighlighting } from "@codemirror/language";
import { classHighlighter } from "@lezer/highlight";
import { EditorView, minimalSetup } from "codemirror";
import { lineNumbers } from "@codemirror/view";

export function makeEditor(parent, { text, label, changed }) {
  const view = new EditorView({
    parent,
    doc: text,
    extensions: [
      minimalSetup,
      lineNumbers(),
      EditorView.lineWrapping,
      python(),
      indentUnit.of("    "),
      syntaxHighlighting(classHighlighter),
      EditorView.contentAttributes.of({ "aria-label": label }),
      EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
    ],
  });
  const set = (given) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: given } });
  return { get: () => view.state.doc.toString(), set, focus: () => view.focus() };
}
